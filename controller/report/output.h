/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_OUTPUT_H
#define BACKBURN_REPORT_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "contract/fail.h"

/*
 * Writes dir/name, complete or not at all: a file that was there is replaced in one step, and
 * nothing is followed or written through that somebody else may have put there.
 */
int output_write(
	const char *dir, const char *name, const char *text, size_t length, struct fail *fail);

/* The same for what is printed: output_begin(), print to `out`, output_end(), which frees. */
struct output {
	FILE *out;
	char *text;
	size_t length;
};
void output_begin(struct output *output);
int output_end(struct output *output, const char *dir, const char *name, struct fail *fail);

/* The same with `json` as indented text. */
int output_write_json(const char *dir, const char *name, const cJSON *json, struct fail *fail);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SUMMARY_H
#define BACKBURN_SUMMARY_H

#include <stdio.h>

#include "controller/judge/judge.h"

/* The short forms of a run's report: summary.json for programs, a page of text for people. */

/* Writes `json` as dir/name, complete or not at all. */
int summary_write_json(const char *dir, const char *name, const cJSON *json, struct fail *fail);

/* dir/summary.json. */
int summary_write(const char *dir, const struct record *record, const struct judgement *judgement,
	struct fail *fail);

void summary_print(
	FILE *out, const struct record *record, const struct judgement *judgement, const char *dir);

#endif

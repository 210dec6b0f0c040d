/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROGRESS_H
#define BACKBURN_PROGRESS_H

#include <stdio.h>

#include <cjson/cJSON.h>

/* One plain line for a journal event that people want to see; nothing for the others. */
void progress_print(FILE *out, const cJSON *event);

#endif

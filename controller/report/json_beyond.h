/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_JSON_BEYOND_H
#define BACKBURN_JSON_BEYOND_H

#include "controller/report/report.h"

/*
 * What summary.json has beyond the judgement: what is not known, how near stop rules came, earlier
 * runs, drafts.
 */
void json_put_beyond(cJSON *json, const struct report *report);

#endif

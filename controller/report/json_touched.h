/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_JSON_TOUCHED_H
#define BACKBURN_REPORT_JSON_TOUCHED_H

#include <cjson/cJSON.h>

#include "controller/judge/judge.h"

/* Of summary.json: who was hit by the packets' addresses, of one fault, and outside of all. */
cJSON *json_touched(const struct fault_record *fault);
cJSON *json_spills(const struct judgement *judgement);

#endif

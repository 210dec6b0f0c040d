/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_JSON_PARTS_H
#define BACKBURN_REPORT_JSON_PARTS_H

#include "contract/json.h"
#include "controller/judge/record.h"

/* What the parts of summary.json share: nanoseconds as seconds, null for what never was. */
static inline void json_put_seconds(cJSON *object, const char *key, int64_t ns)
{
	json_put(object, key,
		ns == NEVER_NS ? cJSON_CreateNull() : cJSON_CreateNumber((double)ns / 1e9));
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_JSON_DEGRADED_H
#define BACKBURN_JSON_DEGRADED_H

#include <cjson/cJSON.h>

struct degradation;

/* The member "degraded" of summary.json; the caller's. */
cJSON *json_degraded(const struct degradation *degradation);

#endif

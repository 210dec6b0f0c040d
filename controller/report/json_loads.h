/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_JSON_LOADS_H
#define BACKBURN_JSON_LOADS_H

#include <cjson/cJSON.h>

struct judgement;

/* The member "loads" of summary.json; the caller's. */
cJSON *json_loads(const struct judgement *judgement);

#endif

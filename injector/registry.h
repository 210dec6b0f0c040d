/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_REGISTRY_H
#define BACKBURN_INJECTOR_REGISTRY_H

#include <stddef.h>

#include <cjson/cJSON.h>

#include "contract/fail.h"
#include "injector/fault.h"

extern const struct fault_ops *const registry[];
extern const size_t registry_count;

/* FAIL_UNSUPPORTED, with the nearest known name, when there is none. */
const struct fault_ops *registry_find(const char *name, struct fail *fail);

/* The catalogue that controller, schema and documentation are made from. */
cJSON *registry_catalogue(void);

/* It acts at its start and has no length, with these parameters. */
bool fault_is_at_once(const struct fault_ops *ops, const cJSON *with);

#endif

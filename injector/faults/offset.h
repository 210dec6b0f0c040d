/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_FAULTS_OFFSET_H
#define BACKBURN_INJECTOR_FAULTS_OFFSET_H

#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"

/* How far a clock is ahead or behind, as faults on clocks are told: "+30s", "-2h". */
extern const struct form offset_form;

/* NULL is 0. FAIL_USAGE beyond ten years. */
int offset_take(const char *text, int64_t *out_ns, struct fail *fail);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_HOST_REAL_H
#define BACKBURN_INJECTOR_HOST_REAL_H

#include "bpf/matcher.h"

/* What the files of the real host share with one another, and nobody else. */

struct host_matcher;

/* Borrowed descriptor of a loaded program. */
int real_matcher_program(const struct host_matcher *matcher, enum bb_direction direction);

#endif

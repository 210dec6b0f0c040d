/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_PLANTING_H
#define BACKBURN_TESTS_PLANTING_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A defect that backburn must not have, put into its maps from outside: the packet matcher that
 * the process `injector` holds treats `victim` as what it does with `like`, both IPv4. False: that
 * process holds no matcher, or none that knows `like`.
 */
bool plant_spill(pid_t injector, const char *like, const char *victim);

#endif

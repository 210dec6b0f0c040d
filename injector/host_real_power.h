/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_HOST_REAL_POWER_H
#define BACKBURN_HOST_REAL_POWER_H

#include <stdbool.h>

/*
 * Capabilities that a few calls need, and that are in effect for those only: CAP_SYS_ADMIN, which
 * opens more doors than any other, CAP_SYS_NICE, CAP_SYS_TIME, CAP_SETUID and CAP_SETGID. Raise,
 * call, lower with what raise returned. Raising fails silently, because the call itself says then
 * what it was denied. `errno` stays as it is.
 */
bool real_power_raise(unsigned int capability);
/* Whether it could be raised, or is in effect. */
bool real_power_has(unsigned int capability);
void real_power_lower(unsigned int capability, bool raised);

#endif

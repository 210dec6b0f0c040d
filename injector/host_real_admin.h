/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_HOST_REAL_ADMIN_H
#define BACKBURN_HOST_REAL_ADMIN_H

#include <stdbool.h>

/*
 * CAP_SYS_ADMIN opens more doors than any other. A few calls need it, and it is in effect for those
 * only: raise, call, lower with what raise returned. Raising fails silently, because the call
 * itself says then what it was denied. `errno` stays as it is.
 */
bool real_admin_raise(void);
void real_admin_lower(bool raised);

#endif

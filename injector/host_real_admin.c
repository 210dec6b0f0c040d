/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/host_real_admin.h"

#include <cap-ng.h>
#include <errno.h>

static bool change(capng_act_t action)
{
	int saved = errno;
	bool changed = capng_update(action, CAPNG_EFFECTIVE, CAP_SYS_ADMIN) == 0 &&
		capng_apply(CAPNG_SELECT_CAPS) == 0;

	errno = saved;
	return changed;
}

bool real_admin_raise(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	return capng_get_caps_process() == 0 &&
		capng_have_capability(CAPNG_PERMITTED, CAP_SYS_ADMIN) &&
		!capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN) && change(CAPNG_ADD);
}

void real_admin_lower(bool raised)
{
	if (raised)
		change(CAPNG_DROP);
}

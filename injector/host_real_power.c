/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/host_real_power.h"

#include <cap-ng.h>
#include <errno.h>
#include <unistd.h>

static bool change(capng_act_t action, unsigned int capability)
{
	int saved = errno;
	bool changed = capng_update(action, CAPNG_EFFECTIVE, capability) == 0 &&
		capng_apply(CAPNG_SELECT_CAPS) == 0;

	errno = saved;
	return changed;
}

/* The library remembers whose they were, and a guardian is made by _Fork(), which tells it nothing.
 */
static bool read_own(void)
{
	capng_setpid((int)getpid());
	capng_clear(CAPNG_SELECT_ALL);
	return capng_get_caps_process() == 0;
}

bool real_power_raise(unsigned int capability)
{
	return read_own() && capng_have_capability(CAPNG_PERMITTED, capability) &&
		!capng_have_capability(CAPNG_EFFECTIVE, capability) &&
		change(CAPNG_ADD, capability);
}

bool real_power_has(unsigned int capability)
{
	return read_own() && capng_have_capability(CAPNG_PERMITTED, capability);
}

void real_power_lower(unsigned int capability, bool raised)
{
	if (raised)
		change(CAPNG_DROP, capability);
}

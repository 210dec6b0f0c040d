/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/who.h"

#include <pwd.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

const char *say_who(char who[WHO_MAX])
{
	const struct passwd *user = getpwuid(getuid());
	char host[64] = "?";

	uv_os_gethostname(host, &(size_t){sizeof(host)});
	if (user)
		snprintf(who, WHO_MAX, "%.40s on %.50s", user->pw_name, host);
	else
		snprintf(who, WHO_MAX, "uid %u on %.50s", (unsigned int)getuid(), host);
	return who;
}

const char *say_when(char when[WHEN_MAX])
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(when, WHEN_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return when;
}

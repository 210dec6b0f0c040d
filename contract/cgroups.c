/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/cgroups.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct form cgroup_form = {.pattern = "^(/[^/.][^/]*)+$",
	.says = "a cgroup below the cgroup v2 mount, like \"/system.slice/web.service\""};

/* mountinfo writes blanks and backslashes of a path as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				(from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

int cgroup_mount(char out[PATH_MAX], struct fail *fail)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	if (!mounts)
		return fail_errno(fail, errno, "/proc/self/mountinfo");
	while (!found && getline(&line, &size, mounts) > 0) {
		const char *type = strstr(line, " - cgroup2 ");
		char *point = line;

		/* 31 23 0:28 /root /mount/point options … - type source options */
		for (int skip = 0; type && point && skip < 4; skip++) {
			point = strchr(point, ' ');
			point = point ? point + 1 : NULL;
		}
		if (!type || !point)
			continue;
		point[strcspn(point, " ")] = '\0';
		unescape(point);
		found = (size_t)snprintf(out, PATH_MAX, "%s", point) < PATH_MAX;
	}
	free(line);
	fclose(mounts);
	if (!found)
		return fail_set(fail, FAIL_UNSUPPORTED, "cgroup v2 is not mounted on this machine");
	return 0;
}

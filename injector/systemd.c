/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/systemd.h"

#include <stdbool.h>
#include <string.h>

static bool is_slice(const char *part, size_t length)
{
	static const char suffix[] = ".slice";
	const size_t tail = sizeof(suffix) - 1;

	return length > tail && strncmp(part + length - tail, suffix, tail) == 0;
}

/* systemd puts "_" before names that the kernel's own files could have, such as cpu.service. */
static bool is_named(const char *part, size_t length, const char *unit)
{
	if (length && *part == '_' && *unit != '_') {
		part++;
		length--;
	}
	return length == strlen(unit) && strncmp(part, unit, length) == 0;
}

size_t unit_part_of(const char *cgroup, const char *unit)
{
	const char *part = cgroup;

	while (part && *part == '/') {
		size_t length = strcspn(++part, "/");

		if (is_named(part, length, unit))
			return (size_t)(part + length - cgroup);
		if (!is_slice(part, length))
			return 0;
		part += length;
	}
	return 0;
}

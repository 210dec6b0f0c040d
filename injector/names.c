/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "contract/address.h"
#include "contract/verbs.h"
#include "injector/lists.h"

/* It comes from outside, and goes into texts: what is no letter there is not of ours. */
static int refuse(const char *line, struct fail *fail)
{
	char reason[NAMES_REASON_MAX];

	snprintf(reason, sizeof(reason), "%s", line + strlen(NAMES_REASON));
	for (char *c = reason; *c; c++)
		*c = isprint((unsigned char)*c) ? *c : '?';
	return fail_set(fail, FAIL_SYSTEM, "%s", *reason ? reason : "no reason was told");
}

static int take_line(const char *line, struct list *addresses, struct fail *fail)
{
	struct fail ignored = FAIL_INIT;
	struct prefix prefix;

	if (prefix_parse(line, &prefix, &ignored) < 0 || !prefix_is_address(&prefix))
		return fail_set(fail, FAIL_SYSTEM, "the resolver's answer is no address");
	if (addresses->count < HOST_ADDRESSES_MAX)
		*(struct prefix *)list_push(addresses, sizeof(prefix)) = prefix;
	return 0;
}

int names_read(const char *text, size_t length, struct list *addresses, struct fail *fail)
{
	char line[NAMES_REASON_MAX];

	*addresses = (struct list){0};
	for (const char *end = text + length; text < end;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t bytes = newline ? (size_t)(newline - text) : 0;

		if (!newline || bytes >= sizeof(line))
			break;
		memcpy(line, text, bytes);
		line[bytes] = '\0';
		text = newline + 1;
		if (strcmp(line, NAMES_END) == 0 && addresses->count)
			return 0;
		if (strncmp(line, NAMES_REASON, strlen(NAMES_REASON)) == 0)
			refuse(line, fail);
		else if (take_line(line, addresses, fail) == 0)
			continue;
		list_free(addresses);
		return -1;
	}
	list_free(addresses);
	return fail_set(fail, FAIL_SYSTEM, "the resolver ended without an answer");
}

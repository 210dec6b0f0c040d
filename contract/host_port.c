/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/host_port.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PORT_MAX = 65535
};

static bool parse_port(const char *text, uint16_t *out)
{
	size_t digits = strspn(text, "0123456789");
	long port = digits > 0 && digits <= 5 && !text[digits] ? atol(text) : 0;

	if (port < 1 || port > PORT_MAX)
		return false;
	*out = (uint16_t)port;
	return true;
}

int host_port_parse(const char *text, struct host_port *out, struct fail *fail)
{
	const char *colon = strrchr(text, ':');
	const char *host = text;
	struct host_port parsed;
	size_t length;

	if (!colon || !parse_port(colon + 1, &parsed.port))
		return fail_set(fail, FAIL_BAD_FILE,
			"must be HOST:PORT with a port from 1 to %d, like 10.0.0.5:80 or "
			"[fd00::1]:80",
			PORT_MAX);
	length = (size_t)(colon - text);
	if (*host == '[' && length > 2 && host[length - 1] == ']') {
		host++;
		length -= 2;
	} else if (memchr(host, ':', length)) {
		return fail_set(fail, FAIL_BAD_FILE,
			"an IPv6 address before a port stands in brackets, like [fd00::1]:80");
	}
	if (length == 0 || length >= sizeof(parsed.host) || strcspn(host, "[]/@ \t\r\n") < length)
		return fail_set(fail, FAIL_BAD_FILE, "what stands before the port is no host");
	snprintf(parsed.host, sizeof(parsed.host), "%.*s", (int)length, host);
	*out = parsed;
	return 0;
}

void url_host(const char *url, char *out, size_t size)
{
	const char *start = strstr(url, "//"), *user;
	size_t length;

	start = start ? start + 2 : url;
	user = memrchr(start, '@', strcspn(start, "/?#"));
	start = user ? user + 1 : start;
	if (*start == '[')
		length = strcspn(++start, "]");
	else
		length = strcspn(start, ":/?#");
	snprintf(out, size, "%.*s", (int)length, start);
}

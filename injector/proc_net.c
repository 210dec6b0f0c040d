/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/proc_net.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "injector/lists.h"

static const char *const states[] = {
	[1] = "established",
	[2] = "syn-sent",
	[3] = "syn-received",
	[4] = "fin-wait-1",
	[5] = "fin-wait-2",
	[6] = "time-wait",
	[7] = "closed",
	[8] = "close-wait",
	[9] = "last-ack",
	[10] = "listening",
	[11] = "closing",
	[12] = "new-syn-received",
};

const char *proc_net_tcp_state(uint8_t state)
{
	if (state >= sizeof(states) / sizeof(states[0]) || !states[state])
		return "unknown";
	return states[state];
}

/*
 * An address is printed as 32-bit words in the machine's order: each word, stored back as a
 * number, is the four bytes of the network again.
 */
static bool parse_address(const char *hex, size_t digits, struct prefix *out)
{
	uint8_t *to = out->address;

	*out = (struct prefix){.length = 128};
	if (digits != 8 && digits != 32)
		return false;
	if (digits == 8) {
		out->ipv4 = true;
		out->address[10] = out->address[11] = 0xff;
		to += 12;
	}
	for (size_t i = 0; i < digits; i += 8, to += 4) {
		uint32_t word;

		if (sscanf(hex + i, "%8" SCNx32, &word) != 1)
			return false;
		memcpy(to, &word, sizeof(word));
	}
	/* A v6 socket that speaks IPv4. */
	if (digits == 32 && memcmp(out->address, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0)
		out->ipv4 = true;
	return true;
}

static bool parse_line(const char *line, struct tcp_socket *out)
{
	char local[33], remote[33];
	unsigned int local_port, remote_port, state;

	if (sscanf(line,
		    " %*d: %32[0-9A-Fa-f]:%4x %32[0-9A-Fa-f]:%4x %2x %*x:%*x %*x:%*x %*x %*d %*d "
		    "%" SCNu64,
		    local, &local_port, remote, &remote_port, &state, &out->inode) != 6)
		return false;
	out->local_port = (uint16_t)local_port;
	out->remote_port = (uint16_t)remote_port;
	out->state = (uint8_t)state;
	return parse_address(local, strlen(local), &out->local) &&
		parse_address(remote, strlen(remote), &out->remote);
}

void proc_net_tcp_parse(const char *text, struct list *sockets)
{
	for (const char *line = text; line && *line;) {
		struct tcp_socket socket;

		if (parse_line(line, &socket))
			*(struct tcp_socket *)list_push(sockets, sizeof(socket)) = socket;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
}

const char *proc_net_address(
	const struct prefix *address, uint16_t port, char text[SOCKET_TEXT_MAX])
{
	char plain[PREFIX_TEXT_MAX];

	snprintf(text, SOCKET_TEXT_MAX, address->ipv4 ? "%s:%u" : "[%s]:%u",
		prefix_format(address, plain), port);
	return text;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	V4_OFFSET_BITS = 96,
	V4_OFFSET_BYTES = 12
};

static const uint8_t mapped_start[V4_OFFSET_BYTES] = {[10] = 0xff, [11] = 0xff};

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (memcmp(a, b, bytes) != 0)
		return false;
	return rest == 0 || (a[bytes] & mask) == (b[bytes] & mask);
}

static bool has_host_bits(const struct prefix *prefix)
{
	uint8_t masked[16] = {0};

	for (unsigned i = 0; i < prefix->length; i++)
		masked[i / 8] |= (uint8_t)(prefix->address[i / 8] & (0x80u >> (i % 8)));
	return memcmp(masked, prefix->address, sizeof(masked)) != 0;
}

static int length_parse(const char *text, unsigned limit, unsigned *out)
{
	char *end;
	unsigned long value;

	if (*text < '0' || *text > '9' || strlen(text) > 3)
		return -1;
	value = strtoul(text, &end, 10);
	if (*end || value > limit)
		return -1;
	*out = (unsigned)value;
	return 0;
}

int prefix_parse(const char *text, struct prefix *out, struct fail *fail)
{
	struct prefix prefix = {0};
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t used = slash ? (size_t)(slash - text) : strlen(text);
	unsigned limit, length;

	if (used >= sizeof(address))
		return fail_set(fail, FAIL_BAD_FILE, "\"%.60s\" is not an address or prefix", text);
	memcpy(address, text, used);
	address[used] = '\0';
	if (inet_pton(AF_INET, address, prefix.address + V4_OFFSET_BYTES) == 1) {
		memcpy(prefix.address, mapped_start, sizeof(mapped_start));
		prefix.ipv4 = true;
	} else if (inet_pton(AF_INET6, address, prefix.address) != 1) {
		return fail_set(fail, FAIL_BAD_FILE,
			"\"%.60s\" is not an address or prefix (like 10.0.0.5, 10.0.0.0/8, "
			"fd00::1)",
			text);
	}
	limit = prefix.ipv4 ? 32 : 128;
	length = limit;
	if (slash && length_parse(slash + 1, limit, &length) < 0)
		return fail_set(fail, FAIL_BAD_FILE, "\"%.60s\": the prefix length must be 0..%u",
			text, limit);
	prefix.length = (uint8_t)(prefix.ipv4 ? V4_OFFSET_BITS + length : length);
	/* ::ffff:10.0.0.1 is an IPv4 address in IPv6's clothes, and has the same bytes here. */
	if (prefix.length >= V4_OFFSET_BITS &&
		memcmp(prefix.address, mapped_start, sizeof(mapped_start)) == 0)
		prefix.ipv4 = true;
	if (has_host_bits(&prefix))
		return fail_set(fail, FAIL_BAD_FILE,
			"\"%.60s\" has bits set behind its prefix length", text);
	*out = prefix;
	return 0;
}

bool prefix_is_address(const struct prefix *prefix)
{
	return prefix->length == 128;
}

const char *prefix_format(const struct prefix *prefix, char buffer[PREFIX_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN];

	if (prefix->ipv4)
		inet_ntop(AF_INET, prefix->address + V4_OFFSET_BYTES, address, sizeof(address));
	else
		inet_ntop(AF_INET6, prefix->address, address, sizeof(address));
	if (prefix_is_address(prefix))
		snprintf(buffer, PREFIX_TEXT_MAX, "%s", address);
	else
		snprintf(buffer, PREFIX_TEXT_MAX, "%s/%u", address,
			prefix->ipv4 ? prefix->length - V4_OFFSET_BITS : prefix->length);
	return buffer;
}

bool prefix_contains(const struct prefix *outer, const struct prefix *inner)
{
	return outer->ipv4 == inner->ipv4 && outer->length <= inner->length &&
		bits_equal(outer->address, inner->address, outer->length);
}

static int port_parse(const char *text, size_t length, uint16_t *out)
{
	unsigned value = 0;

	if (length == 0 || length > 5)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (value == 0 || value > 65535)
		return -1;
	*out = (uint16_t)value;
	return 0;
}

int port_set_add(struct port_set *set, const char *text, struct fail *fail)
{
	const char *dash = strchr(text, '-');
	size_t first = dash ? (size_t)(dash - text) : strlen(text);
	struct port_range range;

	if (port_parse(text, first, &range.low) < 0 ||
		(dash && port_parse(dash + 1, strlen(dash + 1), &range.high) < 0))
		return fail_set(fail, FAIL_BAD_FILE,
			"\"%.40s\" is not a port (1..65535) or a range like \"8000-8080\"", text);
	if (!dash)
		range.high = range.low;
	if (range.high < range.low)
		return fail_set(
			fail, FAIL_BAD_FILE, "the port range \"%.40s\" runs backwards", text);
	if (set->count == PORT_RANGES_MAX)
		return fail_set(
			fail, FAIL_BAD_FILE, "more than %d ports and port ranges", PORT_RANGES_MAX);
	set->ranges[set->count++] = range;
	return 0;
}

bool port_set_has(const struct port_set *set, uint16_t port)
{
	for (unsigned i = 0; i < set->count; i++)
		if (port >= set->ranges[i].low && port <= set->ranges[i].high)
			return true;
	return false;
}

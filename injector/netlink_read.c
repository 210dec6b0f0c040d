/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "injector/netlink.h"

void netlink_each(const struct netlink_dump *dump, const struct nlmsghdr *message)
{
	if (nlmsg_valid_hdr(message, (int)dump->size))
		dump->each(message, dump->context);
}

const char *netlink_text(const struct nlattr *attr)
{
	if (!attr || nla_len(attr) < 1 || !memchr(nla_data(attr), '\0', (size_t)nla_len(attr)))
		return "?";
	return nla_data(attr);
}

uint32_t netlink_u32(const struct nlattr *attr)
{
	uint32_t value = 0;

	if (attr && nla_len(attr) >= (int)sizeof(value))
		memcpy(&value, nla_data(attr), sizeof(value));
	return value;
}

const void *netlink_bytes(const struct nlattr *attr, size_t size)
{
	return attr && nla_len(attr) >= (int)size ? nla_data(attr) : NULL;
}

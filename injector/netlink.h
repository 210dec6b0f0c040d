/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_NETLINK_H
#define BACKBURN_INJECTOR_NETLINK_H

#include <netlink/msg.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"

/*
 * Route netlink for the real host: one request or one dump at a time, each on a socket of its
 * own, so that nothing is left over from the one before. Part of host_real_*.c only.
 */

/* Sends, waits for the acknowledgement, frees `message`. The result is 0 or a negative errno. */
int netlink_request(struct nl_msg *message);

/* A request that begins with the family header `header`. */
struct nl_msg *netlink_message(int type, int flags, const void *header, size_t size);

/*
 * Dumps: `each` sees every answer. A dump that the kernel interrupted because something changed
 * is begun again, after `restart`, which must forget what was collected.
 */
struct netlink_dump {
	int type;
	const void *header;
	size_t size;
	void (*each)(const struct nlmsghdr *message, void *context);
	void (*restart)(void *context);
	void *context;
};
/* Hands `each` a message that is long enough for the family header. */
void netlink_each(const struct netlink_dump *dump, const struct nlmsghdr *message);
int netlink_dump(const struct netlink_dump *dump, struct fail *fail);

/* ---- attributes, never read beyond their end ---- */

const char *netlink_text(const struct nlattr *attr); /* borrowed; "?": none, or no text */
uint32_t netlink_u32(const struct nlattr *attr);     /* 0: none, or too short */
/* Borrowed; NULL: none, or less than `size` of them. */
const void *netlink_bytes(const struct nlattr *attr, size_t size);

#endif

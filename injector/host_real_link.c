/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "injector/host.h"
#include "injector/lists.h"
#include "injector/netlink.h"

/* Links as they are listed, and which of them are VLANs on which link. */
struct seen_links {
	struct list *links;
	struct list vlans; /* of struct vlan */
};

struct vlan {
	int ifindex;
	uint32_t below;
};

static void forget_links(void *context)
{
	struct seen_links *seen = context;

	list_free(seen->links);
	list_free(&seen->vlans);
}

static const char *kind_of(struct nlmsghdr *message)
{
	const struct nlattr *info =
		nlmsg_find_attr(message, sizeof(struct ifinfomsg), IFLA_LINKINFO);

	if (!info)
		return "";
	return netlink_text(nla_find(nla_data(info), nla_len(info), IFLA_INFO_KIND));
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/*
 * A tunnel is not: below it packets have other addresses. Nor is what stands on a link of another
 * namespace, as in a container.
 */
static bool is_stacked(struct nlmsghdr *message)
{
	static const char *const over_ports[] = {"bridge", "bond", "team", NULL};
	static const char *const over_a_link[] = {
		"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", NULL};
	const char *kind = kind_of(message);

	return is_one_of(kind, over_ports) ||
		(is_one_of(kind, over_a_link) &&
			!nlmsg_find_attr(message, sizeof(struct ifinfomsg), IFLA_LINK_NETNSID));
}

static void take_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = nlmsg_data(message);
	struct seen_links *seen = context;
	struct nlattr *name;
	struct host_link *link;

	if (message->nlmsg_type != RTM_NEWLINK)
		return;
	name = nlmsg_find_attr((struct nlmsghdr *)message, sizeof(*info), IFLA_IFNAME);
	link = list_push(seen->links, sizeof(*link));
	link->ifindex = info->ifi_index;
	link->loopback = info->ifi_flags & IFF_LOOPBACK;
	link->ethernet = info->ifi_type == ARPHRD_ETHER;
	link->stacked = is_stacked((struct nlmsghdr *)message);
	if (strcmp(kind_of((struct nlmsghdr *)message), "vlan") == 0)
		*(struct vlan *)list_push(&seen->vlans, sizeof(struct vlan)) = (struct vlan){
			.ifindex = info->ifi_index,
			.below = netlink_u32(nlmsg_find_attr(
				(struct nlmsghdr *)message, sizeof(*info), IFLA_LINK)),
		};
	if (name)
		snprintf(link->name, sizeof(link->name), "%s", netlink_text(name));
}

/* Below a VLAN on a VLAN a packet that comes in has two tags, behind which it can't be read. */
static void need_vlans_on_vlans(const struct seen_links *seen)
{
	LIST_EACH(seen->vlans, const struct vlan, upper) {
		LIST_EACH(seen->vlans, const struct vlan, lower) {
			if (upper->below != (uint32_t)lower->ifindex)
				continue;
			LIST_EACH(*seen->links, struct host_link, link) {
				if (link->ifindex == upper->ifindex)
					link->stacked = false;
			}
		}
	}
}

int host_links(struct list *links, struct fail *fail)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct seen_links seen = {.links = links};
	struct netlink_dump dump = {
		.type = RTM_GETLINK,
		.header = &info,
		.size = sizeof(info),
		.each = take_link,
		.restart = forget_links,
		.context = &seen,
	};

	*links = (struct list){0};
	if (netlink_dump(&dump, fail) < 0) {
		forget_links(&seen);
		return fail_context(fail, "listing links");
	}
	need_vlans_on_vlans(&seen);
	list_free(&seen.vlans);
	return 0;
}

int host_link_watch(int *out_file, struct fail *fail)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int file = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (file < 0)
		return fail_errno(fail, errno, "netlink socket");
	if (bind(file, (struct sockaddr *)&address, sizeof(address)) < 0) {
		fail_errno(fail, errno, "watching links");
		close(file);
		return -1;
	}
	*out_file = file;
	return 0;
}

void host_link_watch_drain(int file)
{
	char buffer[8192];

	/* What it says does not matter, not even ENOBUFS: the caller lists all links afterwards. */
	while (recv(file, buffer, sizeof(buffer), MSG_DONTWAIT) > 0 || errno == ENOBUFS ||
		errno == EINTR)
		errno = 0;
}

static void forget_addresses(void *context)
{
	list_free(context);
}

static void take_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *info = nlmsg_data(message);
	struct nlattr *attr;
	struct prefix *prefix;
	const void *bytes;

	if (message->nlmsg_type != RTM_NEWADDR || info->ifa_scope != RT_SCOPE_UNIVERSE)
		return;
	/* On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL, where given, is us. */
	attr = nlmsg_find_attr((struct nlmsghdr *)message, sizeof(*info), IFA_LOCAL);
	if (!attr)
		attr = nlmsg_find_attr((struct nlmsghdr *)message, sizeof(*info), IFA_ADDRESS);
	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return;
	bytes = netlink_bytes(attr, info->ifa_family == AF_INET ? 4 : 16);
	if (!bytes)
		return;
	prefix = list_push(context, sizeof(*prefix));
	prefix->length = 128;
	if (info->ifa_family == AF_INET) {
		prefix->ipv4 = true;
		prefix->address[10] = prefix->address[11] = 0xff;
		memcpy(prefix->address + 12, bytes, 4);
	} else {
		memcpy(prefix->address, bytes, 16);
	}
}

int host_addresses(struct list *prefixes, struct fail *fail)
{
	struct ifaddrmsg info = {.ifa_family = AF_UNSPEC};
	struct netlink_dump dump = {
		.type = RTM_GETADDR,
		.header = &info,
		.size = sizeof(info),
		.each = take_address,
		.restart = forget_addresses,
		.context = prefixes,
	};

	*prefixes = (struct list){0};
	if (netlink_dump(&dump, fail) < 0) {
		list_free(prefixes);
		return fail_context(fail, "listing addresses");
	}
	return 0;
}

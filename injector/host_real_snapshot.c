/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "contract/verbs.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/step_note.h"
#include "injector/netlink.h"

/*
 * The state that we may touch, one fact a line, without what changes from one moment to the next:
 * no program ids, counters, ages or expiry times. Attributes that have no word of their own here
 * are printed in hexadecimal, so that nothing is overlooked.
 */
enum {
	LINE_BYTES = 1024
};

struct lines {
	struct list *to;
	const struct list *links;
};

struct line {
	char text[LINE_BYTES];
	size_t used;
};

static void put(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct line *line, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line->text + line->used, LINE_BYTES - line->used, format, args);
	va_end(args);
	if (length > 0)
		line->used += (size_t)length;
	if (line->used >= LINE_BYTES)
		line->used = LINE_BYTES - 1;
}

static const char *link_name(const struct list *links, int64_t ifindex, char text[16])
{
	LIST_EACH(*links, const struct host_link, link) {
		if (link->ifindex == ifindex)
			return link->name;
	}
	snprintf(text, 16, "#%d", (int)ifindex);
	return text;
}

static const char *address_text(int family, const struct nlattr *attr, char text[INET6_ADDRSTRLEN])
{
	const void *bytes = netlink_bytes(attr, family == AF_INET ? 4 : 16);

	if (!bytes || !inet_ntop(family, bytes, text, INET6_ADDRSTRLEN))
		snprintf(text, INET6_ADDRSTRLEN, "-");
	return text;
}

static const char *family_word(int family)
{
	return family == AF_INET ? "inet" : family == AF_INET6 ? "inet6" : "other";
}

static void put_hex(struct line *line, const struct nlattr *attr)
{
	const unsigned char *bytes = nla_data(attr);

	put(line, " a%d=", nla_type(attr));
	for (int i = 0; i < nla_len(attr); i++)
		put(line, "%02x", bytes[i]);
}

static struct nlattr *find(const struct nlmsghdr *message, size_t header, int type)
{
	return nlmsg_find_attr((struct nlmsghdr *)message, (int)header, type);
}

/* ---- one line each ---- */

static void put_link(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = nlmsg_data(message);
	struct nlattr *name = find(message, sizeof(*info), IFLA_IFNAME);
	struct nlattr *mtu = find(message, sizeof(*info), IFLA_MTU);
	struct nlattr *extra = find(message, sizeof(*info), IFLA_LINKINFO);
	struct nlattr *kind =
		extra ? nla_find(nla_data(extra), nla_len(extra), IFLA_INFO_KIND) : NULL;
	struct lines *lines = context;

	if (message->nlmsg_type != RTM_NEWLINK)
		return;
	list_add_text(lines->to, "link %s kind %s mtu %u %s", netlink_text(name),
		kind ? netlink_text(kind) : "-", netlink_u32(mtu),
		info->ifi_flags & IFF_UP ? "up" : "down");
}

static void put_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *info = nlmsg_data(message);
	struct nlattr *local = find(message, sizeof(*info), IFA_LOCAL);
	struct nlattr *address = find(message, sizeof(*info), IFA_ADDRESS);
	char text[INET6_ADDRSTRLEN], number[16];
	struct lines *lines = context;

	if (message->nlmsg_type != RTM_NEWADDR)
		return;
	list_add_text(lines->to, "address %s %s/%u scope %u",
		link_name(lines->links, info->ifa_index, number),
		address_text(info->ifa_family, local ? local : address, text), info->ifa_prefixlen,
		info->ifa_scope);
}

static void put_qdisc(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *tc = nlmsg_data(message);
	struct nlattr *kind = find(message, sizeof(*tc), TCA_KIND);
	struct nlattr *options = find(message, sizeof(*tc), TCA_OPTIONS);
	struct lines *lines = context;
	struct line line = {0};
	char number[16];

	if (message->nlmsg_type != RTM_NEWQDISC)
		return;
	put(&line, "qdisc %s %s handle %x parent %x",
		link_name(lines->links, tc->tcm_ifindex, number), netlink_text(kind),
		tc->tcm_handle, tc->tcm_parent);
	if (options && nla_len(options))
		put_hex(&line, options);
	list_add_text(lines->to, "%s", line.text);
}

static void put_rule(const struct nlmsghdr *message, void *context)
{
	const struct fib_rule_hdr *rule = nlmsg_data(message);
	struct lines *lines = context;
	struct line line = {0};
	struct nlattr *attr;
	int left;

	if (message->nlmsg_type != RTM_NEWRULE)
		return;
	put(&line, "rule %s src %u dst %u tos %u table %u action %u flags %x",
		family_word(rule->family), rule->src_len, rule->dst_len, rule->tos, rule->table,
		rule->action, rule->flags);
	nlmsg_for_each_attr(attr, (struct nlmsghdr *)message, sizeof(*rule), left)
		put_hex(&line, attr);
	list_add_text(lines->to, "%s", line.text);
}

/* What moves by itself in a route. */
static bool is_volatile(int type)
{
	return type == RTA_CACHEINFO || type == RTA_EXPIRES;
}

static void put_route_attr(struct line *line, const struct lines *lines, const struct nlattr *attr,
	const struct rtmsg *route)
{
	char text[INET6_ADDRSTRLEN], number[16];

	switch (nla_type(attr)) {
	case RTA_DST:
		break; /* stands in front */
	case RTA_OIF:
		put(line, " dev %s", link_name(lines->links, netlink_u32(attr), number));
		break;
	case RTA_GATEWAY:
		put(line, " via %s", address_text(route->rtm_family, attr, text));
		break;
	case RTA_PREFSRC:
		put(line, " src %s", address_text(route->rtm_family, attr, text));
		break;
	case RTA_PRIORITY:
		put(line, " metric %u", netlink_u32(attr));
		break;
	case RTA_TABLE:
		put(line, " table %u", netlink_u32(attr));
		break;
	default:
		if (!is_volatile(nla_type(attr)))
			put_hex(line, attr);
	}
}

static void put_route(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = nlmsg_data(message);
	struct lines *lines = context;
	struct line line = {0};
	char text[INET6_ADDRSTRLEN];
	struct nlattr *attr;
	int left;

	if (message->nlmsg_type != RTM_NEWROUTE || route->rtm_flags & RTM_F_CLONED)
		return;
	/* The kernel derives these from the addresses, some a second later (IPv6 duplicate address
	 * detection): the address lines say the same without moving. */
	if (route->rtm_table == RT_TABLE_LOCAL && route->rtm_protocol == RTPROT_KERNEL)
		return;
	put(&line, "route %s %s/%u type %u proto %u scope %u", family_word(route->rtm_family),
		address_text(route->rtm_family, find(message, sizeof(*route), RTA_DST), text),
		route->rtm_dst_len, route->rtm_type, route->rtm_protocol, route->rtm_scope);
	nlmsg_for_each_attr(attr, (struct nlmsghdr *)message, sizeof(*route), left)
		put_route_attr(&line, lines, attr, route);
	list_add_text(lines->to, "%s", line.text);
}

static void put_neighbour(const struct nlmsghdr *message, void *context)
{
	const struct ndmsg *neighbour = nlmsg_data(message);
	char text[INET6_ADDRSTRLEN], number[16];
	struct lines *lines = context;

	if (message->nlmsg_type != RTM_NEWNEIGH ||
		(neighbour->ndm_family != AF_INET && neighbour->ndm_family != AF_INET6))
		return;
	list_add_text(lines->to, "neighbour %s %s state %x",
		link_name(lines->links, neighbour->ndm_ifindex, number),
		address_text(
			neighbour->ndm_family, find(message, sizeof(*neighbour), NDA_DST), text),
		neighbour->ndm_state);
}

/* ---- all of it ---- */

static void forget(void *context)
{
	list_free_texts(((struct lines *)context)->to);
}

/* All of one kind: the request is a header of zeros, which leaves family and link open. */
static int dump(int type, size_t size, void (*each)(const struct nlmsghdr *, void *),
	struct lines *lines, struct fail *fail)
{
	static const char anything[64];
	/* A dump that is begun again gets an empty list each time. */
	struct list collected = {0};
	struct lines into = {.to = &collected, .links = lines->links};
	struct netlink_dump dump = {
		.type = type,
		.header = anything,
		.size = size,
		.each = each,
		.restart = forget,
		.context = &into,
	};
	int result = netlink_dump(&dump, fail);

	LIST_EACH(collected, char *, text) {
		if (result == 0)
			list_add_text(lines->to, "%s", *text);
	}
	list_free_texts(&collected);
	return result;
}

static int put_programs(const struct host_link *link, struct list *to, struct fail *fail)
{
	for (int direction = 0; direction < BB_DIRECTIONS; direction++) {
		struct list programs, filters;
		size_t place = 0;

		if (host_tcx_list(link->ifindex, direction, &programs, fail) < 0)
			return -1;
		LIST_EACH(programs, const struct host_program, program) {
			list_add_text(to, "tcx %s %s %zu %s tag %s", link->name,
				direction_words[direction], place++, program->name, program->tag);
		}
		list_free(&programs);
		if (host_filter_list(link->ifindex, direction, &filters, fail) < 0)
			return -1;
		LIST_EACH(filters, const struct host_filter, filter) {
			list_add_text(to, "filter %s %s pref %u protocol %x handle %x %s %s %s",
				link->name, direction_words[direction], filter->pref,
				filter->protocol, filter->handle, filter->kind, filter->name,
				filter->tag);
		}
		list_free(&filters);
	}
	return 0;
}

static void put_cgroups(const char *path, const char *shown, struct list *to)
{
	struct fail ignored = FAIL_INIT;
	struct list names;

	list_add_text(to, "cgroup %s", shown);
	if (host_dir_list(path, &names, &ignored) < 0)
		return;
	LIST_EACH(names, char *, name) {
		struct stat status;
		char *below, *shown_below;

		if (asprintf(&below, "%s/%s", path, *name) < 0 ||
			asprintf(&shown_below, "%s/%s", shown, *name) < 0)
			abort();
		if (lstat(below, &status) == 0 && S_ISDIR(status.st_mode))
			put_cgroups(below, shown_below, to);
		free(below);
		free(shown_below);
	}
	list_free_texts(&names);
}

static int snapshot(struct lines *state, struct lines *residue, struct fail *fail)
{
	if (dump(RTM_GETLINK, sizeof(struct ifinfomsg), put_link, state, fail) < 0 ||
		dump(RTM_GETADDR, sizeof(struct ifaddrmsg), put_address, state, fail) < 0 ||
		dump(RTM_GETQDISC, sizeof(struct tcmsg), put_qdisc, state, fail) < 0 ||
		dump(RTM_GETRULE, sizeof(struct fib_rule_hdr), put_rule, state, fail) < 0 ||
		dump(RTM_GETROUTE, sizeof(struct rtmsg), put_route, state, fail) < 0 ||
		dump(RTM_GETNEIGH, sizeof(struct ndmsg), put_neighbour, residue, fail) < 0)
		return -1;
	LIST_EACH(*state->links, const struct host_link, each) {
		if (put_programs(each, state->to, fail) < 0)
			return -1;
	}
	return 0;
}

int host_snapshot(const char *cgroup, struct list *state, struct list *residue, struct fail *fail)
{
	struct list links;
	struct lines state_lines = {.to = state, .links = &links};
	struct lines residue_lines = {.to = residue, .links = &links};
	int result;

	*state = *residue = (struct list){0};
	if (host_links(&links, fail) < 0)
		return -1;
	result = snapshot(&state_lines, &residue_lines, fail);
	list_free(&links);
	if (result < 0) {
		list_free_texts(state);
		list_free_texts(residue);
		return -1;
	}
	if (cgroup)
		put_cgroups(cgroup, cgroup, state);
	if (host_file_exists(STATE_DIR STEP_NOTE))
		list_add_text(state, "clock stepped, or not looked into since");
	return 0;
}

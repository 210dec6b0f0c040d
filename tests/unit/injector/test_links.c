/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "contract/list.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/netlink.h"

/* What the real host reads of the kernel's links, from messages as the kernel writes them. */

struct told {
	int ifindex;
	const char *name, *kind; /* kind: NULL: no link of a kind, as a network card */
	int below;               /* IFLA_LINK; 0: none */
	bool elsewhere;          /* that one is in another namespace */
	bool stacked;            /* what is to be read of it */
};

static const struct told *told;
static size_t told_count;

static struct nl_msg *message_of(const struct told *link)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC,
		.ifi_type = strcmp(link->name, "lo") == 0 ? ARPHRD_LOOPBACK : ARPHRD_ETHER,
		.ifi_index = link->ifindex,
		.ifi_flags = strcmp(link->name, "lo") == 0 ? IFF_LOOPBACK : 0};
	struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	assert_non_null(message);
	assert_int_equal(nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put_string(message, IFLA_IFNAME, link->name), 0);
	if (link->below)
		assert_int_equal(nla_put_u32(message, IFLA_LINK, (uint32_t)link->below), 0);
	if (link->elsewhere)
		assert_int_equal(nla_put_s32(message, IFLA_LINK_NETNSID, 0), 0);
	if (link->kind) {
		struct nlattr *nest = nla_nest_start(message, IFLA_LINKINFO);

		assert_non_null(nest);
		assert_int_equal(nla_put_string(message, IFLA_INFO_KIND, link->kind), 0);
		nla_nest_end(message, nest);
	}
	return message;
}

/* The kernel's side; the first answer was interrupted, and is given once more. */
int netlink_dump(const struct netlink_dump *dump, struct fail *fail)
{
	(void)fail;
	for (int try = 0; try < 2; try++) {
		if (try)
			dump->restart(dump->context);
		for (size_t i = 0; i < told_count; i++) {
			struct nl_msg *message = message_of(&told[i]);

			dump->each(nlmsg_hdr(message), dump->context);
			nlmsg_free(message);
		}
	}
	return 0;
}

static void assert_read(const struct told *links, size_t count)
{
	struct fail fail = FAIL_INIT;
	struct list read;

	told = links;
	told_count = count;
	assert_int_equal(host_links(&read, &fail), 0);
	assert_int_equal(read.count, count);
	for (size_t i = 0; i < count; i++) {
		const struct host_link *link = LIST_AT(read, struct host_link, i);

		assert_int_equal(link->ifindex, links[i].ifindex);
		assert_string_equal(link->name, links[i].name);
		assert_int_equal(link->loopback, strcmp(link->name, "lo") == 0);
		if (link->stacked != links[i].stacked)
			fail_msg("%s is %sstacked", link->name, link->stacked ? "" : "not ");
	}
	list_free(&read);
}

#define READ(links) assert_read(links, sizeof(links) / sizeof((links)[0]))

static void cards_and_ends_of_cables_stand_alone(void **state)
{
	static const struct told links[] = {
		{1, "lo", NULL, 0, false, false},
		{2, "eth0", NULL, 0, false, false},
		/* A veth names its other end, wherever that is. */
		{3, "veth0", "veth", 4, false, false},
		{4, "veth1", "veth", 3, false, false},
		{5, "veth2", "veth", 9, true, false},
		{6, "tun0", "tun", 0, false, false},
		{7, "wg0", "wireguard", 0, false, false},
		/* What goes through a tunnel has another address below it. */
		{8, "vxlan0", "vxlan", 2, false, false},
		{9, "sit0", "sit", 2, false, false},
	};

	(void)state;
	READ(links);
}

static void over_ports_and_over_a_link(void **state)
{
	static const struct told links[] = {
		{2, "eth0", NULL, 0, false, false},
		{3, "br0", "bridge", 0, false, true},
		{4, "bond0", "bond", 0, false, true},
		{5, "team0", "team", 0, false, true},
		{6, "eth0.42", "vlan", 2, false, true},
		{7, "mac0", "macvlan", 2, false, true},
		{8, "ip0", "ipvlan", 2, false, true},
		/* A container's: the link below is the host's. */
		{9, "eth1", "macvlan", 2, true, false},
		{10, "eth2", "vlan", 2, true, false},
	};

	(void)state;
	READ(links);
}

static void a_vlan_on_a_vlan(void **state)
{
	static const struct told links[] = {
		{2, "eth0", NULL, 0, false, false},
		/* Listed before the one below it. */
		{3, "eth0.42.7", "vlan", 4, false, false},
		{4, "eth0.42", "vlan", 2, false, true},
		{5, "bond0", "bond", 0, false, true},
		{6, "bond0.42", "vlan", 5, false, true},
	};

	(void)state;
	READ(links);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cards_and_ends_of_cables_stand_alone),
		cmocka_unit_test(over_ports_and_over_a_link),
		cmocka_unit_test(a_vlan_on_a_vlan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/lists.h"
#include "injector/netlink.h"

/* The links that lanes are made of: veth pairs, and what is common to them and the TAP. */
enum {
	VETH_MTU = 65535,
	SEGMENTS_WHOLE = 65535,
	SEGMENTS_APART = 1
};

int host_link_named(const char *name, int *out_ifindex, struct fail *fail)
{
	struct list links;

	if (host_links(&links, fail) < 0)
		return -1;
	*out_ifindex = 0;
	LIST_EACH(links, const struct host_link, link) {
		if (strcmp(link->name, name) == 0)
			*out_ifindex = link->ifindex;
	}
	list_free(&links);
	return 0;
}

static void must_put(int error)
{
	if (error < 0)
		abort();
}

static struct nlattr *must_nest(struct nl_msg *message, int type)
{
	struct nlattr *nest = nla_nest_start(message, type);

	if (!nest)
		abort();
	return nest;
}

static int add_veth(const struct host_pair *pair)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC}, peer = info;
	struct nl_msg *message = netlink_message(
		RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &info, sizeof(info));
	struct nlattr *link, *data, *other;

	must_put(nla_put_string(message, IFLA_IFNAME, pair->entry));
	must_put(nla_put_u32(message, IFLA_MTU, VETH_MTU));
	must_put(nla_put_u32(
		message, IFLA_GSO_MAX_SEGS, pair->as_wire ? SEGMENTS_APART : SEGMENTS_WHOLE));
	link = must_nest(message, IFLA_LINKINFO);
	must_put(nla_put_string(message, IFLA_INFO_KIND, "veth"));
	data = must_nest(message, IFLA_INFO_DATA);
	other = must_nest(message, VETH_INFO_PEER);
	must_put(nlmsg_append(message, &peer, sizeof(peer), NLMSG_ALIGNTO));
	must_put(nla_put_string(message, IFLA_IFNAME, pair->exit));
	must_put(nla_put_u32(message, IFLA_MTU, VETH_MTU));
	nla_nest_end(message, other);
	nla_nest_end(message, data);
	nla_nest_end(message, link);
	return netlink_request(message);
}

/* A link that asks for addresses sends packets of its own, and they would be in the lane. */
static void ask_for_no_address(int ifindex)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
	struct nl_msg *message = netlink_message(RTM_NEWLINK, NLM_F_ACK, &info, sizeof(info));
	struct nlattr *families = must_nest(message, IFLA_AF_SPEC);
	struct nlattr *ipv6 = must_nest(message, AF_INET6);

	must_put(nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE));
	nla_nest_end(message, ipv6);
	nla_nest_end(message, families);
	/* A kernel without IPv6 refuses, and asks for none anyway. */
	netlink_request(message);
}

int real_lane_raise(int ifindex, uint32_t mtu, struct fail *fail)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC,
		.ifi_index = ifindex,
		.ifi_flags = IFF_UP | IFF_NOARP,
		.ifi_change = IFF_UP | IFF_NOARP};
	struct nl_msg *message;
	int error;

	ask_for_no_address(ifindex);
	message = netlink_message(RTM_NEWLINK, NLM_F_ACK, &info, sizeof(info));
	if (mtu)
		must_put(nla_put_u32(message, IFLA_MTU, mtu));
	error = netlink_request(message);
	return error ? fail_errno(fail, error, "bringing a lane's link up") : 0;
}

/* With checksums left to the device a packet would carry none, and nobody would miss it. */
static int leave_no_checksum_out(const char *name, struct fail *fail)
{
	struct ethtool_value off = {.cmd = ETHTOOL_STXCSUM};
	struct ifreq request = {.ifr_data = (void *)&off};
	int file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

	if (file < 0)
		file = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (file < 0)
		return fail_errno(fail, errno, "socket");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	result = ioctl(file, SIOCETHTOOL, &request) < 0
		? fail_errno(fail, errno, "turning checksum offload of %s off", name)
		: 0;
	close(file);
	return result;
}

int host_pair_add(struct host_pair *pair, struct fail *fail)
{
	int error = add_veth(pair);

	if (error == -EOPNOTSUPP)
		return fail_set(
			fail, FAIL_UNSUPPORTED, "this kernel has no veth, built in or as a module");
	if (error == -EEXIST)
		return fail_set(fail, FAIL_BUSY, "there is a link %s or %s already", pair->entry,
			pair->exit);
	if (error)
		return fail_errno(
			fail, error, "adding the links %s and %s", pair->entry, pair->exit);
	if (host_link_named(pair->entry, &pair->entry_index, fail) < 0 ||
		host_link_named(pair->exit, &pair->exit_index, fail) < 0)
		return -1;
	if (pair->as_wire && leave_no_checksum_out(pair->entry, fail) < 0)
		return -1;
	if (real_lane_raise(pair->exit_index, 0, fail) < 0)
		return -1;
	return real_lane_raise(pair->entry_index, 0, fail);
}

/* ---- removing ---- */

struct lane_search {
	const char *name;
	int ifindex;
	bool ours;
};

static void find_lane(const struct nlmsghdr *message, void *context)
{
	const struct ifinfomsg *info = nlmsg_data(message);
	struct lane_search *search = context;
	struct nlattr *name, *link, *kind = NULL;

	if (message->nlmsg_type != RTM_NEWLINK)
		return;
	name = nlmsg_find_attr((struct nlmsghdr *)message, sizeof(*info), IFLA_IFNAME);
	if (!name || strcmp(netlink_text(name), search->name) != 0)
		return;
	link = nlmsg_find_attr((struct nlmsghdr *)message, sizeof(*info), IFLA_LINKINFO);
	if (link)
		kind = nla_find(nla_data(link), nla_len(link), IFLA_INFO_KIND);
	search->ifindex = info->ifi_index;
	search->ours = kind &&
		(strcmp(netlink_text(kind), "veth") == 0 || strcmp(netlink_text(kind), "tun") == 0);
}

int host_lane_delete(const char *name, struct fail *fail)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC};
	struct lane_search search = {.name = name};
	struct netlink_dump dump = {
		.type = RTM_GETLINK,
		.header = &info,
		.size = sizeof(info),
		.each = find_lane,
		.context = &search,
	};
	int error;

	if (netlink_dump(&dump, fail) < 0)
		return fail_context(fail, "looking for link %s", name);
	if (!search.ours)
		return 0;
	info.ifi_index = search.ifindex;
	error = netlink_request(netlink_message(RTM_DELLINK, NLM_F_ACK, &info, sizeof(info)));
	return error && error != -ENODEV ? fail_errno(fail, error, "removing link %s", name) : 0;
}

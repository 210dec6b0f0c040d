/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab_net.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/lab/lab_paths.h"
#include "controller/lab/netns.h"

#define BRIDGE "br0"
#define NODE_LINK "eth0"

static int netlink_fail(struct fail *fail, int error, const char *what)
{
	return fail_set(fail, FAIL_SYSTEM, "%s: %s", what, nl_geterror(error));
}

/* A socket belongs for ever to the namespace that it was created in. */
static struct nl_sock *open_in(const char *netns, struct fail *fail)
{
	struct nl_sock *sock = nl_socket_alloc();
	int home, error;

	if (!sock)
		abort();
	if (netns_enter(netns, &home, fail) < 0) {
		nl_socket_free(sock);
		return NULL;
	}
	error = nl_connect(sock, NETLINK_ROUTE);
	netns_leave(home);
	if (error < 0) {
		netlink_fail(fail, error, netns);
		nl_socket_free(sock);
		return NULL;
	}
	return sock;
}

static struct nl_msg *link_message(int flags, unsigned link_flags)
{
	struct ifinfomsg header = {
		.ifi_family = AF_UNSPEC, .ifi_flags = link_flags, .ifi_change = link_flags};
	struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_REQUEST | flags);

	if (!message || nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) < 0)
		abort();
	return message;
}

/* libnl's nests can only fail for want of room, and these messages are far below a page. */
static struct nlattr *nest(struct nl_msg *message, int type)
{
	struct nlattr *attribute = nla_nest_start(message, type);

	if (!attribute)
		abort();
	return attribute;
}

static int link_up(struct nl_sock *sock, const char *name, struct fail *fail)
{
	struct nl_msg *message = link_message(0, IFF_UP);
	int error;

	nla_put_string(message, IFLA_IFNAME, name);
	error = nl_send_sync(sock, message);
	return error < 0 ? netlink_fail(fail, error, name) : 0;
}

static int link_index(struct nl_sock *sock, const char *name, struct fail *fail)
{
	struct rtnl_link *link = NULL;
	int error = rtnl_link_get_kernel(sock, 0, name, &link);
	int index;

	if (error < 0)
		return netlink_fail(fail, error, name);
	index = rtnl_link_get_ifindex(link);
	rtnl_link_put(link);
	return index;
}

/* Learning which port wants a group takes multicast queries that nobody sends here: flood. */
static int add_bridge(struct nl_sock *sock, struct fail *fail)
{
	struct nl_msg *message = link_message(NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info, *data;
	int error;

	nla_put_string(message, IFLA_IFNAME, BRIDGE);
	info = nest(message, IFLA_LINKINFO);
	nla_put_string(message, IFLA_INFO_KIND, "bridge");
	data = nest(message, IFLA_INFO_DATA);
	nla_put_u32(message, IFLA_BR_STP_STATE, 0);
	nla_put_u8(message, IFLA_BR_MCAST_SNOOPING, 0);
	nla_nest_end(message, data);
	nla_nest_end(message, info);
	error = nl_send_sync(sock, message);
	return error < 0 ? netlink_fail(fail, error, "creating the bridge") : 0;
}

struct port {
	const char *name;
	const char *node;
	int bridge_index;
	int node_netns;
};

/* The far end is created in the node's namespace at once: it is never seen anywhere else. */
static int add_port(struct nl_sock *hub, const struct port *port, struct fail *fail)
{
	struct ifinfomsg peer_header = {.ifi_family = AF_UNSPEC};
	struct nl_msg *message = link_message(NLM_F_CREATE | NLM_F_EXCL, IFF_UP);
	struct nlattr *info, *data, *peer;
	int error;

	nla_put_string(message, IFLA_IFNAME, port->name);
	nla_put_string(message, IFLA_IFALIAS, port->node);
	nla_put_u32(message, IFLA_MASTER, (uint32_t)port->bridge_index);
	info = nest(message, IFLA_LINKINFO);
	nla_put_string(message, IFLA_INFO_KIND, "veth");
	data = nest(message, IFLA_INFO_DATA);
	peer = nest(message, VETH_INFO_PEER);
	if (nlmsg_append(message, &peer_header, sizeof(peer_header), NLMSG_ALIGNTO) < 0)
		abort();
	nla_put_string(message, IFLA_IFNAME, NODE_LINK);
	nla_put_u32(message, IFLA_NET_NS_FD, (uint32_t)port->node_netns);
	nla_nest_end(message, peer);
	nla_nest_end(message, data);
	nla_nest_end(message, info);
	error = nl_send_sync(hub, message);
	return error < 0 ? netlink_fail(fail, error, "creating a veth pair") : 0;
}

static int add_address(struct nl_sock *sock, int index, const struct prefix *address,
	unsigned subnet_length, struct fail *fail)
{
	const uint8_t *bytes = address->ipv4 ? address->address + 12 : address->address;
	int size = address->ipv4 ? 4 : 16, error;
	struct ifaddrmsg header = {.ifa_family = address->ipv4 ? AF_INET : AF_INET6,
		.ifa_prefixlen = (uint8_t)(address->ipv4 ? subnet_length - 96 : subnet_length),
		.ifa_flags = IFA_F_NODAD,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = (unsigned)index};
	struct nl_msg *message =
		nlmsg_alloc_simple(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL);
	char text[PREFIX_TEXT_MAX];

	if (!message || nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) < 0)
		abort();
	nla_put(message, IFA_LOCAL, size, bytes);
	nla_put(message, IFA_ADDRESS, size, bytes);
	error = nl_send_sync(sock, message);
	return error < 0 ? netlink_fail(fail, error, prefix_format(address, text)) : 0;
}

/* Addresses first, then up: nothing is sent from a half-addressed link. */
static int address_and_raise(const struct lab_file *file, struct nl_sock *sock, const char *name,
	size_t host, struct fail *fail)
{
	int index = link_index(sock, name, fail);
	struct prefix address;

	if (index < 0)
		return -1;
	if (lab_file_address(file, LAB_IPV4, host, &address) &&
		add_address(sock, index, &address, file->subnet.length, fail) < 0)
		return -1;
	if (lab_file_address(file, LAB_IPV6, host, &address) &&
		add_address(sock, index, &address, file->subnet6.length, fail) < 0)
		return -1;
	if (link_up(sock, "lo", fail) < 0)
		return -1;
	return link_up(sock, name, fail);
}

int lab_net_make_hub(const struct lab_file *file, struct fail *fail)
{
	char path[LAB_PATH_MAX];
	struct nl_sock *sock;
	int outcome = -1;

	lab_path_netns(file->name, NULL, path);
	if (netns_create(path, fail) < 0)
		return -1;
	sock = open_in(path, fail);
	if (!sock)
		return -1;
	if (add_bridge(sock, fail) == 0)
		outcome = address_and_raise(file, sock, BRIDGE, LAB_HUB_HOST, fail);
	nl_socket_free(sock);
	return outcome;
}

static int plug_in(const struct lab_file *file, size_t index, int node_netns, struct fail *fail)
{
	char path[LAB_PATH_MAX], name[IFNAMSIZ];
	struct port port = {
		.name = name, .node = lab_file_node(file, index)->name, .node_netns = node_netns};
	struct nl_sock *hub = open_in(lab_path_netns(file->name, NULL, path), fail);
	int outcome = -1;

	if (!hub)
		return -1;
	snprintf(name, sizeof(name), "port%zu", index);
	port.bridge_index = link_index(hub, BRIDGE, fail);
	if (port.bridge_index >= 0)
		outcome = add_port(hub, &port, fail);
	nl_socket_free(hub);
	return outcome;
}

int lab_net_make_node(const struct lab_file *file, size_t index, struct fail *fail)
{
	char path[LAB_PATH_MAX];
	struct nl_sock *sock;
	int netns, outcome;

	lab_path_netns(file->name, lab_file_node(file, index)->name, path);
	if (netns_create(path, fail) < 0)
		return -1;
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return fail_errno(fail, errno, "%s", path);
	outcome = plug_in(file, index, netns, fail);
	close(netns);
	if (outcome < 0)
		return -1;
	sock = open_in(path, fail);
	if (!sock)
		return -1;
	outcome = address_and_raise(file, sock, NODE_LINK, LAB_FIRST_NODE_HOST + index, fail);
	nl_socket_free(sock);
	return outcome;
}

/* "bb-LAB" and "bb-LAB-anything"; a lab's name holds no '-', so no other lab's match. */
static bool is_ours(const char *lab, const char *entry)
{
	size_t length = strlen(lab);

	return strncmp(entry, "bb-", 3) == 0 && strncmp(entry + 3, lab, length) == 0 &&
		(entry[3 + length] == '\0' || entry[3 + length] == '-');
}

int lab_net_destroy(const char *lab, struct fail *fail)
{
	DIR *directory = opendir(LAB_NETNS_ROOT);
	const struct dirent *entry;
	char path[LAB_PATH_MAX + sizeof(entry->d_name)];
	int outcome = 0;

	if (!directory)
		return errno == ENOENT ? 0 : fail_errno(fail, errno, LAB_NETNS_ROOT);
	while (outcome == 0 && (entry = readdir(directory))) {
		if (!is_ours(lab, entry->d_name))
			continue;
		snprintf(path, sizeof(path), LAB_NETNS_ROOT "/%s", entry->d_name);
		outcome = netns_delete(path, fail);
	}
	closedir(directory);
	/* Made by the first who needs it; gone with the last. */
	if (outcome == 0)
		netns_remove_root();
	return outcome;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/lists.h"
#include "injector/netlink.h"

/*
 * clsact and cls_bpf, which libnl-route 3.7 does not know: the messages are put together here
 * from the kernel's own attributes.
 */
enum {
	FILTER_HANDLE = 1
};

static uint32_t parent_of(enum bb_direction direction)
{
	return TC_H_MAKE(TC_H_CLSACT, direction == BB_EGRESS ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
}

/* What a link that vanished, or a qdisc that went with it, answers. */
static bool is_gone(int error)
{
	return error == -ENODEV || error == -ENOENT || error == -EINVAL;
}

struct qdisc_search {
	int ifindex;
	enum host_clsact found;
};

static void find_clsact(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *tc = nlmsg_data(message);
	struct qdisc_search *search = context;
	struct nlattr *kind;

	if (message->nlmsg_type != RTM_NEWQDISC || tc->tcm_ifindex != search->ifindex ||
		tc->tcm_parent != TC_H_CLSACT)
		return;
	kind = nlmsg_find_attr((struct nlmsghdr *)message, sizeof(*tc), TCA_KIND);
	search->found = kind && strcmp(netlink_text(kind), "clsact") == 0 ? CLSACT_PRESENT
									  : CLSACT_INGRESS_ONLY;
}

int host_clsact_state(int ifindex, enum host_clsact *out, struct fail *fail)
{
	struct tcmsg tc = {.tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex};
	struct qdisc_search search = {.ifindex = ifindex, .found = CLSACT_NONE};
	struct netlink_dump dump = {
		.type = RTM_GETQDISC,
		.header = &tc,
		.size = sizeof(tc),
		.each = find_clsact,
		.context = &search,
	};

	if (netlink_dump(&dump, fail) < 0)
		return fail_context(fail, "listing qdiscs");
	*out = search.found;
	return 0;
}

static struct nl_msg *clsact_message(int type, int flags, int ifindex)
{
	struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_parent = TC_H_CLSACT,
		.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
	};
	struct nl_msg *message = netlink_message(type, flags, &tc, sizeof(tc));

	if (nla_put_string(message, TCA_KIND, "clsact") < 0)
		abort();
	return message;
}

int host_clsact_add(int ifindex, struct fail *fail)
{
	int error = netlink_request(
		clsact_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, ifindex));

	if (!error)
		FAILPOINT(qdisc_added);
	return error ? fail_errno(fail, error, "adding qdisc clsact") : 0;
}

int host_clsact_delete(int ifindex, struct fail *fail)
{
	int error = netlink_request(clsact_message(RTM_DELQDISC, NLM_F_ACK, ifindex));

	return error && !is_gone(error) ? fail_errno(fail, error, "deleting qdisc clsact") : 0;
}

static void take_options(struct nlattr *options, struct host_filter *filter)
{
	struct nlattr *attrs[TCA_BPF_MAX + 1];
	const unsigned char *tag;

	if (!options || nla_parse_nested(attrs, TCA_BPF_MAX, options, NULL) < 0)
		return;
	if (attrs[TCA_BPF_NAME])
		snprintf(filter->name, sizeof(filter->name), "%s",
			netlink_text(attrs[TCA_BPF_NAME]));
	if (!attrs[TCA_BPF_TAG] || nla_len(attrs[TCA_BPF_TAG]) != 8)
		return;
	tag = nla_data(attrs[TCA_BPF_TAG]);
	for (int i = 0; i < 8; i++)
		snprintf(filter->tag + 2 * i, 3, "%02x", tag[i]);
}

static void take_filter(const struct nlmsghdr *message, void *context)
{
	const struct tcmsg *tc = nlmsg_data(message);
	struct nlattr *kind, *options;
	struct host_filter *filter;

	if (message->nlmsg_type != RTM_NEWTFILTER)
		return;
	kind = nlmsg_find_attr((struct nlmsghdr *)message, sizeof(*tc), TCA_KIND);
	options = nlmsg_find_attr((struct nlmsghdr *)message, sizeof(*tc), TCA_OPTIONS);
	filter = list_push(context, sizeof(*filter));
	filter->pref = TC_H_MAJ(tc->tcm_info) >> 16;
	filter->protocol = ntohs((uint16_t)TC_H_MIN(tc->tcm_info));
	filter->handle = tc->tcm_handle;
	if (kind)
		snprintf(filter->kind, sizeof(filter->kind), "%s", netlink_text(kind));
	if (strcmp(filter->kind, "bpf") == 0)
		take_options(options, filter);
}

static void forget(void *context)
{
	list_free(context);
}

int host_filter_list(
	int ifindex, enum bb_direction direction, struct list *filters, struct fail *fail)
{
	struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_parent = parent_of(direction),
	};
	struct netlink_dump dump = {
		.type = RTM_GETTFILTER,
		.header = &tc,
		.size = sizeof(tc),
		.each = take_filter,
		.restart = forget,
		.context = filters,
	};
	struct fail inner = FAIL_INIT;

	*filters = (struct list){0};
	if (netlink_dump(&dump, &inner) < 0) {
		list_free(filters);
		if (is_gone(-inner.error))
			return 0;
		*fail = inner;
		return fail_context(fail, "listing filters");
	}
	return 0;
}

static struct nl_msg *filter_message(
	int type, int flags, int ifindex, enum bb_direction direction, uint32_t pref)
{
	struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_parent = parent_of(direction),
		/* With a handle, neither adding nor deleting can touch another filter of the
		 * same pref. */
		.tcm_handle = FILTER_HANDLE,
		.tcm_info = TC_H_MAKE(pref << 16, htons(ETH_P_ALL)),
	};
	struct nl_msg *message = netlink_message(type, flags, &tc, sizeof(tc));

	if (nla_put_string(message, TCA_KIND, "bpf") < 0)
		abort();
	return message;
}

int real_filter_add(const struct real_filter *filter, struct fail *fail)
{
	struct nl_msg *message =
		filter_message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK,
			filter->ifindex, filter->direction, filter->pref);
	struct nlattr *options = nla_nest_start(message, TCA_OPTIONS);
	int error;

	if (!options || nla_put_u32(message, TCA_BPF_FD, (uint32_t)filter->program) < 0 ||
		nla_put_string(message, TCA_BPF_NAME, filter->name) < 0 ||
		nla_put_u32(message, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT) < 0)
		abort();
	nla_nest_end(message, options);
	error = netlink_request(message);
	if (error == -EEXIST)
		return fail_set(fail, FAIL_BUSY, "filter pref %u is taken", filter->pref);
	if (!error)
		FAILPOINT(hook_attached);
	return error ? fail_errno(fail, error, "adding a bpf filter at pref %u", filter->pref) : 0;
}

int host_filter_add(struct host_matcher *matcher, int ifindex, enum bb_direction direction,
	uint32_t pref, struct fail *fail)
{
	struct real_filter filter = {
		.ifindex = ifindex,
		.direction = direction,
		.pref = pref,
		.program = real_matcher_program(matcher, direction),
		.name = direction == BB_EGRESS ? BB_EGRESS_NAME : BB_INGRESS_NAME,
	};

	return real_filter_add(&filter, fail);
}

int host_filter_delete(int ifindex, enum bb_direction direction, uint32_t pref, struct fail *fail)
{
	int error = netlink_request(
		filter_message(RTM_DELTFILTER, NLM_F_ACK, ifindex, direction, pref));

	return error && !is_gone(error)
		? fail_errno(fail, error, "deleting the bpf filter at pref %u", pref)
		: 0;
}

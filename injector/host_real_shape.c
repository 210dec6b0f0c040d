/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <math.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>

#include "contract/units.h"
#include "injector/host.h"
#include "injector/lane/lane.h"
#include "injector/lane/spec.h"
#include "injector/netlink.h"

/* netem and tbf on a lane's entry. libnl-route 3.7 lacks half of their attributes. */
enum {
	NETEM_PACKETS_MIN = 1000,
	NETEM_PACKETS_MAX = 4000000,
	PACKET_BYTES = 64, /* the shortest that there are: the limit counts packets */
	TBF_MTU = 2 * 65536,
	MESSAGE_BYTES = 4096 + LANE_TABLE_MAX * 2
};

static void must_put(int error)
{
	if (error < 0)
		abort();
}

static uint32_t part(double ratio)
{
	return (uint32_t)llround(ratio * UINT32_MAX);
}

/* What may wait is given in bytes, netem counts packets: as many as that could be. */
static uint32_t limit_packets(const struct lane_spec *spec)
{
	uint64_t packets = spec->limit_bytes / PACKET_BYTES;

	return packets < NETEM_PACKETS_MIN    ? NETEM_PACKETS_MIN
		: packets > NETEM_PACKETS_MAX ? NETEM_PACKETS_MAX
					      : (uint32_t)packets;
}

static struct nl_msg *qdisc_message(int ifindex, const char *kind)
{
	struct tcmsg tc = {.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_parent = TC_H_ROOT,
		.tcm_handle = TC_H_MAKE(1u << 16, 0)};
	struct nl_msg *message = netlink_message(
		RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &tc, sizeof(tc));

	must_put(nla_put_string(message, TCA_KIND, kind));
	return message;
}

static void put_table(struct nl_msg *message, const struct lane_spec *spec)
{
	int16_t table[LANE_TABLE_MAX];

	for (int i = 0; i < spec->table_count; i++)
		table[i] = (int16_t)(spec->table[i] > INT16_MAX ? INT16_MAX
				: spec->table[i] < INT16_MIN    ? INT16_MIN
								: spec->table[i]);
	must_put(nla_put(message, TCA_NETEM_DELAY_DIST,
		(int)((size_t)spec->table_count * sizeof(table[0])), table));
}

static int add_netem(int ifindex, const struct lane_spec *spec)
{
	struct nl_msg *message = qdisc_message(ifindex, "netem");
	struct tc_netem_qopt options = {
		.limit = limit_packets(spec), .gap = (uint32_t)spec->reorder_gap};
	struct tc_netem_corr correlation = {.delay_corr = part(spec->correlation)};
	struct tc_netem_reorder reorder = {
		.probability = part(spec->reorder), .correlation = part(spec->reorder_correlation)};
	struct nlattr *nest;

	/* A table is longer than the page that a message has. */
	must_put(nlmsg_expand(message, MESSAGE_BYTES));
	nest = nla_nest_start(message, TCA_OPTIONS);
	if (!nest)
		abort();
	if (spec->reorder > 0 && !options.gap)
		options.gap = 1;
	must_put(nlmsg_append(message, &options, sizeof(options), NLMSG_ALIGNTO));
	must_put(nla_put(message, TCA_NETEM_LATENCY64, sizeof(spec->delay_ns), &spec->delay_ns));
	must_put(nla_put(message, TCA_NETEM_JITTER64, sizeof(spec->jitter_ns), &spec->jitter_ns));
	must_put(nla_put(message, TCA_NETEM_CORR, sizeof(correlation), &correlation));
	must_put(nla_put(message, TCA_NETEM_REORDER, sizeof(reorder), &reorder));
	if (spec->spread == SPREAD_TABLE)
		put_table(message, spec);
	nla_nest_end(message, nest);
	return netlink_request(message);
}

static int add_tbf(int ifindex, const struct lane_spec *spec)
{
	uint32_t burst = spec->burst_bytes > TBF_MTU ? (uint32_t)spec->burst_bytes : TBF_MTU;
	struct tc_tbf_qopt options = {
		.rate = {.rate = spec->rate_bytes > UINT32_MAX ? UINT32_MAX
							       : (uint32_t)spec->rate_bytes,
			.linklayer = 1, /* Ethernet */
			.overhead = (unsigned short)spec->overhead_bytes},
		.limit = spec->limit_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)spec->limit_bytes,
		.buffer = burst,
	};
	struct nl_msg *message = qdisc_message(ifindex, "tbf");
	struct nlattr *nest = nla_nest_start(message, TCA_OPTIONS);

	if (!nest)
		abort();
	must_put(nla_put(message, TCA_TBF_PARMS, sizeof(options), &options));
	must_put(nla_put(message, TCA_TBF_RATE64, sizeof(spec->rate_bytes), &spec->rate_bytes));
	must_put(nla_put_u32(message, TCA_TBF_BURST, burst));
	nla_nest_end(message, nest);
	return netlink_request(message);
}

int host_shape(int ifindex, const struct lane_spec *spec, struct fail *fail)
{
	const char *kind = spec->rate_bytes ? "tbf" : "netem", *beyond = spec_beyond_netem(spec);
	int error;

	if (beyond)
		return fail_set(fail, FAIL_UNSUPPORTED, "%s", beyond);
	error = spec->rate_bytes ? add_tbf(ifindex, spec) : add_netem(ifindex, spec);
	if (error == -ENOENT)
		return fail_set(fail, FAIL_UNSUPPORTED,
			"this kernel has no sch_%s, built in or as a module", kind);
	return error ? fail_errno(fail, error, "adding qdisc %s", kind) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/both_modes.h"
#include "tests/netns/flood.h"
#include "tests/netns/hang.h"

/*
 * What the link below a VLAN carries: trains of segments with a tag beside them. On its way through
 * wire and lane such a packet has two tags, its own below our label, and must keep its own. The
 * kernel need not know of VLANs: programs put the tag on behind the stack and take it off in front
 * of it, as a VLAN's device does.
 */
enum {
	VLAN_ID = 42,
	PORT = 7001,
	LONG_MS = 120000,
	SOON_MS = 15000,
	BYTES = 2 << 20,
	SEGMENT_BYTES = 1460,
	FIRST = 1, /* prefs of filters */
	LATER = 77
};

/* ---- a VLAN without its device ---- */

struct tagger {
	int push, pop;
	int link; /* -1: it is a filter */
};

static int load(const struct bpf_insn *code, size_t count)
{
	int program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "tagger", "GPL", code, count, NULL);

	assert_true(program >= 0);
	return program;
}

#define FIELD(name) ((short)offsetof(struct __sk_buff, name))

/* Puts the tag on, but for ARP, and where there is one: what comes from a lane has its own. */
static int load_push(void)
{
	const struct bpf_insn code[] = {
		/* if (skb->vlan_present) goto out */
		{.code = BPF_LDX | BPF_MEM | BPF_W,
			.dst_reg = 2,
			.src_reg = 1,
			.off = FIELD(vlan_present)},
		{.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 2, .off = 5},
		/* if (skb->protocol == htons(ETH_P_ARP)) goto out */
		{.code = BPF_LDX | BPF_MEM | BPF_W,
			.dst_reg = 2,
			.src_reg = 1,
			.off = FIELD(protocol)},
		{.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 2, .off = 3, .imm = htons(0x0806)},
		/* skb_vlan_push(skb, htons(0x8100), VLAN_ID) */
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = htons(0x8100)},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = VLAN_ID},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_push},
		/* out: return TC_ACT_UNSPEC */
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = TC_ACT_UNSPEC},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load(code, sizeof(code) / sizeof(code[0]));
}

static int load_pop(void)
{
	const struct bpf_insn code[] = {
		/* if (skb->vlan_tci != VLAN_ID) goto out */
		{.code = BPF_LDX | BPF_MEM | BPF_W,
			.dst_reg = 2,
			.src_reg = 1,
			.off = FIELD(vlan_tci)},
		{.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 2, .off = 1, .imm = VLAN_ID},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_pop},
		/* out: return TC_ACT_UNSPEC */
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = TC_ACT_UNSPEC},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return load(code, sizeof(code) / sizeof(code[0]));
}

/*
 * On the node of the injector the tag is put on in front of our hook and taken off behind it: as
 * filters by their prefs, by tcx in front of what hangs there already.
 */
static struct tagger tag_all(const struct world *world)
{
	struct tagger tagger = {.push = load_push(), .pop = load_pop(), .link = -1};

	if (strcmp(world->attach, "tcx") == 0) {
		tagger.link = hang_tcx_in_front(world, NODE_A, tagger.push, HANG_TCX_EGRESS);
		assert_true(tagger.link >= 0);
	} else {
		hang_filter(world, NODE_A, tagger.push, (struct filter_place){true, FIRST});
	}
	hang_filter(world, NODE_A, tagger.pop, (struct filter_place){false, LATER});
	/* It is there: who has no such VLAN takes none of these. */
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	hang_filter(world, NODE_B, tagger.push, (struct filter_place){true, FIRST});
	hang_filter(world, NODE_B, tagger.pop, (struct filter_place){false, FIRST});
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, SOON_MS));
	assert_true(udp_passes_within(world, NODE_B, NODE_A, AF_INET6, SOON_MS));
	return tagger;
}

static void untag_all(const struct world *world, const struct tagger *tagger)
{
	hang_no_filters(world, NODE_A);
	hang_no_filters(world, NODE_B);
	if (tagger->link >= 0)
		close(tagger->link);
	close(tagger->push);
	close(tagger->pop);
}

/* ---- faults ---- */

static const struct {
	const char *fault, *with;
} faults[] = {
	{"delay", "{\"delay\":\"5ms\"}"},
	{"loss", "{\"ratio\":0.01}"},
	{"corrupt", "{\"ratio\":0.01}"},
	{"duplicate", "{\"ratio\":0.1}"},
	{"reorder", "{\"ratio\":0.1,\"delay\":\"2ms\"}"},
	{"rate", "{\"bandwidth\":\"200Mbit\"}"},
};

/* What is sent arrives whole, both ways and in both families, and the fault was part of it. */
static void assert_tagged_trains_meet(struct world *world, struct injector *injector, size_t i)
{
	struct cut cut = {.fault = faults[i].fault,
		.id = faults[i].fault,
		.on = NODE_A,
		.from = NODE_B,
		.with = faults[i].with,
		.seed = 5,
		.for_ms = LONG_MS};

	injector_cut(injector, &cut);
	tcp_stream(world, NODE_A, NODE_B, AF_INET, BYTES);
	tcp_stream(world, NODE_B, NODE_A, AF_INET6, BYTES);
	for (int out = 0; out < 2; out++) {
		struct counted counted =
			injector_counted(injector, cut.id, out ? "egress" : "ingress");

		/* Each segment was looked at: none has more than so many bytes. */
		assert_true(counted.matched > BYTES / SEGMENT_BYTES);
		assert_true(counted.segments > 0);
	}
	injector_heal(injector, cut.id);
}

static void trains_keep_their_tag(struct world *world)
{
	static const struct cut anchor = {.id = "anchor",
		.on = NODE_A,
		.from = NODE_B,
		.with = "{\"ports\":9}",
		.for_ms = LONG_MS};
	struct injector *injector;
	struct tagger tagger = {.link = -1};
	bool tcx = strcmp(world->attach, "tcx") == 0;

	/* Who is in front is decided by who comes first by clsact, and who comes last by tcx. */
	if (!tcx)
		tagger = tag_all(world);
	injector = injector_greeted(world, NODE_A, "120s");
	injector_cut(injector, &anchor);
	if (tcx)
		tagger = tag_all(world);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		assert_tagged_trains_meet(world, injector, i);
	assert_int_equal(injector_finish(injector), 0);
	untag_all(world, &tagger);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(trains_keep_their_tag, 2),
	};

	return run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
}

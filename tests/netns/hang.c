/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/hang.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	BEFORE = 1 << 3 /* BPF_F_BEFORE, which is younger than the headers that we build with */
};

static int link_in_node(
	const struct world *world, int node, int program, int hook, unsigned int flags)
{
	struct bpf_link_create_opts options = {.sz = sizeof(options), .flags = flags};
	int home = world_enter(world, node);
	int link = bpf_link_create(
		program, (int)if_nametoindex("eth0"), (enum bpf_attach_type)hook, &options);

	world_leave(home);
	return link < 0 ? -1 : link;
}

int hang_tcx(const struct world *world, int node, int program, int hook)
{
	return link_in_node(world, node, program, hook, 0);
}

int hang_tcx_in_front(const struct world *world, int node, int program, int hook)
{
	return link_in_node(world, node, program, hook, BEFORE);
}

void hang_filter(const struct world *world, int node, int program, struct filter_place place)
{
	struct bpf_tc_hook hook = {
		.sz = sizeof(hook), .attach_point = place.egress ? BPF_TC_EGRESS : BPF_TC_INGRESS};
	struct bpf_tc_opts options = {
		.sz = sizeof(options), .handle = 1, .priority = place.pref, .prog_fd = program};
	int home = world_enter(world, node), made;

	hook.ifindex = (int)if_nametoindex("eth0");
	made = bpf_tc_hook_create(&hook);
	assert_true(made == 0 || made == -EEXIST);
	assert_int_equal(bpf_tc_attach(&hook, &options), 0);
	world_leave(home);
}

void hang_no_filters(const struct world *world, int node)
{
	world_run("tc", "-n", world_netns(world, node), "qdisc", "del", "dev", "eth0", "clsact",
		NULL);
}

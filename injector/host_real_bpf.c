/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/matcher.h"
#include "bpf/matcher.skel.h"
#include "contract/failpoint.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/host_real_power.h"
#include "injector/lists.h"

/* Newer than the headers of Debian 12; the numbers are the kernel's ABI (Linux 6.6). */
enum {
	TCX_INGRESS = 46,
	TCX_EGRESS = 47,
	TCX_BEFORE = 1 << 3,
	TCX_PROGRAMS_MAX = 64
};

struct host_matcher {
	struct matcher *skeleton;
	char tags[BB_DIRECTIONS][17];
};

/* The last of libbpf's own words, which say more than its errno does (the verifier's reason). */
static char last_words[256];

__attribute__((format(printf, 2, 0))) static int keep_last_words(
	enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN) {
		vsnprintf(last_words, sizeof(last_words), format, args);
		last_words[strcspn(last_words, "\n")] = '\0';
	}
	return 0;
}

static int program_file(const struct host_matcher *matcher, enum bb_direction direction)
{
	const struct matcher *skeleton = matcher->skeleton;

	return bpf_program__fd(
		direction == BB_EGRESS ? skeleton->progs.bb_egress : skeleton->progs.bb_ingress);
}

static void tag_text(const unsigned char tag[BPF_TAG_SIZE], char text[17])
{
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", tag[i]);
}

static int program_info(int file, struct host_program *out)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(file, &info, &size) < 0)
		return -errno;
	snprintf(out->name, sizeof(out->name), "%s", info.name);
	tag_text(info.tag, out->tag);
	return 0;
}

static int load(
	struct host_matcher *matcher, const struct host_matcher_sizes *sizes, struct fail *fail)
{
	struct matcher *skeleton = matcher->skeleton;
	int error;

	bpf_map__set_max_entries(skeleton->maps.bb_addresses, sizes->addresses);
	bpf_map__set_max_entries(skeleton->maps.bb_prefixes, sizes->prefixes);
	bpf_map__set_max_entries(skeleton->maps.bb_counters, sizes->counters);
	bpf_map__set_max_entries(skeleton->maps.bb_new_flows, sizes->new_flows);
	last_words[0] = '\0';
	error = FAILPOINT_ERROR(bpf_load);
	if (!error)
		error = matcher__load(skeleton);
	if (error) {
		fail_errno(fail, error, "loading the packet matcher");
		return last_words[0] ? fail_context(fail, "%s", last_words) : -1;
	}
	for (int i = 0; i < BB_DIRECTIONS; i++) {
		struct host_program program;

		error = program_info(program_file(matcher, i), &program);
		if (error)
			return fail_errno(fail, error, "reading the packet matcher's tag");
		memcpy(matcher->tags[i], program.tag, sizeof(program.tag));
	}
	return 0;
}

int host_matcher_load(
	const struct host_matcher_sizes *sizes, struct host_matcher **out, struct fail *fail)
{
	struct host_matcher *matcher = must_alloc(sizeof(*matcher));

	libbpf_set_print(keep_last_words);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	matcher->skeleton = matcher__open();
	if (!matcher->skeleton) {
		fail_errno(fail, errno, "opening the packet matcher");
		free(matcher);
		return -1;
	}
	if (load(matcher, sizes, fail) < 0) {
		host_matcher_free(matcher);
		return -1;
	}
	*out = matcher;
	return 0;
}

void host_matcher_free(struct host_matcher *matcher)
{
	if (!matcher)
		return;
	matcher__destroy(matcher->skeleton);
	free(matcher);
}

struct bb_control *host_matcher_control(struct host_matcher *matcher)
{
	return &matcher->skeleton->bss->bb_control;
}

const char *host_matcher_tag(const struct host_matcher *matcher, enum bb_direction direction)
{
	return matcher->tags[direction];
}

int real_matcher_program(const struct host_matcher *matcher, enum bb_direction direction)
{
	return program_file(matcher, direction);
}

int real_matcher_exit_program(const struct host_matcher *matcher)
{
	return bpf_program__fd(matcher->skeleton->progs.bb_exit);
}

int real_matcher_pulse_file(const struct host_matcher *matcher)
{
	return bpf_map__fd(matcher->skeleton->maps.bb_pulse);
}

uint64_t real_matcher_pulse(const struct host_matcher *matcher)
{
	struct bb_pulse pulse = {0};
	__u32 zero = 0;

	bpf_map_lookup_elem(real_matcher_pulse_file(matcher), &zero, &pulse);
	return pulse.alive_until_ns;
}

int real_matcher_touched_file(const struct host_matcher *matcher)
{
	return bpf_map__fd(matcher->skeleton->maps.bb_touched);
}

int real_matcher_touched_flows_file(const struct host_matcher *matcher)
{
	return bpf_map__fd(matcher->skeleton->maps.bb_touched_flows);
}

static int map_for(const struct host_matcher *matcher, const struct prefix *prefix,
	struct bb_prefix *key, const void **key_used)
{
	key->length = prefix->length;
	memcpy(key->address.bytes, prefix->address, sizeof(key->address.bytes));
	if (prefix_is_address(prefix)) {
		*key_used = &key->address;
		return bpf_map__fd(matcher->skeleton->maps.bb_addresses);
	}
	*key_used = key;
	return bpf_map__fd(matcher->skeleton->maps.bb_prefixes);
}

int host_matcher_put(struct host_matcher *matcher, const struct prefix *prefix,
	const struct bb_entry *entry, struct fail *fail)
{
	char text[PREFIX_TEXT_MAX];
	struct bb_prefix key;
	const void *key_used;
	int map = map_for(matcher, prefix, &key, &key_used), error = FAILPOINT_ERROR(bpf_update);

	if (!error && bpf_map_update_elem(map, key_used, entry, BPF_ANY) < 0)
		error = errno;
	if (error)
		return fail_errno(
			fail, error, "adding peer %s to the matcher", prefix_format(prefix, text));
	return 0;
}

int host_matcher_remove(
	struct host_matcher *matcher, const struct prefix *prefix, struct fail *fail)
{
	char text[PREFIX_TEXT_MAX];
	struct bb_prefix key;
	const void *key_used;
	int map = map_for(matcher, prefix, &key, &key_used);

	if (bpf_map_delete_elem(map, key_used) < 0 && errno != ENOENT)
		return fail_errno(fail, errno, "removing peer %s from the matcher",
			prefix_format(prefix, text));
	return 0;
}

int host_matcher_count(
	struct host_matcher *matcher, const struct bb_counter_key *key, struct fail *fail)
{
	struct bb_counter zero = {0};
	int map = bpf_map__fd(matcher->skeleton->maps.bb_counters);

	if (bpf_map_update_elem(map, key, &zero, BPF_NOEXIST) < 0 && errno != EEXIST)
		return fail_errno(fail, errno, "making a counter");
	return 0;
}

void host_matcher_read(
	struct host_matcher *matcher, const struct bb_counter_key *key, struct bb_counter *out)
{
	if (bpf_map_lookup_elem(bpf_map__fd(matcher->skeleton->maps.bb_counters), key, out) < 0)
		*out = (struct bb_counter){0};
}

void host_matcher_uncount(struct host_matcher *matcher, const struct bb_counter_key *key)
{
	bpf_map_delete_elem(bpf_map__fd(matcher->skeleton->maps.bb_counters), key);
}

int host_matcher_protect(
	struct host_matcher *matcher, const struct bb_flow *flow, struct fail *fail)
{
	__u8 yes = 1;

	if (bpf_map_update_elem(
		    bpf_map__fd(matcher->skeleton->maps.bb_protected), flow, &yes, BPF_ANY) < 0)
		return fail_errno(fail, errno, "protecting the transport's connection");
	return 0;
}

void host_matcher_unprotect(struct host_matcher *matcher, const struct bb_flow *flow)
{
	bpf_map_delete_elem(bpf_map__fd(matcher->skeleton->maps.bb_protected), flow);
}

/* ---- links and lanes ---- */

static int put_number(const struct bpf_map *map, int ifindex, __u32 number, struct fail *fail)
{
	if (bpf_map_update_elem(bpf_map__fd(map), &ifindex, &number, BPF_ANY) < 0)
		return fail_errno(fail, errno, "telling the matcher of link %d", ifindex);
	return 0;
}

int host_matcher_link(struct host_matcher *matcher, int ifindex, uint32_t number, struct fail *fail)
{
	return put_number(matcher->skeleton->maps.bb_link_numbers, ifindex, number, fail);
}

void host_matcher_link_gone(struct host_matcher *matcher, int ifindex)
{
	bpf_map_delete_elem(bpf_map__fd(matcher->skeleton->maps.bb_link_numbers), &ifindex);
}

int host_matcher_lane_end(struct host_matcher *matcher, int ifindex, struct fail *fail)
{
	return put_number(matcher->skeleton->maps.bb_lanes, ifindex, 1, fail);
}

void host_matcher_lane_gone(struct host_matcher *matcher, int ifindex)
{
	bpf_map_delete_elem(bpf_map__fd(matcher->skeleton->maps.bb_lanes), &ifindex);
}

/* ---- where programs hang ---- */

static enum bpf_attach_type tcx_hook(enum bb_direction direction)
{
	return (enum bpf_attach_type)(direction == BB_EGRESS ? TCX_EGRESS : TCX_INGRESS);
}

bool host_tcx_present(char reason[static 128])
{
	enum {
		LOOPBACK = 1
	}; /* the first device of every network namespace */
	__u32 count = 0;

	if (bpf_prog_query(LOOPBACK, tcx_hook(BB_INGRESS), 0, NULL, NULL, &count) == 0 ||
		errno == ENOENT) {
		snprintf(reason, 128, "the kernel answers tcx queries");
		return true;
	}
	snprintf(reason, 128, "%s",
		errno == EINVAL ? "this kernel has no tcx (it came with Linux 6.6)"
				: strerror(errno));
	return false;
}

int host_tcx_attach(struct host_matcher *matcher, int ifindex, enum bb_direction direction,
	int *out_link, struct fail *fail)
{
	struct bpf_link_create_opts options = {.sz = sizeof(options), .flags = TCX_BEFORE};
	int link = FAILPOINT_ERROR(bpf_attach);

	if (!link)
		link = bpf_link_create(
			program_file(matcher, direction), ifindex, tcx_hook(direction), &options);
	if (link < 0)
		return fail_errno(fail, link, "attaching by tcx");
	FAILPOINT(hook_attached);
	*out_link = link;
	return 0;
}

int host_exit_attach(struct host_matcher *matcher, int ifindex, enum attach_mode mode,
	int *out_link, struct fail *fail)
{
	struct bpf_link_create_opts options = {.sz = sizeof(options), .flags = TCX_BEFORE};
	struct real_filter filter = {
		.ifindex = ifindex,
		.direction = BB_INGRESS,
		.pref = 1,
		.program = real_matcher_exit_program(matcher),
		.name = BB_EXIT_NAME,
	};
	int link;

	if (mode == ATTACH_CLSACT) {
		*out_link = -1;
		return host_clsact_add(ifindex, fail) < 0 ? -1 : real_filter_add(&filter, fail);
	}
	link = bpf_link_create(filter.program, ifindex, tcx_hook(BB_INGRESS), &options);
	if (link < 0)
		return fail_errno(fail, link, "attaching to a lane by tcx");
	*out_link = link;
	return 0;
}

void host_tcx_detach(int link)
{
	/* Detach first: closing alone lets the kernel do it whenever the last reference goes. */
	bpf_link_detach(link);
	close(link);
}

int host_tcx_list(
	int ifindex, enum bb_direction direction, struct list *programs, struct fail *fail)
{
	__u32 ids[TCX_PROGRAMS_MAX] = {0}, count = TCX_PROGRAMS_MAX;

	*programs = (struct list){0};
	if (FAILPOINT_ERROR(bpf_query))
		return fail_errno(fail, EPERM, "listing tcx programs");
	if (bpf_prog_query(ifindex, tcx_hook(direction), 0, NULL, ids, &count) < 0) {
		if (errno == ENOENT || errno == ENODEV || errno == EINVAL)
			return 0;
		return fail_errno(fail, errno, "listing tcx programs");
	}
	for (__u32 i = 0; i < count && i < TCX_PROGRAMS_MAX; i++) {
		bool raised = real_power_raise(CAP_SYS_ADMIN);
		int file = bpf_prog_get_fd_by_id(ids[i]);

		real_power_lower(CAP_SYS_ADMIN, raised);
		if (file < 0)
			continue; /* gone since the query */
		program_info(file, list_push(programs, sizeof(struct host_program)));
		close(file);
	}
	return 0;
}

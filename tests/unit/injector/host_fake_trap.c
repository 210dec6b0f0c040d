/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/memory.h"
#include "tests/unit/injector/host_fake.h"

/* Traps in memory: one at a time, as tests need it. */
struct host_trap {
	struct bb_trap rule;
	int64_t pids[BB_TRAPPED_MAX];
	struct bb_trapped each[BB_TRAPPED_MAX];
	int count;
};

int host_trap_open(const struct bb_trap *rule, enum host_trap_side side, struct host_trap **out,
	struct fail *fail)
{
	if (fake_fails("trap_open"))
		return fake_refuse(fail, "trap_open");
	if (side == TRAP_BEFORE && !fake.has_lsm)
		return fail_set(fail, FAIL_UNSUPPORTED, "no LSM here");
	assert_null(fake.trap);
	fake.trap = must_alloc(sizeof(*fake.trap));
	fake.trap->rule = *rule;
	*out = fake.trap;
	return 0;
}

int host_trap_add(struct host_trap *trap, int64_t pid, uint64_t start_ticks, struct fail *fail)
{
	if (fake_fails("trap_add"))
		return fake_refuse(fail, "trap_add");
	trap->pids[trap->count] = pid;
	trap->each[trap->count++] = (struct bb_trapped){.start_ticks = start_ticks};
	return 0;
}

void host_trap_lease(struct host_trap *trap, int64_t until_ns)
{
	trap->rule.lease_until_ns = (uint64_t)until_ns;
}

void host_trap_read(const struct host_trap *trap, int64_t pid, struct bb_trapped *out)
{
	*out = (struct bb_trapped){0};
	for (int i = 0; i < trap->count; i++)
		if (trap->pids[i] == pid)
			*out = trap->each[i];
}

void host_trap_close(struct host_trap *trap)
{
	if (!trap)
		return;
	assert_ptr_equal(trap, fake.trap);
	fake.trap = NULL;
	free(trap);
}

int host_path_identity(
	int64_t pid, const char *path, uint64_t *out_inode, uint32_t *out_device, struct fail *fail)
{
	(void)pid;
	if (fake_fails("path_identity"))
		return fake_refuse(fail, "path_identity");
	if (strcmp(path, "/none") == 0)
		return fail_errno(fail, ENOENT, "path %s", path);
	*out_inode = 77;
	*out_device = 7;
	return 0;
}

const struct bb_trap *fake_trap(void)
{
	return fake.trap ? &fake.trap->rule : NULL;
}

void fake_forget_trap(void)
{
	free(fake.trap);
	fake.trap = NULL;
}

void fake_call(int64_t pid)
{
	struct host_trap *trap = fake.trap;
	uint64_t now_ns = (uint64_t)fake.now_ns;

	if (!trap || now_ns < trap->rule.start_ns || now_ns >= trap->rule.deadline_ns ||
		now_ns >= trap->rule.lease_until_ns)
		return;
	for (int i = 0; i < trap->count; i++) {
		if (trap->pids[i] != pid || ++trap->each[i].calls != trap->rule.nth)
			continue;
		trap->each[i].hit_ns = now_ns;
		fake_find_process(pid)->dead = true;
	}
}

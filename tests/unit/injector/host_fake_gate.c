/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "contract/memory.h"
#include "injector/lists.h"
#include "tests/unit/injector/host_fake.h"

/* A gate in memory: one at a time, as tests need it. */
struct host_gate {
	int64_t until_ns;
	struct list came; /* of struct host_newcomer */
};

int host_gate_open(const char *cgroup, int64_t until_ns, struct host_gate **out, struct fail *fail)
{
	(void)cgroup;
	if (fake_fails("gate_open"))
		return fake_refuse(fail, "gate_open");
	assert_null(fake.gate);
	fake.gate = must_alloc(sizeof(*fake.gate));
	fake.gate->until_ns = until_ns;
	*out = fake.gate;
	return 0;
}

void host_gate_until(struct host_gate *gate, int64_t until_ns)
{
	gate->until_ns = until_ns;
}

bool host_gate_next(struct host_gate *gate, struct host_newcomer *out)
{
	if (!gate->came.count)
		return false;
	*out = *LIST_AT(gate->came, struct host_newcomer, 0);
	fake_remove_at(&gate->came, sizeof(*out), 0);
	return true;
}

bool host_gate_waits(const struct host_gate *gate)
{
	return gate->came.count > 0;
}

int host_gate_pass(const struct host_newcomer *newcomer, struct fail *fail)
{
	if (fake_fails("gate_pass") && !fake_happens())
		return fake_refuse(fail, "gate_pass");
	for (size_t i = fake.standing.count; i-- > 0;)
		if (LIST_AT(fake.standing, struct host_newcomer, i)->pid == newcomer->pid)
			fake_remove_at(&fake.standing, sizeof(*newcomer), i);
	return 0;
}

int64_t host_gate_missed(const struct host_gate *gate)
{
	(void)gate;
	return 0;
}

void fake_forget_gate(void)
{
	if (fake.gate)
		list_free(&fake.gate->came);
	free(fake.gate);
	fake.gate = NULL;
}

void host_gate_close(struct host_gate *gate)
{
	/* One that was not forgotten when the process died. */
	if (gate && gate == fake.gate)
		fake_forget_gate();
}

int host_gate_watch(int *out_file, struct fail *fail)
{
	(void)fail;
	*out_file = -1;
	return 0;
}

int host_gate_release(const char *cgroup, uint64_t id, size_t *out_count, struct fail *fail)
{
	(void)cgroup;
	(void)id;
	*out_count = 0;
	if (fake_fails("gate_release") && !fake_happens())
		return fake_refuse(fail, "gate_release");
	*out_count = fake.standing.count;
	list_free(&fake.standing);
	return 0;
}

void fake_exec(int64_t pid)
{
	const struct host_newcomer own = {.pid = pid, .start_ticks = host_process_start(pid)};

	if (!fake.gate || fake.now_ns >= fake.gate->until_ns)
		return;
	*(struct host_newcomer *)list_push(&fake.gate->came, sizeof(own)) = own;
	*(struct host_newcomer *)list_push(&fake.standing, sizeof(own)) = own;
}

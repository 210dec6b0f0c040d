/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <sys/timex.h>

#include "contract/units.h"
#include "injector/clock/step.h"
#include "injector/guard/guard.h"
#include "injector/guard/schedule.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "tests/unit/injector/host_fake.h"

/* The guardian, which holds nobody and says at once that it does, and the clock of the machine. */

struct host_guardian {
	struct guard_memory memory;
};

static struct host_guardian *guarding;

/* ---- the clock ---- */

int host_machine_check(struct fail *fail)
{
	if (fake.machine_refusal)
		return fail_set(fail, FAIL_REFUSED, "%s", fake.machine_refusal);
	return 0;
}

int host_machine_clock(struct machine_clock *out, struct fail *fail)
{
	if (fake_fails("machine_clock"))
		return fake_refuse(fail, "machine_clock");
	*out = (struct machine_clock){.freq = fake.steering.freq,
		.tick = 10000,
		.status = fake.steering.status,
		.maxerror_us = 500,
		.esterror_us = 50};
	for (int line = 0; line < LINES; line++)
		out->at.at_ns[line] = fake.now_ns;
	out->at.at_ns[LINE_REAL] += fake.wall_ns - fake.boot_ns + fake.steering.stepped_ns;
	out->at.at_ns[LINE_RAW] -= fake.steering.slewed_ns;
	return 0;
}

static void step_by(int64_t ns)
{
	fake.steering.stepped_ns += ns;
	fake.steering.status |= STA_UNSYNC;
}

int host_machine_step(int64_t ns, struct fail *fail)
{
	bool refuses = fake_fails("machine_step");

	if (!refuses || fake_happens())
		step_by(ns);
	return refuses ? fake_refuse(fail, "machine_step") : 0;
}

int host_machine_steer(const struct machine_clock *as, struct fail *fail)
{
	bool refuses = fake_fails("machine_steer");

	if (!refuses || fake_happens()) {
		fake.steering.freq = as->freq;
		fake.steering.status = as->status;
	}
	return refuses ? fake_refuse(fail, "machine_steer") : 0;
}

/* ---- the guardian ---- */

int host_guardian_start(
	const char *runtime_dir, const char *cgroup, struct host_guardian **out, struct fail *fail)
{
	(void)runtime_dir;
	(void)cgroup;
	if (fake_fails("guardian_start"))
		return fake_refuse(fail, "guardian_start");
	guarding = must_alloc(sizeof(*guarding));
	*out = guarding;
	return 0;
}

struct guard_memory *host_guardian_memory(const struct host_guardian *guardian)
{
	return (struct guard_memory *)&guardian->memory;
}

/* The clock is all that it really holds. */
static void hold_clock(struct guard_post *post, bool wanted)
{
	struct guard_told *told = &post->told;
	struct fail fail = FAIL_INIT;

	if (wanted && !told->first_ns && !told->error) {
		told->error = step_make(&post->order.step, &told->step, &fail) < 0
			? (fail.error ? fail.error : EIO)
			: 0;
		if (told->error)
			return;
		told->first_ns = told->since_ns = fake.now_ns;
	} else if (!wanted && told->since_ns) {
		step_undo(&post->order.step, &told->step, &fail);
		told->since_ns = 0;
	}
}

static void look_at(struct guard_post *post, int64_t until_ns)
{
	if (post->active && post->told.state == GUARD_ASKED) {
		post->told.error = fake.hold_error;
		post->told.state = fake.hold_error ? GUARD_REFUSED : GUARD_READY;
	}
	if (post->order.kind == GRIP_STEP)
		hold_clock(
			post, post->active && schedule_holds(&post->order, fake.now_ns, until_ns));
	if (!post->active)
		post->told.state = GUARD_FREE;
}

void fake_guardian_looks(void)
{
	for (int i = 0; guarding && !fake.guardian_dies && !fake.dead && i < GUARD_POSTS; i++)
		look_at(&guarding->memory.posts[i], guarding->memory.until_ns);
}

void host_guardian_wake(const struct host_guardian *guardian)
{
	(void)guardian;
	fake_guardian_looks();
}

bool host_guardian_lives(const struct host_guardian *guardian)
{
	return guardian == guarding && !fake.guardian_dies;
}

void host_guardian_stop(struct host_guardian *guardian, bool in_order)
{
	(void)in_order;
	host_guardian_forget(guardian);
}

void host_guardian_forget(struct host_guardian *guardian)
{
	if (guardian == guarding)
		guarding = NULL;
	free(guardian);
}

char *host_guardian_cgroup(void)
{
	return must_copy("/sys/fs/cgroup");
}

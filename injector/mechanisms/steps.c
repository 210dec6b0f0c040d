/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/steps.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/units.h"
#include "contract/verbs.h"
#include "injector/clock/step.h"
#include "injector/debt.h"
#include "injector/lists.h"
#include "injector/mechanisms/guardians.h"
#include "injector/mechanisms/step_note.h"

/* What was asked for, and what is promised of the end. */
#define TOLERANCE_NS NS_PER_MS

enum {
	NAME_BYTES_MAX = 128
};

struct steps {
	struct step_rule rule;
	struct guardian_keep *keep;
	struct host_guardian *guardian; /* the one that got the order */
	struct guard_post *post;        /* NULL before it is handed over, and afterwards */
	struct clock_step step;
	struct debt debt;       /* UNDO_STEP */
	struct guard_told told; /* as it was last */
};

int steps_check(const struct step_rule *rule, struct fail *fail)
{
	struct machine_clock now;

	return host_machine_clock(&now, fail) < 0 ? -1 : step_check(rule->offset_ns, &now, fail);
}

/* ---- handing over ---- */

/* In the ledger first, which tells how to undo it, and what else there is of it. */
static int note(struct steps *steps, const struct step_place *place, struct fail *fail)
{
	struct undo undo = {.kind = UNDO_STEP, .step = must_alloc(sizeof(*undo.step))};
	char *path;

	if (asprintf(&path, "%s" STEP_NOTE, place->state_dir) < 0)
		abort();
	*undo.step = steps->step;
	undo.interface = path;
	if (host_file_exists(path)) {
		shape_free(&undo_shape, &undo);
		return fail_set(fail, FAIL_BUSY,
			"this machine's clock is stepped already, or was when it went down: run "
			"backburn-injector recover");
	}
	if (debt_note(&steps->debt, steps->keep->ledger, undo, fail) < 0)
		return -1;
	return step_note_write(path, place->boot_id, &steps->step, fail);
}

static int arm(struct steps *steps, const struct step_place *place, struct fail *fail)
{
	struct guard_order order = {
		.kind = GRIP_STEP,
		.start_ns = steps->rule.start_ns,
		.deadline_ns = steps->rule.deadline_ns,
	};

	steps->step.offset_ns = steps->rule.offset_ns;
	if (guardian_need(steps->keep, fail) < 0 ||
		host_machine_clock(&steps->step.before, fail) < 0 || note(steps, place, fail) < 0)
		return -1;
	order.step = steps->step;
	steps->guardian = steps->keep->guardian;
	steps->post = guardian_order(steps->guardian, &order, fail);
	if (!steps->post)
		return -1;
	host_guardian_wake(steps->guardian);
	if (!guardian_await(steps->guardian, steps->post, guard_is_taken,
		    host_now_ns() + GUARDIAN_ANSWER_NS))
		return fail_set(fail, FAIL_INTERNAL, "the guardian does not answer");
	return 0;
}

int steps_arm(const struct step_rule *rule, struct guardian_keep *keep,
	const struct step_place *place, struct steps **out, struct fail *fail)
{
	*out = must_alloc(sizeof(**out));
	(*out)->rule = *rule;
	(*out)->keep = keep;
	return arm(*out, place, fail);
}

/* ---- healing ---- */

bool steps_orphaned(const struct steps *steps)
{
	return steps->post && !host_guardian_lives(steps->guardian);
}

bool steps_in_force(const struct steps *steps)
{
	return steps->post || steps->debt.owed;
}

int64_t steps_wall_ns(const struct steps *steps)
{
	struct fail ignored = FAIL_INIT;
	struct machine_clock now;

	return host_machine_clock(&now, &ignored) < 0 ? host_wall_ns()
						      : step_true_ns(&steps->step.before, &now);
}

/* How it is, when nobody has told: the guardian is dead. */
static void look(struct steps *steps, int64_t *out_off_ns)
{
	struct fail ignored = FAIL_INIT;
	struct machine_clock now;

	if (steps->told.step.made && !steps->told.step.undone &&
		host_machine_clock(&now, &ignored) == 0)
		*out_off_ns = step_off_ns(&steps->step.before, &now);
}

int steps_heal(struct steps *steps, struct fail *fail)
{
	bool answered = true;

	if (steps->post) {
		guardian_take_back(steps->post);
		host_guardian_wake(steps->guardian);
		answered = guardian_await(steps->guardian, steps->post, guard_is_free,
			host_now_ns() + GUARDIAN_ANSWER_NS);
		steps->told = steps->post->told;
		/* One that lives and does not answer may step it yet: it keeps its post. */
		if (!answered && host_guardian_lives(steps->guardian))
			return fail_set(fail, FAIL_BUSY,
				"the guardian has not set the clock right within %d s",
				(int)(GUARDIAN_ANSWER_NS / NS_PER_SEC));
		steps->post = NULL;
	}
	look(steps, &steps->told.step.last_ns);
	if (debt_settle(&steps->debt, fail) < 0)
		return -1;
	look(steps, &steps->told.step.error_ns);
	steps->told.step.undone = true;
	return 0;
}

/* ---- evidence ---- */

/* As they call themselves, which the kernel cuts to 15 bytes. */
static const char *const services[] = {"chronyd", "ntpd", "openntpd", "systemd-timesyn", "ntpsec",
	"ptp4l", "phc2sys", "timemaster"};

void steps_services(struct list *out)
{
	struct fail ignored = FAIL_INIT;
	struct list pids;

	if (host_process_list(&pids, &ignored) < 0)
		return;
	LIST_EACH(pids, const int64_t, pid) {
		struct host_process process = {0};

		if (!host_process_read(*pid, &process))
			continue;
		for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
			if (strcmp(process.name, services[i]) == 0)
				list_add_text(out, "%s (pid %" PRId64 ")", services[i], *pid);
		host_process_deinit(&process);
	}
	list_free(&pids);
}

static struct measure *push(struct list *out, const char *name, int64_t achieved_ns)
{
	struct measure *measure = list_push(out, sizeof(*measure));

	*measure = (struct measure){
		.name = must_copy(name),
		.unit = MEASURE_DURATION,
		.bound = BOUND_NONE,
		.achieved = (double)achieved_ns,
		.count = 1,
	};
	return measure;
}

/* Who it was nobody can tell; who runs here and does such things is told. */
static void push_moved(struct list *out, int64_t moved_ns)
{
	struct list running = {0};
	char name[NAME_BYTES_MAX] = "moved by others";
	struct measure *measure;

	steps_services(&running);
	if (running.count)
		snprintf(name, sizeof(name), "moved by others, %s?", *(char **)running.items);
	list_free_texts(&running);
	measure = push(out, name, llabs(moved_ns));
	measure->bound = BOUND_AT_MOST;
	measure->tolerance = TOLERANCE_NS;
}

void steps_measure(const struct steps *steps, struct list *out)
{
	const struct guard_told *told = steps->post ? &steps->post->told : &steps->told;
	struct step_told step = told->step;
	struct measure *measure;

	if (!step.made && !told->error)
		return;
	measure = push(out, "clock step", step.first_ns);
	measure->bound = BOUND_ABOUT;
	measure->asked = (double)steps->rule.offset_ns;
	measure->tolerance = TOLERANCE_NS;
	measure->first_ns = told->first_ns;
	if (!step.made)
		return;
	if (!step.undone) {
		struct fail ignored = FAIL_INIT;
		struct machine_clock now;

		step.last_ns = step.first_ns;
		if (host_machine_clock(&now, &ignored) == 0)
			step.last_ns = step_off_ns(&steps->step.before, &now);
	}
	push(out, "clock off at end", step.last_ns);
	if (llabs(step.last_ns - step.first_ns) > TOLERANCE_NS)
		push_moved(out, step.last_ns - step.first_ns);
	if (!step.undone)
		return;
	measure = push(out, "clock error since", llabs(step.error_ns));
	measure->bound = BOUND_AT_MOST;
	measure->tolerance = TOLERANCE_NS;
}

void steps_free(struct steps *steps)
{
	if (!steps)
		return;
	debt_forget(&steps->debt);
	free(steps);
}

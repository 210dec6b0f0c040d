/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/halt_file.h"
#include "controller/run/run_parts.h"

/* How a run hears of an emergency stop: from the file beside its directory, and from injectors. */

enum {
	HALT_LOOK_MS = 200 /* a run notices within half a second */
};

int run_check_halt(const struct run *run, struct fail *fail)
{
	char text[HALT_TEXT_MAX];

	if (!run->heeds_halt ||
		!halt_file_engaged(run->options->runs_dir, run->environment.name, text))
		return 0;
	return fail_set(fail, FAIL_REFUSED, "%s", text);
}

void run_halted(struct run *run, const struct fail *why)
{
	struct event event = {.kind = EVENT_HALT, .fail = why};

	if (!run->heeds_halt)
		return;
	if (!run->engine || engine_state(run->engine) == ENGINE_NEW)
		run_trouble(run, why);
	else if (!run->done)
		run_feed(run, &event);
}

static void look(uv_timer_t *timer)
{
	struct run *run = timer->data;
	struct fail fail = FAIL_INIT;

	if (run_check_halt(run, &fail) == 0)
		return;
	uv_timer_stop(timer);
	run_halted(run, &fail);
}

void run_start_looking_for_halt(struct run *run)
{
	if (run->heeds_halt)
		uv_timer_start(&run->halt, look, HALT_LOOK_MS, HALT_LOOK_MS);
}

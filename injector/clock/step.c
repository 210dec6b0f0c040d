/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/step.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timex.h>

#include "contract/units.h"
#include "injector/host.h"

#define BEFORE(member) .offset = offsetof(struct clock_step, before.member)
#define LINE(name_text, line)                                                                      \
	{                                                                                          \
		.key = name_text, .kind = FIELD_I64, BEFORE(at.at_ns[line]), .required = true      \
	}
#define NUMBER(name_text, member)                                                                  \
	{                                                                                          \
		.key = name_text, .kind = FIELD_I64, BEFORE(member), .required = true              \
	}

static const struct field step_fields[] = {
	{.key = "offset_ns",
		.kind = FIELD_I64,
		.offset = offsetof(struct clock_step, offset_ns),
		.required = true},
	LINE("real_ns", LINE_REAL),
	LINE("monotonic_ns", LINE_MONOTONIC),
	LINE("raw_ns", LINE_RAW),
	LINE("boot_ns", LINE_BOOT),
	NUMBER("freq", freq),
	NUMBER("tick", tick),
	NUMBER("status", status),
	NUMBER("maxerror_us", maxerror_us),
	NUMBER("esterror_us", esterror_us),
};
const struct shape clock_step_shape = {
	.name = "clock step", .size = sizeof(struct clock_step), SHAPE_FIELDS(step_fields)};

/* ---- pure ---- */

/* Two clocks that are read at once may still be told apart by that, and by rounding. */
#define SLEWED_MIN_NS (NS_PER_MS / 2)
#define SLEWED_PART 20000 /* one of so many: 50 millionths */
/* A service that has set the clock right has done so as well as its network let it. */
#define RIGHT_NS (100 * NS_PER_MS)
#define STALE_NS NS_PER_MS
/* The kernel's own bound for the growth of maxerror, 500 millionths, in us for each second. */
#define MAXERROR_GROWTH_US 500

static int64_t since_ns(
	const struct machine_clock *before, const struct machine_clock *now, enum clock_line line)
{
	return now->at.at_ns[line] - before->at.at_ns[line];
}

static int64_t by_raw_clock_ns(const struct machine_clock *before, const struct machine_clock *now)
{
	const double freq_unit = 65536 * 1e6, tick_unit = 1e6 / 100; /* USER_HZ */
	int64_t raw_ns = since_ns(before, now, LINE_RAW);
	int64_t slept_ns = since_ns(before, now, LINE_BOOT) - since_ns(before, now, LINE_MONOTONIC);
	double faster = (double)before->tick / tick_unit - 1 + (double)before->freq / freq_unit;

	return raw_ns + (int64_t)((double)raw_ns * faster) + slept_ns;
}

int64_t step_true_ns(const struct machine_clock *before, const struct machine_clock *now)
{
	int64_t elapsed_ns = since_ns(before, now, LINE_BOOT);
	int64_t raw_ns = by_raw_clock_ns(before, now);
	int64_t most_ns = elapsed_ns / SLEWED_PART;

	if (llabs(elapsed_ns - raw_ns) > (most_ns > SLEWED_MIN_NS ? most_ns : SLEWED_MIN_NS))
		elapsed_ns = raw_ns;
	return before->at.at_ns[LINE_REAL] + elapsed_ns;
}

int64_t step_off_ns(const struct machine_clock *before, const struct machine_clock *now)
{
	return now->at.at_ns[LINE_REAL] - step_true_ns(before, now);
}

bool step_is_undone(const struct clock_step *step, const struct machine_clock *now)
{
	int64_t most_ns = llabs(step->offset_ns) / 2;

	return llabs(step_off_ns(&step->before, now)) <= (most_ns < RIGHT_NS ? most_ns : RIGHT_NS);
}

int step_check(int64_t offset_ns, const struct machine_clock *now, struct fail *fail)
{
	/* What the wall clock said at boot, which can't be before 1970. */
	int64_t began_ns = now->at.at_ns[LINE_REAL] - now->at.at_ns[LINE_BOOT];

	if (began_ns + offset_ns < 0)
		return fail_set(fail, FAIL_REFUSED,
			"the clock can't be set back so far: this machine would have booted before "
			"1970");
	return 0;
}

/* ---- on this machine ---- */

int step_make(const struct clock_step *step, struct step_told *told, struct fail *fail)
{
	struct machine_clock now;

	if (host_machine_clock(&now, fail) < 0)
		return -1;
	if (llabs(step_off_ns(&step->before, &now)) > STALE_NS)
		return fail_errno(fail, ESTALE, "the clock was set by another meanwhile");
	if (host_machine_step(step->offset_ns, fail) < 0)
		return -1;
	told->made = true;
	told->undone = false;
	told->first_ns = step->offset_ns;
	if (host_machine_clock(&now, fail) == 0)
		told->first_ns = step_off_ns(&step->before, &now);
	return 0;
}

/* As it would be by now: what nobody has measured since gets less certain. */
static struct machine_clock aged(const struct clock_step *step, const struct machine_clock *now)
{
	struct machine_clock as = step->before;

	as.maxerror_us += since_ns(&step->before, now, LINE_BOOT) / NS_PER_SEC * MAXERROR_GROWTH_US;
	return as;
}

/* A step drops it; whoever has synchronised the clock since has given it anew. */
static bool lost_its_synchronisation(const struct clock_step *step, const struct machine_clock *now)
{
	return now->status & STA_UNSYNC && !(step->before.status & STA_UNSYNC);
}

/* What slews the clock is ended before: it goes on while the clock is read and set. */
static int step_back(const struct clock_step *step, struct machine_clock *now, struct fail *fail)
{
	struct machine_clock as = aged(step, now);
	bool slewed = now->freq != step->before.freq || now->tick != step->before.tick;

	if (slewed && (host_machine_steer(&as, fail) < 0 || host_machine_clock(now, fail) < 0))
		return -1;
	return host_machine_step(-step_off_ns(&step->before, now), fail);
}

int step_undo(const struct clock_step *step, struct step_told *told, struct fail *fail)
{
	struct machine_clock now, as;
	bool is_off;

	if (host_machine_clock(&now, fail) < 0)
		return -1;
	if (!told->undone)
		told->last_ns = step_off_ns(&step->before, &now);
	is_off = !step_is_undone(step, &now);
	if (is_off && step_back(step, &now, fail) < 0)
		return -1;
	told->undone = true;
	as = aged(step, &now);
	if ((is_off || lost_its_synchronisation(step, &now)) && host_machine_steer(&as, fail) < 0)
		return -1;
	if (host_machine_clock(&now, fail) < 0)
		return -1;
	told->error_ns = step_off_ns(&step->before, &now);
	return 0;
}

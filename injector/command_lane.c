/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "injector/command.h"
#include "injector/lane/cage.h"
#include "injector/lane/keeper.h"
#include "injector/log.h"

/* The keeper of lanes: a process of its own, which the injector starts. See injector/lane/lane.h.
 */

/* NULL, with the reason. */
static void *map(int file, size_t size, struct fail *fail)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	if (memory == MAP_FAILED) {
		fail_errno(fail, errno, "mapping descriptor %d", file);
		return NULL;
	}
	return memory;
}

static int map_memory(struct keeper *keeper, struct fail *fail)
{
	int seals = fcntl(LANE_FILE_MEMORY, F_GET_SEALS);
	struct stat status;

	if (fstat(LANE_FILE_MEMORY, &status) < 0)
		return fail_errno(fail, errno, "descriptor %d", LANE_FILE_MEMORY);
	/* Memory that shrinks would kill whoever looks at it. */
	if (seals < 0 || !(seals & F_SEAL_SHRINK) ||
		status.st_size < (off_t)sizeof(struct lane_memory))
		return fail_set(fail, FAIL_USAGE, "descriptor %d is no sealed memfd of %zu bytes",
			LANE_FILE_MEMORY, sizeof(struct lane_memory));
	keeper->memory = map(LANE_FILE_MEMORY, sizeof(struct lane_memory), fail);
	close(LANE_FILE_MEMORY);
	return keeper->memory ? 0 : -1;
}

static int take_files(struct keeper *keeper, struct fail *fail)
{
	int flags = fcntl(LANE_FILE_TAP, F_GETFL);

	*keeper = (struct keeper){.tap = LANE_FILE_TAP, .pipe = LANE_FILE_PIPE};
	if (flags < 0 || fcntl(LANE_FILE_TAP, F_SETFL, flags | O_NONBLOCK) < 0)
		return fail_errno(fail, errno, "descriptor %d", LANE_FILE_TAP);
	if (fcntl(LANE_FILE_PIPE, F_GETFD) < 0)
		return fail_errno(fail, errno, "descriptor %d", LANE_FILE_PIPE);
	keeper->pulse = map(LANE_FILE_PULSE, sizeof(struct bb_pulse), fail);
	if (!keeper->pulse)
		return -1;
	close(LANE_FILE_PULSE);
	return map_memory(keeper, fail);
}

static int prepare(struct keeper *keeper, struct fail *fail)
{
	if (take_files(keeper, fail) < 0)
		return -1;
	keeper->lanes = lanes_new(keeper->memory, fail);
	if (!keeper->lanes)
		return -1;
	keeper_catch_signals();
	/* Timers that wait for company are late by 50 µs. */
	if (prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0) < 0)
		return fail_errno(fail, errno, "PR_SET_TIMERSLACK");
	return cage_enter(keeper->tap, fail);
}

int command_lane(int argc, char **argv)
{
	static const struct argp parser = {
		.doc = "Keeps packets back on behalf of an injector, which starts this by itself. "
		       "It expects a TAP, the matcher's pulse, shared memory and a pipe as its "
		       "descriptors 3 to 6, and gives up all powers.",
	};
	struct fail fail = FAIL_INIT;
	struct keeper keeper;

	argp_parse(&parser, argc, argv, 0, NULL, NULL);
	if (prepare(&keeper, &fail) < 0) {
		log_line("lane: %s", fail.text);
		return EXIT_FAILURE;
	}
	cage_leave(keeper_run(&keeper) ? EXIT_SUCCESS : EXIT_FAILURE);
	return EXIT_DEFECT;
}

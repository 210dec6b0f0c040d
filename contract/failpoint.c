/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE_MAX_BYTES = 128,
	BLOCK_BYTES = 64 * 1024
};

static const struct {
	const char *name;
	int error; /* 0: a step */
} points[] = {
#define FAILPOINT_STEP(name, program, text) {#name, 0},
#define FAILPOINT_SEAM(name, program, error, text) {#name, error},
#include "contract/failpoint.def"
#undef FAILPOINT_STEP
#undef FAILPOINT_SEAM
};

/* Of this process; a fork goes on with its parent's. */
static struct {
	bool read;
	const char *log; /* NULL: nobody asked */
	char name[64], action[16];
	int nth;
	bool all;
	int reached[FAILPOINTS];
} state;

static void read_environment(void)
{
	const char *order = getenv("BACKBURN_FAILPOINT");
	char scope[8] = "";

	state.read = true;
	state.log = getenv("BACKBURN_FAILPOINT_LOG");
	if (order)
		sscanf(order, "%63[a-z_]:%15[a-z]:%d:%7s", state.name, state.action, &state.nth,
			scope);
	state.all = strcmp(scope, "all") == 0;
}

static void append(int log, const char *what, enum failpoint which)
{
	char line[LINE_MAX_BYTES];
	struct timespec now;
	int length;

	clock_gettime(CLOCK_MONOTONIC, &now);
	length = snprintf(line, sizeof(line), "%" PRId64 " %s %s %d\n",
		(int64_t)now.tv_sec * 1000000000 + now.tv_nsec, what, points[which].name,
		(int)getpid());
	/* A log that is full or gone must not change what the program does. */
	if (write(log, line, (size_t)length) < 0)
		return;
}

static bool has_fired(int log)
{
	static char block[BLOCK_BYTES + 1];
	off_t at = 0;
	ssize_t count;

	while ((count = pread(log, block, BLOCK_BYTES, at)) > 0) {
		block[count] = '\0';
		if (strstr(block, " fired "))
			return true;
		/* What stands across two blocks is seen in the second. */
		at += count == BLOCK_BYTES ? BLOCK_BYTES - LINE_MAX_BYTES : count;
	}
	return false;
}

/* True when it is this process that is to act now. */
static bool fires(int log, enum failpoint which)
{
	bool mine;

	if (strcmp(state.name, points[which].name) != 0 || ++state.reached[which] != state.nth)
		return false;
	flock(log, LOCK_EX);
	mine = state.all || !has_fired(log);
	if (mine)
		append(log, "fired", which);
	flock(log, LOCK_UN);
	return mine;
}

int failpoint_reach(enum failpoint which)
{
	int saved = errno, log, result = 0;

	if (!state.read)
		read_environment();
	if (!state.log)
		return 0;
	log = open(state.log, O_RDWR | O_APPEND | O_CLOEXEC);
	if (log >= 0) {
		bool now = fires(log, which);

		append(log, "reached", which);
		close(log);
		if (now && strcmp(state.action, "kill") == 0)
			kill(getpid(), SIGKILL);
		if (now && strcmp(state.action, "stop") == 0)
			kill(getpid(), SIGSTOP);
		if (now && strcmp(state.action, "error") == 0)
			result = -points[which].error;
	}
	errno = saved;
	return result;
}

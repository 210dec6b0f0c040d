/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_HOST_REAL_CHILD_H
#define BACKBURN_INJECTOR_HOST_REAL_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A process that serves this one, and notices its end: the keeper of lanes, the guardian. `life` is
 * our end of a pipe, which closes with us, however we end.
 */
struct real_child {
	pid_t pid; /* 0: none was started */
	int pidfd, life;
};
#define REAL_CHILD_NONE                                                                            \
	{                                                                                          \
		.pidfd = -1, .life = -1                                                            \
	}

/* After the fork. Takes `life` over. */
void real_child_started(struct real_child *child, pid_t pid, int life);
bool real_child_lives(const struct real_child *child);
/* Closes `life`; one that has not ended `within_ms` later is killed. Returns when it has ended. */
void real_child_stop(struct real_child *child, int within_ms);
/* Closes descriptors only, as when this process dies. */
void real_child_forget(struct real_child *child);

#endif

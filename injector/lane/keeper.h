/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_KEEPER_H
#define BACKBURN_LANE_KEEPER_H

#include <stdbool.h>

#include "injector/lane/lane.h"
#include "injector/lane/lanes.h"

/* The descriptors that a keeper is started with. */
enum lane_file {
	LANE_FILE_TAP = 3, /* or anything that hands out and takes whole packets */
	LANE_FILE_PULSE,   /* a BPF array map, or a memfd: one struct bb_pulse */
	LANE_FILE_MEMORY,  /* a memfd, sealed against shrinking: struct lane_memory */
	LANE_FILE_PIPE,    /* its other end closes when the injector dies */
	LANE_FILES_END
};

struct keeper {
	struct lanes *lanes;
	struct lane_memory *memory;
	struct bb_pulse *pulse;
	int tap, pipe; /* the TAP must not block */
};

/*
 * Keeps all lanes, until until_ns, the pipe's end or SIGTERM; then lets all go. Makes no system
 * calls but those of cage.h. False when it was the TAP that went away.
 */
bool keeper_run(const struct keeper *keeper);

/* SIGTERM, SIGINT and SIGHUP end keeper_run(); a peer that closed does not kill. */
void keeper_catch_signals(void);

#endif

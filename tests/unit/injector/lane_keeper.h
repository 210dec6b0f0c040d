/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_LANE_KEEPER_H
#define BACKBURN_TEST_LANE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "injector/lane/lane.h"

/*
 * A real keeper on a pair of sockets in a TAP's place: they too hand over whole packets. `memory`
 * and `pulse` are this side's view of what it shares.
 */
struct lane_keeper {
	pid_t pid;
	int packets; /* this end of the pair; nothing to read blocks for at most PATIENCE_S */
	int alive;   /* the keeper ends when it closes */
	int said;    /* its standard error */
	struct lane_memory *memory;
	struct bb_pulse *pulse;
};

enum {
	PATIENCE_S = 20
};

int64_t keeper_now(void);

/* Started and alive, or the test fails. Its until_ns lies far ahead. */
struct lane_keeper *keeper_new(void);
/* Ends it, if it still runs; takes NULL. */
void keeper_free(struct lane_keeper *keeper);

/* Starts one with descriptors of the caller's choice (−1: closed); the pid. */
pid_t keeper_spawn(const int files[4], int standard_error);

/* A new order for a lane, in force when this returns. */
void keeper_order(struct lane_keeper *keeper, size_t lane, const struct lane_spec *spec);

enum {
	PACKET_MIN = LANE_HEADER_BYTES + 18 + 8
};
/* A packet with that lane's label, `length` bytes in all, that carries `mark`. */
void packet_make(uint8_t *packet, size_t length, size_t lane, uint64_t mark);
uint64_t packet_mark(const uint8_t *packet);

void keeper_send(struct lane_keeper *keeper, size_t lane, size_t length, uint64_t mark);
/* The mark of the next packet, which must be as it was sent; its length goes to `length`. */
uint64_t keeper_receive(struct lane_keeper *keeper, size_t *length);

/* Awaits its end; the wait status. */
int keeper_await(struct lane_keeper *keeper);

#endif

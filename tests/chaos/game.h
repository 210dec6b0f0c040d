/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_GAME_H
#define BACKBURN_CHAOS_GAME_H

#include "contract/failpoint.h"
#include "tests/chaos/checks.h"
#include "tests/chaos/members.h"
#include "tests/chaos/parts.h"
#include "tests/chaos/pinger.h"
#include "tests/chaos/plan.h"
#include "tests/chaos/room.h"
#include "tests/chaos/told.h"
#include "tests/chaos/world.h"

/* One run of chaos, from bringing the lab up to its being gone. */
struct game {
	struct chaos_plan plan;
	struct world world;
	struct room room;
	struct pinger pinger;
	struct parts parts;
	struct members members;
	struct child run, second;
	struct findings findings;
	char order[96]; /* for BACKBURN_FAILPOINT, "": none */

	int64_t started_ns, armed_ns; /* 0: not yet */
	bool dealt;                   /* the blow, or the second run, is done */
	pid_t dealt_pid;              /* whom it hit, 0: nobody was there */
	int64_t dealt_ns, resumed_ns; /* 0: not yet */
	int second_input;             /* of a second injector, -1: none */
	int second_reply;             /* where it answers, -1: none */
	char second_said[1024];
	bool second_must_be_busy; /* somebody held what it wanted, all the time */

	bool lease_lost;                    /* by some injector */
	int fired;                          /* how often the failpoint did */
	pid_t services[PING_MEMBERS];       /* before the run */
	char *nodes_before, *nodes_between; /* states: before the run, right after it */
	char *left_between;
};

struct game_options {
	const char *build, *source, *dir;
	int worker;
};

/* How often each failpoint was reached and fired, added up. */
struct failpoint_tally {
	unsigned reached[FAILPOINTS], fired[FAILPOINTS];
};

/* Plays a seed's plan in a new directory; adds to `tally`. True when nothing was found. */
bool game_play(uint64_t seed, const struct game_options *options, struct failpoint_tally *tally,
	struct findings *out);

/* --- what its files share --------------------------------------------------------------- */

/* game_run.c: brings up, runs, breaks; until the run and all of its injectors have ended. */
int game_bring_up(struct game *game);
void game_break(struct game *game);
struct conditions game_conditions(const struct game *game, bool broken);
/* True when the process in that part was killed by us, from outside or by a failpoint. */
bool game_killed(const struct game *game, enum role role);
/* The same, or stopped, or refused something. */
bool game_harmed(const struct game *game, enum role role);

/* game_checks.c */
void game_check_kernel(struct game *game);
void game_check_words(struct game *game);
void game_check_recovery(struct game *game);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/game.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chaos/state.h"

static void tally_log(const struct game *game, struct failpoint_tally *tally)
{
	FILE *log = fopen(game->world.failpoint_log, "re");
	char line[256], what[32], name[64];

	while (log && fgets(line, sizeof(line), log)) {
		if (sscanf(line, "%*s %31s %63s", what, name) != 2)
			continue;
		for (int i = 0; i < FAILPOINTS; i++)
			if (strcmp(failpoint_facts[i].name, name) == 0)
				(*(strcmp(what, "fired") == 0 ? &tally->fired[i]
							      : &tally->reached[i]))++;
	}
	if (log)
		fclose(log);
}

static void take_down(struct game *game)
{
	const char *args[] = {"lab", "down", game->world.lab, NULL};
	const struct conditions plain = {.failpoint_log = game->world.failpoint_log, .mounts = -1};
	char *outside;
	int code;

	world_close(&game->world);
	code = world_backburn(&game->world, "lab-down", &plain, args);
	outside = state_outside(&game->world);
	check(&game->findings, CHECK_LAB_DOWN,
		code == 0 && strcmp(outside, game->world.outside) == 0,
		"lab down ended with %d; left:\n%s", code, outside);
	free(outside);
}

/* Once the lab is up. */
static void play(struct game *game)
{
	if (world_open(&game->world) < 0 || pinger_open(&game->pinger, &game->world) < 0 ||
		!pinger_passes(&game->pinger, 5000) ||
		room_open(&game->room, &game->plan, &game->world) < 0) {
		check(&game->findings, CHECK_LAB_UP, false, "the lab is up, and can't be used");
		return;
	}
	game->nodes_before = state_of_nodes(&game->world);
	pinger_forget(&game->pinger);
	game_break(game);
	game_check_kernel(game);
	game_check_words(game);
	game_check_recovery(game);
}

static void game_deinit(struct game *game)
{
	parts_deinit(&game->parts);
	pinger_close(&game->pinger);
	free(game->nodes_before);
	free(game->nodes_between);
	free(game->left_between);
	world_deinit(&game->world);
}

bool game_play(uint64_t seed, const struct game_options *options, struct failpoint_tally *tally,
	struct findings *out)
{
	struct game game = {.world = {.build = options->build, .source = options->source},
		.room = {.mounts = -1},
		.pinger = {.socket = {-1, -1, -1}},
		.second_input = -1,
		.second_reply = -1};
	int code;

	plan_draw(seed, &game.plan);
	if (!plan_order(&game.plan, game.order, sizeof(game.order)))
		game.order[0] = '\0';
	if (world_init(&game.world, options->dir, options->worker) < 0)
		return check(out, CHECK_LAB_UP, false, "%s could not be made", options->dir);
	game.world.outside = state_outside(&game.world);
	code = game_bring_up(&game);
	/* Somebody who brings it up may have been broken: then it must be gone again. */
	if (check(&game.findings, CHECK_LAB_UP, code == 0 || game_harmed(&game, ROLE_SUPERVISOR),
		    "lab up ended with %d", code) &&
		code == 0)
		play(&game);
	room_close(&game.room, &game.world);
	take_down(&game);
	tally_log(&game, tally);
	*out = game.findings;
	game_deinit(&game);
	return out->count == 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/units.h"
#include "tests/chaos/game.h"
#include "tests/chaos/state.h"

/* What the kernel did, by what it was told; and what is left, before and after recovery. */
enum {
	GONE_PATIENCE_MS = 10000,
	LONG_LEASE_MS = 5000
};

/* ---- while it ran ---- */

static void check_lease(struct game *game)
{
	const int64_t lease_ns = game->plan.lease_ms * NS_PER_MS;
	const struct pinger *pinger = &game->pinger;

	for (int pair = 0; pair < PING_PAIRS; pair++)
		for (size_t i = 0; i < pinger->count[pair]; i++) {
			const struct ping *ping = &pinger->pings[pair][i];
			int from = pair / PING_MEMBERS, to = pair % PING_MEMBERS;
			int64_t bound_ns, other_ns;

			if (ping->came)
				continue;
			bound_ns = parts_bound_ns(&game->parts, from, ping->sent_ns, lease_ns);
			other_ns = parts_bound_ns(&game->parts, to, ping->sent_ns, lease_ns);
			if (other_ns > bound_ns)
				bound_ns = other_ns;
			if (!check(&game->findings, CHECK_LEASE, ping->sent_ns < bound_ns,
				    "from %s to %s a packet was lost that was sent %.3f ms after "
				    "the last instant at which one may be (%.3f s after the start)",
				    world_nodes[from], world_nodes[to],
				    (double)(ping->sent_ns - bound_ns) / 1e6,
				    (double)(ping->sent_ns - game->started_ns) / 1e9))
				return;
		}
}

/* The lease is for links that are cut without a word; an end of input is heard at once. */
static void check_prompt(struct game *game)
{
	if (game->plan.lease_ms < LONG_LEASE_MS || !game_killed(game, ROLE_CONTROLLER))
		return;
	for (size_t i = 0; i < game->parts.count; i++) {
		const struct part *part = &game->parts.items[i];
		int64_t until_ns;

		if (part->role != ROLE_INJECTOR || !part->page_count)
			continue;
		until_ns = part->pages[part->page_count - 1].lease_until_ns;
		check(&game->findings, CHECK_PROMPT, part->ended && part->ended_ns < until_ns,
			"the injector on %s lived %.3f s longer than its lease",
			world_nodes[part->node], (double)(part->ended_ns - until_ns) / 1e9);
	}
}

/* ---- right after it ---- */

static char *wait_for_nothing(char *(*ask)(const struct world *), const struct world *world)
{
	int64_t until_ns = now_ns() + GONE_PATIENCE_MS * NS_PER_MS;
	char *text = ask(world);

	while (*text && now_ns() < until_ns) {
		free(text);
		pause_ms(20);
		text = ask(world);
	}
	return text;
}

/* Its injectors heard the end of their input, and nobody has helped since. */
static void check_untouched(struct game *game)
{
	bool alone = game_killed(game, ROLE_CONTROLLER) && game->plan.kind != KIND_FULL_DISK &&
		game->plan.kind != KIND_READ_ONLY;

	if (!alone)
		return;
	free(game->left_between);
	game->left_between = wait_for_nothing(state_of_leftovers, &game->world);
	check(&game->findings, CHECK_UNTOUCHED, game->left_between[0] == '\0', "left:\n%s",
		game->left_between);
	check(&game->findings, CHECK_UNTOUCHED,
		strcmp(game->nodes_between, game->nodes_before) == 0, "before:\n%s\nnow:\n%s",
		game->nodes_before, game->nodes_between);
}

void game_check_kernel(struct game *game)
{
	check_lease(game);
	check_prompt(game);
	game->nodes_between = state_of_nodes(&game->world);
	game->left_between = state_of_leftovers(&game->world);
	check_untouched(game);
}

/* ---- after the recovery ---- */

static void recover(struct game *game)
{
	struct conditions conditions = game_conditions(game, false);
	const char *heal[] = {"heal", "--on", game->world.environment, NULL};
	struct told told;
	int code;

	check(&game->findings, CHECK_RECOVERY, room_relieve(&game->room) == 0,
		"the disk could not be given room again");
	code = world_backburn(&game->world, "heal", &conditions, heal);
	check(&game->findings, CHECK_RECOVERY, code == 0, "backburn heal ended with %d", code);
	told_read(&told, &game->world);
	if (told_event(&told, "run_started", NULL, NULL)) {
		const char *of_run[] = {"heal", "--run", told.run, NULL};

		code = world_backburn(&game->world, "heal-run", &conditions, of_run);
		check(&game->findings, CHECK_RECOVERY, code == 0,
			"backburn heal --run ended with %d", code);
	}
	told_deinit(&told);
}

static void check_programs(struct game *game)
{
	int64_t until_ns = now_ns() + GONE_PATIENCE_MS * NS_PER_MS;
	char *text;

	parts_drop_maps(&game->parts);
	text = state_of_programs(&game->parts);
	while (*text && now_ns() < until_ns) {
		free(text);
		pause_ms(20);
		text = state_of_programs(&game->parts);
	}
	check(&game->findings, CHECK_PROGRAMS, *text == '\0', "left:\n%s", text);
	free(text);
}

void game_check_recovery(struct game *game)
{
	char *nodes, *left;

	recover(game);
	nodes = state_of_nodes(&game->world);
	check(&game->findings, CHECK_STATE, strcmp(nodes, game->nodes_before) == 0,
		"before:\n%s\nnow:\n%s", game->nodes_before, nodes);
	left = wait_for_nothing(state_of_leftovers, &game->world);
	check(&game->findings, CHECK_LEFTOVERS, left[0] == '\0', "left:\n%s", left);
	check(&game->findings, CHECK_TRAFFIC, pinger_passes(&game->pinger, GONE_PATIENCE_MS),
		"packets do not pass between all members");
	check_programs(game);
	free(nodes);
	free(left);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/units.h"
#include "tests/chaos/game.h"
#include "tests/chaos/state.h"

/* What the kernel did, by what it was told; and what is left, before and after recovery. */
enum {
	GONE_PATIENCE_MS = 10000
};

/* How long a datagram may have been on its way into the change, and an unfinished change lasts. */
#define CHANGE_MARGIN_NS (10 * NS_PER_MS)
#define CHANGE_LONGEST_NS (200 * NS_PER_MS)

/* ---- while it ran ---- */

/*
 * A change of qdiscs takes a link down for a moment, and what is sent in that moment is lost, on
 * every kernel and whoever does it (docs/chaos.md). So under clsact the instants in which hooks
 * come and go are left out: from the last that was logged before one to the first behind it.
 */
struct changes {
	struct change {
		int64_t from_ns, to_ns;
		int pid;
		bool open;
	} * items;
	size_t count, room;
};

static void begin_change(struct changes *changes, int64_t at_ns, int pid)
{
	if (changes->count == changes->room) {
		changes->room = changes->room ? changes->room * 2 : 64;
		changes->items = realloc(changes->items, changes->room * sizeof(*changes->items));
		if (!changes->items)
			abort();
	}
	changes->items[changes->count++] =
		(struct change){at_ns - CHANGE_MARGIN_NS, at_ns + CHANGE_LONGEST_NS, pid, true};
}

static void end_change(struct changes *changes, int64_t at_ns, int pid)
{
	for (size_t i = 0; i < changes->count; i++) {
		struct change *change = &changes->items[i];

		if (change->pid != pid || !change->open)
			continue;
		change->open = false;
		change->to_ns = at_ns;
	}
}

static void read_changes(const struct game *game, struct changes *out)
{
	FILE *log = game->plan.clsact ? fopen(game->world.failpoint_log, "re") : NULL;
	char line[256], name[64];
	int64_t at_ns;
	int pid;

	*out = (struct changes){.count = 0};
	while (log && fgets(line, sizeof(line), log)) {
		if (sscanf(line, "%" SCNd64 " reached %63s %d", &at_ns, name, &pid) != 3)
			continue;
		if (strcmp(name, "undo_next") == 0 || strcmp(name, "recover_undo_next") == 0) {
			end_change(out, at_ns, pid);
			begin_change(out, at_ns, pid);
		} else if (strcmp(name, "undo_run") == 0 || strcmp(name, "recover_undone") == 0) {
			end_change(out, at_ns, pid);
		}
	}
	if (log)
		fclose(log);
}

static bool is_in_change(const struct changes *changes, int64_t at_ns)
{
	for (size_t i = 0; i < changes->count; i++)
		if (at_ns >= changes->items[i].from_ns && at_ns <= changes->items[i].to_ns)
			return true;
	return false;
}

static void check_ping(struct game *game, const struct changes *changes, int pair, int64_t sent_ns)
{
	const int64_t lease_ns = game->plan.lease_ms * NS_PER_MS;
	int from = pair / PING_MEMBERS, to = pair % PING_MEMBERS;
	int64_t bound_ns = parts_bound_ns(&game->parts, from, sent_ns, lease_ns);
	int64_t other_ns = parts_bound_ns(&game->parts, to, sent_ns, lease_ns);

	if (other_ns > bound_ns)
		bound_ns = other_ns;
	if (sent_ns >= bound_ns && is_in_change(changes, sent_ns))
		return;
	check(&game->findings, CHECK_LEASE, sent_ns < bound_ns,
		"from %s to %s a packet was lost that was sent %.3f ms after the last instant at "
		"which one may be (%.3f s after the start)",
		world_nodes[from], world_nodes[to], (double)(sent_ns - bound_ns) / 1e6,
		(double)(sent_ns - game->started_ns) / 1e9);
}

static void check_lease(struct game *game)
{
	const struct pinger *pinger = &game->pinger;
	struct changes changes;

	read_changes(game, &changes);
	for (int pair = 0; pair < PING_PAIRS; pair++)
		for (size_t i = 0; i < pinger->count[pair]; i++)
			if (!pinger->pings[pair][i].came)
				check_ping(game, &changes, pair, pinger->pings[pair][i].sent_ns);
	free(changes.items);
}

/* The lease is for links that are cut without a word; an end of input is heard at once. */
static void check_prompt(struct game *game)
{
	if (game->plan.lease_ms < PLAN_LONG_LEASE_MS || !game_killed(game, ROLE_CONTROLLER))
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
	char *difference;

	if (!alone)
		return;
	free(game->left_between);
	game->left_between = wait_for_nothing(state_of_leftovers, &game->world);
	check(&game->findings, CHECK_UNTOUCHED, game->left_between[0] == '\0', "left:\n%s",
		game->left_between);
	difference = state_difference(game->nodes_before, game->nodes_between);
	check(&game->findings, CHECK_UNTOUCHED, *difference == '\0', "it differs:\n%s", difference);
	free(difference);
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
		/* Without its supervisor nobody can say what a lab's services do. */
		check(&game->findings, CHECK_RECOVERY,
			code == 0 || (code == 5 && game_killed(game, ROLE_SUPERVISOR)),
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
	char *nodes, *left, *difference;

	recover(game);
	check(&game->findings, CHECK_LEFTOVERS, members_settle(&game->members),
		"a program that was started on %s never came to its end", world_nodes[0]);
	nodes = state_of_nodes(&game->world);
	difference = state_difference(game->nodes_before, nodes);
	check(&game->findings, CHECK_STATE, *difference == '\0', "it differs:\n%s", difference);
	left = wait_for_nothing(state_of_leftovers, &game->world);
	check(&game->findings, CHECK_LEFTOVERS, left[0] == '\0', "left:\n%s", left);
	check(&game->findings, CHECK_TRAFFIC, pinger_passes(&game->pinger, GONE_PATIENCE_MS),
		"packets do not pass between all members");
	check_programs(game);
	free(nodes);
	free(left);
	free(difference);
}

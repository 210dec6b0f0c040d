/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/units.h"
#include "controller/lab/lab_paths.h"
#include "tests/chaos/game.h"

/* Bringing the lab up, starting the run, breaking it, until nothing of it moves any more. */
enum {
	TICK_MS = 5,
	LAB_PATIENCE_MS = 60000,
	RUN_PATIENCE_MS = 75000,
	HELLO_PATIENCE_MS = 20000
};

struct conditions game_conditions(const struct game *game, bool broken)
{
	struct conditions conditions = {
		.failpoint_log = game->world.failpoint_log, .mounts = game->room.mounts};

	if (broken && game->order[0])
		conditions.failpoint = game->order;
	if (broken && game->plan.kind == KIND_DESCRIPTORS)
		conditions.descriptors = game->plan.limit;
	return conditions;
}

/* ---- whoever stopped itself at a failpoint ---- */

static void resume_after(const struct game *game, int64_t fired_ns, pid_t pid)
{
	int64_t due_ns = fired_ns + game->plan.stopped_ms * NS_PER_MS;

	/* Told again at each tick from then on, since it may not have stopped yet. */
	if (now_ns() >= due_ns && now_ns() < due_ns + NS_PER_SEC)
		kill(pid, SIGCONT);
}

static void look_for_fired(struct game *game)
{
	FILE *log = fopen(game->world.failpoint_log, "re");
	char line[256], what[32], name[64];
	int64_t at_ns;
	int pid;

	game->fired = 0;
	while (log && fgets(line, sizeof(line), log)) {
		if (sscanf(line, "%" SCNd64 " %31s %63s %d", &at_ns, what, name, &pid) != 4)
			continue;
		game->lease_lost |= strcmp(name, "lease_lost") == 0;
		if (strcmp(what, "fired") != 0)
			continue;
		game->fired++;
		if (game->plan.action == ACTION_STOP)
			resume_after(game, at_ns, pid);
	}
	if (log)
		fclose(log);
}

bool game_killed(const struct game *game, enum role role)
{
	bool by_failpoint = game->fired && game->plan.action == ACTION_KILL &&
		failpoint_facts[game->plan.failpoint].role == role;
	bool by_blow = game->dealt_pid && game->plan.blow.victim == role &&
		game->plan.blow.number == SIGKILL;

	return by_failpoint || by_blow;
}

bool game_harmed(const struct game *game, enum role role)
{
	return (game->fired && failpoint_facts[game->plan.failpoint].role == role) ||
		(game->dealt_pid && game->plan.blow.victim == role);
}

/* ---- the blow ---- */

static pid_t victim_of(struct game *game)
{
	const struct blow *blow = &game->plan.blow;
	const struct part *part = NULL;

	switch (blow->victim) {
	case ROLE_CONTROLLER:
		return child_has_ended(&game->run) ? 0 : game->run.pid;
	case ROLE_SUPERVISOR:
		return members_first(&game->world, LAB_SUPERVISOR_CGROUP);
	case ROLE_SERVICE:
		return members_first(&game->world, world_nodes[blow->node]);
	case ROLE_INJECTOR:
		/* One that acts is worth more than the one that was drawn. */
		for (int i = 0; i < PLAN_NODES && !(part && part->acting); i++)
			part = parts_find(
				&game->parts, ROLE_INJECTOR, (blow->node + i) % PLAN_NODES);
		if (!part || !part->acting)
			part = parts_find(&game->parts, ROLE_INJECTOR, blow->node);
		break;
	case ROLE_PROBER:
		part = parts_find(&game->parts, ROLE_PROBER, 0);
		break;
	case ROLES:
		break;
	}
	return part ? part->pid : 0;
}

static void start_second_run(struct game *game)
{
	char runs[PATH_MAX + 32], scenario[PATH_MAX + 64];
	struct conditions conditions = game_conditions(game, false);
	const char *args[] = {
		"run", "-q", scenario, "--on", game->world.environment, "--runs", runs, NULL};

	snprintf(runs, sizeof(runs), "%s%s", game->world.runs,
		game->plan.other_runs ? "-other" : "");
	snprintf(scenario, sizeof(scenario), "%s/tests/chaos/files/cut.json", game->world.source);
	world_start(&game->world, "second", &conditions, args, &game->second);
	game->second_must_be_busy = true;
}

/* Its hello is written at once, and its input stays open until the run is over. */
static void start_second_injector(struct game *game)
{
	static const char hello[] =
		"{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"hello\",\"params\":{\"version\":1,"
		"\"session\":\"intruder\",\"controller\":\"chaos\",\"lease\":\"60s\"}}\n";
	char program[PATH_MAX], netns[64], path[LAB_PATH_MAX], output[PATH_MAX + 16];
	const char *argv[] = {"nsenter", netns, "--", program, "session", NULL};
	struct conditions conditions = game_conditions(game, false);
	int node = game->plan.blow.node, ends[2], replies[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || pipe2(replies, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	snprintf(program, sizeof(program), "%s/bin/backburn-injector", game->world.build);
	lab_path_netns(game->world.lab, world_nodes[node], path);
	snprintf(netns, sizeof(netns), "--net=%.48s", path);
	snprintf(output, sizeof(output), "%s/second.out", game->world.dir);
	conditions.input = ends[0];
	conditions.reply = replies[1];
	game->second_must_be_busy =
		parts_find(&game->parts, ROLE_INJECTOR, node) != NULL && game->armed_ns != 0;
	if (child_start(argv, output, &conditions, &game->second) < 0 ||
		write(ends[1], hello, sizeof(hello) - 1) < 0)
		game->second_must_be_busy = false;
	close(ends[0]);
	close(replies[1]);
	game->second_input = ends[1];
	game->second_reply = replies[0];
}

static void deal(struct game *game)
{
	const struct blow *blow = &game->plan.blow;
	int64_t from_ns = blow->when_armed ? game->armed_ns : game->started_ns;

	if (game->dealt || !from_ns || now_ns() < from_ns + blow->delay_ms * NS_PER_MS)
		return;
	game->dealt = true;
	if (game->plan.kind == KIND_TWO_RUNS)
		start_second_run(game);
	if (game->plan.kind == KIND_TWO_INJECTORS)
		start_second_injector(game);
	game->dealt_pid = victim_of(game);
	if (!game->dealt_pid || blow->victim == ROLES)
		return;
	game->dealt_ns = now_ns();
	kill(game->dealt_pid, blow->number);
}

static void resume(struct game *game)
{
	if (!game->dealt_ns || game->resumed_ns || game->plan.blow.number != SIGSTOP ||
		now_ns() < game->dealt_ns + game->plan.stopped_ms * NS_PER_MS)
		return;
	game->resumed_ns = now_ns();
	kill(game->dealt_pid, SIGCONT);
}

/* ---- the lab ---- */

int game_bring_up(struct game *game)
{
	const char *args[] = {"lab", "up", game->world.lab_file, NULL};
	struct conditions conditions = game_conditions(game, true);
	int64_t until_ns = now_ns() + LAB_PATIENCE_MS * NS_PER_MS;
	struct child up;

	conditions.mounts = -1;
	conditions.descriptors = 0;
	if (world_start(&game->world, "lab-up", &conditions, args, &up) < 0)
		return -1;
	while (!child_has_ended(&up) && now_ns() < until_ns) {
		look_for_fired(game);
		pause_ms(TICK_MS);
	}
	return child_wait(&up, 1000);
}

/* ---- the run ---- */

static int start_run(struct game *game)
{
	char scenario[PATH_MAX + 64], lease[32];
	char cgroup[PATH_MAX + 16] = "cgroup=";
	const char *args[] = {"run", "-q", scenario, "--on", game->world.environment, "--runs",
		game->world.runs, "--attach", game->plan.clsact ? "clsact" : "tcx", "--param",
		lease, act_needs_cgroup(game->plan.act) ? "--param" : NULL, cgroup, NULL};
	struct conditions conditions = game_conditions(game, true);

	snprintf(scenario, sizeof(scenario), "%s/tests/chaos/files/%s.json", game->world.source,
		act_words[game->plan.act]);
	snprintf(lease, sizeof(lease), "lease=%dms", game->plan.lease_ms);
	members_cgroup(&game->world, world_nodes[0], cgroup + strlen(cgroup), PATH_MAX);
	members_init(&game->members, &game->world, game->plan.act == ACT_SKEW);
	for (int i = 0; i < PING_MEMBERS; i++)
		game->services[i] = members_first(&game->world, world_nodes[i]);
	if (world_start(&game->world, "run", &conditions, args, &game->run) < 0)
		return -1;
	game->started_ns = now_ns();
	parts_init(&game->parts, &game->world, game->run.pid);
	return 0;
}

/* What acts on processes has no slot in the kernel: that it is armed stands in the log of
 * failpoints. */
static bool is_armed(const struct game *game)
{
	FILE *log;
	char line[256];
	bool armed = parts_acting(&game->parts);

	if (armed || game->plan.act == ACT_CUT)
		return armed;
	log = fopen(game->world.failpoint_log, "re");
	while (log && !armed && fgets(line, sizeof(line), log))
		armed = strstr(line, " arm_done ") != NULL;
	if (log)
		fclose(log);
	return armed;
}

static bool is_over(struct game *game)
{
	bool waits_for_blow =
		game->dealt_ns && game->plan.blow.number == SIGSTOP && !game->resumed_ns;

	return child_has_ended(&game->run) && !parts_injectors(&game->parts) && !waits_for_blow;
}

static void end_second(struct game *game)
{
	ssize_t count;

	if (game->second_input >= 0)
		close(game->second_input);
	game->second_input = -1;
	if (game->second.pid)
		child_wait(&game->second, HELLO_PATIENCE_MS);
	if (game->second_reply < 0)
		return;
	count = read(game->second_reply, game->second_said, sizeof(game->second_said) - 1);
	game->second_said[count > 0 ? count : 0] = '\0';
	close(game->second_reply);
	game->second_reply = -1;
}

void game_break(struct game *game)
{
	int64_t until_ns = now_ns() + RUN_PATIENCE_MS * NS_PER_MS;

	if (start_run(game) < 0) {
		check(&game->findings, CHECK_ENDED, false, "the run could not be started");
		return;
	}
	while (!is_over(game) && now_ns() < until_ns) {
		pinger_tick(&game->pinger);
		parts_tick(&game->parts);
		members_tick(&game->members);
		child_has_ended(&game->second);
		if (!game->armed_ns && is_armed(game))
			game->armed_ns = now_ns();
		deal(game);
		resume(game);
		look_for_fired(game);
		pause_ms(TICK_MS);
	}
	check(&game->findings, CHECK_ENDED, is_over(game),
		"after %d s the run %s, and %zu injectors live", RUN_PATIENCE_MS / 1000,
		game->run.ended ? "has ended" : "goes on", parts_injectors(&game->parts));
	if (!game->run.ended)
		child_wait(&game->run, 0);
	look_for_fired(game);
	end_second(game);
	pinger_settle(&game->pinger, 50);
}

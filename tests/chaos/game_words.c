/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chaos/game.h"
#include "tests/chaos/state.h"

/* What the run says about itself, held against what is known from outside. */
enum {
	/* So early that the phases that follow the blow notice it in any case. */
	EARLY_MS = 1000,
	CODE_SIGKILL = 128 + SIGKILL
};

/* By weight: the heaviest wins (scenario-format's table, with those that end a run at once). */
static const int codes_by_weight[] = {5, 70, 75, 6, 4, 1, 3, 2, 130, 143, 0};

static bool is_code(int code)
{
	for (size_t i = 0; i < sizeof(codes_by_weight) / sizeof(codes_by_weight[0]); i++)
		if (codes_by_weight[i] == code)
			return true;
	return false;
}

static int heaviest(const struct told *told)
{
	for (size_t i = 0; i < sizeof(codes_by_weight) / sizeof(codes_by_weight[0]); i++)
		if (told_has_code(told, codes_by_weight[i]))
			return codes_by_weight[i];
	return -1;
}

/* ---- exit code ---- */

/* Somebody without whom the run can't have been what it should be was lost in its midst. */
static bool must_not_pass(const struct game *game)
{
	const struct blow *blow = &game->plan.blow;
	bool early = game->dealt_pid && blow->when_armed && blow->delay_ms < EARLY_MS;

	if (early && blow->number == SIGKILL &&
		(blow->victim == ROLE_INJECTOR || blow->victim == ROLE_PROBER))
		return true;
	if (early && blow->victim == ROLE_CONTROLLER && blow->number == SIGSTOP &&
		game->plan.stopped_ms > 2 * game->plan.lease_ms)
		return true;
	/* An injector that did not live to see its last audit can't have confirmed a thing. */
	return game_killed(game, ROLE_INJECTOR) && game->plan.kind == KIND_FAILPOINT &&
		game->plan.failpoint <= (int)FAILPOINT_heal_done;
}

static bool is_unharmed(const struct game *game)
{
	return !game->fired && !game->dealt_pid &&
		(game->plan.kind == KIND_FAILPOINT || game->plan.kind == KIND_KILL ||
			game->plan.kind == KIND_STOP || game->plan.kind == KIND_TWO_RUNS ||
			game->plan.kind == KIND_TWO_INJECTORS);
}

static bool run_said(const struct game *game, const char *words)
{
	char path[PATH_MAX + 16], line[1024];
	bool said = false;
	FILE *out;

	snprintf(path, sizeof(path), "%s/run.out", game->world.dir);
	out = fopen(path, "re");
	while (out && !said && fgets(line, sizeof(line), out))
		said = strstr(line, words) != NULL;
	if (out)
		fclose(out);
	return said;
}

/*
 * A machine too busy to renew a lease of a second in time has broken the run for us: that is what
 * it must say. While an injector still tries what its kernel can do, it is a refusal. A long lease
 * has no such excuse.
 */
static bool lost_a_short_lease(const struct game *game)
{
	if (game->plan.lease_ms > PLAN_SHORT_LEASE_MS)
		return false;
	return (game->run.code == 70 && game->lease_lost) ||
		(game->run.code == 4 && run_said(game, "did not answer renew in time"));
}

static void check_code(struct game *game, const struct told *told)
{
	struct findings *findings = &game->findings;
	int code = game->run.code, said;

	if (game_killed(game, ROLE_CONTROLLER) && code == CODE_SIGKILL) {
		check(findings, CHECK_CODE, true, "killed");
		return;
	}
	if (!check(findings, CHECK_CODE, is_code(code), "the run ended with %d", code))
		return;
	check(findings, CHECK_CODE, code != 0 || !must_not_pass(game),
		"the run ended with 0 although it lost a part of itself");
	check(findings, CHECK_CODE, code != 0 || told->has_report,
		"the run ended with 0, and its report is not complete");
	if (is_unharmed(game))
		check(findings, CHECK_CODE,
			code == 0 || code == 1 || code == 2 || code == 6 ||
				lost_a_short_lease(game),
			"nothing was done to the run, its lease is %d ms, and it ended with %d",
			game->plan.lease_ms, code);
	if (!told->summary)
		return;
	said = (int)cJSON_GetNumberValue(cJSON_GetObjectItem(told->summary, "exit_code"));
	check(findings, CHECK_CODE, said == code || (code == 70 && !told->has_report),
		"the run ended with %d, its summary says %d", code, said);
	check(findings, CHECK_CODE, heaviest(told) == code || !told->has_report,
		"the run ended with %d, and the heaviest code that applied is %d", code,
		heaviest(told));
}

/* ---- claims, effects, revert ---- */

static void check_claims(struct findings *findings, const struct told *told)
{
	static const struct {
		const char *claim, *phase;
	} about[] = {{"steady", "before"}, {"noticed", "cut"}, {"noticed", "killed"},
		{"noticed", "paused"}, {"noticed", "trapped"}};
	const cJSON *claim;

	cJSON_ArrayForEach(claim, cJSON_GetObjectItem(told->summary, "claims")) {
		bool seen = strcmp(told_text(claim, "id"), "no-loss") == 0 &&
			told_event(told, "final_read", NULL, NULL);

		for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++)
			seen |= strcmp(told_text(claim, "id"), about[i].claim) == 0 &&
				told_phase_ended(told, about[i].phase);
		check(findings, CHECK_CLAIMS,
			seen || strcmp(told_text(claim, "verdict"), "HELD") != 0,
			"claim %s is HELD, and what it is about did not come to its end",
			told_text(claim, "id"));
	}
}

/* Killed by the fault: one of the services that were there before, and that we left alone. */
static bool service_was_hit(const struct game *game)
{
	for (int i = 0; i < PING_MEMBERS; i++) {
		bool ours = game->plan.blow.victim == ROLE_SERVICE &&
			game->dealt_pid == game->services[i];

		if (game->services[i] && !ours && kill(game->services[i], 0) < 0)
			return true;
	}
	return false;
}

static bool was_hit(const struct game *game)
{
	switch (game->plan.act) {
	case ACT_KILL:
	case ACT_TRAP:
		return service_was_hit(game);
	case ACT_PAUSE:
	case ACT_FREEZE:
		return game->members.stood;
	case ACT_SKEW:
		return game->members.skewed;
	case ACT_CUT:
	case ACTS:
		break;
	}
	return pinger_lost(&game->pinger) > 0;
}

static void check_effect(struct game *game, const struct told *told)
{
	const cJSON *fault;

	cJSON_ArrayForEach(fault, cJSON_GetObjectItem(told->summary, "faults")) {
		const char *effect = told_text(fault, "effect");
		bool hit = was_hit(game);

		check(&game->findings, CHECK_EFFECT, hit || strcmp(effect, "proven") != 0,
			"fault %s is called proven, and nothing was hit", told_text(fault, "id"));
		check(&game->findings, CHECK_EFFECT, !hit || strcmp(effect, "not_injected") != 0,
			"fault %s is said not to have been injected, and it hit",
			told_text(fault, "id"));
	}
}

static void check_revert(struct game *game, const struct told *told)
{
	char *difference = state_difference(game->nodes_before, game->nodes_between);
	bool confirmed = true;
	const cJSON *revert, *all = cJSON_GetObjectItem(told->summary, "revert");

	cJSON_ArrayForEach(revert, all)
		confirmed = confirmed && cJSON_IsTrue(cJSON_GetObjectItem(revert, "confirmed"));
	if (cJSON_GetArraySize(all) > 0)
		check(&game->findings, CHECK_REVERT, *difference == '\0' || !confirmed,
			"the revert is confirmed everywhere, and it differs:\n%s", difference);
	free(difference);
	check(&game->findings, CHECK_REVERT, confirmed != told_has_code(told, 5),
		"the revert is %sconfirmed, and code 5 %s", confirmed ? "" : "not ",
		told_has_code(told, 5) ? "applied" : "did not apply");
}

/* ---- the others ---- */

static void check_second(struct game *game)
{
	if (!game->second.pid || !game->second_must_be_busy)
		return;
	if (game->plan.kind == KIND_TWO_RUNS) {
		check(&game->findings, CHECK_BUSY, game->second.code == 75,
			"the second run ended with %d", game->second.code);
		return;
	}
	check(&game->findings, CHECK_BUSY, strstr(game->second_said, "\"kind\":\"busy\"") != NULL,
		"the second injector was answered: %s", game->second_said);
}

static void check_report(struct game *game, const struct told *told)
{
	struct conditions conditions = game_conditions(game, false);
	const char *args[] = {"report", told->run, NULL};
	int code;

	if (!told_event(told, "run_started", NULL, NULL))
		return;
	code = world_backburn(&game->world, "report", &conditions, args);
	check(&game->findings, CHECK_REPORT,
		is_code(code) ||
			((game->plan.kind == KIND_FULL_DISK || game->plan.kind == KIND_READ_ONLY) &&
				!game->plan.runtime_dir),
		"backburn report ended with %d", code);
}

void game_check_words(struct game *game)
{
	struct told told;

	told_read(&told, &game->world);
	check(&game->findings, CHECK_JOURNAL, told.broken_lines == 0, "%zu lines are no JSON",
		told.broken_lines);
	check_code(game, &told);
	check_second(game);
	check_report(game, &told);
	told_deinit(&told);
	told_read(&told, &game->world);
	if (told.summary) {
		check_claims(&game->findings, &told);
		check_effect(game, &told);
		check_revert(game, &told);
	}
	told_deinit(&told);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/units.h"
#include "tests/chaos/game.h"

/* backburn-chaos: our own chaos, on ourselves. tools/chaos builds and starts it. */
enum {
	OPTION_KEEP = 256,
	OPTION_LIST,
	OPTION_ONLY,
	OPTION_BUILD,
	OPTION_SOURCE,
	OPTION_WORKER,
	ALL_REACHED_RUNS = 200, /* from so many on every failpoint must have been reached */
	FOUND_MAX = 64
};

struct arguments {
	uint64_t seed;
	int runs, worker;
	enum kind only; /* KINDS: all */
	bool list;
	const char *keep, *build, *source;
};

static const struct argp_option options[] = {
	{"runs", 'n', "N", 0, "so many runs (10)", 0},
	{"seed", 's', "SEED", 0, "the first one's seed; the next ones count up (1)", 0},
	{"keep", OPTION_KEEP, "DIR", 0, "where the directories of runs with findings stay", 0},
	{"list", OPTION_LIST, NULL, 0, "say what would be done, and do nothing", 0},
	{"only", OPTION_ONLY, "KIND", 0, "leave out all seeds of other kinds", 0},
	{"build", OPTION_BUILD, "DIR", 0, "a build with failpoints", 0},
	{"source", OPTION_SOURCE, "DIR", 0, "the repository", 0},
	{"worker", OPTION_WORKER, "N", 0, "name and addresses of the lab end with it (0)", 0},
	{0},
};

static enum kind kind_of(const char *word, struct argp_state *state)
{
	for (int i = 0; i < KINDS; i++)
		if (strcmp(kind_words[i], word) == 0)
			return (enum kind)i;
	argp_error(state, "no kind \"%s\"", word);
	return KINDS;
}

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'n':
		arguments->runs = atoi(argument);
		return 0;
	case 's':
		arguments->seed = strtoull(argument, NULL, 10);
		return 0;
	case OPTION_KEEP:
		arguments->keep = argument;
		return 0;
	case OPTION_LIST:
		arguments->list = true;
		return 0;
	case OPTION_ONLY:
		arguments->only = kind_of(argument, state);
		return 0;
	case OPTION_BUILD:
		arguments->build = argument;
		return 0;
	case OPTION_SOURCE:
		arguments->source = argument;
		return 0;
	case OPTION_WORKER:
		arguments->worker = atoi(argument);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is \"%s\"?", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- counting ---- */

struct total {
	struct failpoint_tally failpoints;
	unsigned runs_of[KINDS], asserted[CHECKS], failed[CHECKS], runs, found;
	uint64_t found_seeds[FOUND_MAX];
};

static void add_up(struct total *total, const struct chaos_plan *plan, const struct findings *found)
{
	total->runs++;
	total->runs_of[plan->kind]++;
	for (int i = 0; i < CHECKS; i++)
		total->asserted[i] += found->asserted[i];
	for (int i = 0; i < found->count; i++)
		total->failed[found->items[i].check]++;
	if (found->count && total->found++ < FOUND_MAX)
		total->found_seeds[total->found - 1] = plan->seed;
}

static unsigned print_failpoints(const struct total *total)
{
	unsigned unreached = 0;

	printf("\n%-20s %-10s %8s %6s\n", "failpoint", "in", "reached", "fired");
	for (int i = 0; i < FAILPOINTS; i++) {
		printf("%-20s %-10s %8u %6u\n", failpoint_facts[i].name,
			role_words[failpoint_facts[i].role], total->failpoints.reached[i],
			total->failpoints.fired[i]);
		unreached += total->failpoints.reached[i] == 0;
	}
	return unreached;
}

static int print_total(const struct total *total)
{
	unsigned unreached = print_failpoints(total);

	printf("\n%-20s %6s\n", "kind", "runs");
	for (int i = 0; i < KINDS; i++)
		printf("%-20s %6u\n", kind_words[i], total->runs_of[i]);
	printf("\n%-12s %8s %6s\n", "check", "asserted", "failed");
	for (int i = 0; i < CHECKS; i++)
		printf("%-12s %8u %6u  %s\n", check_facts[i].name, total->asserted[i],
			total->failed[i], check_facts[i].text);
	printf("\n%u runs, %u with findings", total->runs, total->found);
	for (unsigned i = 0; i < total->found && i < FOUND_MAX; i++)
		printf("%s%" PRIu64, i ? ", " : ": seeds ", total->found_seeds[i]);
	printf("; %u of %d failpoints were never reached\n", unreached, FAILPOINTS);
	return total->found || (total->runs >= ALL_REACHED_RUNS && unreached) ? 1 : 0;
}

/* ---- playing ---- */

static void remove_tree(const char *dir)
{
	const struct conditions plain = {.mounts = -1};
	const char *argv[] = {"rm", "-rf", "--one-file-system", dir, NULL};
	struct child child;

	if (child_start(argv, "/dev/null", &plain, &child) == 0)
		child_wait(&child, 10000);
}

static void play_seed(const struct arguments *arguments, uint64_t seed, struct total *total)
{
	char dir[PATH_MAX];
	const struct game_options game = {.build = arguments->build,
		.source = arguments->source,
		.dir = dir,
		.worker = arguments->worker};
	struct findings found = {.count = 0};
	struct chaos_plan plan;
	int64_t started_ns = now_ns();

	plan_draw(seed, &plan);
	snprintf(dir, sizeof(dir), "%s/seed-%" PRIu64, arguments->keep, seed);
	remove_tree(dir);
	printf("seed %-6" PRIu64 " ", seed);
	plan_print(&plan, stdout);
	fflush(stdout);
	game_play(seed, &game, &total->failpoints, &found);
	add_up(total, &plan, &found);
	if (!found.count) {
		remove_tree(dir);
		return;
	}
	for (int i = 0; i < found.count; i++)
		printf("  FOUND %s: %s\n", check_facts[found.items[i].check].name,
			found.items[i].text);
	printf("  after %.1f s; replay: tools/chaos --seed %" PRIu64 " --runs 1; kept: %s\n",
		(double)(now_ns() - started_ns) / 1e9, seed, dir);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct argp parser = {.options = options,
		.parser = take,
		.doc = "Runs backburn on etcd and breaks it, each run as its seed says; checks "
		       "that "
		       "faults end in time, that nothing is left, and that what is told is true.\v"
		       "Exit status: 0 nothing was found; 1 something was, or a failpoint was "
		       "never "
		       "reached in 200 runs or more; 77 not root."};
	struct arguments arguments = {
		.seed = 1, .runs = 10, .only = KINDS, .keep = "/tmp/backburn-chaos"};
	struct total total = {.runs = 0};

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	if (geteuid() != 0)
		return 77;
	if (!arguments.build || !arguments.source ||
		(mkdir(arguments.keep, 0755) < 0 && errno != EEXIST)) {
		fprintf(stderr, "--build and --source are needed, and a directory to keep in\n");
		return 64;
	}
	for (int i = 0; i < arguments.runs; i++) {
		struct chaos_plan plan;

		plan_draw(arguments.seed + (uint64_t)i, &plan);
		if (arguments.only != KINDS && plan.kind != arguments.only)
			continue;
		if (!arguments.list) {
			play_seed(&arguments, plan.seed, &total);
			continue;
		}
		printf("seed %-6" PRIu64 " ", plan.seed);
		plan_print(&plan, stdout);
	}
	return arguments.list ? 0 : print_total(&total);
}

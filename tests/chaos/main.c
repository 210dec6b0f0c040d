/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
	OPTION_WORKERS,
	OPTION_LABS,
	ALL_REACHED_RUNS = 200, /* from so many on every failpoint must have been reached */
	FOUND_MAX = 64,
	WORKERS_MAX = 8,
	LABS_MAX = 99
};

struct arguments {
	uint64_t seed;
	int runs, workers, worker, first_lab;
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
	{"workers", OPTION_WORKERS, "N", 0, "so many runs at once, each on a lab of its own (1)",
		0},
	{"labs", OPTION_LABS, "N", 0, "names and addresses of the labs count from N (0)", 0},
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
	case OPTION_WORKERS:
		arguments->workers = atoi(argument);
		if (arguments->workers < 1 || arguments->workers > WORKERS_MAX)
			argp_error(state, "1 to %d workers", WORKERS_MAX);
		return 0;
	case OPTION_LABS:
		arguments->first_lab = atoi(argument);
		if (arguments->first_lab < 0 || arguments->first_lab > LABS_MAX)
			argp_error(state, "0 to %d", LABS_MAX);
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

/* Said in one go at the end: several workers write to the same place. */
static void play_seed(const struct arguments *arguments, uint64_t seed, struct total *total)
{
	char dir[PATH_MAX], *text = NULL;
	const struct game_options game = {.build = arguments->build,
		.source = arguments->source,
		.dir = dir,
		.worker = arguments->first_lab + arguments->worker};
	struct findings found = {.count = 0};
	struct chaos_plan plan;
	int64_t started_ns = now_ns();
	size_t size;
	FILE *out = open_memstream(&text, &size);

	plan_draw(seed, &plan);
	snprintf(dir, sizeof(dir), "%s/seed-%" PRIu64, arguments->keep, seed);
	remove_tree(dir);
	game_play(seed, &game, &total->failpoints, &found);
	add_up(total, &plan, &found);
	fprintf(out, "seed %-6" PRIu64 " %4.1f s  ", seed, (double)(now_ns() - started_ns) / 1e9);
	plan_print(&plan, out);
	for (int i = 0; i < found.count; i++)
		fprintf(out, "  FOUND %s: %s\n", check_facts[found.items[i].check].name,
			found.items[i].text);
	if (found.count)
		fprintf(out, "  replay: tools/chaos --seed %" PRIu64 " --runs 1; kept: %s\n", seed,
			dir);
	else
		remove_tree(dir);
	fclose(out);
	fputs(text, stdout);
	fflush(stdout);
	free(text);
}

/* Every so-manieth seed, from the worker's own on. */
static void play_all(const struct arguments *arguments, struct total *total)
{
	for (int i = arguments->worker; i < arguments->runs; i += arguments->workers) {
		struct chaos_plan plan;

		plan_draw(arguments->seed + (uint64_t)i, &plan);
		if (arguments->only == KINDS || plan.kind == arguments->only)
			play_seed(arguments, plan.seed, total);
	}
}

static void list_all(const struct arguments *arguments)
{
	for (int i = 0; i < arguments->runs; i++) {
		struct chaos_plan plan;

		plan_draw(arguments->seed + (uint64_t)i, &plan);
		if (arguments->only != KINDS && plan.kind != arguments->only)
			continue;
		printf("seed %-6" PRIu64 " ", plan.seed);
		plan_print(&plan, stdout);
	}
}

static void add_total(struct total *sum, const struct total *more)
{
	for (unsigned i = 0; i < more->found && i < FOUND_MAX && sum->found + i < FOUND_MAX; i++)
		sum->found_seeds[sum->found + i] = more->found_seeds[i];
	sum->runs += more->runs;
	sum->found += more->found;
	for (int i = 0; i < FAILPOINTS; i++) {
		sum->failpoints.reached[i] += more->failpoints.reached[i];
		sum->failpoints.fired[i] += more->failpoints.fired[i];
	}
	for (int i = 0; i < KINDS; i++)
		sum->runs_of[i] += more->runs_of[i];
	for (int i = 0; i < CHECKS; i++) {
		sum->asserted[i] += more->asserted[i];
		sum->failed[i] += more->failed[i];
	}
}

/* Each worker is a process with a lab of its own, and sends what it counted when it is done. */
static int play_in_workers(struct arguments *arguments, struct total *total)
{
	int ends[2], missing = arguments->workers;
	struct total of_worker;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	for (int i = 0; i < arguments->workers; i++) {
		if (fork() != 0)
			continue;
		arguments->worker = i;
		play_all(arguments, total);
		_exit(write(ends[1], total, sizeof(*total)) == sizeof(*total) ? 0 : 1);
	}
	close(ends[1]);
	/* Below PIPE_BUF, so each comes whole. */
	_Static_assert(sizeof(of_worker) <= PIPE_BUF, "a total comes whole");
	while (read(ends[0], &of_worker, sizeof(of_worker)) == sizeof(of_worker)) {
		add_total(total, &of_worker);
		missing--;
	}
	close(ends[0]);
	while (wait(NULL) > 0)
		;
	return missing ? -1 : 0;
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
		.seed = 1, .runs = 10, .workers = 1, .only = KINDS, .keep = "/tmp/backburn-chaos"};
	struct total total = {.runs = 0};

	argp_parse(&parser, argc, argv, 0, NULL, &arguments);
	if (arguments.list) {
		list_all(&arguments);
		return 0;
	}
	if (geteuid() != 0)
		return 77;
	if (!arguments.build || !arguments.source ||
		(mkdir(arguments.keep, 0755) < 0 && errno != EEXIST)) {
		fprintf(stderr, "--build and --source are needed, and a directory to keep in\n");
		return 64;
	}
	if (play_in_workers(&arguments, &total) < 0) {
		fprintf(stderr, "a worker did not come to its end\n");
		return 1;
	}
	return print_total(&total);
}

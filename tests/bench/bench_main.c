/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/netns/world.h"

/* Measures what docs/benchmark.md says, and writes it. */

static const struct {
	const char *name;
	void (*measure)(struct page *page);
} chapters[] = {
	{"arm", bench_arm},
	{"heal", bench_heal},
	{"packets", bench_packets},
	{"delay", bench_delay},
	{"spawn", bench_spawn},
	{"clock", bench_clock},
	{"crowd", bench_crowd},
	{"guard", bench_guard},
	{"prober", bench_prober},
	{"run", bench_run},
	{"report", bench_report},
};
enum {
	CHAPTERS = sizeof(chapters) / sizeof(chapters[0]),
	ROUNDS = 40
};

struct options {
	const char *output, *only;
	int rounds;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'o':
		options->output = argument;
		return 0;
	case 'n':
		options->only = argument;
		return 0;
	case 'r':
		options->rounds = atoi(argument);
		if (options->rounds < 1 || options->rounds > 10000)
			argp_error(state, "--rounds needs a number from 1 to 10000");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void introduce(const struct page *page)
{
	double load[3] = {0};
	struct utsname system;

	uname(&system);
	(void)getloadavg(load, 3);
	fprintf(page->out,
		"# Benchmark\n\n"
		"Written by `sudo tools/bench`, and by it alone: every figure below is from one "
		"run, on\n"
		"the machine named here. Run it on yours.\n\n"
		"How to read it. Where people share a machine, times wander: each row has its "
		"median and\n"
		"the span in which eight of ten samples lie, and rows that are compared were "
		"sampled in\n"
		"turns. What carries over to another machine are ratios and orders of magnitude, "
		"not the\n"
		"single time.\n\n"
		"Linux %s, %s, %ld cores, load %.2f at the start; optimised build.\n",
		system.release, system.machine, sysconf(_SC_NPROCESSORS_ONLN), load[0]);
}

static const char *measuring;

/* What a measurement that broke off leaves: namespaces with our pid in their names. */
static void sweep(void)
{
	char ours[32];
	DIR *names = opendir("/run/netns");
	struct dirent *entry;

	if (measuring)
		bench_say("%s broke off", measuring);
	snprintf(ours, sizeof(ours), "bbt-%d-", (int)getpid());
	while (names && (entry = readdir(names)))
		if (strncmp(entry->d_name, ours, strlen(ours)) == 0)
			world_run("ip", "netns", "del", entry->d_name, NULL);
	if (names)
		closedir(names);
}

int main(int argc, char **argv)
{
	static const struct argp_option list[] = {
		{"output", 'o', "FILE", 0, "where the page goes (standard output)", 0},
		{"only", 'n', "CHAPTER", 0,
			"arm, heal, packets, delay, spawn, clock, crowd, guard, prober, run or "
			"report",
			0},
		{"rounds", 'r', "N", 0, "how often something short is sampled (40)", 0}, {0}};
	static const struct argp parser = {.options = list,
		.parser = parse,
		.doc = "Measures backburn on this machine, in network namespaces of its own; needs "
		       "root."};
	struct options options = {.rounds = ROUNDS};
	struct page page = {.out = stdout};
	size_t measured = 0;
	int outcome;

	argp_parse(&parser, argc, argv, 0, NULL, &options);
	outcome = world_init();
	if (outcome)
		return outcome;
	(void)atexit(sweep);
	page.rounds = options.rounds;
	if (options.output && !(page.out = fopen(options.output, "we"))) {
		fprintf(stderr, "bench: %s: %s\n", options.output, strerror(errno));
		return 1;
	}
	introduce(&page);
	for (size_t i = 0; i < CHAPTERS; i++) {
		if (options.only && strcmp(options.only, chapters[i].name) != 0)
			continue;
		measuring = chapters[i].name;
		chapters[i].measure(&page);
		measured++;
	}
	measuring = NULL;
	if (!measured) {
		fprintf(stderr, "bench: no chapter named \"%s\"\n", options.only);
		return 64;
	}
	if (fflush(page.out) != 0 || ferror(page.out)) {
		fprintf(stderr, "bench: %s: %s\n", options.output ? options.output : "output",
			strerror(errno));
		return 1;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/journal/journal.h"
#include "tests/bench/bench.h"
#include "tests/netns/world.h"

/* How long a fault lasts on after it broke a stop rule: whole runs, and what their journals say. */

enum {
	RUNS = 50,
	STOPPED = 3, /* exit code */
	PATH_BYTES = 256
};

#define PATIENCE "1s"
#define PATIENCE_NS 1000000000

struct place {
	char program[PATH_BYTES], scenario[PATH_BYTES], environment[PATH_BYTES], lab[PATH_BYTES];
	char runs[PATH_BYTES];
};

static int spawn_and_wait(const char *const *words)
{
	int status;
	pid_t pid;

	assert_int_equal(
		posix_spawn(&pid, words[0], NULL, NULL, (char *const *)(uintptr_t)words, environ),
		0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The journal of the only run in place->runs. */
static void read_journal(const struct place *place, struct record *record)
{
	char path[2 * PATH_BYTES + 32];
	struct dirent *entry;
	struct fail fail;
	DIR *runs = opendir(place->runs);

	assert_non_null(runs);
	path[0] = '\0';
	while ((entry = readdir(runs)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')
			snprintf(path, sizeof(path), "%s/%.200s/journal.ndjson", place->runs,
				entry->d_name);
	closedir(runs);
	if (journal_read(path, record, &fail) < 0)
		fail_msg("%s", fail.text);
}

static int64_t last_good_before(const struct record *record, int64_t at_ns)
{
	const struct samples *samples = &record_sli(record, "avail")->samples;
	size_t index = samples_from(samples, at_ns);

	while (index-- > 0)
		if (samples_good(samples, index))
			return samples_at(samples, index);
	fail();
	return 0;
}

static void one_run(const struct place *place, struct series *decided, struct series *healed,
	struct series *whole)
{
	int64_t breach_ns, healed_ns;
	struct record record;

	assert_int_equal(spawn_and_wait((const char *const[]){place->program, "run",
				 place->scenario, "--on", place->environment, "--runs", place->runs,
				 "--param", "patience=" PATIENCE, "--quiet", NULL}),
		STOPPED);
	read_journal(place, &record);
	assert_int_equal(record.stop, STOP_GUARDRAIL);
	healed_ns = record_fault(&record, "cut")->healed_ns;
	breach_ns = last_good_before(&record, record.stop_ns) + PATIENCE_NS;
	series_add(decided, record.stop_ns - breach_ns);
	series_add(healed, healed_ns - record.stop_ns);
	series_add(whole, healed_ns - breach_ns);
	record_deinit(&record);
	world_run("rm", "-rf", place->runs, NULL);
}

static void find_place(struct place *place)
{
	const char *source = getenv("BACKBURN_SOURCE"), *build = getenv("BACKBURN_BUILD");
	char directory[] = "/tmp/backburn-bench-XXXXXX";

	assert_true(source && build && mkdtemp(directory));
	snprintf(place->program, PATH_BYTES, "%s/bin/backburn", build);
	snprintf(place->scenario, PATH_BYTES, "%s/tests/e2e/files/outage.json", source);
	snprintf(place->environment, PATH_BYTES, "%s/tests/e2e/files/pair-env.json", source);
	snprintf(place->lab, PATH_BYTES, "%s/tests/e2e/files/pair-lab.json", source);
	snprintf(place->runs, PATH_BYTES, "%s", directory);
}

static void print_ms(struct page *page, const char *what, const struct series *samples)
{
	page_fact(page, what, "median %.0f ms, 99th percentile %.0f ms, of %zu",
		(double)series_quantile(samples, 0.5) / 1e6,
		(double)series_quantile(samples, 0.99) / 1e6, samples->values.count);
}

void bench_guard(struct page *page)
{
	struct series decided = {0}, healed = {0}, whole = {0};
	struct place place;

	find_place(&place);
	page_chapter(page, "From a breach to a healed fault",
		"Whole runs on a real etcd that is cut from its client, with a stop rule "
		"of " PATIENCE " without a\n"
		"good event and 200 probes a second. The breach is the last good event "
		"and " PATIENCE " more;\n"
		"what was decided when, and when the last node had healed, is in each run's "
		"journal.\n"
		"A prober tells what it saw four times a second: up to a quarter of a second is "
		"that.");
	assert_int_equal(
		spawn_and_wait((const char *const[]){place.program, "lab", "up", place.lab, NULL}),
		0);
	for (int i = 0; i < RUNS; i++)
		one_run(&place, &decided, &healed, &whole);
	spawn_and_wait((const char *const[]){place.program, "lab", "down", "pair", NULL});
	page_facts(page);
	print_ms(page, "the breach until it is decided to stop", &decided);
	print_ms(page, "the decision until every node has healed", &healed);
	print_ms(page, "together", &whole);
	series_free(&decided);
	series_free(&healed);
	series_free(&whole);
}

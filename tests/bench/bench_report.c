/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/bench/bench.h"
#include "tests/netns/world.h"
#include "tests/unit/report/told.h"

/* Every form of the report, from the journal of a long run. */

enum {
	SECONDS_TOLD = 7200,
	SECONDS_OF_RUN = 66, /* what told_run() tells */
	ROUNDS_SHARE = 4
};

/* Two hours in which no window is like the one before it. */
static void tell(struct told *told)
{
	told_begin(told, given_tree());
	told_run(told);
	for (int i = SECONDS_OF_RUN; i < SECONDS_TOLD; i++)
		told_second(told, i % 600 ? "g50" : "g20b3g27", (2 + i % 37) * NS_PER_MS);
	told_run_ends(told, 100);
	assert_int_equal(fflush(told->file), 0);
}

static double size_mib(const struct told *told, const char *name)
{
	struct stat status;
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", told->dir, name);
	assert_int_equal(stat(path, &status), 0);
	return (double)status.st_size / 1048576;
}

static void render(
	const struct told *told, struct series *wall, struct series *cpu, struct series *peak_kib)
{
	const char *build = getenv("BACKBURN_BUILD");
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	int64_t from_ns = now_ns();
	char program[256], dir[64], verb[] = "report";
	int status;
	pid_t pid;

	assert_non_null(build);
	snprintf(program, sizeof(program), "%s/bin/backburn", build);
	snprintf(dir, sizeof(dir), "%s", told->dir);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawn(&pid, program, &actions, NULL,
				 (char *[]){program, verb, dir, NULL}, environ),
		0);
	posix_spawn_file_actions_destroy(&actions);
	assert_int_equal(wait4(pid, &status, 0, &usage), pid);
	assert_true(WIFEXITED(status));
	series_add(wall, now_ns() - from_ns);
	series_add(cpu,
		(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000LL +
			(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL);
	series_add(peak_kib, usage.ru_maxrss);
}

void bench_report(struct page *page)
{
	struct series wall = {0}, cpu = {0}, peak_kib = {0};
	struct told told;

	page_chapter(page, "The report of two hours",
		"`backburn report` writes every form (HTML with its SVG, text, Markdown, JUnit, "
		"JSON) from\n"
		"a journal of 7,200 windows of one second, each unlike the one before it.");
	tell(&told);
	for (int i = 0; i < (page->rounds + ROUNDS_SHARE - 1) / ROUNDS_SHARE; i++)
		render(&told, &wall, &cpu, &peak_kib);
	page_times(page, NULL);
	page_time(page, "all forms, wall clock", &wall, NULL);
	page_time(page, "all forms, CPU time", &cpu, NULL);
	page_facts(page);
	page_fact(page, "peak memory", "%.1f MiB", (double)series_quantile(&peak_kib, 0.5) / 1024);
	page_fact(page, "journal.ndjson", "%.2f MiB", size_mib(&told, "journal.ndjson"));
	page_fact(page, "report.html", "%.2f MiB", size_mib(&told, "report.html"));
	told_end(&told);
	series_free(&wall);
	series_free(&cpu);
	series_free(&peak_kib);
}

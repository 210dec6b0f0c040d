/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"

/*
 * The real controller, and hosts that lie (hostile_injector.c). Nothing is injected: no root, no
 * kernel state. Each run ends in time with the right code, stays small, and lets no control
 * character of theirs through, neither to the terminal nor into a report.
 */
enum {
	AT_ONCE = 7,
	WITHIN_S = 90,
	MEMORY_MAX_KB = 128 * 1024,
	CPU_MAX_S = 20
};

static const struct manner {
	const char *name;
	int code;
	const char *says; /* in what is printed */
} manners[] = {
	{"good", 0, "every gate is met"},
	/* Answers to nobody's questions, and evidence of faults that nobody ordered. */
	{"unasked", 0, "every gate is met"},
	{"twice", 0, "every gate is met"},
	{"shrinking-counters", 0, "every gate is met"},
	{"absurd-times", 0, "every gate is met"},
	{"absurd-measures", 0, "every gate is met"},
	{"measures", 0, "did other than asked: loss on web, out: 5 %, asked 1 %"},
	{"negative-counters", 2, "unproven"},
	{"healed-early", 2, "never started"},
	/* Its peers have other names than those that were ordered. */
	{"escapes", 2, "unproven"},
	{"refuse", 4, "could not be armed on web"},
	{"wrong-use", 4, "no "},
	{"binary", 4, "the injector on web"},
	{"endless-audit", 4, "the audit of web"},
	{"stuck-audit", 4, "the audit of web"},
	{"absurd-clock", 4, "web: ping"},
	{"silent", 70, "did not answer"},
	{"endless-line", 70, "a line is longer than"},
	{"deep", 70, "nested deeper than"},
	{"flood", 70, "notifications a second"},
	{"not-healed", 70, "did not confirm"},
	{"huge-counters", 70, "could not be healed on web"},
	{"strange-measures", 70, "could not be healed on web"},
	{"prober-flood", 70, "notifications a second"},
	{"prober-lies", 70, "unknown probe"},
};
enum {
	MANNERS = sizeof(manners) / sizeof(manners[0])
};

struct hostile_run {
	const struct manner *manner;
	bool reports; /* it is a run, and leaves some */
	struct cli cli;
	struct cli_process process;
};

static void begin(struct hostile_run *run, const struct manner *manner, const char *command)
{
	const char *build = getenv("BACKBURN_BUILD");
	const char *prober = strncmp(manner->name, "prober", 6) == 0 ? manner->name : "good";
	char *text;

	run->manner = manner;
	run->reports = strcmp(command, "run") == 0;
	cli_begin(&run->cli);
	assert_true(
		asprintf(&text,
			"{ \"backburn_environment\": 1, \"name\": \"%s\", \"hosts\": {"
			" \"web1\": { \"connect\": [\"%s/tests/bin/hostile_injector\", \"%s\"] },"
			" \"me\": { \"connect\": [\"%s/tests/bin/hostile_injector\", \"%s\"] } },"
			" \"nodes\": { \"web\": { \"host\": \"web1\" }, \"client\": { \"host\":"
			" \"me\" } } }",
			manner->name, build, manner->name, build, prober) > 0);
	cli_start((const char *[]){command, cli_file("tests/e2e/files/hostile.json"), "--on",
			  cli_write(&run->cli, "env.json", text), run->reports ? "--runs" : NULL,
			  run->cli.runs, NULL},
		&run->process);
	free(text);
}

/* ---- what came out ---- */

/* Escapes, C1 controls, marks that turn text around: none may come through. */
static void assert_plain(const struct manner *manner, const char *where, const char *text)
{
	static const char control[] = {'\xc2', '\x9b', '\0'};
	static const char turn_around[] = {'\xe2', '\x80', '\xae', '\0'};
	static const char *const marks[] = {control, turn_around};

	for (const char *at = text; *at; at++)
		if (((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') || *at == 0x7f)
			fail_msg("%s: byte %d in %s: %.80s", manner->name, *at, where, at);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strstr(text, marks[i]))
			fail_msg("%s: a mark of theirs in %s", manner->name, where);
}

/* The journal is theirs, as JSON; every report of it is ours. */
static void assert_plain_reports(struct hostile_run *run)
{
	const char *path = cli_only_run(&run->cli);
	DIR *directory = opendir(path);
	struct dirent *entry;
	char file[1024];

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		char *text;

		if (entry->d_name[0] == '.' || strstr(entry->d_name, "journal") ||
			entry->d_type != DT_REG)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		text = cli_read(file);
		if (!strstr(entry->d_name, ".json"))
			assert_plain(run->manner, entry->d_name, text);
		free(text);
	}
	closedir(directory);
}

static void await_end(struct hostile_run *run, int *out_status, struct rusage *out_cost)
{
	time_t give_up = time(NULL) + WITHIN_S;

	while (wait4(run->process.pid, out_status, WNOHANG, out_cost) == 0) {
		if (time(NULL) > give_up) {
			kill(run->process.pid, SIGKILL);
			waitpid(run->process.pid, NULL, 0);
			fail_msg("%s: still there after %d s", run->manner->name, WITHIN_S);
		}
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
}

static void finish(struct hostile_run *run)
{
	const struct manner *manner = run->manner;
	struct rusage cost;
	char *out, *err;
	int status;

	await_end(run, &status, &cost);
	out = cli_taken(run->process.out);
	err = cli_taken(run->process.err);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != manner->code)
		fail_msg("%s: status %x, expected exit %d\n%s\n%s", manner->name, status,
			manner->code, err, out);
	if (!strstr(out, manner->says) && !strstr(err, manner->says))
		fail_msg("%s: nobody says \"%s\":\n%s\n%s", manner->name, manner->says, err, out);
	assert_plain(manner, "standard output", out);
	assert_plain(manner, "standard error", err);
	if (run->reports)
		assert_plain_reports(run);
#if !defined(__SANITIZE_ADDRESS__)
	if (cost.ru_maxrss > MEMORY_MAX_KB)
		fail_msg("%s: the controller used %ld KiB", manner->name, cost.ru_maxrss);
#endif
	if (cost.ru_utime.tv_sec + cost.ru_stime.tv_sec > CPU_MAX_S)
		fail_msg("%s: the controller used %ld s of CPU", manner->name,
			(long)(cost.ru_utime.tv_sec + cost.ru_stime.tv_sec));
	free(out);
	free(err);
	cli_end(&run->cli);
}

static void they_may_say_what_they_like(void **state)
{
	struct hostile_run runs[AT_ONCE];

	(void)state;
	for (size_t first = 0; first < MANNERS; first += AT_ONCE) {
		size_t count = MANNERS - first < AT_ONCE ? MANNERS - first : AT_ONCE;

		for (size_t i = 0; i < count; i++)
			begin(&runs[i], &manners[first + i], "run");
		for (size_t i = 0; i < count; i++)
			finish(&runs[i]);
	}
}

/* A plan ends as the run would: whoever calls our requests wrong has not read wrong files of ours.
 */
static void a_plan_is_refused_as_a_run_is(void **state)
{
	static const struct manner manner = {"wrong-use", 4, "no "};
	struct hostile_run run;

	(void)state;
	begin(&run, &manner, "plan");
	finish(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_may_say_what_they_like),
		cmocka_unit_test(a_plan_is_refused_as_a_run_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

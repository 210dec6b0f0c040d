/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_CLI_H
#define BACKBURN_TESTS_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <cjson/cJSON.h>

/* The real `backburn`, run as people run it. Everything asserts. */
enum {
	CLI_ARGS_MAX = 24
};

/* First in main(): 77 (skipped) where no lab can be made, with the reason on stdout, else 0. */
int cli_unavailable(void);

/* A directory of the test's own, removed at its end by cli_end(). */
struct cli {
	char dir[64];
	char runs[96]; /* --runs */
};

void cli_begin(struct cli *cli);
void cli_end(struct cli *cli);

struct cli_result {
	int code; /* exit code, or 128 + signal */
	char *out, *err;
};

/* Runs the arguments (NULL-terminated) to their end. cli_result_free() after use. */
void cli_run(const char *const *args, struct cli_result *result);
/*
 * The same for `run`, up to three times while it ends with 6: on a machine that is too busy for the
 * probes the system is not steady before the fault, and nothing is shown. Asserts that this is what
 * the run says, and that no fault was armed in it. Of such tries nothing is left in cli->runs.
 */
void cli_run_steady(const struct cli *cli, const char *const *args, struct cli_result *result);
/*
 * The same as the user nobody, for whom the program is copied into cli->dir: the build may lie
 * where nobody may not look.
 */
void cli_as_nobody(const struct cli *cli, const char *const *args, struct cli_result *result);
/* A program that was built here into cli->dir; its path into `out`. */
void cli_copy_program(const struct cli *cli, const char *name, char *out, size_t size);
void cli_result_free(struct cli_result *result);

/* The same in the background, with --runs: for tests that break it. */
struct cli_process {
	pid_t pid;
	int out, err; /* files, to be read after the end */
};
void cli_start(const char *const *args, struct cli_process *process);
/* Another program, by its whole argument vector; looked up in the PATH. */
void cli_start_program(const char *const *argv, struct cli_process *process);
void cli_run_program(const char *const *argv, struct cli_result *result);
/* Whether it has, without taking notice of it: cli_wait() is still due. */
bool cli_has_ended(const struct cli_process *process);
/* All that was written to such a file, to be freed; closes it. */
char *cli_taken(int fd);
/* Waits, at most `within_s`; asserts that it ended. */
void cli_wait(struct cli_process *process, int within_s, struct cli_result *result);

/* The directory of the only run in cli->runs, valid until the next call; asserts that it is there.
 */
const char *cli_only_run(const struct cli *cli);
/* summary.json of the only run in cli->runs. */
cJSON *cli_summary(const struct cli *cli);
/* All journal events so far of the only run, as an array; an empty one before there is a run. */
cJSON *cli_journal(const struct cli *cli);
/* Members of an object; asserts that they are there, and of that type. */
double cli_number(const cJSON *object, const char *key);
const char *cli_text(const cJSON *object, const char *key);
/* The first object of a list, and the first whose member `key` is `value`; assert that it is there.
 */
const cJSON *cli_first(const cJSON *object, const char *list);
const cJSON *cli_item(const cJSON *list, const char *key, const char *value);
/* Of how many nodes the revert is confirmed. */
int cli_confirmed(const cJSON *summary);
/* The first event of that type whose member `key` is `value` (key NULL: any); NULL: none. */
const cJSON *cli_event(const cJSON *journal, const char *type, const char *key, const char *value);
/* Waits until cli_event() is there; the caller deletes the returned journal. */
cJSON *cli_await_event(
	const struct cli *cli, const char *type, const char *key, const char *value, int within_s);

/* CLOCK_MONOTONIC. */
int64_t cli_now_ms(void);
/* Between two looks at what is awaited, or until the moment of a blow; for nothing else. */
void cli_pause_ms(int ms);

/* Path of a program that was built here, valid until the next but seven calls. */
const char *cli_program(const char *name);

/* Path of a file in the repository, valid until the next but seven calls. */
const char *cli_file(const char *name);

/* Writes `text` to cli->dir/name and returns its path, valid until the next but seven calls. */
const char *cli_write(const struct cli *cli, const char *name, const char *text);

/*
 * The shipped lab of that name under another one, with an environment around it: tests of one lab
 * run side by side. Both files are in cli->dir; the environment's path, for --on, is returned,
 * valid until the next but seven calls.
 */
const char *cli_lab_as(const struct cli *cli, const char *lab, const char *name);

/* A file's whole text; asserts that it can be read. The caller frees. */
char *cli_read(const char *path);

/* A file's text with one replacement; asserts that `what` is there. The caller frees. */
char *cli_replaced(const char *path, const char *what, const char *by);

/*
 * Takes labs down, NULL-terminated, that a failed test has left, or else the next one would fail
 * too. Always 0: for a group's teardown.
 */
int cli_labs_down(const char *const *labs);

/* Runs a program in a lab's node, by its argument vector; returns its exit code. */
int cli_in_node(const char *lab, const char *node, const char *const *args);

#endif

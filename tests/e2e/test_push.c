/* SPDX-License-Identifier: Apache-2.0 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"

/*
 * `backburn push` to a host that has nothing of ours: a root of its own, behind a `connect` that
 * enters it, with the C library, tar and a few of coreutils in it, and no libnl, libbpf, libuv,
 * libcurl or cJSON.
 */
#define FOLDER "/usr/local/lib/backburn"
#define LOADER "/lib64/ld-linux-x86-64.so.2"

enum {
	SKIPPED = 77
};

static const char *const programs[] = {"cat", "env", "getconf", "ln", "mkdir", "mv", "readlink",
	"rm", "tar", "uname", "true", "false"};

struct host {
	struct cli cli;
	char root[128];
	const char *environment;
};

/* --- a host ------------------------------------------------------------------------------ */

static void must(const char *const *argv)
{
	struct cli_result result;

	cli_run_program(argv, &result);
	if (result.code != 0)
		fail_msg("%s: exit %d: %s", argv[0], result.code, result.err);
	cli_result_free(&result);
}

#define MUST(...) must((const char *const[]){__VA_ARGS__, NULL})

static const char *inside(const struct host *host, const char *path)
{
	static char paths[4][256];
	static unsigned turn;
	char *full = paths[turn++ % 4];

	snprintf(full, sizeof(paths[0]), "%s%s", host->root, path);
	return full;
}

/* The program, and what the loader says that it needs. */
static void copy_program(const struct host *host, const char *path)
{
	struct cli_result result;
	char *rest, *line;

	MUST("cp", "--dereference", "--parents", path, host->root);
	cli_run_program((const char *[]){LOADER, "--list", path, NULL}, &result);
	assert_int_equal(result.code, 0);
	rest = result.out;
	while ((line = strsep(&rest, "\n"))) {
		char *library = strstr(line, " => /");

		if (!library)
			continue;
		library += strlen(" => ");
		library[strcspn(library, " ")] = '\0';
		MUST("cp", "--dereference", "--parents", library, host->root);
	}
	cli_result_free(&result);
}

/* All of it, as on any host: libm and others that the programs above don't need. */
static void copy_c_library(const struct host *host)
{
	static const char *const names[] = {"libc.so.6", "libdl.so.2", "libm.so.6",
		"libpthread.so.0", "libresolv.so.2", "librt.so.1"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/lib/x86_64-linux-gnu/%s", names[i]);
		MUST("cp", "--dereference", "--parents", path, host->root);
	}
}

static void host_begin(struct host *host)
{
	char text[1024];

	cli_begin(&host->cli);
	snprintf(host->root, sizeof(host->root), "%s/root", host->cli.dir);
	MUST("mkdir", "-p", host->root, inside(host, "/proc"), inside(host, "/usr/bin"));
	MUST("cp", "--dereference", "--parents", LOADER, host->root);
	copy_c_library(host);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/usr/bin/%s", programs[i]);
		copy_program(host, path);
	}
	snprintf(text, sizeof(text),
		"{\"backburn_environment\": 1, \"name\": \"bare\", \"hosts\": {\"bare\": "
		"{\"connect\": [\"unshare\", \"--mount\", \"--root=%s\", \"--mount-proc=/proc\", "
		"\"--\", \"env\", \"-i\", \"PATH=/usr/local/bin:/usr/bin\"]}, \"gone\": "
		"{\"connect\": [\"no-such-program\"]}}, \"nodes\": {\"n\": {\"host\": \"bare\"}}}",
		host->root);
	host->environment = strdup(cli_write(&host->cli, "bare.json", text));
}

static void host_end(struct host *host)
{
	free((char *)host->environment);
	cli_end(&host->cli);
}

/* Runs a program on the host, as a run would. */
static void on_host(const struct host *host, const char *const *words, struct cli_result *result)
{
	char root[160];
	const char *argv[CLI_ARGS_MAX] = {"unshare", "--mount", root, "--mount-proc=/proc", "--",
		"env", "-i", "PATH=/usr/local/bin:/usr/bin"};
	size_t count = 8;

	snprintf(root, sizeof(root), "--root=%s", host->root);
	while (*words)
		argv[count++] = *words++;
	cli_run_program(argv, result);
}

static void push(const struct host *host, const char *option, int code, struct cli_result *result)
{
	cli_run((const char *[]){"push", "--on", host->environment, "bare", option, NULL}, result);
	if (result->code != code)
		fail_msg(
			"exit %d, expected %d\n%s%s", result->code, code, result->out, result->err);
}

static void push_ok(const struct host *host, const char *says)
{
	struct cli_result result;

	push(host, NULL, 0, &result);
	if (!strstr(result.out, says))
		fail_msg("not \"%s\": %s", says, result.out);
	cli_result_free(&result);
}

static void push_fails(const struct host *host, const char *says)
{
	struct cli_result result;

	push(host, NULL, 4, &result);
	if (!strstr(result.err, "bare: failed: ") || !strstr(result.err, says))
		fail_msg("not \"%s\": %s", says, result.err);
	cli_result_free(&result);
}

/* How many paths on the host match. */
static size_t matches(const struct host *host, const char *pattern)
{
	glob_t found;
	size_t count = 0;

	if (glob(inside(host, pattern), GLOB_PERIOD, NULL, &found) == 0) {
		count = found.gl_pathc;
		globfree(&found);
	}
	return count;
}

static void assert_nothing_arrived(const struct host *host)
{
	assert_int_equal(matches(host, "/usr/local/bin/backburn*"), 0);
	assert_int_equal(matches(host, FOLDER "/.part-*"), 0);
	assert_int_equal(matches(host, FOLDER "/[0-9]*"), 0);
}

/* --- tests -------------------------------------------------------------------------------- */

static void assert_says_the_same(const struct host *host, const char *program, const char *word)
{
	struct cli_result here, there;

	cli_run_program((const char *[]){cli_program(program), word, NULL}, &here);
	on_host(host, (const char *[]){program, word, NULL}, &there);
	if (there.code != 0)
		fail_msg("%s on the host: exit %d: %s", program, there.code, there.err);
	assert_string_equal(here.out, there.out);
	cli_result_free(&here);
	cli_result_free(&there);
}

static void it_runs_where_no_library_of_its_own_is(void **state)
{
	static const char *const libraries[] = {
		"libuv", "libbpf", "libnl-3", "libcurl", "libcjson"};
	struct host host;

	(void)state;
	host_begin(&host);
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		char pattern[64];

		snprintf(pattern, sizeof(pattern), "/lib/x86_64-linux-gnu/%s.*", libraries[i]);
		assert_int_equal(matches(&host, pattern), 0);
	}
	push_ok(&host, "bare: pushed ");
	assert_says_the_same(&host, "backburn-injector", "catalogue");
	assert_says_the_same(&host, "backburn", "faults");
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		char pattern[128];

		snprintf(pattern, sizeof(pattern), FOLDER "/*/lib/%s.*", libraries[i]);
		assert_int_equal(matches(&host, pattern), 1);
	}
	/* The host's own C library is used. */
	assert_int_equal(matches(&host, FOLDER "/*/lib/libc.*"), 0);
	assert_int_equal(matches(&host, FOLDER "/.part-*"), 0);
	host_end(&host);
}

static ino_t inode_of(const struct host *host)
{
	struct stat status;
	glob_t found;

	assert_int_equal(glob(inside(host, FOLDER "/*/backburn-injector"), 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	assert_int_equal(stat(found.gl_pathv[0], &status), 0);
	globfree(&found);
	return status.st_ino;
}

static void what_is_there_is_left_alone(void **state)
{
	struct host host;
	ino_t inode;

	(void)state;
	host_begin(&host);
	push_ok(&host, "bare: pushed ");
	inode = inode_of(&host);
	push_ok(&host, "bare: has ");
	/* Somebody put another program in the way: only its name is taken back. */
	MUST("rm", inside(&host, "/usr/local/bin/backburn"));
	MUST("cp", inside(&host, "/usr/bin/true"), inside(&host, "/usr/local/bin/backburn"));
	push_ok(&host, "bare: pushed ");
	assert_says_the_same(&host, "backburn", "--version");
	assert_true(inode_of(&host) == inode);
	host_end(&host);
}

static void a_dry_run_writes_nothing(void **state)
{
	struct cli_result result;
	struct host host;

	(void)state;
	host_begin(&host);
	push(&host, "--dry-run", 0, &result);
	assert_non_null(strstr(result.out, "bare: would get "));
	assert_non_null(strstr(result.out, "/lib/libuv.so.1\n"));
	cli_result_free(&result);
	assert_int_equal(matches(&host, "/usr/local"), 0);
	host_end(&host);
}

static void what_does_not_run_there_is_not_put_in_place(void **state)
{
	struct host host;

	(void)state;
	host_begin(&host);
	MUST("mkdir", "-p", inside(&host, "/usr/local/bin"));
	MUST("cp", inside(&host, "/usr/bin/true"), inside(&host, "/usr/local/bin/backburn"));
	MUST("rm", inside(&host, "/lib/x86_64-linux-gnu/libm.so.6"));
	push_fails(&host, "it does not run there: ");
	MUST("cmp", inside(&host, "/usr/bin/true"), inside(&host, "/usr/local/bin/backburn"));
	host_end(&host);
}

static void other_machines_are_refused_first(void **state)
{
	struct host host;

	(void)state;
	host_begin(&host);
	MUST("cp", cli_program("old-getconf"), inside(&host, "/usr/bin/getconf"));
	push_fails(&host, "its glibc is 2.17, and these programs need 2.");
	MUST("cp", inside(&host, "/usr/bin/true"), inside(&host, "/usr/bin/getconf"));
	push_fails(&host, "its C library is not glibc");
	MUST("cp", cli_program("old-getconf"), inside(&host, "/usr/bin/uname"));
	push_fails(&host, "its architecture is glibc 2.17, and these programs are for ");
	assert_int_equal(matches(&host, "/usr/local"), 0);
	host_end(&host);
}

static void what_arrives_by_half_never_gets_its_name(void **state)
{
	/* One says so, the other pretends. */
	static const char *const broken[] = {"/usr/bin/false", "/usr/bin/true"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct host host;

		host_begin(&host);
		MUST("cp", inside(&host, broken[i]), inside(&host, "/usr/bin/tar"));
		push_fails(&host, "tar: ");
		assert_nothing_arrived(&host);
		/* Mended, the next push finds nothing in its way. */
		MUST("cp", "/usr/bin/tar", inside(&host, "/usr/bin/tar"));
		push_ok(&host, "bare: pushed ");
		host_end(&host);
	}
}

static void further_programs_lie_beside(void **state)
{
	struct cli_result result;
	struct host host;
	char option[512];

	(void)state;
	host_begin(&host);
	snprintf(option, sizeof(option), "--with=%s", cli_program("etcd-set-client"));
	push(&host, option, 0, &result);
	cli_result_free(&result);
	assert_int_equal(matches(&host, FOLDER "/*/etcd-set-client"), 1);
	assert_int_equal(matches(&host, "/usr/local/bin/etcd-set-client"), 0);
	host_end(&host);
}

static void hosts_that_are_not_there(void **state)
{
	struct cli_result result;
	const char *environment;
	char says[512];
	struct host host;

	(void)state;
	host_begin(&host);
	/* One host's failure is no other's. */
	cli_run((const char *[]){"push", "--on", host.environment, NULL}, &result);
	assert_int_equal(result.code, 4);
	assert_non_null(strstr(result.out, "bare: pushed "));
	assert_non_null(strstr(result.err, "gone: failed: no-such-program: No such file"));
	cli_result_free(&result);
	cli_run((const char *[]){"push", "--on", host.environment, "bar", NULL}, &result);
	assert_int_equal(result.code, 64);
	snprintf(says, sizeof(says),
		"backburn: no host named \"bar\" stands in %s under \"hosts\"\n", host.environment);
	assert_string_equal(result.err, says);
	cli_result_free(&result);
	cli_run((const char *[]){"push", "--on", cli_file("scenarios/env/lab-etcd.json"), NULL},
		&result);
	assert_int_equal(result.code, 64);
	assert_string_equal(result.err,
		"backburn: a lab's nodes are on this machine and run the programs that are here: "
		"there is nothing to push\n");
	cli_result_free(&result);
	environment = cli_write(&host.cli, "none.json",
		"{\"backburn_environment\":1,\"name\":\"none\",\"nodes\":{\"here\":{\"host\":"
		"\"local\"}}}");
	cli_run((const char *[]){"push", "--on", environment, NULL}, &result);
	assert_int_equal(result.code, 64);
	snprintf(says, sizeof(says), "backburn: %s names no hosts\n", environment);
	assert_string_equal(result.err, says);
	cli_result_free(&result);
	host_end(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_runs_where_no_library_of_its_own_is),
		cmocka_unit_test(what_is_there_is_left_alone),
		cmocka_unit_test(a_dry_run_writes_nothing),
		cmocka_unit_test(what_does_not_run_there_is_not_put_in_place),
		cmocka_unit_test(other_machines_are_refused_first),
		cmocka_unit_test(what_arrives_by_half_never_gets_its_name),
		cmocka_unit_test(further_programs_lie_beside),
		cmocka_unit_test(hosts_that_are_not_there),
	};

	if (geteuid() != 0 || access(LOADER, X_OK) != 0) {
		print_message("skipped: needs root, and " LOADER "\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "injector/privilege.h"
#include "tests/e2e/cli.h"
#include "tests/e2e/ssh_lab.h"

/*
 * The main job with a controller that nobody runs, without a capability, against hosts that are
 * reached by ssh and sudo. While the leader is cut off, the kernel is asked what each process may
 * do.
 */
enum {
	NOBODY = 65534,
	STATUS_BYTES = 8192
};

static struct ssh_lab lab;
static struct cli cli;

static int begin(void **state)
{
	(void)state;
	cli_begin(&cli);
	return 0;
}

static int end(void **state)
{
	(void)state;
	ssh_lab_down(&lab);
	cli_end(&cli);
	return 0;
}

/* --- what the kernel says -------------------------------------------------------------- */

static bool read_proc(pid_t pid, const char *name, char text[STATUS_BYTES])
{
	char path[64];
	FILE *file;
	size_t used;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "re");
	used = file ? fread(text, 1, STATUS_BYTES - 1, file) : 0;
	if (file)
		fclose(file);
	for (size_t i = 0; i + 1 < used; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[used] = '\0';
	return used > 0;
}

static const char *line_of(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	if (!line)
		fail_msg("no %s", key);
	return line + strlen(key);
}

static uint64_t set_of(const char *status, const char *key)
{
	return strtoull(line_of(status, key), NULL, 16);
}

static void assert_ids(const char *status, const char *key, unsigned wanted)
{
	unsigned ids[4];

	assert_int_equal(
		sscanf(line_of(status, key), "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]), 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ids[i], wanted);
}

struct rights {
	unsigned uid;
	uint64_t permitted, effective, bounding;
};

static void assert_rights(const char *status, const struct rights *wanted)
{
	assert_ids(status, "\nUid:", wanted->uid);
	assert_true(set_of(status, "\nCapPrm:") == wanted->permitted);
	assert_true(set_of(status, "\nCapEff:") == wanted->effective);
	assert_true(set_of(status, "\nCapBnd:") == wanted->bounding);
	assert_true(set_of(status, "\nCapInh:") == 0);
	assert_true(set_of(status, "\nCapAmb:") == 0);
	assert_int_equal(strtol(line_of(status, "\nNoNewPrivs:"), NULL, 10), 1);
}

/* --- who is who ------------------------------------------------------------------------ */

static struct rights of_injector(void)
{
	struct rights rights = {0};

	for (size_t i = 0; i < kept_capability_count; i++) {
		uint64_t bit = UINT64_C(1) << kept_capabilities[i].number;

		rights.permitted |= bit;
		if (!kept_capabilities[i].at_times)
			rights.effective |= bit;
	}
	rights.bounding = rights.permitted;
	return rights;
}

enum part {
	INJECTOR,
	KEEPER,
	PROBER,
	ASKER,
	CLIENT,
	PARTS
};

static const char *const commands[] = {
	[INJECTOR] = "backburn-injector session",
	[KEEPER] = "backburn-injector lane",
	[PROBER] = "backburn probe",
	[ASKER] = "backburn ask",
	[CLIENT] = "etcd-set-client",
};

/* What sshd and sudo run on our behalf is theirs until it is ours. */
static bool is_carrier(const char *cmdline)
{
	return strncmp(cmdline, "sshd", 4) == 0 || strncmp(cmdline, "sudo", 4) == 0 ||
		strstr(cmdline, "sh -c ") != NULL;
}

static void look_at(void *context, pid_t pid)
{
	/* The keeper of lanes is root's, has nothing, and can't get any of what bounds it. */
	const struct rights injector = of_injector(), keeper = {.bounding = injector.bounding},
			    none = {.uid = NOBODY};
	char cmdline[STATUS_BYTES], status[STATUS_BYTES];
	size_t *seen = context;

	if (!read_proc(pid, "cmdline", cmdline) || is_carrier(cmdline) ||
		!read_proc(pid, "status", status))
		return;
	for (int part = 0; part < PARTS; part++) {
		if (!strstr(cmdline, commands[part]))
			continue;
		assert_rights(status,
			part == INJECTOR         ? &injector
				: part == KEEPER ? &keeper
						 : &none);
		if (part == INJECTOR)
			assert_int_equal(strtol(line_of(status, "\nUmask:"), NULL, 8), 077);
		seen[part]++;
		return;
	}
	fail_msg("who is \"%s\"?", cmdline);
}

static void look_at_hosts(void)
{
	size_t seen[PARTS] = {0};

	for (size_t i = 0; i < lab.count; i++)
		ssh_host_each(&lab.hosts[i], look_at, seen);
	assert_int_equal(seen[INJECTOR], lab.count);
	assert_true(seen[PROBER] >= 1);
	assert_true(seen[CLIENT] >= 1);
}

/* The controller and its ssh: they run as nobody, who has nothing. */
static void look_at_controller(pid_t controller)
{
	const struct rights none = {.uid = NOBODY};
	char status[STATUS_BYTES];
	const struct dirent *entry;
	DIR *proc = opendir("/proc");
	size_t children = 0;

	assert_true(read_proc(controller, "status", status));
	assert_rights(status, &none);
	assert_non_null(proc);
	while ((entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0 || !read_proc(pid, "status", status) ||
			strtol(line_of(status, "\nPPid:"), NULL, 10) != controller)
			continue;
		assert_rights(status, &none);
		children++;
	}
	closedir(proc);
	assert_true(children >= lab.count);
}

/* --- the run --------------------------------------------------------------------------- */

static void assert_held(void)
{
	cJSON *summary = cli_summary(&cli);
	const cJSON *item;

	assert_string_equal(cJSON_GetObjectItem(summary, "verdict")->valuestring, "HELD");
	assert_int_equal(cli_confirmed(summary), lab.count);
	item = cli_first(summary, "data");
	assert_true(cli_number(item, "acknowledged") > 100);
	assert_true(cli_number(item, "lost") == 0);
	cJSON_Delete(summary);
}

static void test_nobody_runs_the_main_job(void **state)
{
	struct cli_process process;
	struct cli_result result;

	(void)state;
	ssh_lab_up(&lab, &cli,
		&(struct ssh_lab_options){.lab_file = cli_file("scenarios/labs/etcd.json"),
			.name = "sshetcd",
			.controller = NOBODY});
	ssh_lab_start(&lab,
		(const char *[]){"run", cli_file("tests/e2e/files/ssh-leader.json"), "--on",
			ssh_lab_environment(&lab, SSH_WITH_SUDO), "--runs", cli.runs, NULL},
		&process);
	cJSON_Delete(cli_await_event(&cli, "fault_armed", NULL, NULL, 90));
	look_at_hosts();
	look_at_controller(process.pid);
	cli_wait(&process, 120, &result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	cli_result_free(&result);
	assert_held();
	for (size_t i = 0; i < lab.count; i++)
		ssh_host_assert_quiet(&lab.hosts[i], 10);
}

/* --- the page -------------------------------------------------------------------------- */

static void test_the_page_has_the_table(void **state)
{
	FILE *file = fopen(cli_file("docs/safety.md"), "re");
	char *text = calloc(1, 256 * 1024);

	(void)state;
	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 256 * 1024 - 1, file) > 0);
	fclose(file);
	for (size_t i = 0; i < kept_capability_count; i++) {
		char row[512];

		snprintf(row, sizeof(row), "| `%s` | %s | %s |", kept_capabilities[i].name,
			kept_capabilities[i].at_times ? "for those calls only" : "always",
			kept_capabilities[i].why);
		if (!strstr(text, row))
			fail_msg("docs/safety.md has no row\n%s", row);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_page_has_the_table),
		cmocka_unit_test_setup_teardown(test_nobody_runs_the_main_job, begin, end),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

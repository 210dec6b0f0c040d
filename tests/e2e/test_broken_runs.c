/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/fail.h"
#include "controller/lab/lab_cgroup.h"
#include "controller/lab/lab_paths.h"
#include "tests/e2e/cli.h"
#include "tests/e2e/host_state.h"
#include "tests/programs.h"

/*
 * Runs that lose a part of themselves in mid-partition: packets flow again in time whatever dies,
 * and afterwards everything is as it was. Each under tcx and under clsact.
 */
enum {
	LEASE_MS = 2000
};

static const char *const modes[] = {"tcx", "clsact"};

/* --- reaching the server from the client's namespace ----------------------------------- */

static int connect_once(int timeout_ms)
{
	struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(2379)};
	struct pollfd wait = {.events = POLLOUT};
	int error = 0;
	socklen_t length = sizeof(error);

	inet_pton(AF_INET, "10.78.0.2", &server.sin_addr);
	wait.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connect(wait.fd, (struct sockaddr *)&server, sizeof(server)) < 0 &&
		(errno != EINPROGRESS || poll(&wait, 1, timeout_ms) != 1 ||
			getsockopt(wait.fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error)) {
		close(wait.fd);
		return -1;
	}
	close(wait.fd);
	return 0;
}

/* From the client's namespace, again and again; at least once. */
static bool connects_within(int within_ms, int attempt_ms)
{
	int64_t start_ms = cli_now_ms();
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		int fd = open("/run/netns/bb-pair-client", O_RDONLY | O_CLOEXEC);

		if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
			_exit(2);
		do {
			if (connect_once(attempt_ms) == 0)
				_exit(0);
		} while (cli_now_ms() - start_ms < within_ms);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 0;
}

/* Milliseconds until a connection succeeds; asserts that one does within `within_ms`. */
static int64_t reachable_after(int within_ms)
{
	int64_t start_ms = cli_now_ms();

	if (!connects_within(within_ms, 50))
		fail_msg("not reachable within %d ms", within_ms);
	return cli_now_ms() - start_ms;
}

static bool reachable_now(void)
{
	return connects_within(0, 300);
}

/* --- a run in mid-partition ------------------------------------------------------------ */

struct broken {
	struct cli cli;
	struct cli_process process;
	char *state, *programs;
};

/* The run that is going on, so that a failed test leaves none behind. */
static struct broken current;

static int teardown(void **state)
{
	struct cli_result lab;

	(void)state;
	if (current.process.pid > 0) {
		kill(current.process.pid, SIGKILL);
		waitpid(current.process.pid, NULL, 0);
	}
	current = (struct broken){0};
	cli_run((const char *[]){"lab", "down", "pair", NULL}, &lab);
	cli_result_free(&lab);
	cli_run((const char *[]){"lab", "down", "empty", NULL}, &lab);
	cli_result_free(&lab);
	return 0;
}

static bool has_dropped(const struct cli *cli)
{
	cJSON *journal = cli_journal(cli);
	const cJSON *event, *counter;
	bool dropped = false;

	cJSON_ArrayForEach(event, journal) {
		cJSON_ArrayForEach(counter, cJSON_GetObjectItem(event, "counters")) {
			dropped = dropped ||
				strcmp(cJSON_GetObjectItem(counter, "packets")->valuestring, "0") !=
					0;
		}
	}
	cJSON_Delete(journal);
	return dropped;
}

static int injector_pid(const struct broken *run, const char *node)
{
	cJSON *journal = cli_journal(&run->cli);
	const cJSON *event = cli_event(journal, "node", "node", node);
	int pid;

	assert_non_null(event);
	pid = (int)cJSON_GetObjectItem(event, "pid")->valuedouble;
	cJSON_Delete(journal);
	return pid;
}

static void fail_with_what_it_said(struct broken *run)
{
	struct cli_result said;

	kill(run->process.pid, SIGTERM);
	cli_wait(&run->process, 60, &said);
	run->process.pid = 0;
	fprintf(stderr, "%s\n%s\n", said.err, said.out);
	fail_msg("no packet was dropped within 40 s, or before the run ended");
}

/* Starts a run and waits for the evidence that its cut is on. */
static struct broken *begin(const char *attach)
{
	int64_t until_ms = cli_now_ms() + 40000;
	struct broken *run = &current;

	run->state = host_state("pair");
	run->programs = programs_list();
	cli_begin(&run->cli);
	cli_start((const char *[]){"run", cli_file("tests/e2e/files/outage.json"), "--on",
			  cli_file("tests/e2e/files/pair-env.json"), "--runs", run->cli.runs,
			  "--param", "patience=20s", "--attach", attach, NULL},
		&run->process);
	while (!has_dropped(&run->cli)) {
		if (cli_now_ms() > until_ms || cli_has_ended(&run->process))
			fail_with_what_it_said(run);
		cli_pause_ms(50);
	}
	assert_false(reachable_now());
	return run;
}

/* A controller that was killed waits for none of its children: they end a moment later. */
static void await_state(char *before)
{
	int64_t until_ms = cli_now_ms() + 15000;

	for (;;) {
		char *now = host_state("pair");
		bool same = strcmp(now, before) == 0;

		free(now);
		if (same || cli_now_ms() > until_ms)
			break;
		cli_pause_ms(50);
	}
	assert_host_state("pair", before);
}

/* Waits for the run, checks its code, and that the machine is as before. */
static void finish(struct broken *run, int code, struct cli_result *result)
{
	cli_wait(&run->process, 120, result);
	if (result->code != code) {
		/* Whole, not through cmocka, which cuts it where it gets interesting. */
		fprintf(stderr, "%s\n%s\n", result->err, result->out);
		fail_msg("exit %d, expected %d", result->code, code);
	}
	run->process.pid = 0;
	assert_no_new_programs(run->programs);
	await_state(run->state);
}

static void assert_reverted(const struct broken *run)
{
	cJSON *summary = cli_summary(&run->cli);
	const cJSON *revert;

	cJSON_ArrayForEach(revert, cJSON_GetObjectItem(summary, "revert")) {
		if (!cJSON_IsTrue(cJSON_GetObjectItem(revert, "confirmed")))
			fail_msg("not reverted: %s", cJSON_Print(revert));
	}
	cJSON_Delete(summary);
}

/* --- tests ----------------------------------------------------------------------------- */

static void test_ctrl_c_heals_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct cli_result result;
		struct broken *run = begin(modes[i]);
		cJSON *journal;

		kill(run->process.pid, SIGINT);
		reachable_after(10000);
		finish(run, 130, &result);
		journal = cli_journal(&run->cli);
		assert_non_null(cli_event(journal, "fault_over", "fault", "cut"));
		cJSON_Delete(journal);
		assert_reverted(run);
		cli_result_free(&result);
		cli_end(&run->cli);
	}
}

/* Links, qdiscs and filters of both nodes, as ip and tc tell them. The caller frees. */
static char *nodes_state(void)
{
	static const char *const nodes[] = {"n1", "client"};
	static const char *const questions[][6] = {
		{"ip", "-o", "link", "show", NULL},
		{"tc", "qdisc", "show", NULL},
		{"tc", "filter", "show", "dev", "eth0", NULL},
		{"ip", "rule", "show", NULL},
	};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t node = 0; node < 2; node++)
		for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
			const char *argv[12] = {"lab", "exec", "pair", nodes[node], "--"};
			struct cli_result result;

			memcpy(argv + 5, questions[i], sizeof(questions[i]));
			cli_run(argv, &result);
			assert_int_equal(result.code, 0);
			fprintf(out, "%s\n%s", nodes[node], result.out);
			cli_result_free(&result);
		}
	fclose(out);
	return text;
}

/* The kept lab makes it possible to look at what the dead controller left. */
static void test_controller_killed(void **state)
{
	struct cli_result lab;
	char *state_before = host_state("pair"), *nodes_before, *nodes_after;

	(void)state;
	cli_run((const char *[]){"lab", "up", cli_file("tests/e2e/files/pair-lab.json"), NULL},
		&lab);
	assert_int_equal(lab.code, 0);
	cli_result_free(&lab);
	nodes_before = nodes_state();
	for (size_t i = 0; i < 2; i++) {
		struct cli_result result;
		struct broken *run = begin(modes[i]);
		int64_t after_ms;

		kill(run->process.pid, SIGKILL);
		after_ms = reachable_after(10000);
		print_message("%s: reachable %lld ms after the controller's SIGKILL\n", modes[i],
			(long long)after_ms);
		assert_true(after_ms < 1000);
		/* Injectors heal and end by themselves: nothing has to be recovered. */
		finish(run, 128 + SIGKILL, &result);
		nodes_after = nodes_state();
		assert_string_equal(nodes_after, nodes_before);
		free(nodes_after);
		cli_result_free(&result);
		cli_end(&run->cli);
	}
	free(nodes_before);
	cli_run((const char *[]){"lab", "down", "pair", NULL}, &lab);
	assert_int_equal(lab.code, 0);
	cli_result_free(&lab);
	assert_host_state("pair", state_before);
}

static void verify_survival_of(int signal_number)
{
	for (size_t i = 0; i < 2; i++) {
		struct cli_result result;
		struct broken *run = begin(modes[i]);
		int64_t after_ms;

		/* Both sides enforce the cut: both injectors are hit. */
		kill(injector_pid(run, "n1"), signal_number);
		kill(injector_pid(run, "client"), signal_number);
		after_ms = reachable_after(20000);
		print_message("%s: reachable %lld ms after signal %d\n", modes[i],
			(long long)after_ms, signal_number);
		/* Not longer than the lease; the margin is for a busy machine's scheduler. */
		assert_true(after_ms < LEASE_MS + 1000);
		finish(run, 70, &result);
		assert_reverted(run);
		cli_result_free(&result);
		cli_end(&run->cli);
	}
}

static void test_injectors_killed(void **state)
{
	(void)state;
	verify_survival_of(SIGKILL);
}

static void test_injectors_stopped(void **state)
{
	(void)state;
	verify_survival_of(SIGSTOP);
}

static void test_second_run_is_told_who_holds_the_environment(void **state)
{
	struct cli_result second, result;
	struct broken *run = begin("tcx");

	(void)state;
	cli_run((const char *[]){"run", cli_file("tests/e2e/files/silent.json"), "--on",
			cli_file("tests/e2e/files/pair-env.json"), "--runs", run->cli.runs, NULL},
		&second);
	assert_int_equal(second.code, 75);
	assert_non_null(strstr(second.err, "environment \"pair\" is locked by run "));
	cli_result_free(&second);
	kill(run->process.pid, SIGTERM);
	finish(run, 143, &result);
	cli_result_free(&result);
	cli_end(&run->cli);
}

static void must(const char *const *args)
{
	struct cli_result result;

	cli_run(args, &result);
	if (result.code != 0)
		fail_msg("backburn %s: exit %d: %s", args[0], result.code, result.err);
	cli_result_free(&result);
}

/* Both labs live on this machine, and their ledgers in one directory. */
static void test_heal_of_another_lab_leaves_this_run_alone(void **state)
{
	char *other_before = host_state("empty");
	struct broken *run = begin("tcx");
	int pid = injector_pid(run, "n1");
	const char *environment = cli_write(&run->cli, "empty-env.json",
		"{ \"backburn_environment\": 1, \"name\": \"empty\", \"lab\": "
		"\"empty.json\" }");
	const char *lab = cli_write(&run->cli, "empty.json",
		"{ \"backburn_lab\": 1, \"name\": \"empty\", \"subnet\": \"10.81.0.0/24\", "
		"\"nodes\": { \"a\": {}, \"b\": {} } }");
	struct cli_result result;

	(void)state;
	must((const char *[]){"lab", "up", lab, NULL});
	must((const char *[]){"heal", "--on", environment, NULL});
	must((const char *[]){"lab", "down", "empty", NULL});
	assert_int_equal(kill(pid, 0), 0);
	assert_false(reachable_now());
	/* As when its terminal is closed: that is as good a reason to stop as SIGTERM. */
	kill(run->process.pid, SIGHUP);
	finish(run, 143, &result);
	assert_reverted(run);
	cli_result_free(&result);
	cli_end(&run->cli);
	assert_host_state("empty", other_before);
}

static pid_t supervisor_of(const char *lab)
{
	char directory[PATH_MAX], path[PATH_MAX + 16];
	struct fail fail = FAIL_INIT;
	FILE *file;
	int pid = 0;

	assert_int_equal(lab_cgroup_path(lab, LAB_SUPERVISOR_CGROUP, directory, &fail), 0);
	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	return pid;
}

/* The nodes of a lab stand without its supervisor, and so does what was done to them. */
static void test_heal_reaches_nodes_without_a_supervisor(void **state)
{
	char *before = host_state("pair");
	struct cli_result result;

	(void)state;
	cli_run((const char *[]){"lab", "up", cli_file("tests/e2e/files/pair-lab.json"), NULL},
		&result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	kill(supervisor_of("pair"), SIGKILL);
	cli_run((const char *[]){"heal", "--on", cli_file("tests/e2e/files/pair-env.json"), NULL},
		&result);
	assert_int_equal(result.code, 0);
	assert_non_null(strstr(result.out, "idle-a"));
	assert_null(strstr(result.err, "is down"));
	cli_result_free(&result);
	must((const char *[]){"lab", "down", "pair", NULL});
	assert_host_state("pair", before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_ctrl_c_heals_first, teardown),
		cmocka_unit_test_teardown(test_controller_killed, teardown),
		cmocka_unit_test_teardown(test_injectors_killed, teardown),
		cmocka_unit_test_teardown(test_injectors_stopped, teardown),
		cmocka_unit_test_teardown(test_heal_reaches_nodes_without_a_supervisor, teardown),
		cmocka_unit_test_teardown(
			test_second_run_is_told_who_holds_the_environment, teardown),
		cmocka_unit_test_teardown(test_heal_of_another_lab_leaves_this_run_alone, teardown),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The real etcd lab, and what a lab promises about its services. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/file.h"
#include "contract/json.h"
#include "contract/units.h"
#include "controller/lab/lab.h"
#include "controller/lab/lab_time.h"
#include "controller/lab/netns.h"
#include "tests/e2e/host_state.h"
#include "tests/e2e/lab_ground.h"

#define LAB "bbtest"

/*
 * The published lab under another name, so that a lab of the user's stays untouched; its services
 * wait for the word that a fault was healed.
 */
static struct lab_file etcd_lab(void)
{
	char path[4096], *text, *name;
	struct fail fail = FAIL_INIT;
	struct lab_file file;
	size_t length;

	snprintf(path, sizeof(path), "%s/scenarios/labs/etcd.json", getenv("BACKBURN_SOURCE"));
	if (file_read(path, LAB_FILE_BYTES_MAX, &text, &length, &fail) < 0)
		fail_msg("%s", fail.text);
	name = strstr(text, "\"name\": \"etcd\"");
	assert_non_null(name);
	assert_true(asprintf(&name, "%.*s\"name\": \"" LAB "\"%s", (int)(name - text), text,
			    name + strlen("\"name\": \"etcd\"")) > 0);
	file = lab_ground_parse(name);
	free(name);
	free(text);
	LIST_EACH(file.nodes, struct lab_node_spec, node)
		LIST_EACH(node->services, struct lab_service, service)
			service->restart = LAB_RESTART_ON_HEAL;
	return file;
}

static void up(const struct lab_file *file)
{
	struct fail fail = FAIL_INIT;

	if (lab_up(file, NULL, NULL, &fail) < 0)
		fail_msg("%s", fail.text);
}

static int begin(void **state)
{
	(void)state;
	return lab_ground_begin(LAB);
}

static int clean(void **state)
{
	(void)state;
	return lab_ground_clean();
}

static int end(void **state)
{
	(void)state;
	return lab_ground_end();
}

/* The status of the index-th service; the strings are not kept. */
static struct service_status status_of(size_t index)
{
	struct fail fail = FAIL_INIT;
	struct service_status status;
	struct service_list list;

	if (lab_services(LAB, &list, &fail) < 0)
		fail_msg("%s", fail.text);
	assert_true(index < list.services.count);
	status = *LIST_AT(list.services, struct service_status, index);
	status.node = status.service = status.last_exit = NULL;
	shape_free(&service_list_shape, &list);
	return status;
}

static struct service_status await_state(size_t index, enum service_state state, int64_t restarts)
{
	int64_t give_up_ns = lab_now_ns() + 30 * NS_PER_SEC;
	struct service_status status = status_of(index);

	while (status.state != (int)state || status.restarts < restarts) {
		if (lab_now_ns() > give_up_ns)
			fail_msg("service %zu stays %s with %d restarts", index,
				service_state_words[status.state], (int)status.restarts);
		lab_sleep_ns(20 * NS_PER_MS);
		status = status_of(index);
	}
	return status;
}

static int exec_code(const char *node, char *const argv[])
{
	struct fail fail = FAIL_INIT;
	int code = -1;

	if (lab_exec(LAB, node, argv, &code, &fail) < 0)
		fail_msg("%s", fail.text);
	return code;
}

/* execvp() promises not to change what it takes as char *const. */
#define ARGV(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})
#define RUN(node, ...) exec_code(node, ARGV(__VA_ARGS__))
#define ETCDCTL(endpoint, ...)                                                                     \
	RUN("client", "env", "ETCDCTL_API=3", "etcdctl", "--endpoints=http://" endpoint ":2379",   \
		__VA_ARGS__)

/* Runs the command in `node` and returns what it printed. */
static void output_of(const char *node, char *const argv[], char *out, size_t size)
{
	int saved = dup(STDOUT_FILENO), code, count;
	char path[] = "/tmp/backburn-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0 && saved >= 0);
	unlink(path);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	code = exec_code(node, argv);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	count = (int)pread(fd, out, size - 1, 0);
	close(fd);
	assert_int_equal(code, 0);
	out[count > 0 ? count : 0] = '\0';
}

static void assert_member_has(const char *endpoint, const char *value)
{
	char option[64], out[256];

	snprintf(option, sizeof(option), "--endpoints=http://%s:2379", endpoint);
	output_of("client",
		ARGV("env", "ETCDCTL_API=3", "etcdctl", option, "get", "key", "--print-value-only"),
		out, sizeof(out));
	assert_string_equal(out, value);
}

static void test_etcd_serves_through_the_client_node(void **state)
{
	char *before = host_state(LAB), *during;
	struct lab_file file = etcd_lab();

	(void)state;
	assert_false(lab_is_up(LAB));
	up(&file);
	assert_true(lab_is_up(LAB));
	during = host_state(LAB);
	assert_string_not_equal(during, before);
	free(during);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(status_of(i).state, SERVICE_RUNNING);
	assert_int_equal(ETCDCTL("10.77.0.2", "put", "key", "value"), 0);
	assert_member_has("10.77.0.2", "value\n");
	assert_member_has("10.77.0.3", "value\n");
	assert_member_has("10.77.0.4", "value\n");
	lab_file_deinit(&file);
	lab_ground_down();
	assert_host_state(LAB, before);
}

static void kill_service(size_t index)
{
	struct service_status status = status_of(index);

	assert_true(status.pid > 0);
	assert_int_equal(kill((pid_t)status.pid, SIGKILL), 0);
}

static void test_a_killed_member_comes_back_when_healed(void **state)
{
	struct service_status first, second;
	struct lab_file file = etcd_lab();
	struct fail fail = FAIL_INIT;

	(void)state;
	up(&file);
	lab_file_deinit(&file);
	assert_int_equal(ETCDCTL("10.77.0.3", "put", "key", "kept"), 0);
	first = status_of(0);
	kill_service(0);
	await_state(0, SERVICE_WAITING, 0);
	assert_int_equal(lab_node_healed(LAB, "nowhere", &fail), -1);
	assert_string_equal(fail.text, "lab " LAB " has no node called \"nowhere\"");
	assert_int_equal(lab_node_healed(LAB, "n2", &fail), 0);
	assert_int_equal(status_of(0).state, SERVICE_WAITING);
	assert_int_equal(lab_node_healed(LAB, "n1", &fail), 0);
	second = await_state(0, SERVICE_RUNNING, 1);
	assert_int_not_equal(first.pid, second.pid);
	/* It has to come up from its own log, which the kill left in its directory. */
	for (int64_t give_up_ns = lab_now_ns() + 30 * NS_PER_SEC;
		ETCDCTL("10.77.0.2", "endpoint", "health") != 0;)
		assert_true(lab_now_ns() < give_up_ns);
	assert_member_has("10.77.0.2", "kept\n");
	lab_ground_down();
}

/* --- light labs ------------------------------------------------------------------------ */

#define LIGHT(services)                                                                            \
	"{\"backburn_lab\":1,\"name\":\"" LAB "\",\"subnet\":\"10.78.0.0/24\","                    \
	"\"subnet6\":\"fd78::/64\",\"nodes\":{\"a\":{\"services\":{" services "}},\"b\":{}}}"
#define SLEEPER "\"argv\":[\"sleep\",\"1000\"]"

static void test_restart_policies(void **state)
{
	struct lab_file file =
		lab_ground_parse(LIGHT("\"always\":{" SLEEPER ",\"restart\":\"always\"},"
				       "\"never\":{" SLEEPER "},"
				       "\"done\":{\"argv\":[\"false\"],\"restart\":\"never\"},"
				       "\"heal\":{" SLEEPER ",\"restart\":\"on_heal\"}"));
	struct service_list list;
	struct fail fail = FAIL_INIT;

	(void)state;
	up(&file);
	lab_file_deinit(&file);
	kill_service(0);
	kill_service(1);
	await_state(0, SERVICE_RUNNING, 1);
	await_state(1, SERVICE_EXITED, 0);
	await_state(2, SERVICE_EXITED, 0);
	/* The word of the heal may overtake the death that it is about. */
	assert_int_equal(lab_node_healed(LAB, "a", &fail), 0);
	kill_service(3);
	await_state(3, SERVICE_RUNNING, 1);
	assert_int_equal(status_of(1).state, SERVICE_EXITED);
	assert_int_equal(lab_services(LAB, &list, &fail), 0);
	assert_string_equal(
		LIST_AT(list.services, struct service_status, 0)->last_exit, "signal 9");
	assert_string_equal(LIST_AT(list.services, struct service_status, 2)->last_exit, "exit 1");
	shape_free(&service_list_shape, &list);
	lab_ground_down();
}

static void test_a_restart_may_wait(void **state)
{
	struct lab_file file = lab_ground_parse(
		LIGHT("\"heal\":{" SLEEPER ",\"restart\":\"on_heal\",\"restart_after\":\"4s\"},"
		      "\"always\":{" SLEEPER ",\"restart\":\"always\",\"restart_after\":\"4s\"}"));
	struct fail fail = FAIL_INIT;
	int64_t killed_ns;

	(void)state;
	up(&file);
	lab_file_deinit(&file);
	assert_int_equal(lab_node_healed(LAB, "a", &fail), 0);
	killed_ns = lab_now_ns();
	kill_service(0);
	kill_service(1);
	await_state(0, SERVICE_WAITING, 0);
	lab_sleep_ns(2 * NS_PER_SEC);
	/* Another heal neither hastens it nor puts it off. */
	assert_int_equal(lab_node_healed(LAB, "a", &fail), 0);
	await_state(0, SERVICE_RUNNING, 1);
	await_state(1, SERVICE_RUNNING, 1);
	assert_in_range(lab_now_ns() - killed_ns, 4 * NS_PER_SEC, 5900 * NS_PER_MS);
	lab_ground_down();
}

static void assert_status_line(pid_t pid, const char *line)
{
	char path[64], text[4096];
	size_t count;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	count = fread(text, 1, sizeof(text) - 1, file);
	text[count] = '\0';
	fclose(file);
	if (!strstr(text, line))
		fail_msg("no \"%s\" in %s", line, text);
}

/* One that its loader has open while it begins is its own, and closed in a moment. */
static void assert_only_std_descriptors(pid_t pid)
{
	char path[64], target[256];

	for (int fd = 3; fd < 64; fd++) {
		int tries = 0;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
		while (readlink(path, target, sizeof(target)) > 0) {
			if (++tries > 50)
				fail_msg("the service inherited descriptor %d", fd);
			lab_sleep_ns(100 * NS_PER_MS);
		}
	}
}

static void test_a_service_is_confined(void **state)
{
	struct lab_file file =
		lab_ground_parse(LIGHT("\"s\":{" SLEEPER ",\"user\":\"daemon\","
				       "\"files\":{\"x.conf\":\"at {node.addr}\"}}"));
	char path[LAB_PATH_MAX + 32], text[64] = "";
	struct stat netns, process, conf;
	struct lab_node node;
	pid_t pid;
	int fd;

	(void)state;
	up(&file);
	pid = (pid_t)status_of(0).pid;
	lab_node(&file, 0, &node);
	assert_status_line(pid, "NoNewPrivs:\t1");
	assert_status_line(pid, "Uid:\t1\t1\t1\t1");
	assert_status_line(pid, "CapEff:\t0000000000000000");
	assert_only_std_descriptors(pid);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	assert_int_equal(stat(path, &process), 0);
	assert_int_equal(stat(node.netns, &netns), 0);
	assert_int_equal(process.st_ino, netns.st_ino);
	snprintf(path, sizeof(path), "%s/x.conf", node.dir);
	assert_int_equal(stat(path, &conf), 0);
	assert_int_equal(conf.st_uid, 1);
	assert_int_equal(conf.st_mode & 0777, 0640);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_string_equal(text, "at 10.78.0.2");
	lab_file_deinit(&file);
	lab_ground_down();
}

/* Nobody listens there, so an immediate refusal is the proof that packets go both ways. */
static void assert_refused(const char *netns, int family, const char *address)
{
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
	struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(9)};
	bool ipv4 = family == AF_INET;
	const struct timeval patience = {.tv_sec = 10};
	struct fail fail = FAIL_INIT;
	int home, fd, error;

	assert_int_equal(
		inet_pton(family, address, ipv4 ? (void *)&to4.sin_addr : &to6.sin6_addr), 1);
	assert_int_equal(netns_enter(netns, &home, &fail), 0);
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	netns_leave(home);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	error = connect(fd, ipv4 ? (struct sockaddr *)&to4 : (struct sockaddr *)&to6,
			ipv4 ? sizeof(to4) : sizeof(to6)) < 0
		? errno
		: 0;
	close(fd);
	assert_int_equal(error, ECONNREFUSED);
}

static void test_nodes_reach_each_other(void **state)
{
	struct lab_file file = lab_ground_parse(LIGHT(""));
	struct lab_node a;

	(void)state;
	lab_node(&file, 0, &a);
	up(&file);
	lab_file_deinit(&file);
	assert_refused(a.netns, AF_INET, "10.78.0.3");
	assert_refused(a.netns, AF_INET6, "fd78::3");
	assert_refused(a.netns, AF_INET, "10.78.0.1");
	assert_refused(a.netns, AF_INET, "127.0.0.1");
	lab_ground_down();
}

static void test_exec_gives_the_code_back(void **state)
{
	struct lab_file file = lab_ground_parse(LIGHT(""));
	struct fail fail = FAIL_INIT;
	int code;

	(void)state;
	up(&file);
	lab_file_deinit(&file);
	assert_int_equal(RUN("b", "true"), 0);
	assert_int_equal(RUN("b", "false"), 1);
	assert_int_equal(lab_exec(LAB, "b", ARGV("no-such-program"), &code, &fail), -1);
	assert_non_null(strstr(fail.text, "no-such-program"));
	assert_int_equal(lab_exec(LAB, "c", ARGV("true"), &code, &fail), -1);
	assert_int_equal(fail.kind, FAIL_REFUSED);
	assert_string_equal(fail.text, "lab " LAB " has no node called \"c\"");
	lab_ground_down();
	assert_int_equal(lab_exec(LAB, "b", ARGV("true"), &code, &fail), -1);
	assert_string_equal(fail.text, "lab " LAB " is not up");
	assert_int_equal(lab_exec("../etc", "b", ARGV("true"), &code, &fail), -1);
	assert_string_equal(fail.text, "\"../etc\" is no lab's name");
}

static bool begins_with(const char *path, const char *text)
{
	char start[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, start, sizeof(start) - 1) >= 0);
	close(fd);
	return strncmp(start, text, strlen(text)) == 0;
}

static void test_a_long_log_is_cut(void **state)
{
	/*
	 * One write, in which nobody can cut the log: in between two, what the second wrote could
	 * stand before the note.
	 */
	struct lab_file file =
		lab_ground_parse(LIGHT("\"s\":{\"argv\":[\"dd\",\"if=/dev/"
				       "zero\",\"bs=20M\",\"count=1\",\"status=none\"]}"));
	int64_t give_up_ns = lab_now_ns() + 30 * NS_PER_SEC;
	char path[LAB_PATH_MAX + 16];
	struct lab_node node;
	struct stat status;

	(void)state;
	up(&file);
	lab_node(&file, 0, &node);
	lab_file_deinit(&file);
	snprintf(path, sizeof(path), "%s/s.log", node.dir);
	await_state(0, SERVICE_EXITED, 0);
	while (!begins_with(path, "[cut: ")) {
		assert_true(lab_now_ns() < give_up_ns);
		lab_sleep_ns(20 * NS_PER_MS);
	}
	/* The end of the log, which says most, is what was kept, and what came after the cut. */
	assert_int_equal(stat(path, &status), 0);
	assert_in_range(status.st_size, 256 * 1024, 16 * 1024 * 1024);
	lab_ground_down();
}

static void remember(void *context, const char *text)
{
	snprintf(context, 256, "%s", text);
}

static void test_up_twice(void **state)
{
	struct lab_file file = lab_ground_parse(LIGHT("\"s\":{" SLEEPER "}"));
	struct lab_file other = lab_ground_parse(LIGHT(""));
	struct fail fail = FAIL_INIT;
	char said[256] = "";
	pid_t pid;

	(void)state;
	up(&file);
	pid = (pid_t)status_of(0).pid;
	assert_int_equal(lab_up(&file, remember, said, &fail), 0);
	assert_non_null(strstr(said, "is up already"));
	assert_int_equal(lab_up(&other, NULL, NULL, &fail), -1);
	assert_int_equal(fail.kind, FAIL_REFUSED);
	assert_string_equal(fail.text,
		"lab " LAB " is up from a file that says something else; take it down first");
	assert_int_equal(status_of(0).pid, pid);
	lab_file_deinit(&file);
	lab_file_deinit(&other);
	lab_ground_down();
	lab_ground_down();
	assert_int_equal(lab_services(LAB, &(struct service_list){{0}}, &fail), -1);
}

static int run_ip(const char *verb, const char *name)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("ip", "ip", "netns", verb, name, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

/*
 * Where the root mount is private, the first `ip netns add` of a machine binds /run/netns to
 * itself: a lab that was up by then had its names below that, and could not be taken down.
 */
static void test_names_of_others_do_not_cover_ours(void **state)
{
	struct lab_file file = lab_ground_parse(LIGHT(""));
	struct lab_node a;

	(void)state;
	lab_node(&file, 0, &a);
	up(&file);
	lab_file_deinit(&file);
	assert_int_equal(run_ip("add", "bbtest-other"), 0);
	assert_int_equal(access(a.netns, F_OK), 0);
	lab_ground_down();
	assert_int_equal(access(a.netns, F_OK), -1);
	assert_int_equal(access("/run/netns/bbtest-other", F_OK), 0);
	assert_int_equal(run_ip("delete", "bbtest-other"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_etcd_serves_through_the_client_node, clean),
		cmocka_unit_test_teardown(test_a_killed_member_comes_back_when_healed, clean),
		cmocka_unit_test_teardown(test_restart_policies, clean),
		cmocka_unit_test_teardown(test_a_restart_may_wait, clean),
		cmocka_unit_test_teardown(test_a_service_is_confined, clean),
		cmocka_unit_test_teardown(test_nodes_reach_each_other, clean),
		cmocka_unit_test_teardown(test_exec_gives_the_code_back, clean),
		cmocka_unit_test_teardown(test_a_long_log_is_cut, clean),
		cmocka_unit_test_teardown(test_up_twice, clean),
		cmocka_unit_test_teardown(test_names_of_others_do_not_cover_ours, clean),
	};

	if (geteuid() != 0 || access("/usr/bin/etcd", X_OK) != 0 ||
		access("/usr/bin/etcdctl", X_OK) != 0) {
		puts("skipped: needs root, etcd and etcdctl");
		return 77;
	}
	return cmocka_run_group_tests(tests, begin, end);
}

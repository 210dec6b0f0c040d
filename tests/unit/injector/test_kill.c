/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/processes.h"
#include "contract/units.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/talk.h"

/* The fault kill on a host in memory: who is chosen, who never, and when the signal is sent. */

#define POLICY_FILE "/etc/backburn/policy.json"

static const struct session_config config = {
	.runtime_dir = "/run/backburn", .policy_file = POLICY_FILE, .cgroup = NULL};

static struct session *greeted(const struct session_config *how)
{
	struct session *session = session_new(how);
	cJSON *hello = talk(session, "hello",
		"{\"version\":1,\"session\":\"run-1\",\"controller\":\"the "
		"test\",\"lease\":\"5s\"}");

	assert_non_null(hello);
	cJSON_Delete(hello);
	return session;
}

static cJSON *ask(struct session *session, const char *verb, const char *processes,
	const char *with, int64_t start_in_ns)
{
	int64_t start_ns = fake.now_ns + start_in_ns;

	return talk(session, verb,
		"{\"id\":\"k\",\"fault\":\"kill\",\"scope\":{},\"role\":\"on\",\"with\":{%s},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[]}],\"from\":[],\"processes\":{%s},"
		"\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		with, processes, start_ns, start_ns + 10 * NS_PER_SEC);
}

static void arm(struct session *session, const char *processes, int64_t start_in_ns)
{
	cJSON *armed = ask(session, "arm", processes, "", start_in_ns);

	if (!armed)
		fail_msg("%s", talk_error);
	assert_string_equal(cJSON_GetObjectItem(armed, "attach")->valuestring, "pidfd");
	cJSON_Delete(armed);
}

static void assert_refused(
	struct session *session, const char *processes, const char *with, const char *said)
{
	assert_null(ask(session, "arm", processes, with, NS_PER_SEC));
	if (!strstr(talk_error, said))
		fail_msg("\"%s\" is not in: %s", said, talk_error);
	assert_int_equal(fake.handles.count, 0);
}

static void end(struct session *session)
{
	struct fail fail = FAIL_INIT;

	assert_int_equal(session_end(session, &fail), 0);
	session_free(session);
	assert_true(fake_is_clean());
	assert_int_equal(fake_file_count(), fake_text(POLICY_FILE) ? 1 : 0);
}

static void add(int64_t pid, uint64_t start_ticks, const char *exe, const char *cmdline)
{
	fake_add_process(&(struct fake_process){.pid = pid,
		.start_ticks = start_ticks,
		.uid = 500,
		.exe = exe,
		.cmdline = cmdline,
		.cgroup = "/apps/db"});
}

/* pids 100 to 103: the oldest is 102, and two began in one tick. */
static void four_databases(void)
{
	add(100, 900, "/usr/bin/db", "db --id 1");
	add(101, 800, "/usr/bin/db", "db --id 2");
	add(103, 800, "/usr/bin/db", "db --id 4");
	add(102, 700, "/usr/bin/db", "db --id 3");
}

static struct fake_process *process(int64_t pid)
{
	LIST_EACH(fake.processes, struct fake_process, each) {
		if (each->pid == pid)
			return each;
	}
	fail_msg("no process %d", (int)pid);
	return NULL;
}

/* "102 101": the pids in the order in which they would be hit. */
static void assert_chosen(struct session *session, const char *processes, const char *expected)
{
	cJSON *said = ask(session, "inspect", processes, "", NS_PER_SEC), *target;
	char pids[256] = "";

	if (!said)
		fail_msg("%s", talk_error);
	cJSON_ArrayForEach(target, cJSON_GetObjectItem(said, "processes")) {
		size_t used = strlen(pids);

		snprintf(pids + used, sizeof(pids) - used, "%s%d", used ? " " : "",
			cJSON_GetObjectItem(target, "pid")->valueint);
	}
	assert_string_equal(pids, expected);
	cJSON_Delete(said);
	assert_int_equal(fake.handles.count, 0);
}

/* ---- who is chosen ---- */

static void selectors_narrow(void **state)
{
	static const struct {
		const char *processes, *chosen;
	} cases[] = {
		{"\"exe\":\"/usr/bin/db\"", "102 101 103 100"},
		{"\"exe\":\"/usr/bin/db\",\"count\":1", "102"},
		{"\"exe\":\"/usr/bin/db\",\"count\":3", "102 101 103"},
		{"\"exe\":\"/usr/bin/d\"", ""},
		{"\"cmdline\":\"db --id 4\"", "103"},
		{"\"cmdline\":\"db --id ?\",\"count\":2", "102 101"},
		{"\"cmdline\":\"*--id [12]\"", "101 100"},
		{"\"cmdline\":\"db\"", ""},
		{"\"cgroup\":\"/apps\"", "102 101 103 100"},
		{"\"cgroup\":\"/apps/\"", "102 101 103 100"},
		{"\"cgroup\":\"/apps/db\",\"cmdline\":\"* 1\"", "100"},
		{"\"cgroup\":\"/app\"", ""},
		{"\"exe\":\"/usr/bin/db\",\"cgroup\":\"/other\"", ""},
	};
	struct session *session;

	(void)state;
	fake_reset();
	four_databases();
	session = greeted(&config);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_chosen(session, cases[i].processes, cases[i].chosen);
	end(session);
}

static void too_few_and_too_many_are_refused(void **state)
{
	struct session *session;

	(void)state;
	fake_reset();
	four_databases();
	session = greeted(&config);
	assert_refused(session, "\"exe\":\"/usr/bin/db\",\"count\":5", "",
		"4 processes match, and \"count\" asks for 5");
	assert_refused(session, "\"exe\":\"/usr/bin/no\"", "", "the usual causes");
	assert_refused(session, "\"count\":1", "", "needs at least one of");
	assert_refused(session, "\"exe\":\"db\"", "", "is not an absolute path");
	for (int i = 0; i < PROCESSES_MAX; i++)
		add(1000 + i, 2000, "/usr/bin/many", "many");
	assert_chosen(session, "\"exe\":\"/usr/bin/many\",\"count\":1", "1000");
	add(5000, 2000, "/usr/bin/many", "many");
	assert_refused(session, "\"exe\":\"/usr/bin/many\"", "", "129 processes match");
	end(session);
}

static void evidence_of_the_most_processes_fits_a_line(void **state)
{
	static char cmdline[4096];
	struct session *session;
	cJSON *said;

	(void)state;
	fake_reset();
	memset(cmdline, '"', sizeof(cmdline) - 1);
	for (int i = 0; i < PROCESSES_MAX; i++)
		add(4000000 + i, UINT64_C(99999999999), "/usr/bin/many", cmdline);
	session = greeted(&config);
	/* talk() asserts the length of each line. */
	said = ask(session, "inspect", "\"exe\":\"/usr/bin/many\"", "", NS_PER_SEC);
	assert_non_null(said);
	cJSON_Delete(said);
	fake.fail_name = "process_signal";
	arm(session, "\"exe\":\"/usr/bin/many\"", 0);
	assert_true(session_tick(session, fake.now_ns));
	said = talk_notification(session);
	assert_non_null(said);
	cJSON_Delete(said);
	said = talk(session, "heal", "{}");
	assert_non_null(said);
	cJSON_Delete(said);
	end(session);
}

/* ---- who is never hit ---- */

static void some_are_left_alone(void **state)
{
	static const struct {
		struct fake_process process;
		const char *said;
	} cases[] = {
		{{.exe = "/x/backburn"}, "1 part of backburn"},
		{{.exe = "/x/backburn-injector"}, "1 part of backburn"},
		{{.exe = "/opt/bb/injector"}, "1 part of backburn"},
		{{.exe = NULL}, "1 whose program can't be read"},
		{{.exe = "/x/a", .kernel = true}, "the usual causes"},
		{{.exe = "/x/a", .dead = true}, "the usual causes"},
	};
	struct session *session;

	(void)state;
	fake_reset();
	session = greeted(&config);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_process each = cases[i].process;

		each.pid = 200 + (int64_t)i;
		each.start_ticks = 500;
		each.cmdline = "the one";
		fake_add_process(&each);
		assert_refused(session, "\"cmdline\":\"the one\"", "", cases[i].said);
		process(each.pid)->cmdline = "";
	}
	assert_refused(session, "\"cmdline\":\"init\"", "", "1 pid 1");
	assert_refused(session, "\"cmdline\":\"injector session\"", "", "this injector or what");
	assert_refused(
		session, "\"exe\":\"/usr/sbin/sshd\"", "", "this injector or what carries it");
	/* The others of a selection that takes them in are hit. */
	four_databases();
	assert_chosen(session, "\"cmdline\":\"[id]*\"", "102 101 103 100");
	end(session);
}

static void a_confined_injector_stays_inside(void **state)
{
	struct session_config confined = config;
	struct session *session;

	(void)state;
	fake_reset();
	four_databases();
	process(101)->cgroup = "/lab/n1";
	process(103)->cgroup = "/lab/n1/below";
	process(100)->cgroup = "/lab/n10";
	process(102)->cgroup = NULL;
	confined.cgroup = "/sys/fs/cgroup/lab/n1";
	session = greeted(&confined);
	assert_chosen(session, "\"exe\":\"/usr/bin/db\"", "101 103");
	process(101)->cgroup = process(103)->cgroup = "/lab/n2";
	assert_refused(session, "\"exe\":\"/usr/bin/db\"", "", "4 outside of the cgroup");
	end(session);
}

static void a_policy_protects_programs_and_cgroups(void **state)
{
	struct session *session;

	(void)state;
	fake_reset();
	four_databases();
	process(101)->cgroup = "/system.slice/kubelet.service/x";
	process(103)->exe = "/usr/bin/kubelet";
	fake_write(POLICY_FILE,
		"{\"backburn_policy\":1,\"max_fault\":\"1s\",\"protect\":{\"exe\":["
		"\"/usr/bin/kubelet\"],\"cgroups\":[\"/system.slice/kubelet.service\"]}}");
	session = greeted(&config);
	/* max_fault does not bind what has no length. */
	assert_chosen(session, "\"cmdline\":\"db *\"", "102 100");
	assert_refused(session, "\"exe\":\"/usr/bin/kubelet\"", "", "1 protected by this host's");
	arm(session, "\"cmdline\":\"db *\"", 0);
	assert_true(session_tick(session, fake.now_ns));
	assert_int_equal(fake_last_signal(100), SIGKILL);
	assert_int_equal(fake_last_signal(102), SIGKILL);
	assert_int_equal(fake_last_signal(101), 0);
	assert_int_equal(fake_last_signal(103), 0);
	end(session);
	fake_reset();
	four_databases();
	fake_write(POLICY_FILE, "{\"backburn_policy\":1,\"faults\":{\"deny\":[\"kill\"]}}");
	session = greeted(&config);
	assert_refused(session, "\"exe\":\"/usr/bin/db\"", "", "faults.deny names kill");
	end(session);
}

static void orders_that_make_no_sense_are_refused(void **state)
{
	struct session *session;

	(void)state;
	fake_reset();
	four_databases();
	session = greeted(&config);
	assert_refused(session, "\"exe\":\"/usr/bin/db\"", "\"signal\":\"STOP\"",
		"\"STOP\" is refused: the process would stay stopped");
	assert_refused(session, "\"exe\":\"/usr/bin/db\"", "\"signal\":\"WINCH\"", "is not one of");
	assert_null(talk(session, "arm",
		"{\"id\":\"k\",\"fault\":\"kill\",\"scope\":{},\"role\":\"on\",\"with\":{},\"on\":["
		"{"
		"\"node\":\"a\",\"prefixes\":[]}],\"from\":[],\"start_ns\":\"1\",\"deadline_ns\":"
		"\"9000000000000000\"}"));
	assert_non_null(strstr(talk_error, "kill needs \"processes\""));
	assert_null(talk(session, "arm",
		"{\"id\":\"k\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[]}],\"from\":[],\"processes\":{\"exe\":\"/"
		"x\"},"
		"\"start_ns\":\"1\",\"deadline_ns\":\"9000000000000000\"}"));
	assert_non_null(strstr(talk_error, "partition hits no processes"));
	end(session);
}

/* ---- holding the right one ---- */

static void a_pid_that_is_used_again_is_not_hit(void **state)
{
	struct session *session;

	(void)state;
	fake_reset();
	four_databases();
	process(102)->reused_when_opened = true;
	process(101)->ends_when_opened = true;
	session = greeted(&config);
	arm(session, "\"exe\":\"/usr/bin/db\"", 0);
	assert_int_equal(fake.handles.count, 2);
	assert_true(session_tick(session, fake.now_ns));
	assert_int_equal(fake_last_signal(102), 0);
	assert_int_equal(fake_last_signal(101), 0);
	assert_int_equal(fake_last_signal(100), SIGKILL);
	end(session);

	/* With a count that can't be met any more nobody is hit. */
	fake_reset();
	four_databases();
	process(102)->reused_when_opened = true;
	session = greeted(&config);
	assert_refused(session, "\"exe\":\"/usr/bin/db\",\"count\":2", "",
		"1 of 2 processes ended while they were looked at");
	end(session);
}

static void a_pidfile_is_believed_with_care(void **state)
{
	static const char by_file[] = "\"pidfile\":\"/run/db.pid\"";
	struct session *session;

	(void)state;
	fake_reset();
	four_databases();
	session = greeted(&config);
	assert_refused(session, by_file, "", "pidfile /run/db.pid");
	fake_write("/run/db.pid", "100");
	/* Process 100 began 9 s after boot, and so after this. */
	fake.pidfile = (struct host_pidfile){.written_ns = 7 * NS_PER_SEC};
	assert_refused(session, by_file, "", "is stale");
	fake.pidfile.written_ns = 10 * NS_PER_SEC;
	assert_chosen(session, by_file, "100");
	fake.pidfile.uid = 501;
	assert_refused(session, by_file, "", "its owner could name anybody");
	fake.pidfile.uid = 500;
	assert_chosen(session, by_file, "100");
	fake_write("/run/db.pid", "77");
	assert_refused(session, by_file, "", "no process with pidfile");
	assert_int_equal(host_file_remove("/run/db.pid", &FAIL_INIT), 0);
	end(session);
}

/* ---- when it is sent ---- */

static const cJSON *hit(const cJSON *evidence, int index)
{
	const cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0);

	return cJSON_GetArrayItem(cJSON_GetObjectItem(fault, "processes"), index);
}

static const char *text_at(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItem(object, key)->valuestring;
}

static void it_is_sent_at_its_start_and_over_at_once(void **state)
{
	struct session *session;
	int64_t start_ns;
	cJSON *said;

	(void)state;
	fake_reset();
	four_databases();
	session = greeted(&config);
	start_ns = fake.now_ns + NS_PER_SEC;
	arm(session, "\"exe\":\"/usr/bin/db\",\"count\":1", NS_PER_SEC);
	assert_true(session_tick(session, start_ns - 1));
	assert_int_equal(fake_last_signal(102), 0);
	assert_true(session_next_ns(session, start_ns - 1) <= start_ns);
	cJSON_Delete(talk_notification(session));
	fake.now_ns = start_ns;
	assert_true(session_tick(session, start_ns));
	assert_int_equal(fake_last_signal(102), SIGKILL);
	assert_int_equal(fake_last_signal(101), 0);
	assert_false(session_is_armed(session));
	said = talk_notification(session);
	assert_non_null(said);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(
		cJSON_GetArrayItem(cJSON_GetObjectItem(said, "faults"), 0), "healed")));
	assert_string_equal(text_at(hit(said, 0), "result"), "sent");
	assert_string_equal(text_at(hit(said, 0), "exited_ns"), "0");
	cJSON_Delete(said);
	/* The exit is seen a moment later, and said. */
	fake.now_ns = session_next_ns(session, fake.now_ns);
	assert_true(fake.now_ns <= start_ns + 2 * NS_PER_MS);
	assert_true(session_tick(session, fake.now_ns));
	said = talk_notification(session);
	assert_non_null(said);
	assert_true(strtoll(text_at(hit(said, 0), "exited_ns"), NULL, 10) >= start_ns);
	cJSON_Delete(said);
	/* Nothing more to be done. */
	assert_int_equal(session_next_ns(session, fake.now_ns) - fake.now_ns,
		session->lease_until_ns - fake.now_ns);
	end(session);
}

static void news_wait_for_room_and_are_not_lost(void **state)
{
	struct session *session;
	size_t count;
	cJSON *said;

	(void)state;
	fake_reset();
	four_databases();
	session = greeted(&config);
	arm(session, "\"exe\":\"/usr/bin/db\",\"count\":1", 0);
	/* Something waits to be sent. */
	session_line(session, "{", 1);
	assert_true(session_tick(session, fake.now_ns));
	outbox_peek(&session->out, &count);
	outbox_sent(&session->out, count);
	fake.now_ns = session_next_ns(session, fake.now_ns);
	while (!(said = talk_notification(session))) {
		assert_true(fake.now_ns < session->lease_until_ns);
		assert_true(session_tick(session, fake.now_ns));
		fake.now_ns = session_next_ns(session, fake.now_ns);
	}
	assert_string_equal(text_at(hit(said, 0), "result"), "sent");
	cJSON_Delete(said);
	end(session);
}

static void who_survives_is_looked_at_less_and_less(void **state)
{
	struct session *session;
	cJSON *said;
	int looks = 0;

	(void)state;
	fake_reset();
	four_databases();
	process(102)->survives = true;
	session = greeted(&config);
	said = ask(session, "arm", "\"exe\":\"/usr/bin/db\",\"count\":1", "\"signal\":\"TERM\"", 0);
	assert_non_null(said);
	cJSON_Delete(said);
	while (fake.now_ns < session->lease_until_ns) {
		assert_true(session_tick(session, fake.now_ns));
		fake.now_ns = session_next_ns(session, fake.now_ns);
		looks++;
	}
	assert_int_equal(fake_last_signal(102), SIGTERM);
	assert_in_range(looks, 10, 40);
	end(session);
}

static void disarmed_it_sends_nothing(void **state)
{
	struct session *session;
	struct fail fail = FAIL_INIT;
	cJSON *said;

	(void)state;
	/* By a heal before its start. */
	fake_reset();
	four_databases();
	session = greeted(&config);
	arm(session, "\"exe\":\"/usr/bin/db\"", NS_PER_SEC);
	said = talk(session, "heal", "{\"faults\":[\"k\"]}");
	assert_non_null(said);
	assert_string_equal(text_at(hit(said, 3), "result"), "not_sent");
	cJSON_Delete(said);
	fake.now_ns += 2 * NS_PER_SEC;
	assert_true(session_tick(session, fake.now_ns));
	end(session);
	assert_int_equal(fake_last_signal(102), 0);

	/* By the end of the session. */
	session = greeted(&config);
	arm(session, "\"exe\":\"/usr/bin/db\"", NS_PER_SEC);
	fake.now_ns += 2 * NS_PER_SEC;
	assert_int_equal(session_end(session, &fail), 0);
	session_free(session);
	assert_int_equal(fake_last_signal(102), 0);

	/* By a lease that was lost before anybody looked again. */
	session = greeted(&config);
	arm(session, "\"exe\":\"/usr/bin/db\"", NS_PER_SEC);
	fake.now_ns += 6 * NS_PER_SEC;
	assert_false(session_tick(session, fake.now_ns));
	assert_int_equal(fake_last_signal(102), 0);
	end(session);

	/* By its deadline, which is the latest start. */
	session = greeted(&config);
	arm(session, "\"exe\":\"/usr/bin/db\"", 0);
	session->lease_until_ns += 60 * NS_PER_SEC;
	fake.now_ns += 10 * NS_PER_SEC;
	assert_true(session_tick(session, fake.now_ns));
	assert_int_equal(fake_last_signal(102), 0);
	assert_false(session_is_armed(session));
	end(session);
}

static void what_went_wrong_is_told_of_each(void **state)
{
	struct session *session;
	cJSON *said;

	(void)state;
	fake_reset();
	four_databases();
	session = greeted(&config);
	arm(session, "\"exe\":\"/usr/bin/db\",\"count\":2", NS_PER_SEC);
	process(102)->dead = true;
	fake.now_ns += NS_PER_SEC;
	assert_true(session_tick(session, fake.now_ns));
	said = talk_notification(session);
	assert_non_null(said);
	assert_string_equal(text_at(hit(said, 0), "result"), "gone");
	assert_string_equal(text_at(hit(said, 1), "result"), "sent");
	cJSON_Delete(said);
	end(session);

	fake_reset();
	four_databases();
	fake.fail_name = "process_signal";
	session = greeted(&config);
	arm(session, "\"exe\":\"/usr/bin/db\",\"count\":1", 0);
	assert_true(session_tick(session, fake.now_ns));
	cJSON_Delete(talk_notification(session));
	said = talk(session, "evidence", "{}");
	assert_string_equal(text_at(hit(said, 0), "result"), "failed");
	assert_non_null(strstr(text_at(hit(said, 0), "reason"), "process_signal"));
	cJSON_Delete(said);
	end(session);
}

/* Every effect fails in turn: a refusal leaves nothing, and nobody is hit by half an order. */
static void torture(void **state)
{
	bool failed = true;

	(void)state;
	for (int at = 1; failed; at++) {
		struct session *session;
		int before;
		cJSON *armed;

		fake_reset();
		four_databases();
		session = greeted(&config);
		before = fake.effects;
		fake.fail_at = before + at;
		armed = ask(session, "arm", "\"exe\":\"/usr/bin/db\"", "", NS_PER_SEC);
		failed = fake.failed_name != NULL;
		assert_true(failed == !armed);
		if (!armed)
			assert_int_equal(fake.handles.count, 0);
		cJSON_Delete(armed);
		assert_int_equal(fake_last_signal(102), 0);
		fake.fail_at = 0;
		end(session);
		assert_true(at < 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selectors_narrow),
		cmocka_unit_test(too_few_and_too_many_are_refused),
		cmocka_unit_test(evidence_of_the_most_processes_fits_a_line),
		cmocka_unit_test(some_are_left_alone),
		cmocka_unit_test(a_confined_injector_stays_inside),
		cmocka_unit_test(a_policy_protects_programs_and_cgroups),
		cmocka_unit_test(orders_that_make_no_sense_are_refused),
		cmocka_unit_test(a_pid_that_is_used_again_is_not_hit),
		cmocka_unit_test(a_pidfile_is_believed_with_care),
		cmocka_unit_test(it_is_sent_at_its_start_and_over_at_once),
		cmocka_unit_test(news_wait_for_room_and_are_not_lost),
		cmocka_unit_test(who_survives_is_looked_at_less_and_less),
		cmocka_unit_test(disarmed_it_sends_nothing),
		cmocka_unit_test(what_went_wrong_is_told_of_each),
		cmocka_unit_test(torture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

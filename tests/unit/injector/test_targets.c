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
#include "tests/unit/injector/kills.h"
#include "tests/unit/injector/talk.h"

/* Processes as targets, on a host in memory: who is chosen, who never, and who is held. */

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
	session = kill_among();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_kill_chosen(session, cases[i].processes, cases[i].chosen);
	talk_end(session);
}

static void a_unit_is_a_cgroup_of_its_name_below_slices(void **state)
{
	static const struct {
		const char *cgroup;
		bool is_meant;
	} cases[] = {
		{"/system.slice/db@a\\x2db.service", true},
		{"/system.slice/system-db.slice/db@a\\x2db.service/worker", true},
		{"/db@a\\x2db.service", true},
		{"/system.slice/_db@a\\x2db.service", true},
		{"/system.slice/db@a\\x2db.service.d", false},
		{"/system.slice/db@a.service", false},
		{"/machine.slice/box.scope/system.slice/db@a\\x2db.service", false},
		{"/user.slice/user-7.slice/user@7.service/db@a\\x2db.service", false},
		{"/.slice/db@a\\x2db.service", false},
		{"/", false},
		{NULL, false},
	};
	static const char unit[] = "\"unit\":\"db@a\\\\x2db.service\"";
	struct session *session;

	(void)state;
	session = kill_among();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		kill_process(101)->cgroup = cases[i].cgroup;
		assert_kill_chosen(session, unit, cases[i].is_meant ? "101" : "");
	}
	assert_kill_refused(session, unit, "", "no process with unit db@a\\x2db.service");
	assert_kill_refused(session, "\"unit\":\"db\"", "", "ends in .service or .scope");
	assert_kill_refused(session, "\"unit\":\"a/b.service\"", "", "a unit's whole name");
	assert_kill_refused(session, "\"unit\":\"system.slice\"", "", "a unit's whole name");
	talk_end(session);
}

/* 100 listens on 2379 by IPv4 and 101 by IPv6; 102 and 103 have connections from and to it. */
static void listen_on_ports(void)
{
	fake_write("/proc/self/net/tcp",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid "
		" "
		"timeout inode\n"
		"   0: 0100000A:094B 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 "
		"71\n"
		"   1: 0100000A:094B 0300000A:3039 01 00000000:00000000 00:00000000 00000000 0 0 "
		"72\n"
		"   2: 0100000A:3039 0100000A:094B 01 00000000:00000000 00:00000000 00000000 0 0 "
		"73\n");
	fake_write("/proc/self/net/tcp6",
		"   0: 00000000000000000000000000000000:094B 00000000000000000000000000000000:0000 "
		"0A "
		"00000000:00000000 00:00000000 00000000 0 0 74\n");
	kill_process(100)->socket = 71;
	kill_process(102)->socket = 72;
	kill_process(103)->socket = 73;
	kill_process(101)->socket = 74;
}

static void a_port_means_who_listens_on_it(void **state)
{
	struct session *session;

	(void)state;
	session = kill_among();
	listen_on_ports();
	assert_kill_chosen(session, "\"port\":2379", "101 100");
	assert_kill_chosen(session, "\"port\":2379,\"cmdline\":\"* 1\"", "100");
	assert_kill_chosen(session, "\"port\":2380", "");
	assert_kill_refused(session, "\"port\":2380", "", "no process with port 2380");
	assert_kill_refused(session, "\"port\":0", "", "from 1 to 65535");
	/* Held by a carrier, as sshd holds its own: that one stays. */
	kill_process(41)->socket = 71;
	assert_kill_chosen(session, "\"port\":2379", "101 100");
	kill_arm(session, "\"port\":2379", 0);
	assert_true(session_tick(session, fake.now_ns));
	assert_int_equal(fake_last_signal(100), SIGKILL);
	assert_int_equal(fake_last_signal(101), SIGKILL);
	assert_int_equal(fake_last_signal(41), 0);
	talk_end(session);
}

static void what_a_port_needs_may_fail(void **state)
{
	struct session *session;

	(void)state;
	session = kill_among();
	listen_on_ports();
	fake.fail_name = "process_sockets";
	assert_kill_refused(session, "\"port\":2379", "", "process_sockets");
	fake.fail_name = NULL;
	talk_end(session);
}

static void the_largest_come_first_where_asked(void **state)
{
	struct session *session;

	(void)state;
	session = kill_among();
	kill_process(103)->rss = 5000;
	kill_process(100)->rss = 7000;
	assert_kill_chosen(
		session, "\"exe\":\"/usr/bin/db\",\"largest\":\"memory\",\"count\":1", "100");
	assert_kill_chosen(session, "\"exe\":\"/usr/bin/db\",\"largest\":\"memory\",\"count\":3",
		"100 103 102");
	assert_kill_chosen(
		session, "\"exe\":\"/usr/bin/db\",\"largest\":\"age\",\"count\":1", "102");
	assert_kill_refused(session, "\"exe\":\"/usr/bin/db\",\"largest\":\"memory\"", "",
		"needs the key \"count\"");
	talk_end(session);
}

static void too_few_and_too_many_are_refused(void **state)
{
	struct session *session;

	(void)state;
	session = kill_among();
	assert_kill_refused(session, "\"exe\":\"/usr/bin/db\",\"count\":5", "",
		"4 processes match, and \"count\" asks for 5");
	assert_kill_refused(session, "\"exe\":\"/usr/bin/no\"", "", "the usual causes");
	assert_kill_refused(session, "\"count\":1", "", "needs at least one of");
	assert_kill_refused(session, "\"exe\":\"db\"", "", "is not an absolute path");
	for (int i = 0; i < PROCESSES_MAX; i++)
		kill_add(1000 + i, 2000, "/usr/bin/many", "many");
	assert_kill_chosen(session, "\"exe\":\"/usr/bin/many\",\"count\":1", "1000");
	kill_add(5000, 2000, "/usr/bin/many", "many");
	assert_kill_refused(session, "\"exe\":\"/usr/bin/many\"", "", "129 processes match");
	talk_end(session);
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
		kill_add(4000000 + i, UINT64_C(99999999999), "/usr/bin/many", cmdline);
	session = kill_greeted(&kill_config);
	/* talk() asserts the length of each line. */
	said = kill_ask(session, "inspect", "\"exe\":\"/usr/bin/many\"", "", NS_PER_SEC);
	assert_non_null(said);
	cJSON_Delete(said);
	fake.fail_name = "process_signal";
	kill_arm(session, "\"exe\":\"/usr/bin/many\"", 0);
	assert_true(session_tick(session, fake.now_ns));
	said = talk_notification(session);
	assert_non_null(said);
	cJSON_Delete(said);
	said = talk(session, "heal", "{}");
	assert_non_null(said);
	cJSON_Delete(said);
	talk_end(session);
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
	session = kill_greeted(&kill_config);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_process each = cases[i].process;

		each.pid = 200 + (int64_t)i;
		each.start_ticks = 500;
		each.cmdline = "the one";
		fake_add_process(&each);
		assert_kill_refused(session, "\"cmdline\":\"the one\"", "", cases[i].said);
		kill_process(each.pid)->cmdline = "";
	}
	assert_kill_refused(session, "\"cmdline\":\"init\"", "", "1 pid 1");
	assert_kill_refused(
		session, "\"cmdline\":\"injector session\"", "", "this injector or what");
	assert_kill_refused(
		session, "\"exe\":\"/usr/sbin/sshd\"", "", "this injector or what carries it");
	/* The others of a selection that takes them in are hit. */
	kill_databases();
	assert_kill_chosen(session, "\"cmdline\":\"[id]*\"", "102 101 103 100");
	talk_end(session);
}

static void a_confined_injector_stays_inside(void **state)
{
	struct session_config confined = kill_config;
	struct session *session;

	(void)state;
	fake_reset();
	kill_databases();
	kill_process(101)->cgroup = "/lab/n1";
	kill_process(103)->cgroup = "/lab/n1/below";
	kill_process(100)->cgroup = "/lab/n10";
	kill_process(102)->cgroup = NULL;
	confined.cgroup = "/sys/fs/cgroup/lab/n1";
	session = kill_greeted(&confined);
	assert_kill_chosen(session, "\"exe\":\"/usr/bin/db\"", "101 103");
	kill_process(101)->cgroup = kill_process(103)->cgroup = "/lab/n2";
	assert_kill_refused(session, "\"exe\":\"/usr/bin/db\"", "", "4 outside of the cgroup");
	talk_end(session);
}

static void a_policy_protects_programs_and_cgroups(void **state)
{
	struct session *session;

	(void)state;
	fake_reset();
	kill_databases();
	kill_process(101)->cgroup = "/system.slice/kubelet.service/x";
	kill_process(103)->exe = "/usr/bin/kubelet";
	fake_write(POLICY_FILE,
		"{\"backburn_policy\":1,\"max_fault\":\"1s\",\"protect\":{\"exe\":["
		"\"/usr/bin/kubelet\"],\"cgroups\":[\"/system.slice/kubelet.service\"]}}");
	session = kill_greeted(&kill_config);
	/* max_fault does not bind what has no length. */
	assert_kill_chosen(session, "\"cmdline\":\"db *\"", "102 100");
	assert_kill_refused(
		session, "\"exe\":\"/usr/bin/kubelet\"", "", "1 protected by this host's");
	kill_arm(session, "\"cmdline\":\"db *\"", 0);
	assert_true(session_tick(session, fake.now_ns));
	assert_int_equal(fake_last_signal(100), SIGKILL);
	assert_int_equal(fake_last_signal(102), SIGKILL);
	assert_int_equal(fake_last_signal(101), 0);
	assert_int_equal(fake_last_signal(103), 0);
	talk_end(session);
	fake_reset();
	kill_databases();
	fake_write(POLICY_FILE, "{\"backburn_policy\":1,\"faults\":{\"deny\":[\"kill\"]}}");
	session = kill_greeted(&kill_config);
	assert_kill_refused(session, "\"exe\":\"/usr/bin/db\"", "", "faults.deny names kill");
	talk_end(session);
}

static void orders_that_make_no_sense_are_refused(void **state)
{
	struct session *session;

	(void)state;
	session = kill_among();
	assert_kill_refused(session, "\"exe\":\"/usr/bin/db\"", "\"signal\":\"STOP\"",
		"\"STOP\" is refused: the process would stay stopped");
	assert_kill_refused(
		session, "\"exe\":\"/usr/bin/db\"", "\"signal\":\"WINCH\"", "is not one of");
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
	talk_end(session);
}

/* ---- holding the right one ---- */

static void a_pid_that_is_used_again_is_not_hit(void **state)
{
	struct session *session;

	(void)state;
	fake_reset();
	kill_databases();
	kill_process(102)->reused_when_opened = true;
	kill_process(101)->ends_when_opened = true;
	session = kill_greeted(&kill_config);
	kill_arm(session, "\"exe\":\"/usr/bin/db\"", 0);
	assert_int_equal(fake.handles.count, 2);
	assert_true(session_tick(session, fake.now_ns));
	assert_int_equal(fake_last_signal(102), 0);
	assert_int_equal(fake_last_signal(101), 0);
	assert_int_equal(fake_last_signal(100), SIGKILL);
	talk_end(session);

	/* With a count that can't be met any more nobody is hit. */
	fake_reset();
	kill_databases();
	kill_process(102)->reused_when_opened = true;
	session = kill_greeted(&kill_config);
	assert_kill_refused(session, "\"exe\":\"/usr/bin/db\",\"count\":2", "",
		"1 of 2 processes ended while they were looked at");
	talk_end(session);
}

static void a_pidfile_is_believed_with_care(void **state)
{
	static const char by_file[] = "\"pidfile\":\"/run/db.pid\"";
	struct session *session;

	(void)state;
	session = kill_among();
	assert_kill_refused(session, by_file, "", "pidfile /run/db.pid");
	fake_write("/run/db.pid", "100");
	/* Process 100 began 9 s after boot, and so after this. */
	fake.pidfile = (struct host_pidfile){.written_ns = 7 * NS_PER_SEC};
	assert_kill_refused(session, by_file, "", "is stale");
	fake.pidfile.written_ns = 10 * NS_PER_SEC;
	assert_kill_chosen(session, by_file, "100");
	fake.pidfile.uid = 501;
	assert_kill_refused(session, by_file, "", "its owner could name anybody");
	fake.pidfile.uid = 500;
	assert_kill_chosen(session, by_file, "100");
	fake_write("/run/db.pid", "77");
	assert_kill_refused(session, by_file, "", "no process with pidfile");
	assert_int_equal(host_file_remove("/run/db.pid", &FAIL_INIT), 0);
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selectors_narrow),
		cmocka_unit_test(a_unit_is_a_cgroup_of_its_name_below_slices),
		cmocka_unit_test(a_port_means_who_listens_on_it),
		cmocka_unit_test(what_a_port_needs_may_fail),
		cmocka_unit_test(the_largest_come_first_where_asked),
		cmocka_unit_test(too_few_and_too_many_are_refused),
		cmocka_unit_test(evidence_of_the_most_processes_fits_a_line),
		cmocka_unit_test(some_are_left_alone),
		cmocka_unit_test(a_confined_injector_stays_inside),
		cmocka_unit_test(a_policy_protects_programs_and_cgroups),
		cmocka_unit_test(orders_that_make_no_sense_are_refused),
		cmocka_unit_test(a_pid_that_is_used_again_is_not_hit),
		cmocka_unit_test(a_pidfile_is_believed_with_care),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

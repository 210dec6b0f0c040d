/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/injector/kills.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "tests/unit/injector/talk.h"

const struct session_config kill_config = {.runtime_dir = "/run/backburn",
	.state_dir = "/var/lib/backburn",
	.policy_file = POLICY_FILE,
	.cgroup = NULL};

struct session *kill_greeted(const struct session_config *how)
{
	struct session *session = session_new(how);
	cJSON *hello = talk(session, "hello",
		"{\"version\":1,\"session\":\"run-1\",\"controller\":\"the "
		"test\",\"lease\":\"5s\"}");

	assert_non_null(hello);
	cJSON_Delete(hello);
	return session;
}

cJSON *kill_ask(struct session *session, const char *verb, const char *processes, const char *with,
	int64_t start_in_ns)
{
	int64_t start_ns = fake.now_ns + start_in_ns;

	return talk(session, verb,
		"{\"id\":\"k\",\"fault\":\"kill\",\"scope\":{},\"role\":\"on\",\"with\":{%s},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[]}],\"from\":[],\"processes\":{%s},"
		"\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		with, processes, start_ns, start_ns + 10 * NS_PER_SEC);
}

void kill_arm(struct session *session, const char *processes, int64_t start_in_ns)
{
	cJSON *armed = kill_ask(session, "arm", processes, "", start_in_ns);

	if (!armed)
		fail_msg("%s", talk_error);
	assert_string_equal(cJSON_GetObjectItem(armed, "attach")->valuestring, "pidfd");
	cJSON_Delete(armed);
}

void assert_kill_refused(
	struct session *session, const char *processes, const char *with, const char *said)
{
	assert_null(kill_ask(session, "arm", processes, with, NS_PER_SEC));
	if (!strstr(talk_error, said))
		fail_msg("\"%s\" is not in: %s", said, talk_error);
	assert_int_equal(fake.handles.count, 0);
}

void kill_add(int64_t pid, uint64_t start_ticks, const char *exe, const char *cmdline)
{
	fake_add_process(&(struct fake_process){.pid = pid,
		.start_ticks = start_ticks,
		.uid = 500,
		.exe = exe,
		.cmdline = cmdline,
		.cgroup = "/apps/db"});
}

/* pids 100 to 103: the oldest is 102, and two began in one tick. */
void kill_databases(void)
{
	kill_add(100, 900, "/usr/bin/db", "db --id 1");
	kill_add(101, 800, "/usr/bin/db", "db --id 2");
	kill_add(103, 800, "/usr/bin/db", "db --id 4");
	kill_add(102, 700, "/usr/bin/db", "db --id 3");
}

const cJSON *kill_item(const cJSON *evidence, const char *list, int index)
{
	const cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0);

	return cJSON_GetArrayItem(cJSON_GetObjectItem(fault, list), index);
}

int64_t kill_number(const cJSON *item, const char *key)
{
	const cJSON *value = cJSON_GetObjectItem(item, key);

	if (cJSON_IsString(value))
		return strtoll(value->valuestring, NULL, 10);
	return value ? (int64_t)value->valuedouble : 0;
}

void kill_begin(int64_t pid, const char *exe)
{
	kill_add(pid, (uint64_t)(fake.now_ns / (10 * NS_PER_MS)), exe, "begun later");
}

cJSON *kill_pass(struct session *session, int64_t until_ns)
{
	cJSON *said;

	for (;;) {
		int64_t next_ns = session_next_ns(session, fake.now_ns);

		if (next_ns > until_ns)
			break;
		fake.now_ns = next_ns > fake.now_ns ? next_ns : fake.now_ns;
		/* The controller renews as it should. */
		session->lease_until_ns = fake.now_ns + 60 * NS_PER_SEC;
		assert_true(session_tick(session, fake.now_ns));
		cJSON_Delete(talk_notification(session));
	}
	fake.now_ns = until_ns;
	said = talk(session, "evidence", "{}");
	assert_non_null(said);
	return said;
}

struct session *kill_among(void)
{
	fake_reset();
	kill_databases();
	return kill_greeted(&kill_config);
}

struct fake_process *kill_process(int64_t pid)
{
	struct fake_process *process = fake_find_process(pid);

	if (!process)
		fail_msg("no process %d", (int)pid);
	return process;
}

/* "102 101": the pids in the order in which they would be hit. */
void assert_kill_chosen(struct session *session, const char *processes, const char *expected)
{
	cJSON *said = kill_ask(session, "inspect", processes, "", NS_PER_SEC), *target;
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

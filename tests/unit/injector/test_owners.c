/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/units.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"
#include "tests/unit/injector/kills.h"
#include "tests/unit/injector/plans.h"
#include "tests/unit/injector/talk.h"

/* Faults that mean the packets of one cgroup's sockets. */

#define LONG_NS (60 * NS_PER_SEC)

static const struct bb_slot *slot_in_use(void)
{
	for (int i = 0; i < BB_SLOTS; i++)
		if (fake.control.slots[i].in_use)
			return &fake.control.slots[i];
	fail_msg("no slot is in use");
	return NULL;
}

static void the_slot_has_the_cgroups_number(void **state)
{
	struct session *session = talk_greeted("tcx");

	(void)state;
	talk_arm(session, "cut", "{\"cgroup\":\"/apps/db\"}", LONG_NS);
	assert_int_equal(slot_in_use()->cgroup, 7008);
	cJSON_Delete(talk(session, "heal", "{}"));
	talk_arm(session, "all", "{}", LONG_NS);
	assert_int_equal(slot_in_use()->cgroup, 0);
	talk_end(session);
}

static void one_made_anew_is_found_with_the_next_renewal(void **state)
{
	struct session *session = talk_greeted("tcx");

	(void)state;
	talk_arm(session, "cut", "{\"cgroup\":\"/apps/db\"}", LONG_NS);
	fake.cgroups_made_anew = 100;
	assert_int_equal(slot_in_use()->cgroup, 7008);
	cJSON_Delete(talk(session, "renew", "{\"lease\":\"5s\"}"));
	assert_int_equal(slot_in_use()->cgroup, 7108);
	/* While there is none its packets, of which there are none, are still all that is meant. */
	fake.fail_name = "cgroup_id";
	cJSON_Delete(talk(session, "renew", "{\"lease\":\"5s\"}"));
	assert_int_equal(slot_in_use()->cgroup, 7108);
	fake.fail_name = NULL;
	talk_end(session);
}

/* The parameters that name it are others after a change. */
static void a_change_keeps_the_cgroup(void **state)
{
	struct session *session = talk_greeted("tcx");
	cJSON *armed = talk(session, "arm",
		"{\"id\":\"f\",\"fault\":\"loss\",\"scope\":{},\"role\":\"on\","
		"\"with\":{\"ratio\":0.1,\"cgroup\":\"/apps/db\"},"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.0.0.1\"]}],"
		"\"from\":[{\"node\":\"b\",\"prefixes\":[\"10.0.0.2\"]}],"
		"\"start_ns\":\"%lld\",\"deadline_ns\":\"%lld\"}",
		(long long)fake.now_ns + 1, (long long)fake.now_ns + LONG_NS);

	(void)state;
	if (!armed)
		fail_msg("%s", talk_error);
	cJSON_Delete(armed);
	for (int i = 0; i < 3; i++) {
		cJSON *changed = talk(
			session, "update", "{\"fault\":\"f\",\"with\":{\"ratio\":0.%d}}", i + 2);

		if (!changed)
			fail_msg("%s", talk_error);
		cJSON_Delete(changed);
		fake.cgroups_made_anew += 100;
		cJSON_Delete(talk(session, "renew", "{\"lease\":\"5s\"}"));
		assert_int_equal(slot_in_use()->cgroup, 7008 + 100 * (i + 1));
	}
	talk_end(session);
}

static void assert_refused(struct session *session, const char *with, const char *part)
{
	const char *order = talk_order("no", with, fake.now_ns + 1, fake.now_ns + LONG_NS);

	assert_null(talk(session, "arm", "%s", order));
	if (!strstr(talk_error, part))
		fail_msg("\"%s\" is not in: %s", part, talk_error);
	assert_true(fake_is_clean());
}

static void cgroups_whose_packets_are_left_alone(void **state)
{
	struct session_config confined = kill_config;
	struct session *session;

	(void)state;
	fake_write(POLICY_FILE,
		"{\"backburn_policy\":1,\"protect\":{\"cgroups\":[\"/system.slice/"
		"ssh.service\"]}}");
	confined.cgroup = "/sys/fs/cgroup/lab/n1";
	session = kill_greeted(&confined);
	assert_refused(session, "{\"cgroup\":\"/system.slice/ssh.service/x\"}",
		"refused by this host's policy " POLICY_FILE
		": cgroup /system.slice/ssh.service/x is protected");
	assert_refused(session, "{\"cgroup\":\"/lab/n10\"}",
		"cgroup /lab/n10 lies outside of /lab/n1, which this injector is confined to");
	assert_refused(session, "{\"cgroup\":\"/lab/n1/../n2\"}", "has no . and .. in it");
	assert_refused(session, "{\"cgroup\":\"/lab/n1/\"}", "does not end with one");
	assert_refused(session, "{\"cgroup\":\"lab\"}", "it begins with");
	talk_arm(session, "cut", "{\"cgroup\":\"/lab/n1/..x/.y/z.service\"}", LONG_NS);
	talk_end(session);
	session = talk_greeted("tcx");
	assert_refused(session, "{\"cgroup\":\"/gone\"}", "there is no cgroup /gone");
	talk_end(session);
}

static void what_it_contradicts(void **state)
{
	struct session *session = talk_greeted("tcx");

	(void)state;
	assert_refused(session, "{\"cgroup\":\"/a\",\"protocol\":\"icmp\"}",
		"whose icmp packets are can't be told");
	assert_null(plan_of("partition", "{\"cgroup\":\"/a\"}", ROLE_FROM));
	talk_end(session);
}

/* 10.0.0.1:PORT to 10.0.0.2:50000, established. */
#define SOCKET(port, inode)                                                                        \
	"   0: 0100000A:" port " 0200000A:C350 01 00000000:00000000 00:00000000 00000000     0"    \
	"        0 " inode " 1 0\n"

static void the_dry_run_lists_its_connections_only(void **state)
{
	static const struct fake_process own = {
		.pid = 90, .exe = "/usr/bin/db", .socket = 6001, .cgroup = "/apps/db/inner"};
	static const struct fake_process other = {
		.pid = 91, .exe = "/usr/bin/web", .socket = 6002, .cgroup = "/apps/dbx"};
	const char *order = talk_order("cut", "{\"cgroup\":\"/apps/db\"}", 0, 0);
	struct session *session = talk_greeted("tcx");
	cJSON *seen;
	char *said;

	(void)state;
	fake_add_process(&own);
	fake_add_process(&other);
	fake_write("/proc/self/net/tcp",
		"  sl  local_address rem_address\n" SOCKET("0001", "6001") SOCKET("0002", "6002"));
	seen = talk(session, "inspect", "%s", order);
	assert_non_null(seen);
	assert_int_equal(cJSON_GetObjectItem(seen, "connection_count")->valueint, 1);
	assert_string_equal(
		cJSON_GetObjectItem(
			cJSON_GetArrayItem(cJSON_GetObjectItem(seen, "connections"), 0), "local")
			->valuestring,
		"10.0.0.1:1");
	said = cJSON_PrintUnformatted(cJSON_GetObjectItem(seen, "effects"));
	assert_non_null(strstr(said, "drop packets from b (ingress, cgroup /apps/db)"));
	free(said);
	cJSON_Delete(seen);
	/* Who can't look says so: "none" would be a lie. */
	fake.fail_name = "process_sockets";
	assert_null(talk(session, "inspect", "%s", order));
	fake.fail_name = NULL;
	talk_end(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_slot_has_the_cgroups_number, talk_reset),
		cmocka_unit_test_setup(one_made_anew_is_found_with_the_next_renewal, talk_reset),
		cmocka_unit_test_setup(a_change_keeps_the_cgroup, talk_reset),
		cmocka_unit_test_setup(cgroups_whose_packets_are_left_alone, talk_reset),
		cmocka_unit_test_setup(what_it_contradicts, talk_reset),
		cmocka_unit_test_setup(the_dry_run_lists_its_connections_only, talk_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_KILLS_H
#define BACKBURN_TESTS_KILLS_H

#include <stdint.h>

#include <cjson/cJSON.h>

#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"

/* Orders of the fault kill to a session on the fake host, and processes to be chosen from. */

#define POLICY_FILE "/etc/backburn/policy.json"
extern const struct session_config kill_config;

struct session *kill_greeted(const struct session_config *how);
cJSON *kill_ask(struct session *session, const char *verb, const char *processes, const char *with,
	int64_t start_in_ns);
void kill_arm(struct session *session, const char *processes, int64_t start_in_ns);
void assert_kill_refused(
	struct session *session, const char *processes, const char *with, const char *said);
void kill_add(int64_t pid, uint64_t start_ticks, const char *exe, const char *cmdline);
void kill_databases(void);
struct session *kill_among(void);
/* Of "processes", "strikes" of the evidence's only fault; NULL: there are not so many. */
const cJSON *kill_item(const cJSON *evidence, const char *list, int index);
/* A number in digits, or in quotes; 0 when it is left out. */
int64_t kill_number(const cJSON *item, const char *key);
/* One that begins now. */
void kill_begin(int64_t pid, const char *exe);
/* On until that instant, as the loop would go on; and what is known then, to be freed. */
cJSON *kill_pass(struct session *session, int64_t until_ns);
struct fake_process *kill_process(int64_t pid);
void assert_kill_chosen(struct session *session, const char *processes, const char *expected);

#endif

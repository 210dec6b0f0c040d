/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/killing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	SOON_MS = 15000
};

/* ---- asking ---- */

char *killing_order(const struct aim *aim)
{
	return victims_order(&(struct victims_order){.fault = "kill",
		.id = "k",
		.processes = aim->processes,
		.with = aim->with,
		.start_in_ms = aim->start_in_ms,
		.for_ms = aim->for_ms ? aim->for_ms : KILLING_FAR_MS});
}

void killing_arm(struct injector *injector, const struct aim *aim)
{
	char *text = killing_order(aim);
	cJSON *armed = injector_call(injector, "arm", "%s", text);

	assert_string_equal(cJSON_GetObjectItem(armed, "attach")->valuestring, "pidfd");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(armed, "interfaces")), 0);
	cJSON_Delete(armed);
	free(text);
}

void killing_refused(struct injector *injector, const struct aim *aim, const char *part)
{
	char *text = killing_order(aim), *said = injector_refusal(injector, "arm", "%s", text);

	if (!strstr(said, part))
		fail_msg("\"%s\" is not in: %s", part, said);
	free(said);
	free(text);
}

cJSON *killing_evidence(struct injector *injector)
{
	cJSON *whole = injector_call(injector, "evidence", "{}");
	cJSON *fault = cJSON_DetachItemFromArray(cJSON_GetObjectItem(whole, "faults"), 0);

	assert_non_null(fault);
	cJSON_Delete(whole);
	return fault;
}

const cJSON *killing_hit_of(const cJSON *fault, pid_t pid)
{
	const cJSON *hit;

	cJSON_ArrayForEach(hit, cJSON_GetObjectItem(fault, "processes")) {
		if (cJSON_GetObjectItem(hit, "pid")->valueint == pid)
			return hit;
	}
	return NULL;
}

int64_t killing_time(const cJSON *object, const char *key)
{
	return strtoll(cJSON_GetObjectItem(object, key)->valuestring, NULL, 10);
}

/* Asks until the fault is over and each exit that must be seen is. */
cJSON *killing_await_over(struct injector *injector, size_t exits)
{
	int64_t give_up_ns = now_ns() + SOON_MS * INT64_C(1000000);

	for (;;) {
		cJSON *fault = killing_evidence(injector);
		const cJSON *hit;
		size_t seen = 0;

		cJSON_ArrayForEach(hit, cJSON_GetObjectItem(fault, "processes")) {
			seen += killing_time(hit, "exited_ns") > 0;
		}
		if (cJSON_IsTrue(cJSON_GetObjectItem(fault, "healed")) && seen == exits)
			return fault;
		cJSON_Delete(fault);
		assert_true(now_ns() < give_up_ns);
		pause_ms(5);
	}
}

void killing_assert_hit(const cJSON *fault, pid_t pid, const char *name, bool exited)
{
	const cJSON *hit = killing_hit_of(fault, pid);

	assert_non_null(hit);
	assert_string_equal(cJSON_GetObjectItem(hit, "signal")->valuestring, name);
	assert_string_equal(cJSON_GetObjectItem(hit, "result")->valuestring, "sent");
	assert_true(killing_time(hit, "sent_ns") >= killing_time(fault, "start_ns"));
	if (exited)
		assert_true(killing_time(hit, "exited_ns") >= killing_time(hit, "sent_ns"));
	else
		assert_int_equal(killing_time(hit, "exited_ns"), 0);
}

struct injector *killing_greeted(struct killing *killing, const char *option, const char *value)
{
	struct injector *injector =
		injector_start(&killing->world, NODE_A, option, value, (const char *)NULL);

	cJSON_Delete(injector_call(injector, "hello",
		"{\"version\":1,\"session\":\"test\",\"controller\":\"the "
		"test\",\"lease\":\"60s\"}"));
	return injector;
}

/* ---- the ground they stand on ---- */

int killing_set_up(void **state)
{
	struct killing *killing = calloc(1, sizeof(*killing));

	assert_non_null(killing);
	world_up(&killing->world, 2, "clsact");
	victims_init(&killing->victims);
	*state = killing;
	return 0;
}

int killing_tear_down(void **state)
{
	struct killing *killing = *state;

	victims_deinit(&killing->victims);
	world_down(&killing->world);
	free(killing);
	return 0;
}

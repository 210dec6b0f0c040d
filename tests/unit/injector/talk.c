/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/injector/talk.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/wire.h"
#include "injector/session.h"
#include "tests/unit/injector/host_fake.h"

char talk_error[1024];

struct session *talk_new(void)
{
	static const struct session_config config = {.runtime_dir = "/run/backburn",
		.state_dir = "/var/lib/backburn",
		.policy_file = "/etc/backburn/policy.json"};

	return session_new(&config);
}

static cJSON *take_line(struct session *session)
{
	size_t count, length;
	const char *bytes = outbox_peek(&session->out, &count);
	const char *newline = count ? memchr(bytes, '\n', count) : NULL;
	cJSON *message;

	if (!newline)
		return NULL;
	length = (size_t)(newline - bytes) + 1;
	assert_true(length <= WIRE_LINE_TO_CONTROLLER_MAX);
	message = cJSON_ParseWithLength(bytes, length);
	assert_non_null(message);
	outbox_sent(&session->out, length);
	return message;
}

cJSON *talk(struct session *session, const char *method, const char *params, ...)
{
	cJSON *message, *result, *error;
	char *body, *line;
	va_list args;

	va_start(args, params);
	assert_true(vasprintf(&body, params, args) > 0);
	va_end(args);
	assert_true(asprintf(&line,
			    "{\"jsonrpc\":\"2.0\",\"id\":\"5\",\"method\":\"%s\",\"params\":%s}",
			    method, body) > 0);
	free(body);
	session_line(session, line, strlen(line));
	free(line);
	message = take_line(session);
	/* It may wait for the names of hosts. */
	if (!message) {
		session_names_came(session, fake.now_ns);
		message = take_line(session);
	}
	assert_non_null(message);
	assert_string_equal(cJSON_GetObjectItem(message, "id")->valuestring, "5");
	result = cJSON_DetachItemFromObject(message, "result");
	error = cJSON_GetObjectItem(message, "error");
	assert_true(!result != !error);
	snprintf(talk_error, sizeof(talk_error), "%s",
		error ? cJSON_GetObjectItem(error, "message")->valuestring : "");
	cJSON_Delete(message);
	return result;
}

struct session *talk_greeted(const char *attach)
{
	struct session *session = talk_new();
	cJSON *hello = talk(session, "hello",
		"{\"version\":1,\"session\":\"run-1\",\"controller\":\"the test\",\"lease\":\"5s\","
		"\"attach\":\"%s\"}",
		attach);

	if (!hello) {
		session_free(session);
		return NULL;
	}
	cJSON_Delete(hello);
	return session;
}

const char *talk_order(const char *id, const char *with, int64_t start_ns, int64_t deadline_ns)
{
	static char order[2048];

	snprintf(order, sizeof(order),
		"{\"id\":\"%s\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":%s,"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[\"10.0.0.1\",\"fd00::1\"]}],"
		"\"from\":[{\"node\":\"b\",\"prefixes\":[\"10.0.0.2\",\"fd00::2\"]}],"
		"\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		id, with, start_ns, deadline_ns);
	return order;
}

void talk_arm(struct session *session, const char *id, const char *with, int64_t for_ns)
{
	cJSON *armed =
		talk(session, "arm", "%s", talk_order(id, with, fake.now_ns, fake.now_ns + for_ns));

	if (!armed)
		fail_msg("%s", talk_error);
	cJSON_Delete(armed);
}

cJSON *talk_said(struct session *session, const char *method)
{
	cJSON *message = take_line(session), *params;

	if (!message)
		return NULL;
	assert_string_equal(cJSON_GetObjectItem(message, "method")->valuestring, method);
	params = cJSON_DetachItemFromObject(message, "params");
	cJSON_Delete(message);
	return params;
}

cJSON *talk_notification(struct session *session)
{
	return talk_said(session, "evidence");
}

cJSON *talk_fault(struct session *session, const char *verb, const struct talk_fault *order)
{
	bool arm = strcmp(verb, "arm") == 0;
	bool processes = order->processes != NULL;

	return talk(session, verb,
		"{\"id\":\"%s\",\"fault\":\"%s\",\"scope\":{},\"role\":\"on\",\"with\":%s,"
		"\"on\":[{\"node\":\"a\",\"prefixes\":[]}],\"from\":[],%s%s%s"
		"\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
		order->id, order->fault, order->with, processes ? "\"processes\":{" : "",
		processes ? order->processes : "", processes ? "}," : "", arm ? fake.now_ns + 1 : 0,
		arm ? fake.now_ns + order->for_ns : 0);
}

void talk_arm_fault(struct session *session, const struct talk_fault *order)
{
	cJSON *armed = talk_fault(session, "arm", order);

	if (!armed)
		fail_msg("%s", talk_error);
	cJSON_Delete(armed);
}

void talk_end(struct session *session)
{
	talk_end_leaving(session, 0);
}

void talk_end_leaving(struct session *session, size_t most)
{
	struct fail fail = FAIL_INIT;

	if (session_end(session, &fail) < 0)
		fail_msg("%s", fail.text);
	session_free(session);
	assert_true(fake_is_clean());
	if (fake_left_count() > most)
		fail_msg("%zu files are left; what failed: %s", fake_left_count(),
			fake.failed_name ? fake.failed_name : "nothing");
	assert_int_equal(fake_open_count(), 0);
}

int talk_reset(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

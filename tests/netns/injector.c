/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/launcher.h"
#include "tests/netns/world.h"

enum {
	REPLY_WITHIN_MS = 30000,
	LINE_MAX_BYTES = 256 * 1024,
	OPTIONS_MAX = 10
};

struct injector *injector_start(struct world *world, int node, ...)
{
	const char *build = getenv("BACKBURN_BUILD");
	char program[512], netns[128];
	const char *arguments[OPTIONS_MAX + 5] = {
		program, "session", "--runtime-dir", world->runtime_dir};
	struct injector *injector = calloc(1, sizeof(*injector));
	va_list args;
	int count = 4;

	assert_non_null(injector);
	assert_non_null(build);
	snprintf(program, sizeof(program), "%s/bin/backburn-injector", build);
	/* One that was not made for this world is named by its path. */
	snprintf(netns, sizeof(netns), "%s%s",
		*world_netns(world, node) == '/' ? "" : "/run/netns/", world_netns(world, node));
	va_start(args, node);
	while (count < OPTIONS_MAX + 4 && (arguments[count] = va_arg(args, const char *)))
		count++;
	va_end(args);
	injector->pid = launcher_start(netns, arguments, &injector->to, &injector->from);
	injector->buffer = malloc(LINE_MAX_BYTES);
	assert_non_null(injector->buffer);
	assert_true(injector->pid > 0);
	return injector;
}

pid_t injector_child(const struct injector *injector)
{
	char path[64], text[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", injector->pid, injector->pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return (pid_t)atoi(text);
}

long injector_status_kb(const struct injector *injector, const char *key)
{
	char path[64], line[256];
	long kb = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)injector->pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			kb = strtol(line + strlen(key), NULL, 10);
	fclose(file);
	return kb;
}

struct injector *injector_greeted(struct world *world, int node, const char *lease)
{
	struct injector *injector = injector_start(world, node, NULL);
	cJSON *hello = injector_call(injector, "hello",
		"{\"version\":1,\"session\":\"test\",\"controller\":\"the test\",\"lease\":\"%s\","
		"\"attach\":\"%s\"}",
		lease, world->attach);

	assert_string_equal(cJSON_GetObjectItem(hello, "attach")->valuestring, world->attach);
	cJSON_Delete(hello);
	return injector;
}

int injector_wait(struct injector *injector)
{
	int status = launcher_wait(injector->pid);

	if (injector->to >= 0)
		close(injector->to);
	close(injector->from);
	cJSON_Delete(injector->evidence);
	free(injector->buffer);
	free(injector);
	return status;
}

int injector_finish(struct injector *injector)
{
	close(injector->to);
	injector->to = -1;
	return injector_wait(injector);
}

void injector_signal(const struct injector *injector, int signal)
{
	assert_int_equal(kill(injector->pid, signal), 0);
}

/* ---- requests ---- */

/* The next message, taken out of the buffer. */
static cJSON *next_message(struct injector *injector)
{
	int64_t give_up = now_ns() + REPLY_WITHIN_MS * 1000000LL;
	char *newline;
	cJSON *message;
	size_t length;

	while (!(newline = memchr(injector->buffer, '\n', injector->used))) {
		struct pollfd wait = {.fd = injector->from, .events = POLLIN};
		int left_ms = (int)((give_up - now_ns()) / 1000000);
		ssize_t got;

		assert_true(left_ms > 0 && poll(&wait, 1, left_ms) == 1);
		assert_true(injector->used < LINE_MAX_BYTES);
		got = read(injector->from, injector->buffer + injector->used,
			LINE_MAX_BYTES - injector->used);
		assert_true(got > 0);
		injector->used += (size_t)got;
	}
	length = (size_t)(newline - injector->buffer) + 1;
	assert_true(length <= (size_t)64 * 1024);
	message = cJSON_ParseWithLength(injector->buffer, length - 1);
	assert_non_null(message);
	injector->used -= length;
	memmove(injector->buffer, injector->buffer + length, injector->used);
	return message;
}

static void ask(struct injector *injector, const char *method, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void ask(struct injector *injector, const char *method, const char *format, va_list args)
{
	char *line, *params;

	assert_true(vasprintf(&params, format, args) > 0);
	assert_true(asprintf(&line,
			    "{\"jsonrpc\":\"2.0\",\"id\":\"%" PRIu64
			    "\",\"method\":\"%s\",\"params\":%s}\n",
			    ++injector->next_id, method, params) > 0);
	assert_int_equal(write(injector->to, line, strlen(line)), strlen(line));
	free(line);
	free(params);
}

/* The answer to the last request. */
static cJSON *answer(struct injector *injector)
{
	cJSON *message, *id;

	for (;;) {
		message = next_message(injector);
		id = cJSON_GetObjectItem(message, "id");
		if (id)
			break;
		assert_string_equal(
			cJSON_GetObjectItem(message, "method")->valuestring, "evidence");
		cJSON_Delete(injector->evidence);
		injector->evidence = message;
	}
	assert_int_equal(strtoull(id->valuestring, NULL, 10), injector->next_id);
	return message;
}

void injector_ask(struct injector *injector, const char *method, const char *params, ...)
{
	va_list args;

	va_start(args, params);
	ask(injector, method, params, args);
	va_end(args);
}

cJSON *injector_reply(struct injector *injector)
{
	return answer(injector);
}

cJSON *injector_answer(struct injector *injector)
{
	cJSON *message = answer(injector), *result, *error = cJSON_GetObjectItem(message, "error");

	if (error)
		fail_msg("%s", cJSON_GetObjectItem(error, "message")->valuestring);
	result = cJSON_DetachItemFromObject(message, "result");
	cJSON_Delete(message);
	assert_non_null(result);
	return result;
}

cJSON *injector_call(struct injector *injector, const char *method, const char *params, ...)
{
	va_list args;

	va_start(args, params);
	ask(injector, method, params, args);
	va_end(args);
	return injector_answer(injector);
}

char *injector_refusal(struct injector *injector, const char *method, const char *params, ...)
{
	cJSON *message, *error;
	va_list args;
	char *text;

	va_start(args, params);
	ask(injector, method, params, args);
	va_end(args);
	message = answer(injector);
	error = cJSON_GetObjectItem(message, "error");
	assert_non_null(error);
	text = strdup(cJSON_GetObjectItem(error, "message")->valuestring);
	cJSON_Delete(message);
	return text;
}

/* ---- partitions ---- */

static char *endpoint(int node, const char *extra)
{
	char *text;

	assert_true(asprintf(&text, "[{\"node\":\"node-%d\",\"prefixes\":[\"%s\",\"%s\"%s%s%s]}]",
			    node, world_address(node, AF_INET), world_address(node, AF_INET6),
			    extra ? ",\"" : "", extra ? extra : "", extra ? "\"" : "") > 0);
	return text;
}

char *injector_cut_order(const struct cut *cut, int64_t base_ns)
{
	char *on = endpoint(cut->on, NULL), *from = endpoint(cut->from, cut->extra), *order;
	int64_t start_ns = base_ns + cut->start_in_ms * 1000000;

	assert_true(asprintf(&order,
			    "{\"id\":\"%s\",\"fault\":\"%s\",\"scope\":{},\"role\":\"%s\","
			    "\"with\":%s,\"on\":%s,\"from\":%s,\"seed\":\"%" PRId64
			    "\",\"start_ns\":\"%" PRId64 "\",\"deadline_ns\":\"%" PRId64 "\"}",
			    cut->id, cut->fault ? cut->fault : "partition",
			    cut->role ? cut->role : "on", cut->with ? cut->with : "{}", on, from,
			    cut->seed, start_ns, start_ns + cut->for_ms * 1000000) > 0);
	free(on);
	free(from);
	return order;
}

void injector_cut(struct injector *injector, const struct cut *cut)
{
	char *order = injector_cut_order(cut, now_ns());
	cJSON *armed = injector_call(injector, "arm", "%s", order);

	free(order);
	assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(armed, "interfaces")) > 0);
	cJSON_Delete(armed);
	if (cut->start_in_ms)
		pause_ms((int)cut->start_in_ms);
}

void injector_heal(struct injector *injector, const char *id)
{
	cJSON *evidence = id ? injector_call(injector, "heal", "{\"faults\":[\"%s\"]}", id)
			     : injector_call(injector, "heal", "{}");
	cJSON *fault;

	cJSON_ArrayForEach(fault, cJSON_GetObjectItem(evidence, "faults")) {
		assert_true(cJSON_IsTrue(cJSON_GetObjectItem(fault, "healed")));
	}
	cJSON_Delete(evidence);
}

static bool is_direction(const cJSON *object, const char *direction)
{
	return !direction ||
		strcmp(cJSON_GetObjectItem(object, "direction")->valuestring, direction) == 0;
}

static int64_t number(const cJSON *object, const char *key)
{
	return strtoll(cJSON_GetObjectItem(object, key)->valuestring, NULL, 10);
}

struct counted injector_counted(struct injector *injector, const char *id, const char *direction)
{
	cJSON *evidence = injector_call(injector, "evidence", "{\"faults\":[\"%s\"]}", id);
	cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0), *counter;
	struct counted sum = {0};

	assert_non_null(fault);
	cJSON_ArrayForEach(counter, cJSON_GetObjectItem(fault, "counters")) {
		if (!is_direction(counter, direction))
			continue;
		sum.packets += number(counter, "packets");
		sum.segments += number(counter, "segments");
		sum.matched += number(counter, "matched");
	}
	cJSON_Delete(evidence);
	return sum;
}

int64_t injector_packets(struct injector *injector, const char *id, const char *direction)
{
	return injector_counted(injector, id, direction).packets;
}

/* NULL: there is none. */
static cJSON *find_measure(
	struct injector *injector, const char *id, const char *name, const char *direction)
{
	cJSON *evidence = injector_call(injector, "evidence", "{\"faults\":[\"%s\"]}", id);
	cJSON *fault = cJSON_GetArrayItem(cJSON_GetObjectItem(evidence, "faults"), 0), *measure;
	cJSON *found = NULL;

	assert_non_null(fault);
	cJSON_ArrayForEach(measure, cJSON_GetObjectItem(fault, "measures")) {
		if (!found && is_direction(measure, direction) &&
			strcmp(cJSON_GetObjectItem(measure, "name")->valuestring, name) == 0)
			found = cJSON_Duplicate(measure, true);
	}
	cJSON_Delete(evidence);
	return found;
}

cJSON *injector_measure(
	struct injector *injector, const char *id, const char *name, const char *direction)
{
	cJSON *measure = find_measure(injector, id, name, direction);

	assert_non_null(measure);
	return measure;
}

int64_t injector_passed_by(struct injector *injector, const char *id)
{
	cJSON *measure = find_measure(injector, id, "passed by", NULL);
	int64_t count = measure
		? (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(measure, "achieved"))
		: 0;

	cJSON_Delete(measure);
	return count;
}

/* ---- recovery ---- */

static char *run_command(const struct world *world, int node, const char *command,
	const char *option, int *out_status)
{
	char program[512], netns[128];

	snprintf(program, sizeof(program), "%s/bin/backburn-injector", getenv("BACKBURN_BUILD"));
	snprintf(netns, sizeof(netns), "--net=/run/netns/%s", world_netns(world, node));
	return world_output(out_status, "nsenter", netns, program, command, "--runtime-dir",
		world->runtime_dir, option, NULL);
}

bool world_doctor_tells(const struct world *world, int node, const char *part)
{
	int status;
	char *said = run_command(world, node, "doctor", NULL, &status);
	bool told = strstr(said, part) != NULL;

	free(said);
	return told;
}

char *world_recover_saying(const struct world *world, int node, int expected, const char *option)
{
	int status;
	char *said = run_command(world, node, "recover", option, &status);

	if (status != expected)
		fail_msg("recover ended with %d: %s", status, said);
	return said;
}

void world_recover(const struct world *world, int node)
{
	free(world_recover_saying(world, node, 0, NULL));
}

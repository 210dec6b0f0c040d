/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

/*
 * Stands in a `connect` for a host that lies: hostile-injector MANNER PROGRAM ARGUMENT…
 * It arms nothing, ever. `good` behaves as an injector does; every other manner differs from that
 * in what test_hostile_injector.c says of it. Probers are the real one, unless the manner begins
 * with "prober".
 */
static const char *manner;

#define ESCAPES "\\u001b[2J\\u001b]0;owned\\u0007\\u009b31m\\u202e\\r\\n<script>|`"

static bool is(const char *name)
{
	return strcmp(manner, name) == 0;
}

static const char *text(const char *plain)
{
	return is("escapes") ? ESCAPES : plain;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- the fault that is not there ---- */

static struct {
	char id[64], start[32], deadline[32];
	int64_t packets;
} fault;

static const char *packets(void)
{
	static char number[32];

	if (is("huge-counters"))
		return "18446744073709551616";
	if (is("negative-counters"))
		return "-7";
	fault.packets += is("shrinking-counters") ? -2000 : 10;
	snprintf(number, sizeof(number), "%" PRId64, fault.packets + 10000);
	return number;
}

/* The numbers stand as they are: a JSON number is no wider than they say. */
static const char *measures(void)
{
	static char list[1024];
	const char *number = is("absurd-measures") ? "-1e308" : "0.05";

	snprintf(list, sizeof(list),
		"{\"name\":\"%s\",\"direction\":\"egress\",\"unit\":\"%s\",\"bound\":\"about\","
		"\"asked\":%s,\"achieved\":%s,\"tolerance\":%s,\"count\":\"%s\",\"hits\":\"%s\"}",
		text("loss"), is("strange-measures") ? "parsec" : "ratio",
		is("absurd-measures") ? "1e308" : "0.01", number,
		is("absurd-measures") ? "-1e308" : "0",
		is("absurd-measures") ? "9223372036854775807" : "1000",
		is("absurd-measures") ? "-9223372036854775807" : "50");
	return is("escapes") || strstr(manner, "measures") ? list : "";
}

static const char *evidence(bool healed)
{
	static char body[4096];
	const char *at = is("absurd-times") ? "-9223372036854775807" : fault.start;

	snprintf(body, sizeof(body),
		"{\"now_ns\":\"%" PRId64
		"\",\"faults\":[{\"id\":\"%s\",\"start_ns\":\"%s\",\"deadline_ns\":"
		"\"%s\",\"healed\":%s,\"healed_ns\":\"%" PRId64
		"\",\"counters\":[{\"peer\":\"%s\",\"direction\":\"egress\",\"packets\":\"%s\","
		"\"segments\":\"1\",\"bytes\":\"1\",\"matched\":\"1\",\"first_ns\":\"%s\",\"last_"
		"ns\":\"%s\"}],\"measures\":[%s]}]}",
		now_ns(), fault.id, fault.start, fault.deadline, healed ? "true" : "false",
		is("absurd-times") ? -INT64_MAX
			: healed   ? now_ns()
				   : 0,
		text("192.0.2.1"), packets(), at, at, measures());
	return body;
}

static void notify(const char *body)
{
	printf("{\"jsonrpc\":\"2.0\",\"method\":\"evidence\",\"params\":%s}\n", body);
}

/* ---- answers ---- */

static const char *hello(void)
{
	static char body[4096];

	snprintf(body, sizeof(body),
		"{\"version\":1,\"tool\":\"%s\",\"host\":\"%s\",\"kernel\":\"%s\","
		"\"machine\":\"x86_64\",\"boot_id\":\"b\",\"netns_cookie\":\"1\",\"pid\":1,"
		"\"attach\":\"%s\",\"capabilities\":[{\"name\":\"partition\",\"ok\":true,"
		"\"reason\":\"%s\"}],\"addresses\":[\"192.0.2.7\"]}",
		text("backburn-injector"), text("h"), text("6.1"), text("tcx"), text("tried"));
	return body;
}

static const char *ping(void)
{
	static char body[64];

	snprintf(body, sizeof(body), "{\"monotonic_ns\":\"%" PRId64 "\"}",
		is("absurd-clock") ? INT64_MAX : now_ns());
	return body;
}

static const char *audit(const cJSON *params)
{
	static char body[1024];
	const cJSON *page = cJSON_GetObjectItem(params, "page");
	int number = page && !is("stuck-audit") ? page->valueint : 0;

	snprintf(body, sizeof(body),
		"{\"page\":%d,\"pages\":%s,\"state\":[\"link %s\"],\"residue\":[\"%s\"]}", number,
		is("endless-audit")         ? "1000000000000"
			: is("stuck-audit") ? "2"
					    : "1",
		text("eth0"), text("neighbour"));
	return body;
}

static const char *inspect(void)
{
	static char body[4096];

	snprintf(body, sizeof(body),
		"{\"effects\":[\"%s\"],\"undo\":[\"%s\"],\"interfaces\":[\"%s\"],\"foreign\":[],"
		"\"connections\":[{\"local\":\"%s\",\"remote\":\"%s\",\"peer\":\"%s\",\"state\":"
		"\"%s\"}],\"connection_count\":1}",
		text("drop"), text("undo"), text("eth0"), text("192.0.2.7:1"), text("192.0.2.1:2"),
		text("192.0.2.1"), text("established"));
	return body;
}

static void keep(char *to, size_t size, const cJSON *params, const char *key)
{
	const cJSON *value = cJSON_GetObjectItem(params, key);

	snprintf(to, size, "%s", cJSON_IsString(value) ? value->valuestring : "");
}

static const char *arm(const cJSON *params)
{
	static char body[512];

	keep(fault.id, sizeof(fault.id), params, "id");
	keep(fault.start, sizeof(fault.start), params, "start_ns");
	keep(fault.deadline, sizeof(fault.deadline), params, "deadline_ns");
	snprintf(body, sizeof(body),
		"{\"armed_ns\":\"%" PRId64
		"\",\"late_ns\":\"%s\",\"attach\":\"%s\",\"interfaces\":[\"%s\"]}",
		is("absurd-times") ? -INT64_MAX : now_ns(),
		is("absurd-times") ? "9223372036854775807" : "0", text("tcx"), text("eth0"));
	return body;
}

static void reply(const char *id, const char *result)
{
	printf("{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":%s}\n", id, result);
	fflush(stdout);
}

static void refuse(const char *id, const char *kind)
{
	printf("{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"error\":{\"code\":-32003,\"message\":"
	       "\"no " ESCAPES "\",\"data\":{\"kind\":\"%s\"}}}\n",
		id, kind);
	fflush(stdout);
}

/* ---- the manners ---- */

/* Until nobody reads any more. */
static void shout(const char *bytes)
{
	while (fputs(bytes, stdout) >= 0)
		;
	exit(1);
}

static void flood(void)
{
	for (;;) {
		notify(evidence(false));
		if (ferror(stdout))
			exit(1);
	}
}

static void nest(void)
{
	for (int i = 0; i < 10000; i++)
		fputs("[", stdout);
	puts("");
	fflush(stdout);
}

static void before_hello(void)
{
	if (is("unasked")) {
		for (int id = 50; id < 200; id++)
			printf("{\"jsonrpc\":\"2.0\",\"id\":\"%d\",\"result\":{\"x\":1}}\n", id);
		snprintf(fault.id, sizeof(fault.id), "no-such-fault");
		notify(evidence(true));
		snprintf(fault.id, sizeof(fault.id), "cut-web");
		notify("{\"faults\":5}");
	}
	if (is("escapes"))
		fputs("\x1b[2J\x1b]0;owned\x07\xc2\x9b"
		      "31m\xe2\x80\xae said\n",
			stderr);
	if (is("binary"))
		shout("\x01\x02\xff\xfe\n");
}

static void after_arm(const char *id)
{
	if (is("endless-line"))
		shout("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	if (is("flood"))
		flood();
	if (is("deep"))
		nest();
	if (is("healed-early"))
		notify(evidence(true));
	if (is("twice"))
		reply(id, "{}");
	fflush(stdout);
}

static void take(const cJSON *request)
{
	const char *id = cJSON_GetObjectItem(request, "id")->valuestring;
	const char *method = cJSON_GetObjectItem(request, "method")->valuestring;
	const cJSON *params = cJSON_GetObjectItem(request, "params");

	if (strcmp(method, "hello") == 0 && is("wrong-use")) {
		refuse(id, "usage");
	} else if (strcmp(method, "hello") == 0) {
		before_hello();
		reply(id, hello());
	} else if (strcmp(method, "ping") == 0) {
		reply(id, ping());
	} else if (strcmp(method, "audit") == 0) {
		reply(id, audit(params));
	} else if (strcmp(method, "inspect") == 0) {
		reply(id, inspect());
	} else if (strcmp(method, "renew") == 0) {
		reply(id, "{\"until_ns\":\"1\"}");
	} else if (strcmp(method, "arm") == 0 && is("refuse")) {
		refuse(id, "refused");
	} else if (strcmp(method, "arm") == 0) {
		reply(id, arm(params));
		after_arm(id);
	} else {
		reply(id, evidence(!is("not-healed")));
	}
}

static int session(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		cJSON *request = cJSON_Parse(line);

		if (!(is("silent") && fault.id[0]))
			take(request);
		cJSON_Delete(request);
	}
	free(line);
	return 0;
}

static int prober(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		cJSON *request = cJSON_Parse(line);
		const char *id = cJSON_GetObjectItem(request, "id")->valuestring;
		bool probe =
			strcmp(cJSON_GetObjectItem(request, "method")->valuestring, "probe") == 0;

		reply(id, ping());
		if (probe && is("prober-flood"))
			shout("{\"jsonrpc\":\"2.0\",\"method\":\"noise\"}\n");
		if (probe)
			puts("{\"jsonrpc\":\"2.0\",\"method\":\"window\",\"params\":{\"probe\":"
			     "\"" ESCAPES "\",\"first_index\":\"0\",\"count\":9007199254740991}}");
		fflush(stdout);
		cJSON_Delete(request);
	}
	free(line);
	return 0;
}

int main(int argc, char **argv)
{
	char here[PATH_MAX] = "", program[PATH_MAX + 32];

	if (argc < 4)
		return 64;
	manner = argv[1];
	if (strcmp(argv[3], "session") == 0)
		return session();
	if (strcmp(argv[2], "backburn") != 0)
		return 0; /* recover */
	if (strncmp(manner, "prober", 6) == 0)
		return prober();
	if (readlink("/proc/self/exe", here, sizeof(here) - 1) < 0)
		return 70;
	snprintf(program, sizeof(program), "%s/../../bin/backburn", dirname(here));
	execv(program, argv + 2);
	return 70;
}

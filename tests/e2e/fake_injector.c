/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

/*
 * Stands in a `connect` for a host that this controller can't use: the first argument says why.
 *   version     its injector speaks a later version of the contract
 *   capability  its kernel refuses BPF
 *   policy      its owner's policy can't be read
 *   down        there is no such host
 * What is started through it that is no injector, such as a prober, is carried out.
 * Any other one is a host that is all right, and on which nothing is to be found.
 */
static const char *hello(const char *why)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		"{\"version\":%d,\"tool\":\"backburn-injector "
		"9\",\"host\":\"h\",\"kernel\":\"6.1\","
		"\"machine\":\"x86_64\",\"boot_id\":\"b\",\"netns_cookie\":\"1\",\"pid\":1,"
		"\"attach\":\"tcx\",\"capabilities\":[{\"name\":\"partition\",\"ok\":%s,"
		"\"reason\":\"loading: Operation not permitted\"},{\"name\":\"policy\",\"ok\":%s,"
		"\"reason\":\"line 3: not JSON\"}],\"addresses\":[\"10.0.0.1\"]}",
		strcmp(why, "version") == 0 ? 2 : 1,
		strcmp(why, "capability") == 0 ? "false" : "true",
		strcmp(why, "policy") == 0 ? "false" : "true");
	return text;
}

static const char *answer(const char *method, const char *why)
{
	if (strcmp(method, "ping") == 0)
		return "{\"monotonic_ns\":\"1\"}";
	if (strcmp(method, "audit") == 0)
		return "{\"page\":0,\"pages\":1,\"state\":[],\"residue\":[]}";
	return hello(why);
}

int main(int argc, char **argv)
{
	const char *why = argc > 1 ? argv[1] : "";
	char line[65536];

	if (argc > 2 && strcmp(basename(argv[2]), "backburn-injector") != 0) {
		execvp(argv[2], argv + 2);
		return 127;
	}
	if (strcmp(why, "down") == 0) {
		fputs("ssh: connect to host web1 port 22: No route to host\n", stderr);
		return 255;
	}
	while (fgets(line, sizeof(line), stdin)) {
		cJSON *request = cJSON_Parse(line);
		const cJSON *id = cJSON_GetObjectItem(request, "id");
		const cJSON *method = cJSON_GetObjectItem(request, "method");

		if (!cJSON_IsString(id) || !cJSON_IsString(method))
			return 1;
		printf("{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":%s}\n", id->valuestring,
			answer(method->valuestring, why));
		fflush(stdout);
		cJSON_Delete(request);
	}
	return 0;
}

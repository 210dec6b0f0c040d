/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

/*
 * Stands in a `connect` for a host that this controller can't use: the first argument says why.
 *   version     its injector speaks a later version of the contract
 *   capability  its kernel refuses BPF
 *   down        there is no such host
 */
static const char *hello(const char *why)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		"{\"version\":%d,\"tool\":\"backburn-injector "
		"9\",\"host\":\"h\",\"kernel\":\"6.1\","
		"\"machine\":\"x86_64\",\"boot_id\":\"b\",\"netns_cookie\":\"1\",\"pid\":1,"
		"\"attach\":\"tcx\",\"capabilities\":[{\"name\":\"partition\",\"ok\":%s,"
		"\"reason\":\"loading: Operation not permitted\"}],\"addresses\":[\"10.0.0.1\"]}",
		strcmp(why, "version") == 0 ? 2 : 1,
		strcmp(why, "capability") == 0 ? "false" : "true");
	return text;
}

int main(int argc, char **argv)
{
	const char *why = argc > 1 ? argv[1] : "";
	char line[65536];

	if (strcmp(why, "down") == 0) {
		fputs("ssh: connect to host web1 port 22: No route to host\n", stderr);
		return 255;
	}
	while (fgets(line, sizeof(line), stdin)) {
		cJSON *request = cJSON_Parse(line);
		const cJSON *id = cJSON_GetObjectItem(request, "id");

		if (!cJSON_IsString(id))
			return 1;
		printf("{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":%s}\n", id->valuestring,
			hello(why));
		fflush(stdout);
		cJSON_Delete(request);
	}
	return 0;
}

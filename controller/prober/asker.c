/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/asker.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "contract/wire.h"
#include "controller/exit_code.h"
#include "controller/prober/asker_run.h"
#include "controller/prober/http_tls.h"
#include "controller/prober/orders.h"
#include "controller/prober/privilege.h"

#define AT(type, member) .offset = offsetof(struct type, member)

static const struct field get_fields[] = {
	{.key = "url", .kind = FIELD_STRING, AT(ask_get, url), .required = true},
	{.key = "timeout",
		.kind = FIELD_DURATION,
		AT(ask_get, timeout_ns),
		.required = true,
		.min = NS_PER_MS,
		.max = 60.0 * NS_PER_SEC},
	{.key = "tls", .kind = FIELD_OBJECT, .sub = &http_tls_shape, AT(ask_get, tls)},
};
const struct shape ask_get_shape = {
	.name = "get", .size = sizeof(struct ask_get), SHAPE_FIELDS(get_fields)};

static const struct field answer_fields[] = {
	{.key = "status", .kind = FIELD_INTEGER, AT(ask_answer, status), .required = true},
	{.key = "body",
		.kind = FIELD_STRING,
		AT(ask_answer, body),
		.required = true,
		.allow_empty = true},
};
const struct shape ask_answer_shape = {
	.name = "answer", .size = sizeof(struct ask_answer), SHAPE_FIELDS(answer_fields)};

struct body {
	char text[ASK_BODY_MAX + 1];
	size_t used;
};

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct body *body = context;
	size_t room = ASK_BODY_MAX - body->used, take = size * count < room ? size * count : room;

	/* What does not fit is read and dropped: a metrics page longer than this is still asked. */
	for (size_t i = 0; i < take; i++) {
		char c = bytes[i];

		body->text[body->used++] = (char)((unsigned char)c < 0x80 && c != '\0' ? c : '?');
	}
	return size * count;
}

/* Lists that a request borrows until its end. */
struct lists {
	struct curl_slist *headers, *connect_to;
};

static void lists_deinit(struct lists *lists)
{
	curl_slist_free_all(lists->headers);
	curl_slist_free_all(lists->connect_to);
}

/* A certificate for another name than the URL's host: that name is asked for, at the host. */
static int take_detour(
	CURL *curl, const struct ask_get *get, struct lists *lists, struct fail *fail)
{
	struct http_tls_detour detour;
	int outcome = http_tls_detour(get->url, get->tls->server_name, &detour);

	if (outcome == 0) {
		lists->connect_to = curl_slist_append(NULL, detour.connect_to);
		lists->headers = curl_slist_append(NULL, detour.host_header);
		curl_easy_setopt(curl, CURLOPT_URL, detour.url);
		curl_easy_setopt(curl, CURLOPT_CONNECT_TO, lists->connect_to);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lists->headers);
	}
	http_tls_detour_deinit(&detour);
	return outcome < 0 ? fail_set(fail, FAIL_USAGE, "the URL makes no sense") : 0;
}

static int fetch(CURL *curl, const struct ask_get *get, struct body *body, long *out_status,
	struct fail *fail)
{
	struct lists lists = {0};
	char reason[CURL_ERROR_SIZE] = "";
	CURLcode outcome;

	body->used = 0;
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, get->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(get->timeout_ns / NS_PER_MS));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
	if (get->tls)
		http_tls_set(curl, get->tls);
	if (get->tls && get->tls->server_name && take_detour(curl, get, &lists, fail) < 0)
		return -1;
	outcome = curl_easy_perform(curl);
	lists_deinit(&lists);
	body->text[body->used] = '\0';
	if (outcome != CURLE_OK)
		return fail_set(
			fail, FAIL_PEER, "%s", reason[0] ? reason : curl_easy_strerror(outcome));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, out_status);
	return 0;
}

static char *respond_run(const struct wire_message *request)
{
	struct fail fail = FAIL_INIT;
	struct ask_run run;
	struct ask_ran ran;
	char *line;

	if (shape_decode(&ask_run_shape, request->body, "", &run, &fail) < 0)
		return wire_error(request->id, &fail);
	if (asker_run(&run, &ran, &fail) < 0)
		line = wire_error(request->id, &fail);
	else
		line = wire_reply(request->id, shape_encode(&ask_ran_shape, &ran));
	shape_free(&ask_run_shape, &run);
	return line;
}

static char *respond_get(CURL *curl, struct body *body, const struct wire_message *request)
{
	struct fail fail = FAIL_INIT;
	struct ask_get get;
	char *line;
	long status;

	if (shape_decode(&ask_get_shape, request->body, "", &get, &fail) < 0)
		return wire_error(request->id, &fail);
	if (fetch(curl, &get, body, &status, &fail) < 0) {
		line = wire_error(request->id, &fail);
	} else {
		const struct ask_answer result = {.status = status, .body = body->text};

		line = wire_reply(request->id, shape_encode(&ask_answer_shape, &result));
	}
	shape_free(&ask_get_shape, &get);
	return line;
}

static char *respond(CURL *curl, struct body *body, const struct wire_message *request)
{
	struct fail fail = FAIL_INIT;

	if (strcmp(request->method, "get") == 0)
		return respond_get(curl, body, request);
	if (strcmp(request->method, "run") == 0)
		return respond_run(request);
	fail_set(&fail, FAIL_USAGE, "unknown method");
	return wire_error(request->id, &fail);
}

static int serve(CURL *curl, struct body *body, struct wire_reader *reader, struct fail *fail)
{
	char buffer[4096];
	const char *text;
	size_t length;
	ssize_t got;

	while ((got = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0) {
		if (wire_reader_feed(reader, buffer, (size_t)got, fail) < 0)
			return -1;
		while ((text = wire_reader_line(reader, &length))) {
			struct wire_message request;
			char *line;
			int outcome;

			if (wire_parse(text, length, &request, fail) < 0)
				return -1;
			line = respond(curl, body, &request);
			wire_message_deinit(&request);
			outcome = file_write(STDOUT_FILENO, line, strlen(line));
			free(line);
			if (outcome < 0)
				return 0;
		}
	}
	return 0;
}

int asker_main(void)
{
	struct body *body = must_alloc(sizeof(*body));
	struct wire_reader reader;
	struct fail fail = FAIL_INIT;
	CURL *curl;
	int outcome;

	wire_reader_init(&reader, WIRE_LINE_TO_INJECTOR_MAX);
	curl = curl_easy_init();
	if (!curl)
		abort();
	outcome = privilege_drop(&fail);
	if (outcome == 0)
		outcome = serve(curl, body, &reader, &fail);
	if (outcome < 0)
		fprintf(stderr, "backburn ask: %s\n", fail.text);
	curl_easy_cleanup(curl);
	wire_reader_deinit(&reader);
	free(body);
	return outcome < 0 ? EXIT_TROUBLE : 0;
}

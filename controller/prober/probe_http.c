/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "controller/prober/http.h"
#include "controller/prober/probe_kind.h"
#include "controller/prober/tls.h"
#include "controller/prober/value.h"

/* Probes that ask a URL. */

enum {
	REQUESTS_MAX = 4096,
	BODY_MAX = 1024 * 1024, /* of an answer that is compared; others are thrown away */
};

/* --- the order ------------------------------------------------------------------------- */

static bool is_method(const char *text)
{
	size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return length > 0 && length <= 16 && !text[length];
}

static bool has_header(const struct list *headers, const char *name)
{
	size_t length = strlen(name);

	LIST_EACH(*headers, char *, header) {
		if (strncasecmp(*header, name, length) == 0 && (*header)[length] == ':')
			return true;
	}
	return false;
}

/* A line end inside would be a header more, or the end of all headers. */
static int check_header(const char *header, const struct event_values *values, struct fail *fail)
{
	const char *colon = strchr(header, ':');
	char *expanded;
	bool whole;

	if (!colon || colon == header || strpbrk(header, "\r\n"))
		return fail_set(fail, FAIL_USAGE,
			"header \"%.80s\" is not of the form \"Name: value\"", header);
	if (strcspn(header, " \t") < (size_t)(colon - header))
		return fail_set(
			fail, FAIL_USAGE, "header \"%.80s\" has a blank in its name", header);
	if (expand_text(header, values, &expanded, fail) < 0)
		return fail_context(fail, "headers");
	whole = !strpbrk(expanded, "\r\n");
	free(expanded);
	if (!whole)
		return fail_set(fail, FAIL_USAGE, "header \"%.80s\": what is put in has a line end",
			header);
	return 0;
}

static int check_body(
	const struct http_order *http, const struct event_values *values, struct fail *fail)
{
	char *text;

	if (http->body && http->body_json)
		return fail_set(fail, FAIL_USAGE, "both body and body_json are given");
	if (http->base64_at.count && !http->body_json)
		return fail_set(fail, FAIL_USAGE, "base64_at needs body_json");
	if (http->body_json) {
		if (expand_json(http->body_json, &http->base64_at, values, &text, fail) < 0)
			return fail_context(fail, "body");
		free(text);
	}
	return probe_try_text(http->body, values, "body", fail);
}

/* A URL may be a secret, so the text that is checked is not quoted. */
static int check_url(
	const struct http_order *http, const struct event_values *values, struct fail *fail)
{
	const char *url = http->url;
	char *text;
	bool known, secure;

	if (expand_text(url, values, &text, fail) < 0)
		return fail_context(fail, "url");
	secure = strncmp(text, "https://", 8) == 0;
	known = secure || strncmp(text, "http://", 7) == 0;
	free(text);
	if (!known)
		return fail_set(fail, FAIL_USAGE, "url \"%.200s\" is not http:// or https://", url);
	if (http->tls && !secure)
		return fail_set(
			fail, FAIL_USAGE, "tls: url \"%.200s\" does not begin with https://", url);
	return 0;
}

static int check_tls(
	const struct http_order *http, const struct event_values *values, struct fail *fail)
{
	const struct http_tls *tls = http->tls;
	char *name;
	int outcome;

	if (!tls)
		return 0;
	if (tls_check(tls->ca, tls->cert, tls->key, fail) < 0)
		return fail_context(fail, "tls");
	if (!tls->server_name)
		return 0;
	if (expand_text(tls->server_name, values, &name, fail) < 0)
		return fail_context(fail, "tls.server_name");
	outcome = tls_check_name(name, fail);
	free(name);
	return outcome < 0 ? fail_context(fail, "tls.server_name") : 0;
}

/* A decoded list has no room to grow by list_push(). */
static void add_header(struct list *headers, const char *header)
{
	char **items = reallocarray(headers->items, headers->count + 1, sizeof(*items));

	if (!items)
		abort();
	items[headers->count++] = must_copy(header);
	headers->items = items;
}

static int check(struct probe_order *order, const struct event_values *values, struct fail *fail)
{
	struct http_order *http = order->http;

	if (!is_method(http->method))
		return fail_set(fail, FAIL_USAGE, "\"%.40s\" is not an HTTP method", http->method);
	if (check_url(http, values, fail) < 0 ||
		probe_try_text(http->query, values, "query", fail) < 0 ||
		check_body(http, values, fail) < 0 || check_tls(http, values, fail) < 0)
		return -1;
	LIST_EACH(http->headers, char *, header)
		if (check_header(*header, values, fail) < 0)
			return -1;
	if (!has_header(&http->headers, "Content-Type")) {
		if (http->body_json)
			add_header(&http->headers, "Content-Type: application/json");
		else if (http->body)
			add_header(&http->headers, "Content-Type: text/plain; charset=utf-8");
	}
	return 0;
}

/* --- one attempt ----------------------------------------------------------------------- */

/* What one event sends; all owned. */
struct rendered {
	char *url;
	char *body;
	char *server_name;   /* NULL: the URL's host */
	struct list headers; /* of char * */
};

static void rendered_deinit(struct rendered *rendered)
{
	free(rendered->url);
	free(rendered->body);
	free(rendered->server_name);
	list_free_texts(&rendered->headers);
}

static int add_query(
	const char *query, const struct event_values *values, char **url, struct fail *fail)
{
	char *text, *encoded, *whole;

	if (expand_text(query, values, &text, fail) < 0)
		return -1;
	encoded = http_encode(text);
	if (asprintf(&whole, "%s?query=%s", *url, encoded) < 0)
		abort();
	free(text);
	free(encoded);
	free(*url);
	*url = whole;
	return 0;
}

static int render(const struct http_order *http, const struct event_values *values,
	struct rendered *out, struct fail *fail)
{
	int outcome = expand_text(http->url, values, &out->url, fail);

	if (outcome == 0 && http->query)
		outcome = add_query(http->query, values, &out->url, fail);
	LIST_EACH(http->headers, char *, header) {
		char *text = NULL;

		if (outcome == 0)
			outcome = expand_text(*header, values, &text, fail);
		if (outcome == 0)
			list_push_text(&out->headers, text);
		free(text);
	}
	if (outcome == 0 && http->tls && http->tls->server_name)
		outcome = expand_text(http->tls->server_name, values, &out->server_name, fail);
	if (outcome == 0 && http->body)
		outcome = expand_text(http->body, values, &out->body, fail);
	if (outcome == 0 && http->body_json)
		outcome = expand_json(http->body_json, &http->base64_at, values, &out->body, fail);
	return outcome;
}

static bool is_expected(const struct list *statuses, int status)
{
	if (statuses->count == 0)
		return status >= 200 && status < 400;
	LIST_EACH(*statuses, int64_t, expected) {
		if (*expected == status)
			return true;
	}
	return false;
}

static void read_value(const struct attempt *attempt, const struct http_result *result)
{
	char why[VALUE_WHY_SIZE];
	double value;
	struct attempt_end end = {.outcome = OUTCOME_OK, .value = &value};

	if (value_read(attempt->order->value, result->body, result->body_length, &value, why) < 0)
		end = (struct attempt_end){
			.outcome = OUTCOME_CONTENT, .text = why, .quote = result->body};
	attempt->done(attempt->context, &end);
}

static void judge_answer(const struct attempt *attempt, const struct http_result *result)
{
	const struct http_order *http = attempt->order->http;
	char text[TEXT_MATCH_WHY_SIZE + 64], why[TEXT_MATCH_WHY_SIZE];
	struct attempt_end end = {.outcome = OUTCOME_OK, .text = text};

	if (!is_expected(&http->expect_status, result->status)) {
		end.outcome = OUTCOME_STATUS;
		/* What a query is wrong with, Prometheus says there. */
		end.quote = attempt->order->value ? result->body : NULL;
		snprintf(text, sizeof(text), "HTTP %d", result->status);
	} else if (http->expect_body &&
		!text_match_fits(http->expect_body, result->body, result->body_length)) {
		end.outcome = OUTCOME_CONTENT;
		end.quote = result->body;
		text_match_say(http->expect_body, why);
		snprintf(text, sizeof(text), "HTTP %d, but the body %s", result->status, why);
	} else if (attempt->order->value) {
		read_value(attempt, result);
		return;
	}
	attempt->done(attempt->context, &end);
}

static void on_done(void *context, const struct http_result *result)
{
	static const enum probe_outcome outcomes[] = {
		[HTTP_TIMED_OUT] = OUTCOME_TIMEOUT,
		[HTTP_NO_CONNECTION] = OUTCOME_CONNECT,
		[HTTP_BROKEN] = OUTCOME_BROKEN,
	};
	const struct attempt *attempt = context;
	struct attempt_end end = {.text = result->text, .quote = result->detail};

	if (result->ending == HTTP_ANSWERED) {
		judge_answer(attempt, result);
		return;
	}
	end.outcome = outcomes[result->ending];
	attempt->done(attempt->context, &end);
}

static int begin(void *means, const struct attempt *attempt, struct fail *fail)
{
	const struct http_order *http = attempt->order->http;
	struct rendered rendered = {0};
	int outcome = render(http, &attempt->values, &rendered, fail);

	if (outcome == 0) {
		struct http_request request = {
			.method = http->method,
			.url = rendered.url,
			.headers = &rendered.headers,
			.body = rendered.body,
			.server_name = rendered.server_name,
			.limit_ns = attempt->limit_ns,
			.done = on_done,
			.context = (void *)attempt,
		};

		if (http_send(means, &request) < 0)
			outcome = fail_set(fail, FAIL_BUSY, "all connections are in use");
	}
	rendered_deinit(&rendered);
	return outcome;
}

static void flush(void *means)
{
	http_flush(means);
}

/* --- life ------------------------------------------------------------------------------ */

static int open_means(uv_loop_t *loop, const struct probe_order *order, int capacity,
	void **out_means, struct fail *fail)
{
	size_t body_max = order->http->expect_body ? BODY_MAX : 0;
	const struct http_options options = {
		.capacity = capacity,
		.fresh = order->http->connection == HTTP_FRESH,
		.body_max = order->value ? VALUE_BODY_MAX : body_max,
		.tls = order->http->tls,
	};
	struct http *http;

	if (http_new(loop, &options, &http, fail) < 0)
		return -1;
	*out_means = http;
	return 0;
}

static void close_means(void *means)
{
	http_free(means);
}

const struct probe_kind probe_kind_http = {
	.name = "http",
	.descriptors = 1,
	.attempts_max = REQUESTS_MAX,
	.check = check,
	.open = open_means,
	.close = close_means,
	.begin = begin,
	.flush = flush,
};

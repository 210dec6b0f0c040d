/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "controller/prober/expand.h"
#include "controller/prober/probe.h"

enum {
	CLASSES_MAX = 16,
	/*
	 * Events of all classes in one window. In the worst case, good and bad in turn, each
	 * takes two bytes of the notification, which is one line of at most 1 MiB.
	 */
	WINDOW_JUDGEMENTS_MAX = 300 * 1000,
	CONNECTIONS_SPARE = 8,
	CONNECTIONS_MAX = 4096,
};

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

static int check_headers(const struct list *headers, struct fail *fail)
{
	LIST_EACH(*headers, char *, header) {
		const char *colon = strchr(*header, ':');

		if (!colon || colon == *header || strpbrk(*header, "\r\n"))
			return fail_set(fail, FAIL_USAGE,
				"header \"%.80s\" is not of the form \"Name: value\"", *header);
		if (strcspn(*header, " \t") < (size_t)(colon - *header))
			return fail_set(fail, FAIL_USAGE,
				"header \"%.80s\" has a blank in its name", *header);
	}
	return 0;
}

static int check_body(const struct probe_order *order, struct fail *fail)
{
	if (order->body && order->body_json)
		return fail_set(fail, FAIL_USAGE, "both body and body_json are given");
	if (order->base64_at.count && !order->body_json)
		return fail_set(fail, FAIL_USAGE, "base64_at needs body_json");
	return 0;
}

/* Expands everything once: what fails for one event fails for all. */
static int check_texts(const struct probe_order *order, struct fail *fail)
{
	struct event_values values = event_values_of(order->seed, 0);
	char *text;

	LIST_EACH(order->targets, const struct probe_target, target) {
		if (strncmp(target->url, "http://", 7) != 0 &&
			strncmp(target->url, "https://", 8) != 0)
			return fail_set(fail, FAIL_USAGE,
				"url \"%.200s\" is not http:// or https://", target->url);
		if (expand_text(target->url, &values, &text, fail) < 0)
			return fail_context(fail, "url");
		free(text);
	}
	LIST_EACH(order->headers, char *, header) {
		if (expand_text(*header, &values, &text, fail) < 0)
			return fail_context(fail, "headers");
		free(text);
	}
	if (order->body) {
		if (expand_text(order->body, &values, &text, fail) < 0)
			return fail_context(fail, "body");
		free(text);
	}
	if (order->body_json) {
		if (expand_json(order->body_json, &order->base64_at, &values, &text, fail) < 0)
			return fail_context(fail, "body");
		free(text);
	}
	return 0;
}

static void add_header(struct list *headers, const char *header)
{
	char **items = reallocarray(headers->items, headers->count + 1, sizeof(*items));

	if (!items)
		abort();
	items[headers->count] = strdup(header);
	if (!items[headers->count])
		abort();
	headers->items = items;
	headers->count++;
}

int probe_check(struct probe_order *order, struct fail *fail)
{
	double judgements = order->rate * (double)order->window_ns / 1e9 *
		(double)(order->classes.count ? order->classes.count : 1);

	if (order->policy == POLICY_EACH)
		return fail_set(
			fail, FAIL_UNSUPPORTED, "policy \"each\" is not supported in this version");
	if (!is_method(order->method))
		return fail_set(fail, FAIL_USAGE, "\"%.40s\" is not an HTTP method", order->method);
	if (order->classes.count > CLASSES_MAX)
		return fail_set(fail, FAIL_USAGE, "more than %d SLOs on one probe", CLASSES_MAX);
	if (judgements > WINDOW_JUDGEMENTS_MAX)
		return fail_set(fail, FAIL_USAGE,
			"rate × window × SLOs is %.0f, more than a report can hold (%d)",
			judgements, WINDOW_JUDGEMENTS_MAX);
	if (check_headers(&order->headers, fail) < 0 || check_body(order, fail) < 0 ||
		check_texts(order, fail) < 0)
		return -1;
	if (!has_header(&order->headers, "Content-Type")) {
		if (order->body_json)
			add_header(&order->headers, "Content-Type: application/json");
		else if (order->body)
			add_header(&order->headers, "Content-Type: text/plain; charset=utf-8");
	}
	return 0;
}

int probe_connections(const struct probe_order *order)
{
	double wanted = ceil(order->rate * (double)order->timeout_ns / 1e9 * 1.25);

	return wanted + CONNECTIONS_SPARE > CONNECTIONS_MAX ? CONNECTIONS_MAX
							    : (int)wanted + CONNECTIONS_SPARE;
}

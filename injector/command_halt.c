/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "contract/json.h"
#include "injector/command.h"
#include "injector/halts.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/session.h"

static const struct argp_option options[] = {
	{"runtime-dir", 'r', "DIR", 0, "where the marks lie, below halts (" RUNTIME_DIR ")", 0},
	{0},
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	const char **runtime_dir = state->input;

	switch (key) {
	case 'r':
		*runtime_dir = argument;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is \"%s\"?", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int read_order(struct halt_order *out, struct fail *fail)
{
	char text[HALT_BYTES_MAX];
	size_t length = 0;
	ssize_t got = 1;
	cJSON *json;
	int result;

	while (length < sizeof(text) && got > 0) {
		got = read(STDIN_FILENO, text + length, sizeof(text) - length);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			length += (size_t)got;
	}
	if (got < 0)
		return fail_errno(fail, errno, "standard input");
	if (length == sizeof(text))
		return fail_set(
			fail, FAIL_USAGE, "an order has less than %d bytes", HALT_BYTES_MAX);
	json = json_parse(text, length, fail);
	if (!json)
		return -1;
	result = shape_decode(&halt_order_shape, json, "", out, fail);
	cJSON_Delete(json);
	return result;
}

static int carry_out(const char *runtime_dir, const struct halt_order *order, struct fail *fail)
{
	struct host_facts facts;
	struct list texts = {0};
	int result = host_facts(&facts, fail);

	if (result == 0 && order->action == HALT_ENGAGE) {
		result = halts_engage(runtime_dir, facts.netns_cookie, order->halt, fail);
	} else if (result == 0 && order->action == HALT_RELEASE) {
		result = halts_release(
			runtime_dir, facts.netns_cookie, order->halt->environment, fail);
	}
	if (result < 0)
		return -1;
	halts_list(runtime_dir, facts.netns_cookie, &texts);
	LIST_EACH(texts, char *, text) {
		puts(*text);
	}
	list_free_texts(&texts);
	return 0;
}

int command_halt(int argc, char **argv)
{
	static const struct argp parser = {
		.options = options,
		.parser = take,
		.doc = "Engages or releases the emergency stop on this host, for one environment: "
		       "an order as JSON on standard input, as `backburn halt` sends it. Prints "
		       "the halts that stand here then. Exit status: 0 done, 64 no order, 70 not "
		       "done.",
	};
	const char *runtime_dir = RUNTIME_DIR;
	struct halt_order order = {0};
	struct fail fail = FAIL_INIT;
	int status = EXIT_DONE;

	argp_parse(&parser, argc, argv, 0, NULL, &runtime_dir);
	if (read_order(&order, &fail) < 0)
		status = EXIT_BAD_USE;
	else if (carry_out(runtime_dir, &order, &fail) < 0)
		status = EXIT_DEFECT;
	if (status != EXIT_DONE)
		fprintf(stderr, "%s: %s%s%s\n", argv[0], fail.path, fail.path[0] ? ": " : "",
			fail.text);
	shape_free(&halt_order_shape, &order);
	return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/commands/on_hosts.h"

#include <stdio.h>
#include <stdlib.h>

#include "contract/list.h"
#include "controller/exit_code.h"
#include "controller/report/escape.h"
#include "controller/run/reach.h"

static int worse(int a, int b)
{
	if (a == EXIT_NOT_REVERTED || b == EXIT_NOT_REVERTED)
		return EXIT_NOT_REVERTED;
	return a ? a : b;
}

static int on_host(const char *self_dir, const struct plan_node *node, const struct on_hosts *order,
	bool first)
{
	struct list argv = reach_argv(self_dir, node, "backburn-injector", order->words);
	struct fail fail = FAIL_INIT;
	int code;

	if (order->json)
		printf("%s\"%s\": ", first ? "{" : ", ", node->name);
	else
		printf("%s\n", node->name);
	fflush(stdout);
	code = reach_wait(&argv, &fail);
	list_free_texts(&argv);
	if (code < 0)
		plain_line(stderr, "  %s", fail.text);
	if (code < 0 && order->json)
		fputs("null", stdout);
	return code < 0 ? EXIT_REFUSED : code;
}

static int on_plan(const struct plan *plan, const struct on_hosts *order)
{
	struct fail fail = FAIL_INIT;
	char *self_dir = NULL;
	bool first = true;
	int code = 0;

	if (reach_self_dir(&self_dir, &fail) < 0) {
		plain_line(stderr, "backburn: %s", fail.text);
		return exit_code_of(fail.kind);
	}
	LIST_EACH(plan->nodes, struct plan_node, node) {
		code = worse(code, on_host(self_dir, node, order, first));
		first = false;
	}
	if (order->json)
		puts("}");
	free(self_dir);
	return code;
}

int on_hosts(const struct on_hosts *order)
{
	struct on_hosts inside = *order;
	struct environment environment;
	struct lab_file lab;
	struct plan plan;
	struct fail fail = FAIL_INIT;
	bool has_lab;
	int code;

	if (reach_load(order->environment, &environment, &lab, &has_lab, &fail) < 0) {
		plain_line(stderr, "%s", fail.text);
		return exit_code_of(fail.kind);
	}
	plan_init(&plan, NULL, NULL, &environment);
	if (has_lab && order->words_in_lab)
		inside.words = order->words_in_lab;
	if (has_lab && !lab_is_built(lab.name)) {
		fprintf(stderr, "backburn: lab %s is down: nothing is left of it\n", lab.name);
		code = EXIT_REFUSED;
	} else if (has_lab && reach_add_lab(&plan, &lab, &fail) < 0) {
		plain_line(stderr, "backburn: %s", fail.text);
		code = exit_code_of(fail.kind);
	} else {
		code = on_plan(&plan, &inside);
	}
	plan_deinit(&plan);
	if (has_lab)
		lab_file_deinit(&lab);
	environment_deinit(&environment);
	return code;
}

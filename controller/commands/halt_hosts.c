/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/commands/halt_hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/exit_code.h"
#include "controller/push/remote.h"
#include "controller/report/escape.h"
#include "controller/run/reach.h"

enum {
	AT_ONCE = 64,    /* hosts; each has a thread, which only waits */
	PATIENCE_S = 10, /* for a sign of life */
	LONGEST_S = 20
};

struct talk {
	const struct plan_node *node;
	const char *self_dir, *order;
	uv_thread_t thread;
	bool started, answered;
	struct remote_answer answer;
	struct fail fail;
};

static void speak(void *context)
{
	static const char *const nothing[] = {NULL};
	static const char *const words[] = {"halt", NULL};
	struct talk *talk = context;
	struct list argv = reach_argv(talk->self_dir, talk->node, "backburn-injector", nothing);
	const struct remote_call call = {.connect = &argv,
		.words = words,
		.input = talk->order,
		.input_size = strlen(talk->order),
		.patience_s = PATIENCE_S,
		.longest_s = LONGEST_S};

	talk->answered = remote_must(&call, &talk->answer, &talk->fail) == 0;
	list_free_texts(&argv);
}

/* Its exit code for all of them. */
static int say(struct talk *talk)
{
	char *line, *save = NULL;
	int code = 0;

	if (!talk->answered) {
		plain_line(stdout, "%s: NOT reached: %s", talk->node->name, talk->fail.text);
		return EXIT_REFUSED;
	}
	for (line = strtok_r(talk->answer.out, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		plain_line(stdout, "%s: %s", talk->node->name, line);
		code = EXIT_STOPPED;
	}
	if (!code)
		plain_line(stdout, "%s: no halt", talk->node->name);
	remote_answer_deinit(&talk->answer);
	return code;
}

static void speak_to_all(struct talk *talks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		talks[i].started = uv_thread_create(&talks[i].thread, speak, &talks[i]) == 0;
		if (!talks[i].started)
			speak(&talks[i]);
	}
	for (size_t i = 0; i < count; i++)
		if (talks[i].started)
			uv_thread_join(&talks[i].thread);
}

int halt_hosts(const struct plan *plan, const struct halt_order *order, struct fail *fail)
{
	cJSON *json = shape_encode(&halt_order_shape, order);
	char *text = json_print(json), *self_dir = NULL;
	int code = 0;

	cJSON_Delete(json);
	if (reach_self_dir(&self_dir, fail) < 0) {
		free(text);
		return exit_code_of(fail->kind);
	}
	for (size_t first = 0; first < plan->nodes.count; first += AT_ONCE) {
		size_t left = plan->nodes.count - first, count = left < AT_ONCE ? left : AT_ONCE;
		struct talk *talks = must_array(count, sizeof(*talks));

		for (size_t i = 0; i < count; i++) {
			talks[i].node = LIST_AT(plan->nodes, struct plan_node, first + i);
			talks[i].self_dir = self_dir;
			talks[i].order = text;
		}
		speak_to_all(talks, count);
		for (size_t i = 0; i < count; i++) {
			int one = say(&talks[i]);

			if (one > code)
				code = one; /* 4 is more than 3, and 3 more than 0 */
		}
		free(talks);
	}
	free(text);
	free(self_dir);
	return code;
}

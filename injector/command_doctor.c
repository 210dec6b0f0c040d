/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/json.h"
#include "contract/verbs.h"
#include "injector/command.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/mechanisms/step_note.h"
#include "injector/recover.h"
#include "injector/session.h"

static const struct argp_option options[] = {
	{"json", 'j', NULL, 0, "for programs", 0},
	{"runtime-dir", 'r', "DIR", 0, "where ledgers and locks lie (" RUNTIME_DIR ")", 0},
	{0},
};

struct asked {
	bool json;
	const char *runtime_dir;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct asked *asked = state->input;

	switch (key) {
	case 'j':
		asked->json = true;
		return 0;
	case 'r':
		asked->runtime_dir = argument;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is \"%s\"?", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_json(
	const struct host_facts *facts, const struct list *capabilities, const struct list *left)
{
	cJSON *doctor = json_object(), *list = json_array(), *lines = json_array();
	char *text;

	LIST_EACH(*capabilities, const struct capability, capability) {
		cJSON *item = json_object();

		json_put_string(item, "name", capability->name);
		json_put_bool(item, "ok", capability->ok);
		json_put_string(item, "reason", capability->reason);
		json_append(list, item);
	}
	json_put_number(doctor, "doctor", 1);
	json_put_string(doctor, "tool", "backburn-injector " BACKBURN_VERSION);
	json_put_string(doctor, "host", facts->host);
	json_put_string(doctor, "kernel", facts->kernel);
	json_put_string(doctor, "machine", facts->machine);
	json_put(doctor, "capabilities", list);
	LIST_EACH(*left, char *, line) {
		json_append(lines, cJSON_CreateString(*line));
	}
	json_put(doctor, "left", lines);
	text = json_print(doctor);
	cJSON_Delete(doctor);
	puts(text);
	free(text);
}

static void print_text(
	const struct host_facts *facts, const struct list *capabilities, const struct list *left)
{
	printf("%s, Linux %s, %s\n", facts->host, facts->kernel, facts->machine);
	LIST_EACH(*capabilities, const struct capability, capability) {
		printf("  %-3s  %-14s %s\n", capability->ok ? "yes" : "no", capability->name,
			capability->reason);
	}
	LIST_EACH(*left, char *, line) {
		printf("  left  %s: run backburn-injector recover\n", *line);
	}
}

int command_doctor(int argc, char **argv)
{
	static const struct argp parser = {
		.options = options,
		.parser = take,
		.doc = "Tries what this kernel can do, in a network namespace of its own. Loading "
		       "a kernel module is the only trace it may leave (sch_netem, sch_ingress, "
		       "cls_bpf). Says as well what sessions that died have left.",
	};
	struct list capabilities = {0}, left = {0};
	struct asked asked = {.runtime_dir = RUNTIME_DIR};
	struct fail fail = FAIL_INIT;
	struct host_facts facts;

	argp_parse(&parser, argc, argv, 0, NULL, &asked);
	if (host_facts(&facts, &fail) < 0 ||
		host_try_capabilities(true, &capabilities, &fail) < 0) {
		fprintf(stderr, "%s: %s\n", argv[0], fail.text);
		return EXIT_DEFECT;
	}
	recover_left(asked.runtime_dir, &left);
	step_note_left(STATE_DIR STEP_NOTE, &facts, &left);
	if (asked.json)
		print_json(&facts, &capabilities, &left);
	else
		print_text(&facts, &capabilities, &left);
	list_free_texts(&left);
	LIST_EACH(capabilities, struct capability, capability) {
		free(capability->name);
		free(capability->reason);
	}
	list_free(&capabilities);
	return EXIT_DONE;
}

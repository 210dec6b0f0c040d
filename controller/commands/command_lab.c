/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "controller/commands/commands.h"
#include "controller/exit_code.h"
#include "controller/lab/lab.h"

static void say(void *context, const char *line)
{
	(void)context;
	printf("%s\n", line);
	fflush(stdout);
}

static int failed(const struct fail *fail)
{
	fprintf(stderr, "backburn: %s\n", fail->text);
	return exit_code_of(fail->kind);
}

/* A lab is named by its file, or by its name once it is up. */
static bool is_file(const char *text)
{
	return strchr(text, '/') ||
		(strlen(text) > 5 && strcmp(text + strlen(text) - 5, ".json") == 0);
}

static int name_of(const char *text, char *name, size_t size, struct fail *fail)
{
	struct lab_file file;

	if (!is_file(text)) {
		snprintf(name, size, "%s", text);
		return 0;
	}
	if (lab_file_load(text, &file, fail) < 0)
		return -1;
	snprintf(name, size, "%s", file.name);
	lab_file_deinit(&file);
	return 0;
}

static int up(const char *path)
{
	struct lab_file file;
	struct fail fail = FAIL_INIT;
	int outcome;

	if (lab_file_load(path, &file, &fail) < 0)
		return failed(&fail);
	outcome = lab_up(&file, say, NULL, &fail);
	lab_file_deinit(&file);
	return outcome < 0 ? failed(&fail) : 0;
}

static int down(const char *name)
{
	struct fail fail = FAIL_INIT;

	if (lab_down(name, &fail) < 0)
		return failed(&fail);
	printf("lab %s is down\n", name);
	return 0;
}

static void print_nodes(const struct lab_file *file)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < file->nodes.count; i++) {
		struct lab_node node;

		lab_node(file, i, &node);
		printf("  %-12s", node.name);
		for (size_t j = 0; j < node.address_count; j++)
			printf(" %s", prefix_format(&node.addresses[j], text));
		printf("  %s\n", node.netns);
	}
}

static int status(const char *name)
{
	struct service_list services;
	struct lab_file file;
	struct fail fail = FAIL_INIT;

	if (!lab_is_up(name)) {
		printf("lab %s is down\n", name);
		return 1;
	}
	if (lab_open(name, &file, &fail) < 0)
		return failed(&fail);
	printf("lab %s is up\n", name);
	print_nodes(&file);
	lab_file_deinit(&file);
	if (lab_services(name, &services, &fail) < 0)
		return failed(&fail);
	LIST_EACH(services.services, struct service_status, service)
		printf("  %-12s %-12s %-8s pid %lld, %lld restarts%s%s\n", service->node,
			service->service, service_state_words[service->state],
			(long long)service->pid, (long long)service->restarts,
			service->last_exit ? ", last " : "",
			service->last_exit ? service->last_exit : "");
	shape_free(&service_list_shape, &services);
	return 0;
}

static int exec_in(const char *name, char **words)
{
	struct fail fail = FAIL_INIT;
	int code = 0;

	if (!words[0] || !words[1] || (strcmp(words[1], "--") == 0 && !words[2])) {
		fputs("usage: backburn lab exec LAB NODE -- COMMAND [ARGUMENT…]\n", stderr);
		return EXIT_USAGE;
	}
	if (lab_exec(name, words[0], words + (strcmp(words[1], "--") == 0 ? 2 : 1), &code, &fail) <
		0)
		return failed(&fail);
	return code;
}

static void usage(FILE *out)
{
	fputs("Usage: backburn lab up FILE\n"
	      "       backburn lab down LAB\n"
	      "       backburn lab status LAB\n"
	      "       backburn lab exec LAB NODE -- COMMAND [ARGUMENT…]\n"
	      "A lab is a cluster in network namespaces on this machine. LAB is its name or its "
	      "file.\n",
		out);
}

int command_lab(int argc, char **argv)
{
	struct fail fail = FAIL_INIT;
	char name[256];

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)) {
		usage(stdout);
		return 0;
	}
	if (argc < 3 || (argc > 3 && strcmp(argv[1], "exec") != 0)) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "up") == 0)
		return up(argv[2]);
	if (name_of(argv[2], name, sizeof(name), &fail) < 0)
		return failed(&fail);
	if (strcmp(argv[1], "down") == 0)
		return down(name);
	if (strcmp(argv[1], "status") == 0)
		return status(name);
	if (strcmp(argv[1], "exec") == 0)
		return exec_in(name, argv + 3);
	usage(stderr);
	return EXIT_USAGE;
}

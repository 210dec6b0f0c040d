/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/reach.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/cgroups.h"
#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"

int reach_self_dir(char **out_dir, struct fail *fail)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		return fail_errno(fail, errno, "/proc/self/exe");
	path[length] = '\0';
	*strrchr(path, '/') = '\0';
	*out_dir = must_copy(path);
	return 0;
}

struct list reach_argv(const char *self_dir, const struct plan_node *node, const char *program,
	const char *const *words)
{
	struct list argv = {0};
	char *path = NULL;

	LIST_EACH(node->connect, char *, word)
		list_push_text(&argv, *word);
	if (asprintf(&path, "%s/%s", self_dir, program) < 0)
		abort();
	list_push_text(&argv, node->here ? path : program);
	free(path);
	for (; *words; words++)
		list_push_text(&argv, *words);
	return argv;
}

int reach_add_lab(struct plan *plan, const struct lab_file *file, struct fail *fail)
{
	char mount[PATH_MAX], text[PATH_MAX + LAB_PATH_MAX];

	if (cgroup_mount(mount, fail) < 0)
		return -1;
	for (size_t i = 0; i < file->nodes.count; i++) {
		struct lab_node lab;
		struct plan_node *node;

		lab_node(file, i, &lab);
		node = plan_add_node(plan, lab.name, lab.name);
		node->labels = lab.labels ? cJSON_Duplicate(lab.labels, true) : json_object();
		node->here = true;
		for (size_t j = 0; j < lab.address_count; j++)
			*(struct prefix *)list_push(&node->addresses, sizeof(struct prefix)) =
				lab.addresses[j];
		list_push_text(&node->connect, "nsenter");
		snprintf(text, sizeof(text), "--net=%s", lab.netns);
		list_push_text(&node->connect, text);
		list_push_text(&node->connect, "--");
		/* The namespaces of a lab share their pids: the cgroup is the fence. */
		node->cgroup = must_copy(lab.cgroup);
		list_push_text(&node->injector_args, "--cgroup");
		snprintf(text, sizeof(text), "%s%s", mount, lab.cgroup);
		list_push_text(&node->injector_args, text);
	}
	return 0;
}

int reach_load(const char *path, struct environment *environment, struct lab_file *lab,
	bool *out_has_lab, struct fail *fail)
{
	char *lab_path = NULL;
	int outcome = environment_load(environment, path, &lab_path, fail);

	*out_has_lab = false;
	if (outcome == 0 && lab_path) {
		outcome = lab_file_load(lab_path, lab, fail);
		*out_has_lab = outcome == 0;
		if (outcome < 0)
			environment_deinit(environment);
	}
	free(lab_path);
	return outcome;
}

int reach_wait(const struct list *argv, struct fail *fail)
{
	char **plain;
	int outcome, status;
	pid_t pid;

	if (!argv->count)
		return fail_set(fail, FAIL_INTERNAL, "nothing to start");
	plain = list_vector(argv);
	outcome = posix_spawnp(&pid, *LIST_AT(*argv, char *, 0), NULL, NULL, plain, environ);
	if (outcome != 0)
		fail_errno(fail, outcome, "cannot start %s", plain[0]);
	free(plain);
	if (outcome != 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(fail, errno, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

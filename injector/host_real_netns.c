/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "injector/host.h"
#include "injector/host_real_power.h"
#include "injector/lists.h"

enum {
	MOUNTS_BYTES_MAX = 16 * 1024 * 1024,
	MOUNT_POINT_FIELD = 4
};

/* A namespace that may be visited, told apart by its file. */
struct place {
	dev_t device;
	ino_t inode;
	char path[64];
};

static void add_place(struct list *places, const char *path)
{
	struct stat status;
	struct place *place;

	if (strlen(path) >= sizeof(place->path) || stat(path, &status) < 0)
		return;
	LIST_EACH(*places, const struct place, known) {
		if (known->inode == status.st_ino && known->device == status.st_dev)
			return;
	}
	place = list_push(places, sizeof(*place));
	place->device = status.st_dev;
	place->inode = status.st_ino;
	snprintf(place->path, sizeof(place->path), "%s", path);
}

static void add_processes(struct list *places)
{
	struct fail ignored = FAIL_INIT;
	struct list names;

	if (host_dir_list("/proc", &names, &ignored) < 0)
		return;
	LIST_EACH(names, char *, name) {
		char path[64];

		if (strspn(*name, "0123456789") != strlen(*name))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/ns/net", *name);
		add_place(places, path);
	}
	list_free_texts(&names);
}

/* Namespaces that a mount keeps alive: ip netns, container runtimes. */
static void add_mounts(struct list *places)
{
	struct fail ignored = FAIL_INIT;
	char *text, *line, *rest = NULL;
	size_t length;

	if (host_file_read("/proc/self/mountinfo", MOUNTS_BYTES_MAX, &text, &length, &ignored) < 0)
		return;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *field = line;

		if (!strstr(line, " - nsfs "))
			continue;
		for (int i = 0; field && i < MOUNT_POINT_FIELD; i++)
			field = strchr(field + 1, ' ');
		if (!field)
			continue;
		field[1 + strcspn(field + 1, " ")] = '\0';
		add_place(places, field + 1);
	}
	free(text);
}

static int enter(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	bool raised = real_power_raise(CAP_SYS_ADMIN);
	int result = file < 0 ? -1 : setns(file, CLONE_NEWNET);

	real_power_lower(CAP_SYS_ADMIN, raised);
	if (file >= 0)
		close(file);
	return result;
}

/* In the child: visits each place, and says its cookie, 0 where it can't be entered. */
static void visit(const struct list *places, int report)
{
	LIST_EACH(*places, const struct place, place) {
		struct host_facts facts = {0};
		struct fail ignored = FAIL_INIT;
		uint64_t cookie = 0;

		if (enter(place->path) == 0 && host_facts(&facts, &ignored) == 0)
			cookie = facts.netns_cookie;
		if (write(report, &cookie, sizeof(cookie)) != sizeof(cookie))
			return;
	}
}

static void collect(int from, const struct list *places, struct list *namespaces)
{
	LIST_EACH(*places, const struct place, place) {
		struct host_netns *netns;
		uint64_t cookie;

		if (read(from, &cookie, sizeof(cookie)) != sizeof(cookie))
			return;
		if (!cookie)
			continue;
		netns = list_push(namespaces, sizeof(*netns));
		netns->cookie = cookie;
		snprintf(netns->path, sizeof(netns->path), "%s", place->path);
	}
}

int host_netns_list(struct list *namespaces, struct fail *fail)
{
	struct list places = {0};
	int ends[2];
	pid_t child;

	*namespaces = (struct list){0};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(fail, errno, "pipe");
	add_mounts(&places);
	add_processes(&places);
	child = fork();
	if (child == 0) {
		visit(&places, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	if (child > 0) {
		collect(ends[0], &places, namespaces);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(ends[0]);
	list_free(&places);
	return child < 0 ? fail_errno(fail, errno, "fork") : 0;
}

int host_netns_run(
	const char *path, int (*work)(void *context), void *context, int *result, struct fail *fail)
{
	enum {
		COULD_NOT_ENTER = 255
	};
	int status;
	pid_t child = fork();

	if (child < 0)
		return fail_errno(fail, errno, "fork");
	if (child == 0)
		_exit(enter(path) < 0 ? COULD_NOT_ENTER : work(context));
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(fail, errno, "waiting");
	if (!WIFEXITED(status) || WEXITSTATUS(status) == COULD_NOT_ENTER)
		return fail_set(fail, FAIL_SYSTEM, "the network namespace can't be entered");
	*result = WEXITSTATUS(status);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab.h"
#include "contract/file.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/lab/lab_cgroup.h"
#include "controller/lab/lab_command.h"
#include "controller/lab/lab_fs.h"
#include "controller/lab/lab_net.h"
#include "controller/lab/lab_start.h"
#include "controller/lab/supervisor_client.h"

static int need_root(struct fail *fail)
{
	if (geteuid() != 0)
		return fail_set(fail, FAIL_REFUSED,
			"a lab needs root: it makes network namespaces and cgroups");
	return 0;
}

static int need_name(const char *name, struct fail *fail)
{
	if (!lab_name_ok(name))
		return fail_set(fail, FAIL_USAGE, "\"%.64s\" is no lab's name", name);
	return need_root(fail);
}

struct teller {
	lab_progress *progress;
	void *context;
};

static void silent(void *context, const char *text)
{
	(void)context;
	(void)text;
}

__attribute__((format(printf, 2, 3))) static void tell(
	const struct teller *teller, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	teller->progress(teller->context, text);
}

static bool is_complete(const char *name)
{
	char path[LAB_PATH_MAX];

	return access(lab_path_file(name, LAB_FILE_COMPLETE, path), F_OK) == 0;
}

bool lab_is_up(const char *name)
{
	return lab_name_ok(name) && is_complete(name) && supervisor_is_there(name);
}

bool lab_is_built(const char *name)
{
	return lab_name_ok(name) && is_complete(name);
}

static int need_up(const char *name, struct fail *fail)
{
	if (need_name(name, fail) < 0)
		return -1;
	if (!is_complete(name))
		return fail_set(fail, FAIL_REFUSED, "lab %s is not up", name);
	return 0;
}

int lab_open(const char *name, struct lab_file *out, struct fail *fail)
{
	char path[LAB_PATH_MAX];

	if (need_up(name, fail) < 0)
		return -1;
	return lab_file_load(lab_path_file(name, LAB_FILE_COPY, path), out, fail);
}

/* --- down ------------------------------------------------------------------------------ */

/* Processes first: they hold the namespaces, and files in the directory. */
static int take_down(const char *name, struct fail *fail)
{
	if (lab_cgroup_destroy(name, fail) < 0 || lab_net_destroy(name, fail) < 0 ||
		lab_fs_unmount(name, fail) < 0)
		return fail_context(fail, "taking lab %s down", name);
	return 0;
}

int lab_down(const char *name, struct fail *fail)
{
	int lock, outcome;

	if (need_name(name, fail) < 0 || lab_lock(name, &lock, fail) < 0)
		return -1;
	outcome = take_down(name, fail);
	lab_unlock(name, lock, outcome == 0);
	return outcome;
}

/* --- up -------------------------------------------------------------------------------- */

/* Everything that can be known to fail is, before anything is built. */
static int check_commands(const struct lab_file *file, struct fail *fail)
{
	for (size_t node = 0; node < file->nodes.count; node++) {
		LIST_EACH(lab_file_node(file, node)->services, struct lab_service, service) {
			struct lab_command command;

			if (lab_command_init(&command, file, node, service, fail) < 0)
				return -1;
			lab_command_deinit(&command);
		}
	}
	return 0;
}

static int build_node(const struct lab_file *file, size_t node, struct fail *fail)
{
	const char *name = lab_file_node(file, node)->name;

	if (lab_cgroup_make(file->name, name, fail) < 0 ||
		lab_command_prepare_node(file, node, fail) < 0 ||
		lab_net_make_node(file, node, fail) < 0)
		return fail_context(fail, "node %s", name);
	return 0;
}

static int build(const struct lab_file *file, const struct teller *teller, struct fail *fail)
{
	tell(teller, "mounting %s/%s", LAB_RUN_ROOT, file->name);
	if (lab_fs_mount(file->name, fail) < 0 ||
		lab_fs_write(file->name, LAB_FILE_COPY, file->text, fail) < 0)
		return -1;
	tell(teller, "making cgroups");
	if (lab_cgroup_make(file->name, LAB_SUPERVISOR_CGROUP, fail) < 0)
		return -1;
	tell(teller, "making the hub");
	if (lab_net_make_hub(file, fail) < 0)
		return -1;
	for (size_t node = 0; node < file->nodes.count; node++) {
		tell(teller, "making node %s", lab_file_node(file, node)->name);
		if (build_node(file, node, fail) < 0)
			return -1;
	}
	tell(teller, "starting the services");
	if (supervisor_start(file, fail) < 0)
		return -1;
	tell(teller, "waiting for the services");
	if (lab_ready_wait(file, teller->progress, teller->context, fail) < 0)
		return -1;
	return lab_fs_write(file->name, LAB_FILE_COMPLETE, "", fail);
}

static bool same_file(const struct lab_file *file)
{
	char path[LAB_PATH_MAX], *text = NULL;
	struct fail ignored;
	size_t length;
	bool same;

	if (file_read(lab_path_file(file->name, LAB_FILE_COPY, path), LAB_FILE_BYTES_MAX, &text,
		    &length, &ignored) < 0)
		return false;
	same = strcmp(text, file->text) == 0;
	free(text);
	return same;
}

static int up_locked(const struct lab_file *file, const struct teller *teller, struct fail *fail)
{
	struct fail cleaning;

	if (lab_is_up(file->name)) {
		if (!same_file(file))
			return fail_set(fail, FAIL_REFUSED,
				"lab %s is up from a file that says something else; take it down "
				"first",
				file->name);
		tell(teller, "lab %s is up already", file->name);
		return 0;
	}
	if (lab_fs_exists(file->name))
		tell(teller, "removing what an earlier lab %s left", file->name);
	if (take_down(file->name, fail) < 0)
		return -1;
	if (build(file, teller, fail) == 0)
		return 0;
	if (take_down(file->name, &cleaning) < 0)
		fail_context(fail, "%s; and before that", cleaning.text);
	return -1;
}

int lab_up(const struct lab_file *file, lab_progress *progress, void *context, struct fail *fail)
{
	const struct teller teller = {.progress = progress ? progress : silent, .context = context};
	sigset_t endings, before;
	int lock, outcome;

	if (need_name(file->name, fail) < 0 || check_commands(file, fail) < 0 ||
		lab_lock(file->name, &lock, fail) < 0)
		return -1;
	/* An ending is noticed while waiting, and delivered when nothing half-built is left. */
	sigemptyset(&endings);
	sigaddset(&endings, SIGINT);
	sigaddset(&endings, SIGTERM);
	sigaddset(&endings, SIGHUP);
	sigprocmask(SIG_BLOCK, &endings, &before);
	outcome = up_locked(file, &teller, fail);
	lab_unlock(file->name, lock, !lab_fs_exists(file->name));
	sigprocmask(SIG_SETMASK, &before, NULL);
	return outcome;
}

/* --- what a lab is --------------------------------------------------------------------- */

void lab_node(const struct lab_file *file, size_t index, struct lab_node *out)
{
	const struct lab_node_spec *spec = lab_file_node(file, index);
	size_t host = LAB_FIRST_NODE_HOST + index;

	*out = (struct lab_node){.name = spec->name, .labels = spec->labels};
	for (int family = LAB_IPV4; family <= LAB_IPV6; family++)
		if (lab_file_address(file, (enum lab_family)family, host,
			    &out->addresses[out->address_count]))
			out->address_count++;
	lab_path_netns(file->name, spec->name, out->netns);
	lab_path_cgroup(file->name, spec->name, out->cgroup);
	lab_path_node_dir(file->name, spec->name, out->dir);
}

int lab_services(const char *name, struct service_list *out, struct fail *fail)
{
	return need_up(name, fail) < 0 ? -1 : supervisor_services(name, out, fail);
}

int lab_node_healed(const char *name, const char *node, struct fail *fail)
{
	return need_up(name, fail) < 0 ? -1 : supervisor_healed(name, node, fail);
}

int lab_exec(
	const char *name, const char *node, char *const argv[], int *out_code, struct fail *fail)
{
	struct lab_file file;
	int index, outcome;

	if (lab_open(name, &file, fail) < 0)
		return -1;
	index = lab_file_find(&file, node);
	if (index < 0)
		outcome = fail_set(
			fail, FAIL_REFUSED, "lab %s has no node called \"%s\"", name, node);
	else
		outcome = lab_start_and_wait(&file, (size_t)index, argv, out_code, fail);
	lab_file_deinit(&file);
	return outcome;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/injector/host_fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/units.h"
#include "contract/verbs.h"
#include "injector/lists.h"
#include "injector/mechanisms/lanes.h"

struct fake fake;

void fake_remove_at(struct list *list, size_t size, size_t index)
{
	char *items = list->items;

	memmove(items + index * size, items + (index + 1) * size, (list->count - index - 1) * size);
	list->count--;
}

bool fake_fails(const char *name)
{
	fake.effects++;
	if (fake.asked)
		fake.asked(name, fake.effects);
	if (fake.effects == fake.fail_at)
		fake.failed_name = name;
	if (fake.dies && fake.fail_at && fake.effects >= fake.fail_at)
		fake.dead |= !fake.fail_late || fake.effects > fake.fail_at;
	if (fake.dead)
		return true;
	if (fake.fail_name && strcmp(fake.fail_name, name) == 0)
		return true;
	return fake.fail_at && fake.effects >= fake.fail_at &&
		fake.effects - fake.fail_at <= fake.fail_more;
}

int fake_refuse(struct fail *fail, const char *name)
{
	return fail_errno(fail, fake.fail_error ? fake.fail_error : EIO, "%s", name);
}

bool fake_happens(void)
{
	return fake.fail_late && !fake.dead;
}

/* ---- the machine ---- */

static void forget_files(void)
{
	LIST_EACH(fake.files, struct fake_file *, file) {
		free((*file)->text);
		free(*file);
	}
	list_free(&fake.files);
}

void fake_reset(void)
{
	fake_end_keeper();
	fake_unload();
	fake_forget_trap();
	fake_forget_gate();
	list_free(&fake.links);
	list_free(&fake.attachments);
	list_free(&fake.clsacts);
	list_free(&fake.processes);
	list_free(&fake.handles);
	list_free(&fake.names);
	list_free(&fake.clocks);
	list_free(&fake.standing);
	forget_files();
	fake = (struct fake){.now_ns = 1000 * NS_PER_SEC,
		.wall_ns = 1000 * NS_PER_SEC,
		.boot_ns = 1000 * NS_PER_SEC,
		.has_tcx = true,
		.pid = 42};
	snprintf(fake.boot_id, sizeof(fake.boot_id), "boot-1");
	fake_reset_processes();
	fake_add_link(1, "lo");
	((struct host_link *)fake.links.items)[0].loopback = true;
	fake_add_link(2, "eth0");
	fake_add_link(3, "eth1");
}

static bool has_lanes(void)
{
	LIST_EACH(fake.links, const struct host_link, link) {
		if (lanes_own(link->name))
			return true;
	}
	return fake.keeper || fake.lane_ends.count || fake.numbered.count;
}

bool fake_is_clean(void)
{
	return !fake.loaded && !fake.trap && !has_lanes() && !fake.handles.count &&
		!fake.attachments.count && !fake.clsacts.count && !fake.entries.count &&
		!fake.counters.count && !fake.flows.count && !fake.clocks.count && !fake.gate &&
		!fake.standing.count && !fake.steering.stepped_ns;
}

void fake_kill(void)
{
	list_free(&fake.handles);
	fake_forget_tcx();
	fake_forget_trap();
	fake_forget_gate();
	fake_end_keeper();
	fake_unload();
	LIST_EACH(fake.files, struct fake_file *, file) {
		(*file)->locked = false;
	}
	fake.fail_at = 0;
	fake.dead = false;
}

static void describe_files(struct list *lines)
{
	LIST_EACH(fake.files, struct fake_file *, file) {
		list_add_text(lines, "%s %s: %s", (*file)->directory ? "directory" : "file",
			(*file)->path, (*file)->text ? (*file)->text : "");
	}
}

char *fake_describe(bool with_files)
{
	struct list lines = {0};
	cJSON *json;
	char *text;

	LIST_EACH(fake.attachments, const struct fake_attachment, each) {
		list_add_text(&lines, "program %d %d pref %u %s %s", each->ifindex, each->direction,
			each->pref, each->name, each->tag);
	}
	LIST_EACH(fake.clsacts, const int, each) {
		list_add_text(&lines, "clsact %d", *each);
	}
	LIST_EACH(fake.links, const struct host_link, link) {
		if (lanes_own(link->name))
			list_add_text(&lines, "link %s", link->name);
	}
	if (with_files)
		describe_files(&lines);
	if (fake.clocks.count || fake.standing.count)
		list_add_text(&lines, "%zu clocks, %zu stand at a gate", fake.clocks.count,
			fake.standing.count);
	if (fake.steering.stepped_ns || fake.steering.status)
		list_add_text(&lines, "clock off by %lld, status %lld",
			(long long)fake.steering.stepped_ns, (long long)fake.steering.status);
	if (fake.keeper)
		list_add_text(&lines, "keeper of %d", fake.keeper);
	if (fake.loaded)
		list_add_text(&lines, "matcher with %zu entries, %zu counters, %zu flows",
			fake.entries.count, fake.counters.count, fake.flows.count);
	list_sort_texts(&lines);
	json = list_to_json(&lines);
	text = json_print(json);
	cJSON_Delete(json);
	list_free_texts(&lines);
	return text;
}

size_t fake_open_count(void)
{
	size_t count = fake.handles.count + (size_t)fake.lookups;

	LIST_EACH(fake.files, struct fake_file *, file) {
		count += (*file)->locked;
	}
	return count;
}

/* ---- clock, identity, processes ---- */

void host_pause(int64_t ns)
{
	fake.now_ns += ns;
	fake_guardian_looks();
	if (!fake.keeper_sleeps)
		fake_keeper_looks();
}

int64_t host_now_ns(void)
{
	return fake.now_ns;
}

int64_t host_wall_ns(void)
{
	return fake.wall_ns + fake.steering.stepped_ns;
}

int host_facts(struct host_facts *out, struct fail *fail)
{
	if (fake_fails("facts"))
		return fake_refuse(fail, "facts");
	*out = (struct host_facts){
		.netns_cookie = 7, .pid = fake.pid, .uid = fake.uid, .start_ticks = 99};
	snprintf(out->host, sizeof(out->host), "fake");
	snprintf(out->kernel, sizeof(out->kernel), "6.1.0");
	snprintf(out->machine, sizeof(out->machine), "x86_64");
	snprintf(out->boot_id, sizeof(out->boot_id), "%s", fake.boot_id);
	return 0;
}

int host_process_stop(int64_t pid, uint64_t start_ticks, int64_t wait_ns, struct fail *fail)
{
	(void)pid;
	(void)start_ticks;
	(void)wait_ns;
	return fail_set(fail, FAIL_BUSY, "nobody to stop");
}

int host_netns_list(struct list *namespaces, struct fail *fail)
{
	(void)fail;
	*namespaces = (struct list){0};
	return 0;
}

int host_netns_run(
	const char *path, int (*work)(void *context), void *context, int *result, struct fail *fail)
{
	(void)work;
	(void)context;
	(void)result;
	return fail_set(fail, FAIL_SYSTEM, "no namespace %s", path);
}

int host_try_capabilities(bool deep, struct list *capabilities, struct fail *fail)
{
	struct capability *capability;

	(void)deep;
	if (fake_fails("try_capabilities"))
		return fake_refuse(fail, "try_capabilities");
	capability = list_push(capabilities, sizeof(*capability));
	capability->name = must_copy("partition");
	capability->reason = must_copy("this host is made up");
	capability->ok = true;
	return 0;
}

int host_snapshot(const char *cgroup, struct list *state, struct list *residue, struct fail *fail)
{
	(void)cgroup;
	(void)fail;
	LIST_EACH(fake.links, const struct host_link, link) {
		list_add_text(state, "link %s", link->name);
	}
	LIST_EACH(fake.attachments, const struct fake_attachment, each) {
		list_add_text(state, "program %d %s", each->ifindex, each->name);
	}
	list_add_text(residue, "neighbour 10.0.0.1");
	return 0;
}

/* ---- files ---- */

static struct fake_file *find_file(const char *path)
{
	LIST_EACH(fake.files, struct fake_file *, file) {
		if (strcmp((*file)->path, path) == 0)
			return *file;
	}
	return NULL;
}

static struct fake_file *make_file(const char *path, bool directory)
{
	struct fake_file *file = find_file(path);

	if (file)
		return file;
	file = must_alloc(sizeof(*file));
	snprintf(file->path, sizeof(file->path), "%s", path);
	file->directory = directory;
	file->descriptor = ++fake.last_descriptor;
	*(struct fake_file **)list_push(&fake.files, sizeof(file)) = file;
	return file;
}

static void drop_file(const struct fake_file *file)
{
	struct fake_file **items = fake.files.items;

	for (size_t i = fake.files.count; i-- > 0;) {
		if (items[i] != file)
			continue;
		free(items[i]->text);
		free(items[i]);
		fake_remove_at(&fake.files, sizeof(*items), i);
	}
}

size_t fake_file_count(void)
{
	size_t count = 0;

	LIST_EACH(fake.files, struct fake_file *, file) {
		count += !(*file)->directory;
	}
	return count;
}

size_t fake_left_count(void)
{
	size_t count = 0;

	LIST_EACH(fake.files, struct fake_file *, file) {
		count += !(*file)->directory && !(*file)->given;
	}
	return count;
}

void fake_write(const char *path, const char *text)
{
	struct fake_file *file = make_file(path, false);

	file->given = true;
	free(file->text);
	file->text = must_copy(text);
	file->length = strlen(text);
}

const char *fake_text(const char *path)
{
	struct fake_file *file = find_file(path);

	return file ? file->text : NULL;
}

int host_dir_make(const char *path, struct fail *fail)
{
	if (fake_fails("dir_make"))
		return fake_refuse(fail, "dir_make");
	make_file(path, true);
	return 0;
}

static void list_names(const char *path, struct list *names)
{
	size_t length = strlen(path);

	*names = (struct list){0};
	LIST_EACH(fake.files, struct fake_file *, file) {
		char name[256];

		if (strncmp((*file)->path, path, length) != 0 || (*file)->path[length] != '/')
			continue;
		snprintf(name, sizeof(name), "%s", (*file)->path + length + 1);
		name[strcspn(name, "/")] = '\0';
		if (!list_has_text(names, name))
			list_push_text(names, name);
	}
}

int host_dir_list(const char *path, struct list *names, struct fail *fail)
{
	*names = (struct list){0};
	if (fake_fails("dir_list"))
		return fake_refuse(fail, "dir_list");
	list_names(path, names);
	return 0;
}

void host_dir_remove(const char *path)
{
	struct list names;

	if (fake.dead)
		return;
	list_names(path, &names);
	if (!names.count && find_file(path))
		drop_file(find_file(path));
	list_free_texts(&names);
}

int host_file_remove(const char *path, struct fail *fail)
{
	if (fake_fails("file_remove"))
		return fake_refuse(fail, "file_remove");
	if (find_file(path))
		drop_file(find_file(path));
	return 0;
}

int host_file_lock(const char *path, int *out_file, struct fail *fail)
{
	struct fake_file *file;

	if (fake_fails("file_lock"))
		return fake_refuse(fail, "file_lock");
	file = make_file(path, false);
	if (file->locked)
		return fail_set(fail, FAIL_BUSY, "%s is locked", path);
	file->locked = true;
	*out_file = file->descriptor;
	return 0;
}

/* NULL for a file that was removed while it was open. */
static struct fake_file *by_descriptor(int descriptor)
{
	LIST_EACH(fake.files, struct fake_file *, file) {
		if ((*file)->descriptor == descriptor)
			return *file;
	}
	return NULL;
}

void host_file_close(int file)
{
	struct fake_file *found = by_descriptor(file);

	if (fake.dead)
		return;
	if (found)
		found->locked = false;
	fake_close_process(file);
}

int host_file_append(int file, const char *text, size_t length, struct fail *fail)
{
	struct fake_file *found = by_descriptor(file);

	if (fake_fails("file_append") || !found)
		return fake_refuse(fail, "file_append");
	found->text = realloc(found->text, found->length + length + 1);
	memcpy(found->text + found->length, text, length);
	found->length += length;
	found->text[found->length] = '\0';
	return 0;
}

int host_file_clear(int file, struct fail *fail)
{
	struct fake_file *found = by_descriptor(file);

	if (fake_fails("file_clear") || !found)
		return fake_refuse(fail, "file_clear");
	found->length = 0;
	return 0;
}

int host_file_read(
	const char *path, size_t max_bytes, char **out_text, size_t *out_length, struct fail *fail)
{
	struct fake_file *file = find_file(path);

	if (fake_fails("file_read"))
		return fake_refuse(fail, "file_read");
	if (!file || file->directory)
		return fail_errno(fail, ENOENT, "opening %s", path);
	if (file->length > max_bytes)
		return fail_set(fail, FAIL_REFUSED, "%s is too long", path);
	*out_text = must_alloc(file->length + 1);
	if (file->length)
		memcpy(*out_text, file->text, file->length);
	*out_length = file->length;
	return 0;
}

bool host_file_exists(const char *path)
{
	return find_file(path) != NULL;
}

bool host_is_cgroup2(const char *path)
{
	return strcmp(path, "/sys/fs/cgroup/lab") == 0;
}

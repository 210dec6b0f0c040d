/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/parts.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/matcher.h"
#include "contract/units.h"

enum {
	TEXT_MAX = 512
};

void parts_init(struct parts *parts, const struct world *world, pid_t controller)
{
	*parts = (struct parts){.world = world, .controller = controller};
}

void parts_drop_maps(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++) {
		if (parts->items[i].map >= 0)
			close(parts->items[i].map);
		parts->items[i].map = -1;
	}
}

void parts_deinit(struct parts *parts)
{
	parts_drop_maps(parts);
	for (size_t i = 0; i < parts->count; i++) {
		close(parts->items[i].pidfd);
		free(parts->items[i].pages);
	}
	parts->count = 0;
}

/* ---- who is there ---- */

static size_t read_text(const char *path, char text[TEXT_MAX])
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t count = file < 0 ? 0 : read(file, text, TEXT_MAX - 1);

	if (file >= 0)
		close(file);
	text[count > 0 ? count : 0] = '\0';
	return count > 0 ? (size_t)count : 0;
}

static bool knows(const struct parts *parts, pid_t pid)
{
	for (size_t i = 0; i < parts->count; i++)
		if (parts->items[i].pid == pid && !parts->items[i].ended)
			return true;
	return false;
}

static void add(struct parts *parts, pid_t pid)
{
	int pidfd = pidfd_open(pid, 0);

	if (pidfd < 0 || parts->count == PARTS_MAX) {
		if (pidfd >= 0)
			close(pidfd);
		return;
	}
	parts->items[parts->count++] =
		(struct part){.pid = pid, .pidfd = pidfd, .role = ROLES, .map = -1};
}

static void find_children(struct parts *parts)
{
	char path[64], text[TEXT_MAX], *at = text, *end;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parts->controller,
		parts->controller);
	read_text(path, text);
	for (;;) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			return;
		if (!knows(parts, (pid_t)pid))
			add(parts, (pid_t)pid);
		at = end;
	}
}

static int node_of(const struct world *world, pid_t pid)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	if (stat(path, &status) < 0)
		return -1;
	for (int i = 0; i < PLAN_NODES; i++)
		if (world->inode[i] == status.st_ino)
			return i;
	return -1;
}

/* What a child is shows when its way in (nsenter) has become the program itself. */
static void recognise(const struct parts *parts, struct part *part)
{
	char path[64], text[TEXT_MAX];
	const char *program, *verb;
	size_t length;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", part->pid);
	length = read_text(path, text);
	verb = text + strlen(text) + 1;
	program = strrchr(text, '/') ? strrchr(text, '/') + 1 : text;
	if (verb >= text + length)
		return;
	if (strcmp(program, "backburn-injector") == 0 && strcmp(verb, "session") == 0) {
		part->node = node_of(parts->world, part->pid);
		if (part->node >= 0)
			part->role = ROLE_INJECTOR;
	} else if (strcmp(program, "backburn") == 0 && strcmp(verb, "probe") == 0) {
		part->role = ROLE_PROBER;
	}
}

/* ---- what the kernel was told ---- */

static void note_program(struct part *part, uint32_t id)
{
	for (int i = 0; i < PROGRAMS_MAX; i++) {
		if (part->programs[i] == id)
			return;
		if (!part->programs[i]) {
			part->programs[i] = id;
			return;
		}
	}
}

static void note_map(struct part *part, uint32_t id)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	int file = bpf_map_get_fd_by_id(id);

	if (file < 0)
		return;
	if (bpf_obj_get_info_by_fd(file, &info, &size) == 0 && strstr(info.name, ".bss") &&
		info.value_size >= sizeof(struct bb_control)) {
		part->map = file;
		part->map_id = id;
		return;
	}
	close(file);
}

static void find_map(struct part *part)
{
	char directory[64], path[PATH_MAX], text[TEXT_MAX];
	const struct dirent *entry;
	DIR *files;

	snprintf(directory, sizeof(directory), "/proc/%d/fdinfo", part->pid);
	files = opendir(directory);
	while (files && (entry = readdir(files))) {
		const char *line;

		snprintf(path, sizeof(path), "%s/%.32s", directory, entry->d_name);
		read_text(path, text);
		line = strstr(text, "map_id:");
		if (line && part->map < 0)
			note_map(part, (uint32_t)strtoul(line + 7, NULL, 10));
		line = strstr(text, "prog_id:");
		if (line)
			note_program(part, (uint32_t)strtoul(line + 8, NULL, 10));
	}
	if (files)
		closedir(files);
}

static void note_page(struct part *part, int64_t at_ns, int64_t lease_until_ns)
{
	if (part->page_count && part->pages[part->page_count - 1].lease_until_ns == lease_until_ns)
		return;
	if (part->page_count == part->page_room) {
		part->page_room = part->page_room ? part->page_room * 2 : 64;
		part->pages = realloc(part->pages, part->page_room * sizeof(*part->pages));
		if (!part->pages)
			abort();
	}
	part->pages[part->page_count++] = (struct page_seen){at_ns, lease_until_ns};
}

static void read_page(struct part *part)
{
	static union {
		struct bb_control control;
		char room[65536];
	} page;
	__u32 key = 0;

	if (bpf_map_lookup_elem(part->map, &key, &page) < 0)
		return;
	note_page(part, now_ns(), (int64_t)page.control.lease_until_ns);
	part->acting = false;
	for (int i = 0; i < BB_SLOTS; i++) {
		const struct bb_slot *slot = &page.control.slots[i];

		if ((int64_t)slot->deadline_ns > part->deadline_ns)
			part->deadline_ns = (int64_t)slot->deadline_ns;
		if ((int64_t)slot->start_ns > part->start_ns)
			part->start_ns = (int64_t)slot->start_ns;
		part->acting |= slot->in_use != 0;
	}
}

/* ---- all of it ---- */

static void look_at(struct parts *parts, struct part *part)
{
	struct pollfd wait = {.fd = part->pidfd, .events = POLLIN};

	if (!part->ended && part->role == ROLES)
		recognise(parts, part);
	if (!part->ended && part->role == ROLE_INJECTOR && part->map < 0)
		find_map(part);
	if (part->map >= 0)
		read_page(part);
	if (!part->ended && poll(&wait, 1, 0) == 1) {
		part->ended = true;
		part->ended_ns = now_ns();
	}
}

void parts_tick(struct parts *parts)
{
	find_children(parts);
	for (size_t i = 0; i < parts->count; i++)
		look_at(parts, &parts->items[i]);
}

struct part *parts_find(struct parts *parts, enum role role, int node)
{
	for (size_t i = 0; i < parts->count; i++) {
		struct part *part = &parts->items[i];

		if (!part->ended && part->role == role &&
			(role != ROLE_INJECTOR || part->node == node))
			return part;
	}
	return NULL;
}

bool parts_acting(const struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		if (parts->items[i].acting)
			return true;
	return false;
}

size_t parts_injectors(const struct parts *parts)
{
	size_t count = 0;

	for (size_t i = 0; i < parts->count; i++)
		count += parts->items[i].role == ROLE_INJECTOR && !parts->items[i].ended;
	return count;
}

/* A renewal that came right before a look may have been told a moment after it. */
static int64_t lease_at(const struct part *part, int64_t at_ns)
{
	int64_t until_ns = 0;

	for (size_t i = 0; i < part->page_count; i++) {
		until_ns = part->pages[i].lease_until_ns;
		if (part->pages[i].at_ns > at_ns + 50 * NS_PER_MS)
			break;
	}
	return until_ns;
}

int64_t parts_bound_ns(const struct parts *parts, int node, int64_t at_ns, int64_t lease_ns)
{
	int64_t bound_ns = 0;

	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->items[i];
		int64_t until_ns = lease_at(part, at_ns);

		if (part->role != ROLE_INJECTOR || part->node != node)
			continue;
		if (part->map_id && part->deadline_ns < until_ns)
			until_ns = part->deadline_ns;
		/* It died before its page was found; a dead one's lease is not renewed. */
		if (!part->map_id)
			until_ns = part->ended ? part->ended_ns + lease_ns : at_ns + 1;
		if (until_ns > bound_ns)
			bound_ns = until_ns;
	}
	return bound_ns;
}

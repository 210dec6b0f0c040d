/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/planting.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/matcher.h"

/* The number of the map behind one of the process's descriptors; 0: it is none. */
static unsigned int map_number(pid_t pid, const char *file)
{
	char path[300], line[128];
	unsigned int number = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.200s", (int)pid, file);
	info = fopen(path, "r");
	if (!info)
		return 0;
	while (!number && fgets(line, sizeof(line), info))
		if (sscanf(line, "map_id: %u", &number) != 1)
			number = 0;
	fclose(info);
	return number;
}

/* -1: it is another map. */
static int open_addresses(unsigned int number)
{
	struct bpf_map_info info = {0};
	__u32 size = sizeof(info);
	int map = number ? bpf_map_get_fd_by_id(number) : -1;

	if (map >= 0 &&
		(bpf_obj_get_info_by_fd(map, &info, &size) < 0 ||
			strcmp(info.name, "bb_addresses") != 0)) {
		close(map);
		return -1;
	}
	return map;
}

static struct bb_address mapped(const char *ipv4)
{
	struct bb_address address = {.bytes = {[10] = 0xff, [11] = 0xff}};

	inet_pton(AF_INET, ipv4, &address.bytes[12]);
	return address;
}

static bool copy_entry(int map, const char *like, const char *victim)
{
	struct bb_address known = mapped(like), other = mapped(victim);
	struct bb_entry entry;

	return bpf_map_lookup_elem(map, &known, &entry) == 0 &&
		bpf_map_update_elem(map, &other, &entry, BPF_ANY) == 0;
}

bool plant_spill(pid_t injector, const char *like, const char *victim)
{
	char path[64];
	const struct dirent *entry;
	bool planted = false;
	DIR *files;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)injector);
	files = opendir(path);
	if (!files)
		return false;
	while (!planted && (entry = readdir(files))) {
		int map = open_addresses(map_number(injector, entry->d_name));

		if (map < 0)
			continue;
		planted = copy_entry(map, like, victim);
		close(map);
	}
	closedir(files);
	return planted;
}

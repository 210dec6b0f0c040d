/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/world.h"
#include "contract/file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/fail.h"
#include "contract/json.h"
#include "controller/lab/lab_cgroup.h"
#include "controller/lab/lab_paths.h"

enum {
	COMMAND_PATIENCE_MS = 60000,
	FIRST_SUBNET = 90,
	FIRST_HOST = 2
};

const char *const world_nodes[PLAN_NODES] = {"n1", "n2", "n3", "client"};

/* ---- files ---- */

static int write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -1;
	fputs(text, file);
	return fclose(file) == 0 ? 0 : -1;
}

static cJSON *read_lab(const struct world *world)
{
	char path[PATH_MAX + 32], *text = NULL;
	struct fail fail = FAIL_INIT;
	size_t length;
	cJSON *lab;

	snprintf(path, sizeof(path), "%s/scenarios/labs/etcd.json", world->source);
	if (file_read(path, 1 << 20, &text, &length, &fail) < 0) {
		fprintf(stderr, "%s\n", fail.text);
		return NULL;
	}
	lab = cJSON_Parse(text);
	free(text);
	return lab;
}

/*
 * Faster than by default: a leader that is cut off is missed after half a second. And what the
 * fault kills stays down until the supervisor is told that it was healed.
 */
static void hasten(cJSON *lab)
{
	static const char *const words[] = {
		"--heartbeat-interval", "50", "--election-timeout", "500"};
	cJSON *node;

	cJSON_ArrayForEach(node, cJSON_GetObjectItem(lab, "nodes")) {
		cJSON *services = cJSON_GetObjectItem(node, "services");
		cJSON *etcd = cJSON_GetObjectItem(services, "etcd");

		for (size_t i = 0; etcd && i < sizeof(words) / sizeof(words[0]); i++)
			cJSON_AddItemToArray(
				cJSON_GetObjectItem(etcd, "argv"), cJSON_CreateString(words[i]));
		if (etcd)
			cJSON_ReplaceItemInObject(etcd, "restart", cJSON_CreateString("on_heal"));
	}
}

static int write_lab(struct world *world, int worker)
{
	cJSON *lab = read_lab(world);
	char subnet[32], text[PATH_MAX + 256], *lab_text;
	int outcome;

	if (!lab)
		return -1;
	hasten(lab);
	cJSON_ReplaceItemInObject(lab, "name", cJSON_CreateString(world->lab));
	snprintf(subnet, sizeof(subnet), "10.%d.0.0/24", FIRST_SUBNET + worker);
	cJSON_ReplaceItemInObject(lab, "subnet", cJSON_CreateString(subnet));
	snprintf(subnet, sizeof(subnet), "fd%02x::/64", FIRST_SUBNET + worker);
	cJSON_ReplaceItemInObject(lab, "subnet6", cJSON_CreateString(subnet));
	lab_text = cJSON_Print(lab);
	outcome = write_file(world->lab_file, lab_text);
	free(lab_text);
	cJSON_Delete(lab);
	snprintf(text, sizeof(text),
		"{ \"backburn_environment\": 1, \"name\": \"%s\", \"class\": \"lab\", \"lab\": "
		"\"lab.json\" }\n",
		world->lab);
	return outcome < 0 ? -1 : write_file(world->environment, text);
}

int world_init(struct world *world, const char *dir, int worker)
{
	snprintf(world->lab, sizeof(world->lab), "chaos_%02d", worker);
	snprintf(world->dir, sizeof(world->dir), "%s", dir);
	snprintf(world->lab_file, sizeof(world->lab_file), "%s/lab.json", dir);
	snprintf(world->environment, sizeof(world->environment), "%s/environment.json", dir);
	snprintf(world->runs, sizeof(world->runs), "%s/runs", dir);
	snprintf(world->failpoint_log, sizeof(world->failpoint_log), "%s/failpoints", dir);
	for (int i = 0; i < PLAN_NODES; i++) {
		world->netns[i] = -1;
		world->address[i] = htonl(10u << 24 | (uint32_t)(FIRST_SUBNET + worker) << 16 |
			(uint32_t)(FIRST_HOST + i));
	}
	world->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (world->home < 0 || mkdir(dir, 0755) < 0 || mkdir(world->runs, 0755) < 0 ||
		write_file(world->failpoint_log, "") < 0 || chmod(world->failpoint_log, 0666) < 0 ||
		write_lab(world, worker) < 0) {
		perror(dir);
		return -1;
	}
	return 0;
}

void world_deinit(struct world *world)
{
	world_close(world);
	if (world->home >= 0)
		close(world->home);
	world->home = -1;
	free(world->outside);
	world->outside = NULL;
}

/* ---- backburn ---- */

int world_start(struct world *world, const char *name, const struct conditions *conditions,
	const char *const *args, struct child *out)
{
	char program[PATH_MAX], output[PATH_MAX + 64];
	const char *argv[CHILD_ARGS_MAX + 1] = {program};
	size_t count = 1;

	snprintf(program, sizeof(program), "%s/bin/backburn", world->build);
	snprintf(output, sizeof(output), "%s/%s.out", world->dir, name);
	while (*args && count < CHILD_ARGS_MAX)
		argv[count++] = *args++;
	return child_start(argv, output, conditions, out);
}

int world_backburn(struct world *world, const char *name, const struct conditions *conditions,
	const char *const *args)
{
	struct child child;

	if (world_start(world, name, conditions, args, &child) < 0)
		return -1;
	return child_wait(&child, COMMAND_PATIENCE_MS);
}

/* ---- namespaces ---- */

static uint64_t cookie_here(void)
{
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size);
	close(sock);
	return cookie;
}

int world_open(struct world *world)
{
	for (int i = 0; i < PLAN_NODES; i++) {
		char path[LAB_PATH_MAX];
		struct stat status;

		world->netns[i] = open(
			lab_path_netns(world->lab, world_nodes[i], path), O_RDONLY | O_CLOEXEC);
		if (world->netns[i] < 0 || fstat(world->netns[i], &status) < 0)
			return -1;
		world->inode[i] = status.st_ino;
		if (!world_enter(world, i))
			return -1;
		world->cookie[i] = cookie_here();
		world_leave(world);
	}
	return 0;
}

void world_close(struct world *world)
{
	for (int i = 0; i < PLAN_NODES; i++) {
		if (world->netns[i] >= 0)
			close(world->netns[i]);
		world->netns[i] = -1;
	}
}

bool world_enter(const struct world *world, int node)
{
	return setns(world->netns[node], CLONE_NEWNET) == 0;
}

void world_leave(const struct world *world)
{
	/* In the wrong namespace everything that follows would be a lie. */
	if (setns(world->home, CLONE_NEWNET) < 0)
		abort();
}

void world_cgroup(const struct world *world, const char *node, char out[PATH_MAX])
{
	struct fail ignored = FAIL_INIT;

	if (lab_cgroup_path(world->lab, node, out, &ignored) < 0)
		out[0] = '\0';
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/world.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/launcher.h"
#include "tests/programs.h"

enum {
	SKIPPED = 77,
	ARGUMENTS_MAX = 24,
	HUB = WORLD_NODES_MAX
};

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void pause_ms(int ms)
{
	struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&wait, NULL);
}

int world_init(void)
{
	if (geteuid() != 0) {
		fprintf(stderr, "skipped: needs root\n");
		return SKIPPED;
	}
	if (!getenv("BACKBURN_BUILD")) {
		fprintf(stderr, "BACKBURN_BUILD must name the build directory\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	/* Marks us, before there are others. */
	free(programs_list());
	launcher_init();
	return 0;
}

/* ---- programs ---- */

static char *read_all(int file)
{
	size_t used = 0, capacity = 4096;
	char *text = malloc(capacity);
	ssize_t got;

	assert_non_null(text);
	while ((got = read(file, text + used, capacity - used - 1)) > 0) {
		used += (size_t)got;
		if (capacity - used < 2) {
			capacity *= 2;
			text = realloc(text, capacity);
			assert_non_null(text);
		}
	}
	text[used] = '\0';
	return text;
}

/* What it prints, to be freed. `input`: a descriptor, or -1 for our own standard input. */
static char *spawn(const char *const *arguments, int input, int *out_status)
{
	posix_spawn_file_actions_t actions;
	int ends[2], status;
	char *text;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (input >= 0)
		posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	assert_int_equal(
		posix_spawnp(&pid, arguments[0], &actions, NULL, (char *const *)arguments, environ),
		0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	text = read_all(ends[0]);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*out_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return text;
}

static char *run(const char *program, va_list args, int *out_status)
{
	const char *arguments[ARGUMENTS_MAX] = {program};
	int count = 1;

	while ((arguments[count] = va_arg(args, char *)))
		assert_in_range(++count, 1, ARGUMENTS_MAX - 1);
	return spawn(arguments, -1, out_status);
}

/*
 * Several commands of ip or tc by one process: with an emulated processor it is the processes that
 * take the time. `netns` may be NULL. Returns what they printed, to be freed.
 */
static char *batch(const char *program, const char *netns, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static char *batch(const char *program, const char *netns, const char *format, ...)
{
	const char *inside[] = {program, "-o", "-n", netns, "-batch", "-", NULL};
	const char *outside[] = {program, "-o", "-batch", "-", NULL};
	int commands = memfd_create("commands", MFD_CLOEXEC), status;
	char *said;
	va_list args;

	assert_true(commands >= 0);
	va_start(args, format);
	assert_true(vdprintf(commands, format, args) > 0);
	va_end(args);
	assert_int_equal(lseek(commands, 0, SEEK_SET), 0);
	said = spawn(netns ? inside : outside, commands, &status);
	close(commands);
	if (status != 0)
		fail_msg("%s -batch ended with %d: %s", program, status, said);
	return said;
}

void world_run(const char *program, ...)
{
	va_list args;
	int status;

	va_start(args, program);
	free(run(program, args, &status));
	va_end(args);
	assert_int_equal(status, 0);
}

char *world_output(int *out_status, const char *program, ...)
{
	va_list args;
	char *text;

	va_start(args, program);
	text = run(program, args, out_status);
	va_end(args);
	return text;
}

/* ---- the network ---- */

const char *world_netns(const struct world *world, int node)
{
	return world->netns[node];
}

const char *world_address(int node, int family)
{
	static char addresses[WORLD_NODES_MAX][2][32];
	char *address = addresses[node][family == AF_INET6];

	snprintf(address, sizeof(addresses[0][0]), family == AF_INET ? "10.99.0.%d" : "fd99::%d",
		node + 1);
	return address;
}

static void add_netns(const struct world *world)
{
	char commands[(WORLD_NODES_MAX + 1) * 64] = "";
	size_t used = 0;

	for (int node = 0; node <= HUB; node++)
		if (node < world->nodes || node == HUB)
			used += (size_t)snprintf(commands + used, sizeof(commands) - used,
				"netns add %s\n", world_netns(world, node));
	free(batch("ip", NULL, "%s", commands));
}

/* What `ip netns del` does; there may be none. */
static void remove_netns(const struct world *world, int node)
{
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", world_netns(world, node));
	umount2(path, MNT_DETACH);
	unlink(path);
}

static void add_node(const struct world *world, int node)
{
	const char *netns = world_netns(world, node), *hub = world_netns(world, HUB);

	free(batch("ip", hub,
		"link add p%d type veth peer name eth0 netns %s\n"
		"link set p%d master br0 up\n",
		node, netns, node));
	/* No link-local address: duplicate address detection would change the state by itself. */
	free(batch("ip", netns,
		"link set lo up\n"
		"link set eth0 addrgenmode none\n"
		"addr add %s/24 dev eth0\n"
		"addr add %s/64 dev eth0 nodad\n"
		"link set eth0 up\n",
		world_address(node, AF_INET), world_address(node, AF_INET6)));
}

/* What other tools than ours say about a node, and what our own audit says. */
static char *snapshot(struct world *world, int node)
{
	const char *netns = world_netns(world, node);
	struct injector *injector = injector_greeted(world, node, "30s");
	cJSON *audit = injector_call(injector, "audit", "{\"page\":0}");
	char *parts[3], *all;

	assert_int_equal(cJSON_GetObjectItem(audit, "pages")->valueint, 1);
	parts[0] = cJSON_Print(cJSON_GetObjectItem(audit, "state"));
	cJSON_Delete(audit);
	assert_int_equal(injector_finish(injector), 0);
	parts[1] = batch("ip", netns, "link\nrule\nroute\n");
	parts[2] = batch("tc", netns,
		"qdisc show\n"
		"filter show dev eth0 ingress\n"
		"filter show dev eth0 egress\n");
	assert_true(asprintf(&all, "%s\n%s%s", parts[0], parts[1], parts[2]) > 0);
	for (int i = 0; i < 3; i++)
		free(parts[i]);
	return all;
}

void world_up(struct world *world, int nodes, const char *attach)
{
	static int counter;
	const char *hub;

	*world = (struct world){.nodes = nodes, .attach = attach};
	snprintf(world->prefix, sizeof(world->prefix), "bbt-%d-%d", getpid(), counter++);
	snprintf(world->runtime_dir, sizeof(world->runtime_dir), "/run/%s", world->prefix);
	for (int node = 0; node <= HUB; node++)
		snprintf(world->netns[node], sizeof(world->netns[node]), "%s-%c", world->prefix,
			node == HUB ? 'h' : 'a' + node);
	hub = world_netns(world, HUB);
	add_netns(world);
	free(batch("ip", hub, "link add br0 type bridge\nlink set br0 up\n"));
	for (int node = 0; node < nodes; node++)
		add_node(world, node);
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET, 10000));
	assert_true(udp_passes_within(world, NODE_A, NODE_B, AF_INET6, 10000));
	world->programs_before = programs_list();
	for (int node = 0; node < nodes; node++)
		world->before[node] = snapshot(world, node);
}

void world_assert_unchanged(struct world *world)
{
	for (int node = 0; node < world->nodes; node++) {
		char *now = snapshot(world, node);

		assert_string_equal(now, world->before[node]);
		free(now);
	}
	assert_no_new_programs(world->programs_before);
	world->programs_before = NULL;
	/* A runtime directory may stay, but nothing in it. */
	assert_true(rmdir(world->runtime_dir) == 0 || errno == ENOENT);
}

void world_down(struct world *world)
{
	int status;

	for (int node = 0; node < world->nodes; node++) {
		remove_netns(world, node);
		free(world->before[node]);
	}
	remove_netns(world, HUB);
	free(world->programs_before);
	if (rmdir(world->runtime_dir) < 0 && errno != ENOENT)
		free(world_output(&status, "rm", "-rf", world->runtime_dir, NULL));
}

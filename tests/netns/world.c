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

static char *run(const char *program, va_list args, int *out_status)
{
	char *arguments[ARGUMENTS_MAX] = {(char *)program};
	posix_spawn_file_actions_t actions;
	int count = 1, ends[2], status;
	char *text;
	pid_t pid;

	while ((arguments[count] = va_arg(args, char *)))
		assert_in_range(++count, 1, ARGUMENTS_MAX - 1);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	assert_int_equal(posix_spawnp(&pid, program, &actions, NULL, arguments, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	text = read_all(ends[0]);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	*out_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return text;
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

static void add_node(const struct world *world, int node)
{
	const char *netns = world_netns(world, node), *hub = world_netns(world, HUB);
	char port[16], ipv4[300], ipv6[300];

	snprintf(port, sizeof(port), "p%d", node);
	snprintf(ipv4, sizeof(ipv4), "%s/24", world_address(node, AF_INET));
	snprintf(ipv6, sizeof(ipv6), "%s/64", world_address(node, AF_INET6));
	world_run("ip", "netns", "add", netns, NULL);
	world_run("ip", "-n", netns, "link", "set", "lo", "up", NULL);
	world_run("ip", "link", "add", "eth0", "netns", netns, "type", "veth", "peer", "name", port,
		"netns", hub, NULL);
	world_run("ip", "-n", hub, "link", "set", port, "master", "br0", "up", NULL);
	/* No link-local address: duplicate address detection would change the state by itself. */
	world_run("ip", "-n", netns, "link", "set", "eth0", "addrgenmode", "none", NULL);
	world_run("ip", "-n", netns, "addr", "add", ipv4, "dev", "eth0", NULL);
	world_run("ip", "-n", netns, "addr", "add", ipv6, "dev", "eth0", "nodad", NULL);
	world_run("ip", "-n", netns, "link", "set", "eth0", "up", NULL);
}

/* What other tools than ours say about a node, and what our own audit says. */
static char *snapshot(struct world *world, int node)
{
	const char *netns = world_netns(world, node);
	struct injector *injector = injector_greeted(world, node, "30s");
	cJSON *audit = injector_call(injector, "audit", "{\"page\":0}");
	char *parts[7], *all;
	int status;

	assert_int_equal(cJSON_GetObjectItem(audit, "pages")->valueint, 1);
	parts[0] = cJSON_Print(cJSON_GetObjectItem(audit, "state"));
	cJSON_Delete(audit);
	assert_int_equal(injector_finish(injector), 0);
	parts[1] = world_output(&status, "ip", "-n", netns, "-o", "link", NULL);
	parts[2] = world_output(&status, "tc", "-n", netns, "qdisc", "show", NULL);
	parts[3] = world_output(
		&status, "tc", "-n", netns, "filter", "show", "dev", "eth0", "ingress", NULL);
	parts[4] = world_output(
		&status, "tc", "-n", netns, "filter", "show", "dev", "eth0", "egress", NULL);
	parts[5] = world_output(&status, "ip", "-n", netns, "rule", NULL);
	parts[6] = world_output(&status, "ip", "-n", netns, "route", NULL);
	assert_true(asprintf(&all, "%s\n%s%s%s%s%s%s", parts[0], parts[1], parts[2], parts[3],
			    parts[4], parts[5], parts[6]) > 0);
	for (int i = 0; i < 7; i++)
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
	world_run("ip", "netns", "add", hub, NULL);
	world_run("ip", "-n", hub, "link", "add", "br0", "type", "bridge", NULL);
	world_run("ip", "-n", hub, "link", "set", "br0", "up", NULL);
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
		free(world_output(&status, "ip", "netns", "del", world_netns(world, node), NULL));
		free(world->before[node]);
	}
	free(world->programs_before);
	free(world_output(&status, "ip", "netns", "del", world_netns(world, HUB), NULL));
	free(world_output(&status, "rm", "-rf", world->runtime_dir, NULL));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/units.h"
#include "tests/netns/both_modes.h"
#include "tests/netns/world.h"

/*
 * Counterparts that are host names. The files that a resolver reads are this program's own, in a
 * mount namespace that the injectors share with it.
 */
enum {
	PORT = 7001,
	SEEN_WITHIN_MS = 15000,
	ANSWERED_WITHIN_MS = 2000, /* what waits for nobody, on a busy machine */
	NOBODY = 65534
};

static char hosts_file[] = "/tmp/backburn-hosts-XXXXXX";
static char servers_file[] = "/tmp/backburn-servers-XXXXXX";

/* In its place: what is mounted is the file, not its name. */
static void rewrite(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	close(file);
}

static int put_over(char *template, const char *path)
{
	int file = mkstemp(template);

	if (file < 0 || fchmod(file, 0644) < 0)
		return -1;
	close(file);
	return mount(template, path, NULL, MS_BIND, NULL);
}

static int own_resolver_files(void)
{
	/* What others mount and unmount, namespaces above all, goes on here; not the other way. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
		put_over(hosts_file, "/etc/hosts") < 0)
		return -1;
	return put_over(servers_file, "/etc/resolv.conf");
}

static void name_is(int node)
{
	char text[128];

	snprintf(text, sizeof(text), "%s s3.example.com\n%s s3.example.com\n",
		world_address(node, AF_INET), world_address(node, AF_INET6));
	rewrite(hosts_file, text);
}

static char *order_from(const char *id, const char *host)
{
	char *order;

	assert_true(asprintf(&order,
			    "{\"id\":\"%s\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\","
			    "\"with\":{},\"on\":[{\"node\":\"a\"}],"
			    "\"from\":[{\"node\":\"%s\",\"host\":\"%s\"}],"
			    "\"start_ns\":\"%lld\",\"deadline_ns\":\"%lld\"}",
			    id, host, host, (long long)now_ns(),
			    (long long)now_ns() + 100 * NS_PER_SEC) > 0);
	return order;
}

static char *evidence_text(struct injector *injector)
{
	cJSON *evidence = injector_call(injector, "evidence", "{}");
	char *text = cJSON_PrintUnformatted(evidence);

	cJSON_Delete(evidence);
	return text;
}

static void assert_told(struct injector *injector, int node, bool told)
{
	char *text = evidence_text(injector), quoted[80];

	for (int i = 0; i < 2; i++) {
		snprintf(quoted, sizeof(quoted), "\"%s\"",
			world_address(node, i ? AF_INET6 : AF_INET));
		assert_int_equal(strstr(text, quoted) != NULL, told);
	}
	free(text);
}

/* Services move while faults act: what the name stood for, and what it stands for, is hit. */
static void a_name_is_all_that_it_has_stood_for(struct world *world)
{
	struct injector *injector;
	int64_t give_up;
	char *order = order_from("cut", "s3.example.com"), *text;
	cJSON *result;

	rewrite(servers_file, "");
	name_is(NODE_B);
	injector = injector_greeted(world, NODE_A, "120s");
	result = injector_call(injector, "inspect", "%s", order);
	text = cJSON_PrintUnformatted(result);
	assert_non_null(strstr(text, "s3.example.com is 10.99.0.2, fd99::2 here"));
	free(text);
	cJSON_Delete(result);
	cJSON_Delete(injector_call(injector, "arm", "%s", order));
	free(order);
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_false(udp_passes(world, NODE_B, NODE_A, AF_INET6, PORT));
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET, PORT));
	assert_told(injector, NODE_B, true);
	assert_told(injector, NODE_C, false);
	name_is(NODE_C);
	give_up = now_ns() + SEEN_WITHIN_MS * NS_PER_MS;
	while (udp_passes(world, NODE_A, NODE_C, AF_INET, PORT))
		assert_true(now_ns() < give_up);
	assert_false(udp_passes(world, NODE_A, NODE_C, AF_INET6, PORT));
	/* Connections to the old one may live on. */
	assert_false(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_told(injector, NODE_B, true);
	assert_told(injector, NODE_C, true);
	/* A name that is gone takes nothing away. */
	rewrite(hosts_file, "127.0.0.1 localhost\n");
	pause_ms(6000);
	assert_false(udp_passes(world, NODE_A, NODE_C, AF_INET, PORT));
	text = evidence_text(injector);
	assert_non_null(strstr(text, "\"trouble\""));
	free(text);
	injector_heal(injector, "cut");
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	assert_true(udp_passes(world, NODE_A, NODE_C, AF_INET6, PORT));
	assert_told(injector, NODE_C, true);
	assert_int_equal(injector_finish(injector), 0);
}

static void what_is_no_name_is_refused(struct world *world)
{
	struct injector *injector;
	char *order = order_from("cut", "nobody.example"), *text;

	rewrite(servers_file, "");
	rewrite(hosts_file, "127.0.0.1 localhost\n");
	injector = injector_greeted(world, NODE_A, "120s");
	text = injector_refusal(injector, "arm", "%s", order);
	assert_non_null(strstr(text, "host nobody.example can't be resolved on this node"));
	free(text);
	free(order);
	text = injector_refusal(injector, "arm",
		"{\"id\":\"x\",\"fault\":\"partition\",\"scope\":{},\"role\":\"on\",\"with\":{},"
		"\"on\":[{\"node\":\"a\"}],\"from\":[{\"node\":\"b\",\"host\":\"-x; reboot\"}]}");
	assert_non_null(strstr(text, "from[0].host"));
	free(text);
	assert_int_equal(injector_finish(injector), 0);
}

/* ---- a resolver that hangs ---- */

static void assert_status(pid_t pid, const char *key, unsigned long long wanted, int base)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0) {
			assert_int_equal(strtoull(line + strlen(key), NULL, base), wanted);
			found = true;
		}
	fclose(file);
	assert_true(found);
}

static void a_resolver_that_hangs_holds_up_nothing(struct world *world)
{
	struct injector *injector;
	int silent = world_socket(world, NODE_C, AF_INET, SOCK_DGRAM), begun_ms;
	char *order = order_from("slow", "hangs.example"), text[64];
	struct sockaddr_storage address;
	socklen_t length = world_sockaddr(NODE_C, AF_INET, 53, &address);
	struct cut cut = {.id = "cut", .on = NODE_A, .from = NODE_B, .for_ms = 100000};
	cJSON *reply, *error;
	uint64_t asked, last;
	int64_t begun_ns;
	pid_t resolver;

	assert_int_equal(bind(silent, (struct sockaddr *)&address, length), 0);
	snprintf(text, sizeof(text), "nameserver %s\n", world_address(NODE_C, AF_INET));
	rewrite(servers_file, text);
	rewrite(hosts_file, "127.0.0.1 localhost\n");
	injector = injector_greeted(world, NODE_A, "120s");
	injector_cut(injector, &cut);
	injector_ask(injector, "arm", "%s", order);
	asked = injector->next_id;
	free(order);
	/* When it asks it is nobody, and can do nothing. */
	assert_int_equal(poll(&(struct pollfd){.fd = silent, .events = POLLIN}, 1, 5000), 1);
	resolver = injector_child(injector);
	assert_true(resolver > 0);
	assert_status(resolver, "Uid:", NOBODY, 10);
	assert_status(resolver, "Gid:", NOBODY, 10);
	assert_status(resolver, "CapPrm:", 0, 16);
	assert_status(resolver, "CapEff:", 0, 16);
	assert_status(resolver, "NoNewPrivs:", 1, 10);
	begun_ns = now_ns();
	injector_heal(injector, "cut");
	cJSON_Delete(injector_call(injector, "renew", "{\"lease\":\"120s\"}"));
	begun_ms = (int)((now_ns() - begun_ns) / NS_PER_MS);
	assert_true(begun_ms < ANSWERED_WITHIN_MS);
	assert_true(udp_passes(world, NODE_A, NODE_B, AF_INET, PORT));
	last = injector->next_id;
	injector->next_id = asked; /* its answer comes behind those of later requests */
	reply = injector_reply(injector);
	injector->next_id = last;
	error = cJSON_GetObjectItem(reply, "error");
	assert_non_null(error);
	assert_non_null(strstr(cJSON_GetObjectItem(error, "message")->valuestring,
		"host hangs.example can't be resolved on this node"));
	assert_true(now_ns() - begun_ns < 12 * NS_PER_SEC);
	cJSON_Delete(reply);
	assert_int_equal(injector_child(injector), 0);
	/* Its end does not wait either. */
	order = order_from("slow", "hangs.example");
	injector_ask(injector, "arm", "%s", order);
	free(order);
	cJSON_Delete(injector_call(injector, "ping", "{}"));
	begun_ns = now_ns();
	assert_int_equal(injector_finish(injector), 0);
	assert_true(now_ns() - begun_ns < ANSWERED_WITHIN_MS * NS_PER_MS);
	close(silent);
}

int main(void)
{
	static const struct world_test tests[] = {
		WORLD_TEST(a_name_is_all_that_it_has_stood_for, 3),
		WORLD_TEST(what_is_no_name_is_refused, 2),
		WORLD_TEST(a_resolver_that_hangs_holds_up_nothing, 3),
	};
	int result;

	/* Who is not root is told so by what follows. */
	if (geteuid() == 0 && own_resolver_files() < 0) {
		perror("a mount namespace");
		return 77;
	}
	result = run_in_both_modes(tests, sizeof(tests) / sizeof(tests[0]));
	unlink(hosts_file);
	unlink(servers_file);
	return result;
}

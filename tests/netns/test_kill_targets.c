/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/json.h"
#include "tests/netns/killing.h"

/* How processes are named: by unit, by port, the largest first. Real ones, all the test's own. */

static void a_unit_is_found_by_its_cgroup(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t one = victim_start(victims, VICTIM_IN_UNIT),
	      two = victim_start(victims, VICTIM_IN_UNIT),
	      beside = victim_start(victims, VICTIM_INSIDE);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes};
	cJSON *quoted = cJSON_CreateString(victims->unit), *fault;
	char *text = cJSON_PrintUnformatted(quoted);

	snprintf(processes, sizeof(processes), "\"unit\":%s", text);
	cJSON_free(text);
	cJSON_Delete(quoted);
	killing_arm(injector, &aim);
	fault = killing_await_over(injector, 2);
	killing_assert_hit(fault, one, "KILL", true);
	killing_assert_hit(fault, two, "KILL", true);
	cJSON_Delete(fault);
	assert_true(victim_lives(beside));
	assert_int_equal(injector_finish(injector), 0);
}

/* A port of the node's that the victim will listen on, and nobody else. */
static int listen_in(struct killing *killing, int node, int family)
{
	int listener = world_socket(&killing->world, node, family, SOCK_STREAM);
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = {.any = {.sa_family = (sa_family_t)family}};
	socklen_t size = sizeof(address);

	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, &address.any, &size), 0);
	killing->victims.listener = listener;
	return ntohs(family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

static void a_port_means_who_listens_on_it(struct killing *killing)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct victims *victims = &killing->victims;

	for (size_t i = 0; i < 2; i++) {
		int port = listen_in(killing, NODE_A, families[i]);
		pid_t victim = victim_start(victims, VICTIM_LISTENS),
		      other = victim_start(victims, VICTIM_PLAIN);
		struct injector *here, *there;
		char processes[KILLING_TEXT_MAX];
		struct aim aim = {.processes = processes};
		cJSON *fault;

		close(victims->listener);
		snprintf(processes, sizeof(processes), "\"port\":%d", port);
		here = injector_greeted(&killing->world, NODE_A, "60s");
		there = injector_greeted(&killing->world, NODE_B, "60s");
		/* The same number is another port in another network namespace. */
		killing_refused(there, &aim, "no process with port");
		killing_arm(here, &aim);
		fault = killing_await_over(here, 1);
		killing_assert_hit(fault, victim, "KILL", true);
		cJSON_Delete(fault);
		assert_true(victim_lives(other));
		assert_int_equal(injector_finish(here), 0);
		assert_int_equal(injector_finish(there), 0);
	}
}

static void the_largest_is_hit_where_asked(struct killing *killing)
{
	struct victims *victims = &killing->victims;
	pid_t old = victim_start(victims, VICTIM_INSIDE),
	      large = victim_start(victims, VICTIM_LARGE),
	      late = victim_start(victims, VICTIM_INSIDE);
	struct injector *injector = injector_greeted(&killing->world, NODE_A, "60s");
	char processes[KILLING_TEXT_MAX];
	struct aim aim = {.processes = processes};
	cJSON *fault;

	snprintf(processes, sizeof(processes),
		"\"cgroup\":\"%s\",\"largest\":\"memory\",\"count\":1", victims->cgroup);
	killing_arm(injector, &aim);
	fault = killing_await_over(injector, 1);
	killing_assert_hit(fault, large, "KILL", true);
	cJSON_Delete(fault);
	assert_true(victim_lives(old) && victim_lives(late));
	assert_int_equal(injector_finish(injector), 0);
}

#define TESTS(X)                                                                                   \
	X(a_unit_is_found_by_its_cgroup)                                                           \
	X(a_port_means_who_listens_on_it)                                                          \
	X(the_largest_is_hit_where_asked)

KILLING_MAIN(TESTS)

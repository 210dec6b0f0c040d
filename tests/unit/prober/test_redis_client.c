/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_server.h"
#include "set_client.h"

/* The client of Redis with Sentinel, against a real Redis and a real Sentinel on loopback. */
enum {
	SKIPPED = 77,
	UP_WITHIN_MS = 10000,
};

struct redis {
	char dir[32], port[8], sentinel_port[8];
	pid_t server, sentinel;
};

static void pause_ms(int ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&pause, NULL);
}

static void write_config(const char *dir, const char *name, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static pid_t start(const char *dir, const char *program, const char *config)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		if (chdir(dir) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
			_exit(126);
		execlp(program, program, config, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGCONT);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static const char *run(const struct redis *redis, const char *wait, const char *input)
{
	return set_client_run((const char *[]){REDIS_SET_CLIENT, "--port", redis->port,
				      "--sentinel-port", redis->sentinel_port, "--timeout", "500ms",
				      "--wait", wait, "127.0.0.2,127.0.0.1", NULL},
		input);
}

static void assert_begins(const char *text, const char *with)
{
	if (strncmp(text, with, strlen(with)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", text, with);
}

static int up(void **state)
{
	static struct redis redis;
	char text[512];

	redis = (struct redis){.dir = "/tmp/backburn-redis-XXXXXX"};
	assert_non_null(mkdtemp(redis.dir));
	snprintf(redis.port, sizeof(redis.port), "%u", unused_port());
	snprintf(redis.sentinel_port, sizeof(redis.sentinel_port), "%u", unused_port());
	snprintf(text, sizeof(text), "bind 127.0.0.1\nport %s\nsave \"\"\n", redis.port);
	write_config(redis.dir, "redis.conf", text);
	snprintf(text, sizeof(text),
		"bind 127.0.0.1\nport %s\nsentinel monitor main 127.0.0.1 %s 1\n",
		redis.sentinel_port, redis.port);
	write_config(redis.dir, "sentinel.conf", text);
	redis.server = start(redis.dir, "redis-server", "redis.conf");
	redis.sentinel = start(redis.dir, "redis-sentinel", "sentinel.conf");
	*state = &redis;
	for (int waited_ms = 0; strncmp(run(&redis, "0", "add 999\n"), "ok", 2) != 0;) {
		assert_true((waited_ms += 500) < UP_WITHIN_MS);
		pause_ms(100);
	}
	return 0;
}

static int down(void **state)
{
	static const char *const names[] = {"redis.conf", "sentinel.conf"};
	const struct redis *redis = *state;
	char path[64];

	end(redis->server);
	end(redis->sentinel);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", redis->dir, names[i]);
		unlink(path);
	}
	return rmdir(redis->dir);
}

static void what_was_added_is_read(void **state)
{
	const char *output = run(*state, "0", "add 1\nadd 2\nnonsense\nread\nadd 3\n");

	assert_begins(output, "ok 1\nok 2\nok 1 2 999\nok 3\n");
}

static void an_unfinished_line_is_nothing(void **state)
{
	assert_string_equal(run(*state, "0", "add 4\nadd 5"), "ok 4\n");
}

static void without_enough_replicas_it_is_unknown(void **state)
{
	assert_string_equal(run(*state, "1", "add 6\n"), "unknown 6 0 of 1 replicas have it\n");
}

/* The kernel still accepts connections, and what is sent may be carried out later. */
static void a_primary_that_stands_still_leaves_it_unknown(void **state)
{
	const struct redis *redis = *state;
	const char *output;

	kill(redis->server, SIGSTOP);
	output = run(redis, "0", "add 7\n");
	kill(redis->server, SIGCONT);
	assert_string_equal(output, "unknown 7 127.0.0.1: no answer in time\n");
}

static void what_was_refused_has_failed(void **state)
{
	const struct redis *redis = *state;
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, 1);
		execlp("redis-cli", "redis-cli", "-p", redis->port, "config", "set",
			"min-replicas-to-write", "1", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_begins(run(redis, "0", "add 8\n"), "fail 8 NOREPLICAS");
	assert_begins(run(redis, "1", "add 8\n"), "fail 8 NOREPLICAS");
}

/* Nothing was sent, so that it certainly has not happened. */
static void without_a_primary_it_has_failed(void **state)
{
	const struct redis *redis = *state;
	struct redis none = *redis;

	snprintf(none.sentinel_port, sizeof(none.sentinel_port), "%u", unused_port());
	assert_begins(run(&none, "0", "add 9\n"), "fail 9 Connection refused");
	snprintf(none.port, sizeof(none.port), "%u", unused_port());
	assert_begins(run(&none, "0", "read\n"), "fail 127.0.0.1: Connection refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_read),
		cmocka_unit_test(an_unfinished_line_is_nothing),
		cmocka_unit_test(without_enough_replicas_it_is_unknown),
		cmocka_unit_test(a_primary_that_stands_still_leaves_it_unknown),
		cmocka_unit_test(what_was_refused_has_failed),
		cmocka_unit_test(without_a_primary_it_has_failed),
	};

	if (access("/usr/bin/redis-server", X_OK) < 0) {
		puts("skipped: there is no /usr/bin/redis-server");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, up, down);
}

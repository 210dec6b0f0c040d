/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workload client that behaves as its first argument says:
 *
 *	mixed     by the last digit of the id: 3 fail, 5 unknown, 7 ok but after 4 s,
 *	          9 never; else ok. Prints noise between its answers.
 *	dies      answers, except multiples of ten, and exits with 3 after each 20 operations
 *	stubborn  prints its pid and its process group, answers ok, does not end on EOF
 *	env       ok if its environment is minimal and holds TOKEN=secret; else fail
 *	deaf      reads nothing
 *	present … answers a read with the rest of its arguments
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	LATE_MS = 4000,
	LATE_MAX = 1024
};

static struct {
	long id, due_ms;
} late[LATE_MAX];
static int late_count;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say_late_ones(void)
{
	int kept = 0;

	for (int i = 0; i < late_count; i++) {
		if (late[i].due_ms <= now_ms())
			printf("ok %ld\n", late[i].id);
		else
			late[kept++] = late[i];
	}
	late_count = kept;
}

static void answer_mixed(long id)
{
	switch (id % 10) {
	case 3:
		printf("fail %ld no room\n", id);
		break;
	case 5:
		printf("unknown %ld it broke\n", id);
		break;
	case 7:
		if (late_count < LATE_MAX) {
			late[late_count].id = id;
			late[late_count++].due_ms = now_ms() + LATE_MS;
		}
		break;
	case 9:
		printf("what is %ld supposed to mean? \x1b[31m\n", id);
		break;
	default:
		printf("ok %ld\n", id);
	}
}

static bool environment_is_minimal(void)
{
	const char *token = getenv("TOKEN");

	return token && strcmp(token, "secret") == 0 && getenv("PATH") &&
		!getenv("BACKBURN_SOURCE") && !getenv("http_proxy");
}

static void answer(const char *behaviour, long id, int handled)
{
	if (strcmp(behaviour, "mixed") == 0) {
		answer_mixed(id);
	} else if (strcmp(behaviour, "dies") == 0) {
		if (id % 10 != 0)
			printf("ok %ld\n", id);
		if (handled == 20) {
			fflush(stdout);
			fprintf(stderr, "I can't go on\n");
			exit(3);
		}
	} else if (strcmp(behaviour, "env") == 0 && !environment_is_minimal()) {
		printf("fail %ld the environment is not as ordered\n", id);
	} else {
		printf("ok %ld\n", id);
	}
}

static void answer_read(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		printf("%s%s", i > 2 ? " " : "", argv[i]);
	printf("\n");
}

/* Takes what has come; false at EOF. */
static bool take_input(int argc, char **argv)
{
	static char buffer[65536];
	static size_t used;
	static int handled;
	ssize_t count = read(STDIN_FILENO, buffer + used, sizeof(buffer) - used - 1);
	char *line = buffer, *newline;

	if (count <= 0)
		return false;
	used += (size_t)count;
	buffer[used] = '\0';
	while ((newline = strchr(line, '\n'))) {
		*newline = '\0';
		if (strncmp(line, "add ", 4) == 0)
			answer(argv[1], strtol(line + 4, NULL, 10), ++handled);
		else if (strcmp(line, "read") == 0)
			answer_read(argc, argv);
		line = newline + 1;
	}
	used -= (size_t)(line - buffer);
	memmove(buffer, line, used);
	return true;
}

int main(int argc, char **argv)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	bool stubborn = argc > 1 && strcmp(argv[1], "stubborn") == 0;

	if (argc < 2)
		return 64;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (stubborn)
		printf("pid %d in group %d\n", (int)getpid(), (int)getpgrp());
	for (;;) {
		bool deaf = strcmp(argv[1], "deaf") == 0;

		poll(&input, deaf ? 0 : 1, late_count || deaf ? 20 : -1);
		say_late_ones();
		if (deaf || !(input.revents & (POLLIN | POLLHUP)))
			continue;
		if (!take_input(argc, argv)) {
			if (!stubborn)
				return 0;
			input.fd = -1;
		}
	}
}

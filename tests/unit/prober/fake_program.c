/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that an exec probe runs, and that behaves as its first argument says:
 *
 *	exit N         exits with N, after a word on its standard error
 *	say TEXT       prints it
 *	echo           copies its input to its output
 *	environ        prints its environment, each variable in brackets
 *	crash          ends by SIGABRT
 *	hang FILE      adds its pid to the file, ignores SIGTERM, and never ends
 *	orphan FILE    the same in a child that keeps its output open; exits with 0 itself
 *	flood          prints 100 MB
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hang(const char *path)
{
	char line[32];
	int length = snprintf(line, sizeof(line), "%d\n", (int)getpid());
	int fd = open(path, O_WRONLY | O_APPEND);

	if (fd < 0 || write(fd, line, (size_t)length) != length)
		_exit(70);
	close(fd);
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

static int echo(void)
{
	char chunk[4096];
	ssize_t count;

	while ((count = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		if (write(STDOUT_FILENO, chunk, (size_t)count) != count)
			return 70;
	return count < 0 ? 71 : 0;
}

static int flood(void)
{
	static char chunk[100 * 1000];

	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 1000; i++)
		for (size_t sent = 0; sent < sizeof(chunk);) {
			ssize_t count = write(STDOUT_FILENO, chunk + sent, sizeof(chunk) - sent);

			if (count < 0)
				return 70;
			sent += (size_t)count;
		}
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "", *word = argc > 2 ? argv[2] : "";

	if (strcmp(mode, "exit") == 0) {
		fprintf(stderr, "no luck today\n");
		return atoi(word);
	}
	if (strcmp(mode, "say") == 0)
		return puts(word) < 0;
	if (strcmp(mode, "echo") == 0)
		return echo();
	if (strcmp(mode, "environ") == 0)
		for (char **variable = environ; *variable; variable++)
			printf("[%s]", *variable);
	if (strcmp(mode, "crash") == 0)
		abort();
	if (strcmp(mode, "hang") == 0 || (strcmp(mode, "orphan") == 0 && fork() == 0))
		hang(word);
	if (strcmp(mode, "flood") == 0)
		return flood();
	return 0;
}

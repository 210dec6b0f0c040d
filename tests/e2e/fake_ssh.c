/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Called ssh, in a test's PATH: `ssh -o… chaos@db1.example sudo -n WORD…` runs the words in node
 * db1 of the lab "two". What a real ssh adds – encryption, a remote shell that joins the words – is
 * not what is tested with it.
 */
int main(int argc, char **argv)
{
	char path[128];
	int fd, at = 1;

	while (at < argc && argv[at][0] == '-')
		at++;
	if (at == argc || !strchr(argv[at], '@'))
		return 255;
	snprintf(path, sizeof(path), "/run/netns/bb-two-%.*s",
		(int)strcspn(strchr(argv[at], '@') + 1, "."), strchr(argv[at], '@') + 1);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) {
		fprintf(stderr, "ssh: Could not resolve hostname %s\n", argv[at]);
		return 255;
	}
	if (at + 2 < argc && strcmp(argv[at + 1], "sudo") == 0)
		at += 2;
	if (at + 1 >= argc)
		return 255;
	execvp(argv[at + 1], &argv[at + 1]);
	perror(argv[at + 1]);
	return 127;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_SSH_HOST_H
#define BACKBURN_TESTS_SSH_HOST_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * One machine that is reached by ssh: a real sshd in a network namespace, with a mount namespace of
 * its own, in which /run, /usr/local and the user database are its own. Nothing of it is seen
 * outside, and nothing of it stays: keys, accounts, sudo's rules and what is installed there
 * are on file systems that end with it. Processes are the machine's: their numbers are shared.
 */
#define SSH_HOST_USER "chaos" /* may not do anything but what sudo lets it */

struct ssh_host_options {
	const char *netns;      /* where it listens, on port 22 */
	const char *client_key; /* the public key that may log in, as root and as SSH_HOST_USER */
	const char *log;        /* a file for what sshd says */
	const char *sudoers;    /* further lines of /etc/sudoers, or NULL */
	bool bare;              /* without the programs in /usr/local/bin */
};

struct ssh_host {
	pid_t pid;         /* of the sshd */
	ino_t mounts;      /* its mount namespace: whoever lives in it belongs to this host */
	char key[128];     /* its public key: type and base64 */
	const char *netns; /* as in the options */
};

/* Returns when it listens. Everything asserts. */
void ssh_host_up(struct ssh_host *host, const struct ssh_host_options *options);

/* Ends every process of the host, and waits until there is none. */
void ssh_host_down(struct ssh_host *host);

/* Runs `visit` with each process of the host but the sshd that listens. */
void ssh_host_each(
	const struct ssh_host *host, void (*visit)(void *context, pid_t pid), void *context);

/* Waits until nobody of backburn runs there any more, and asserts that. */
void ssh_host_assert_quiet(const struct ssh_host *host, int within_s);

#endif

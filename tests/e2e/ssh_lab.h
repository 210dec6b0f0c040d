/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_SSH_LAB_H
#define BACKBURN_TESTS_SSH_LAB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "controller/lab/lab.h"
#include "tests/e2e/cli.h"
#include "tests/e2e/ssh_host.h"

/*
 * A lab whose nodes are reached by ssh, as machines are: each node has a sshd of its own, and the
 * controller runs in the network namespace of the node `client`. What may happen to the way between
 * them is done by nftables in the lab's hub, which no part of backburn knows of. Everything
 * asserts.
 */
enum {
	SSH_LAB_NODES_MAX = 8
};

enum ssh_way {
	SSH_AS_ROOT,
	SSH_WITH_SUDO, /* as SSH_HOST_USER, and sudo -n there */
	SSH_WAYS
};

struct ssh_lab_options {
	const char *lab_file;
	const char *name;    /* instead of the file's: labs are called so machine-wide */
	const char *sudoers; /* further lines of /etc/sudoers of each host, or NULL */
	uid_t controller;    /* who runs it; 0: root */
	bool bare;           /* hosts without our programs */
};

struct ssh_lab {
	const struct cli *cli;
	struct lab_file file;
	uid_t controller;
	struct ssh_host hosts[SSH_LAB_NODES_MAX];
	struct lab_node nodes[SSH_LAB_NODES_MAX];
	size_t count;
	int runs;          /* directories of runs that were used */
	char config[128];  /* for ssh -F */
	char program[512]; /* the controller's */
	char *state_before, *programs_before;
};

/* The lab, its hosts, and keys for this run in cli->dir. */
void ssh_lab_up(struct ssh_lab *lab, const struct cli *cli, const struct ssh_lab_options *options);
/* Ends all of it, and asserts that the machine is as it was. */
void ssh_lab_down(struct ssh_lab *lab);

/* Writes an environment of the lab's name, and returns its path, valid as cli_write() says. */
const char *ssh_lab_environment(const struct ssh_lab *lab, enum ssh_way way);

/* A command of backburn (NULL-terminated arguments) where the controller runs, and as who. */
void ssh_lab_start(const struct ssh_lab *lab, const char *const *args, struct cli_process *process);
void ssh_lab_run(const struct ssh_lab *lab, const char *const *args, struct cli_result *result);

const struct ssh_host *ssh_lab_host(const struct ssh_lab *lab, const char *node);

/*
 * From now on this share of the packets of ssh between that node and everybody is lost without a
 * word, in both directions; 100: the link is cut. No other packet is touched.
 */
void ssh_lab_lose(const struct ssh_lab *lab, const char *node, int percent);
/* Packets lost so far. */
uint64_t ssh_lab_lost(const struct ssh_lab *lab, const char *node);
void ssh_lab_mend(const struct ssh_lab *lab, const char *node);

#endif

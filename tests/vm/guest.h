/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_GUEST_H
#define BACKBURN_TESTS_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/e2e/cli.h"

/*
 * Machines of their own: guests of QEMU (tests/vm/boot) that are reached by ssh from this machine,
 * and have a link to one another. Each has a kernel, a clock, and a directory that stays when it
 * goes. Everything asserts.
 */
enum {
	GUESTS = 2
};

struct guest {
	const char *name, *series; /* of its kernel: 6.1 */
	const char *address;       /* on the link between guests */
	const char *date;          /* its real-time clock begins there */
	char dir[128];
	pid_t pid;
	int ssh_port, qmp;
};

struct guests {
	struct guest guest[GUESTS];
	const struct cli *cli;
	char config[128]; /* for ssh -F; hosts have the guests' names */
};

/* 77 where a kernel or QEMU can't be had, with the reason printed; else 0. */
int guests_available(void);

/* Makes keys and boots all; returns when ssh works. */
void guests_up(struct guests *guests, const struct cli *cli);
void guests_down(struct guests *guests);

/* Starts one again, after guest_cut_power(). */
void guest_boot(struct guests *guests, struct guest *guest);
/* What was not on its disk is gone; nobody is told. */
void guest_cut_power(struct guest *guest);

/* The link that ssh uses: down, packets vanish, and nobody is told. */
void guest_set_ssh_link(struct guest *guest, bool up);

/* A command there, its words joined by ssh; exit code and output as of cli_run(). */
void guest_run(const struct guests *guests, const struct guest *guest, const char *command,
	struct cli_result *result);

/* What `backburn-injector audit` knows of it, as text. To be freed. */
char *guest_audit(const struct guests *guests, const struct guest *guest);

#endif

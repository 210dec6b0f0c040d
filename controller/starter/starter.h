/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_STARTER_H
#define BACKBURN_STARTER_H

#include <cjson/cJSON.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "controller/lab/lab_file.h"

/* A first scenario and its environment, made from a lab or from hosts. Pure. */
struct starter_host {
	char *node;          /* what it is called in the scenario */
	struct list connect; /* of char * */
};

struct starter {
	const char *name;  /* of the scenario and the environment */
	const char *lab;   /* a lab's file as seen from the environment's folder; NULL: hosts */
	char *role;        /* the label that the members share; NULL: they are listed by name */
	char *url;         /* what the probe asks; holds {node.addr} */
	char *client;      /* the node that the probe runs at */
	bool client_sudo;  /* with hosts: this machine's injector is started through sudo */
	struct list nodes; /* of char *: the members */
	struct list hosts; /* of struct starter_host; none with a lab */
};

void starter_deinit(struct starter *starter);

/*
 * Members, client, role and URL as a lab has them: the client is the first node without services,
 * else the last one; the URL is that of a service's readiness check. What is set already stays.
 * FAIL_USAGE when the lab can't answer one of them, with the option that can.
 */
int starter_from_lab(struct starter *starter, const struct lab_file *lab, struct fail *fail);

/*
 * One --host: [USER@]HOST or NODE=[USER@]HOST, reached by ssh, and by sudo there unless USER is
 * root; or NODE=WORD,WORD,…: the words of `connect`. A node is called like the first part of its
 * host's name.
 */
int starter_add_host(struct starter *starter, const char *text, struct fail *fail);

/*
 * The two files, both checked as `validate` does, so that wrong names and URLs are FAIL_USAGE
 * here. The caller deletes them.
 */
int starter_scenario(const struct starter *starter, cJSON **out, struct fail *fail);
int starter_environment(const struct starter *starter, cJSON **out, struct fail *fail);

#endif

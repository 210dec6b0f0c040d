/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PREDICTED_H
#define BACKBURN_PREDICTED_H

#include "contract/shape.h"
#include "controller/judge/record.h"

/*
 * The predicted blast radius: who would be hit if the faults began now, as the nodes said when they
 * were asked (`inspect`). Made from a record alone, so that a plan, a run and a journal of last
 * year have the same; as JSON it is the member `radius` of `plan --json`, and what `plan --diff`
 * reads.
 */

enum {
	PREDICTED_VERSION = 1,
	/* What of each fault is named one by one. */
	PREDICTED_LISTED_MAX = 1024, /* connections */
	PREDICTED_FLOWS_MAX = 1024,
	PREDICTED_LINKS_MAX = 4096
};

/* Seen from both hosts it is one. */
struct predicted_connection {
	char *client, *client_address; /* node, or what the fault calls it; "10.0.0.1:41234" */
	char *server, *server_address;
	char *program; /* that serves it, NULL: can't be told */
	char *state;
	bool unsure; /* which end is the client's can't be told */
	bool both;   /* both hosts said so */
};

/* Connections of one client's program to one service. */
struct predicted_flow {
	char *client, *client_program; /* the program: NULL where that can't be told */
	char *server, *server_program;
	int64_t port; /* 0: which end serves can't be told */
	int64_t connections;
	bool hit; /* the fault acts on them; else they only depend on a node that it is on */
};

/* One way between two nodes on which packets would be hit. */
struct predicted_link {
	char *from, *to;
	int64_t connections; /* between the two, whoever opened them */
};

struct predicted_process {
	char *node, *program;
	int64_t pid;
};

struct predicted_fault {
	char *id, *fault, *phase;
	struct list on, from; /* of char * */
	bool asked;         /* false: refused before any node was, so that nothing below is known */
	struct list links;  /* of struct predicted_link, by from and to */
	int64_t link_count; /* all of them */
	struct list connections; /* of struct predicted_connection */
	int64_t connection_count;
	bool at_least; /* there are more: a node did not list all that it has, or there was no room
			*/
	struct list flows;      /* of struct predicted_flow: the same connections; all are hit */
	struct list dependents; /* of struct predicted_flow: whom nodes that it is on serve */
	int64_t more_dependents;
	struct list processes; /* of struct predicted_process */
};

/* "1 of 3 of role=etcd". */
struct predicted_share {
	char *of; /* "group members", "role=etcd" */
	int64_t hit, total;
};

struct predicted_quorum {
	char *group;
	int64_t total, left, majority;
	bool kept;
	bool demanded; /* a limit says keep_quorum */
};

struct predicted_limit {
	char *limit; /* "nodes", "group members", "label zone" */
	double hit, allowed;
	bool kept;
};

/* All faults of a phase together, as if they acted at one time. */
struct predicted_phase {
	char *phase;
	struct list nodes; /* of char *: those that faults are on */
	struct list
		shares; /* of struct predicted_share: of every group and label value that is hit */
	struct list quorums; /* of struct predicted_quorum: of groups of three and more */
	struct list limits;  /* of struct predicted_limit: those that are stated */
};

struct predicted {
	int64_t version;
	char *scenario, *environment;
	struct list faults; /* of struct predicted_fault: those that were asked about */
	struct list phases; /* of struct predicted_phase: those with such faults */
};
extern const struct shape predicted_shape;

/* What a record knows by now. predicted_free() after use. */
void predict(const struct record *record, struct predicted *out);
void predicted_free(struct predicted *predicted);

/* NULL: the fault was not asked about. */
const struct predicted_fault *predicted_fault(const struct predicted *predicted, const char *id);
const struct predicted_phase *predicted_phase(const struct predicted *predicted, const char *id);

/* Whichever of the two is the client. */
bool predicted_flow_is_between(const struct predicted_flow *flow, const char *a, const char *b);

/* Live connections between two nodes, whoever opened them; of very many links at least that. */
int64_t predicted_between(const struct predicted_fault *fault, const char *a, const char *b);

enum {
	SERVICE_TEXT_MAX = 128
};
/* "etcd:2380", ":2380" where the program can't be told, "" where nothing can. */
const char *predicted_service(const struct predicted_flow *flow, char text[SERVICE_TEXT_MAX]);

#endif

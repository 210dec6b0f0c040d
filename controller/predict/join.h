/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PREDICT_JOIN_H
#define BACKBURN_PREDICT_JOIN_H

#include "controller/predict/predicted.h"

/* Whose a name or an address is. Borrows from the record. */
struct directory {
	struct list entries; /* of struct directory_entry, sorted */
};
void directory_init(struct directory *directory, const struct record *record);
void directory_deinit(struct directory *directory);
/* A node's own name for its name or one of its addresses ("fd00::1"); NULL: of no node. */
const char *directory_node(const struct directory *directory, const char *text);

/*
 * The connections of one fault as all hosts together see them: fills `connections`,
 * `connection_count`, `at_least` and `flows`. Two views of one connection are one; behind a NAT
 * the hosts see different addresses, and it stays two.
 */
void join_connections(const struct directory *directory, const struct fault_record *fault,
	struct predicted_fault *out);

/* Behind that: fills `dependents` and `more_dependents`, whom the nodes it is on serve now. */
void join_dependents(const struct directory *directory, const struct fault_record *fault,
	struct predicted_fault *out);

/* Live connections between two nodes, whoever opened them; before join_finish(). */
int64_t join_between(const struct predicted_fault *fault, const char *a, const char *b);

/* Puts flows and dependents in the order of their connections, and cuts what there is no room for.
 */
void join_finish(struct predicted_fault *out);

#endif

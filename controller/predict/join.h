/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PREDICT_JOIN_H
#define BACKBURN_PREDICT_JOIN_H

#include "controller/predict/predicted.h"

/*
 * The connections of one fault as all hosts together see them: fills `connections`,
 * `connection_count`, `at_least` and `flows`. Two views of one connection are one; behind a NAT
 * the hosts see different addresses, and it stays two.
 */
void join_connections(
	const struct record *record, const struct fault_record *fault, struct predicted_fault *out);

/* Fills `dependents` and `more_dependents`: whom the nodes that the fault is on serve now. */
void join_dependents(
	const struct record *record, const struct fault_record *fault, struct predicted_fault *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SPILL_H
#define BACKBURN_SPILL_H

#include "controller/judge/record.h"

/*
 * What faults hit by the addresses that packets had, held against what they name. Spill is what
 * lies outside of `on` and `from`: a defect of backburn, or of the file that says whose an address
 * is, and the end of any run. Pure.
 */
struct spill {
	const struct fault_record *fault;
	const char *node;   /* where it was counted */
	const char *victim; /* whose address it is; NULL: of no node that is known */
	char address[PREFIX_TEXT_MAX];
	const struct touched *touched; /* borrowed from the record, like the others */
};

/*
 * A list of struct spill, empty where all is as declared. An address is spill when no endpoint of
 * the order names it, or when it is one of a node's own and the fault, which means other nodes,
 * names none of its owners. What lies in a prefix that a person wrote, in "everything" or behind a
 * host's name is declared.
 */
void spills_find(const struct record *record, struct list *spills);
/* The same of what one node has told of one fault, for whoever hears of it; appended. */
void spills_find_at(const struct record *record, const struct fault_record *fault,
	const struct fault_node *node, struct list *spills);

/* The victim, or the address of one that is not known; borrowed from the spill. */
const char *spill_name(const struct spill *spill);

enum {
	SPILL_TEXT_MAX = 448
};
/* "fault cut on n1 hit n3 (10.0.0.3), which it does not name: 12 packets of 2 connections" */
const char *spill_text(const struct spill *spill, char buffer[SPILL_TEXT_MAX]);

#endif

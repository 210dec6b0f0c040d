/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CATALOGUE_H
#define BACKBURN_CATALOGUE_H

#include <stdbool.h>

#include "contract/shape.h"

/*
 * The faults that exist, as the injector published them when this controller was built. The
 * controller has no fault code: whatever it knows of a fault is in here.
 */
struct catalogue_fault {
	char *name, *summary;
	bool both_sides;   /* armed on the nodes of `from` as well */
	bool on_processes; /* it hits processes, and `on` must say which */
	bool from_nodes, from_prefixes, from_hosts, from_everything;
	bool at_once;        /* it acts at its start and is over: no `for` */
	char *lasts_with;    /* of these: with this parameter it has a length after all; or NULL */
	bool ends_processes; /* its evidence says who came back after that */
	char *capability;    /* what an injector must have for it */
	char *did;    /* what becomes of a packet that it hits, or of a machine; NULL: of neither */
	bool alone;   /* two of these on one path, or machine, at one time contradict each other */
	bool machine; /* it acts on whole machines, of which a lab has none of its own */
	bool within;  /* `from` may be left out: it then acts between the nodes of `on` */
	struct shape *params;
	cJSON *published; /* the entry as it came */
};

struct catalogue {
	struct catalogue_fault *faults;
	size_t count;
	struct shape
		*policy; /* what an injector reads as its host's policy, or NULL; checks only */
};

/* Parses a catalogue's text. */
int catalogue_parse(struct catalogue *out, const char *text, size_t length, struct fail *fail);
/* The one compiled in. */
int catalogue_builtin(struct catalogue *out, struct fail *fail);
void catalogue_deinit(struct catalogue *catalogue);

const struct catalogue_fault *catalogue_find(const struct catalogue *catalogue, const char *name);
/* With these parameters; false for a kind that is not known. */
bool catalogue_at_once(const struct catalogue *catalogue, const char *name, const cJSON *with);
/* Whether a fault of that kind has a counterpart. */
bool catalogue_has_from(const struct catalogue_fault *kind);
/*
 * Whether the parameter of that name says how a fault without counterpart acts among the nodes it
 * is on: "shape" and "drops", in every kind that has them, as "enforce" means the same in all.
 */
bool catalogue_acts_among(const char *param);
/* The known name nearest to `name`, or NULL. */
const char *catalogue_nearest(const struct catalogue *catalogue, const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PREDICT_DIFFERENCE_H
#define BACKBURN_PREDICT_DIFFERENCE_H

#include <cjson/cJSON.h>

#include "controller/predict/predicted.h"

/* What is other in one predicted radius than in an earlier one. Pure. */

enum change_how {
	CHANGE_NEW,
	CHANGE_GONE,
	CHANGE_AMOUNT
};
extern const char *const change_words[]; /* "new", "gone", "changed" */

struct change {
	const char *what; /* "fault", "node", "link", "connections", … */
	char *text;       /* "cut-leader: n2 -> n1" */
	enum change_how how;
	double before, now; /* 0: it has no amount, or was not there */
};

/*
 * Two lists, because they answer two questions. `changes` names who: a leader that was elected anew
 * is one node gone and one new. `growth` asks how large, and with that nothing has grown: more
 * nodes, links or processes, another service, a larger share, less of a quorum, a wider limit. The
 * number of connections of a service that was hit before is no growth, for it never stands still.
 */
struct difference {
	struct list changes; /* of struct change */
	struct list growth;  /* of char * */
};

void difference_init(struct difference *difference, const struct predicted *earlier,
	const struct predicted *now);
void difference_deinit(struct difference *difference);

/* {"earlier", "grew", "growth", "changes"}; the caller deletes it. */
cJSON *difference_json(const struct difference *difference, const char *earlier);

#endif

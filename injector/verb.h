/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_VERB_H
#define BACKBURN_INJECTOR_VERB_H

#include <stddef.h>

#include "contract/fail.h"
#include "contract/shape.h"

struct session;

/*
 * The verbs of the wire, as a table: what goes in, what comes out, who does it. `fn` may take
 * things out of `params`; both structs are freed by the caller. The result starts zeroed. 0, -1 or
 * VERB_LATER: then the answer is not due yet (session_park()).
 */
enum {
	VERB_LATER = 1
};
struct verb {
	const char *name;
	const struct shape *params, *result;
	int (*fn)(struct session *session, void *params, void *result, struct fail *fail);
};

/* NULL when there is none. */
const struct verb *verb_find(const char *name);

int verb_hello(struct session *session, void *params, void *result, struct fail *fail);
int verb_ping(struct session *session, void *params, void *result, struct fail *fail);
int verb_peers(struct session *session, void *params, void *result, struct fail *fail);
int verb_inspect(struct session *session, void *params, void *result, struct fail *fail);
int verb_arm(struct session *session, void *params, void *result, struct fail *fail);
int verb_update(struct session *session, void *params, void *result, struct fail *fail);
int verb_renew(struct session *session, void *params, void *result, struct fail *fail);
int verb_heal(struct session *session, void *params, void *result, struct fail *fail);
int verb_evidence(struct session *session, void *params, void *result, struct fail *fail);
int verb_audit(struct session *session, void *params, void *result, struct fail *fail);

#endif

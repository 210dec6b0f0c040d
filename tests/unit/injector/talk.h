/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_TALK_H
#define BACKBURN_TESTS_TALK_H

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

struct session;

/* Speaking to a session without a pipe. Sessions live on the fake host (host_fake.h). */

struct session *talk_new(void);
struct session *talk_greeted(const char *attach);

/* One request; printf-like params. The result, or NULL; then talk_error says what was said. */
cJSON *talk(struct session *session, const char *method, const char *params, ...)
	__attribute__((format(printf, 3, 4)));
extern char talk_error[1024];

/* Arms a partition of 10.0.0.1 and fd00::1 from 10.0.0.2 and fd00::2. Asserts success. */
void talk_arm(struct session *session, const char *id, const char *with, int64_t for_ns);
/* The params of that order; static buffer. */
const char *talk_order(const char *id, const char *with, int64_t start_ns, int64_t deadline_ns);

/* An order for a fault that has no counterpart: on processes, or on the machine. */
struct talk_fault {
	const char *id, *fault, *with;
	const char *processes; /* the selector's members; NULL: none */
	int64_t for_ns;        /* from a nanosecond from now on */
};
/* `verb` arms or inspects, which looks at no time. As talk(). */
cJSON *talk_fault(struct session *session, const char *verb, const struct talk_fault *order);
/* Arms it; asserts success. */
void talk_arm_fault(struct session *session, const struct talk_fault *order);

/* Ends it: asserts that all is healed, and that nothing of it is left on the fake host. */
void talk_end(struct session *session);
/* The same, but so many files may stay: of what failed. */
void talk_end_leaving(struct session *session, size_t most);
/* A fresh fake host, as a set-up of cmocka's. */
int talk_reset(void **state);

/* What the session said on its own account since the last call: notifications. Owned by the
 * caller, NULL when there is none. */
cJSON *talk_notification(struct session *session);
/* The same of one that must be of that method. */
cJSON *talk_said(struct session *session, const char *method);

#endif

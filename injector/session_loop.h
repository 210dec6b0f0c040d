/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_SESSION_LOOP_H
#define BACKBURN_INJECTOR_SESSION_LOOP_H

#include "contract/fail.h"

struct session;

enum session_exit {
	SESSION_EOF,    /* the controller closed our standard input */
	SESSION_LEASE,  /* no renew in time, or the controller stopped reading for one lease */
	SESSION_SIGNAL, /* SIGTERM, SIGINT or SIGHUP */
	SESSION_BROKEN, /* the stream failed, or broke the contract */
};

/*
 * Runs a session on standard input and output until it must end. The session is not ended yet
 * then: the caller heals. `out_signal` is the signal, or 0.
 */
int session_loop(
	struct session *session, enum session_exit *out, int *out_signal, struct fail *fail);

#endif

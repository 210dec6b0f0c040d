/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_H
#define BACKBURN_PROBER_H

/*
 * `backburn probe`: takes orders on standard input and reports on standard output, both pipes, as
 * orders.h says. First of all it gives up every privilege: root becomes nobody.
 *
 * Ends on EOF, SIGTERM or SIGHUP with 0, killing the clients it started; with 1 when the
 * controller breaks the contract or stops reading; with 64 when not started on pipes; with 70 when
 * it can't give up its privileges. SIGINT is ignored: a Ctrl-C is for the controller, which ends
 * us when the faults are healed.
 */
int prober_main(void);

#endif

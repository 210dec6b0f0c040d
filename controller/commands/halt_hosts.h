/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_HALT_HOSTS_H
#define BACKBURN_HALT_HOSTS_H

#include "contract/halt.h"
#include "controller/plan/plan.h"

/*
 * Gives the order to all hosts of the plan at the same time, each by `backburn-injector halt` with
 * the order on its standard input, and prints what each said. One that can't be reached, or does
 * not answer within some seconds, is told, and keeps no other from it.
 *
 * Returns 0, EXIT_STOPPED when a halt stands at one of them, or EXIT_REFUSED when one was not
 * reached; the latter weighs more.
 */
int halt_hosts(const struct plan *plan, const struct halt_order *order, struct fail *fail);

#endif

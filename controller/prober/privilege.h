/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_PRIVILEGE_H
#define BACKBURN_PROBER_PRIVILEGE_H

#include "contract/fail.h"

/*
 * Gives up for good whatever the process may do beyond an ordinary user, and checks that it is
 * gone: root becomes nobody, capabilities are dropped, and no exec can give any back.
 */
int privilege_drop(struct fail *fail);

#endif

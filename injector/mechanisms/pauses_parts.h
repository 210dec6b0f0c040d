/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_PAUSES_PARTS_H
#define BACKBURN_INJECTOR_PAUSES_PARTS_H

#include "injector/mechanisms/pauses.h"

/* What the files about pauses share. */

/* A guardian lives, or is started. The ledger must be open. */
int guardian_need(struct guardian_keep *keep, struct fail *fail);

#endif

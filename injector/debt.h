/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_DEBT_H
#define BACKBURN_INJECTOR_DEBT_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "injector/undo.h"

struct ledger;

/* One undo that is owed: it stands in the ledger from before its effect until it is carried out. */
struct debt {
	struct ledger *ledger; /* borrowed */
	struct undo undo;      /* owned while it is owed */
	int64_t record;
	bool owed;
};

/* Takes over what `undo` owns, also on failure. Returns when it is on stable storage. */
int debt_note(struct debt *debt, struct ledger *ledger, struct undo undo, struct fail *fail);
/* Carries it out, if it is still owed. On failure it stays so. */
int debt_settle(struct debt *debt, struct fail *fail);
/* Frees memory only, as when this process dies: the record stays. */
void debt_forget(struct debt *debt);

#endif

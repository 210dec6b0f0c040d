/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/debt.h"

#include "contract/failpoint.h"
#include "injector/ledger.h"

int debt_note(struct debt *debt, struct ledger *ledger, struct undo undo, struct fail *fail)
{
	debt->ledger = ledger;
	debt->undo = undo;
	if (ledger_note(ledger, &debt->undo, &debt->record, fail) < 0) {
		shape_free(&undo_shape, &debt->undo);
		return -1;
	}
	debt->owed = true;
	return 0;
}

int debt_settle(struct debt *debt, struct fail *fail)
{
	struct fail ignored = FAIL_INIT;
	char text[UNDO_TEXT_MAX];

	if (!debt->owed)
		return 0;
	FAILPOINT(undo_next);
	if (undo_run(&debt->undo, text, fail) < 0)
		return -1;
	FAILPOINT(undo_run);
	/* A "done" that can't be written leaves a record that is harmless to undo again. */
	ledger_done(debt->ledger, debt->record, &ignored);
	FAILPOINT(undo_marked);
	debt_forget(debt);
	return 0;
}

void debt_forget(struct debt *debt)
{
	if (debt->owed)
		shape_free(&undo_shape, &debt->undo);
	debt->owed = false;
}

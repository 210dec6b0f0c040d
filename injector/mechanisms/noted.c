/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/noted.h"

#include "contract/failpoint.h"
#include "injector/ledger.h"

int noted_write(
	struct noted *noted, struct ledger *ledger, const struct undo *undo, struct fail *fail)
{
	noted->undo = *undo;
	if (ledger_note(ledger, &noted->undo, &noted->record, fail) < 0) {
		shape_free(&undo_shape, &noted->undo);
		return -1;
	}
	noted->stands = true;
	return 0;
}

int noted_undo(struct noted *noted, struct ledger *ledger, struct fail *fail)
{
	struct fail ignored = FAIL_INIT;
	char text[UNDO_TEXT_MAX];

	if (!noted->stands)
		return 0;
	FAILPOINT(undo_next);
	if (undo_run(&noted->undo, text, fail) < 0)
		return -1;
	FAILPOINT(undo_run);
	/* A "done" that can't be written leaves a record that is harmless to undo again. */
	ledger_done(ledger, noted->record, &ignored);
	FAILPOINT(undo_marked);
	noted_deinit(noted);
	return 0;
}

void noted_deinit(struct noted *noted)
{
	if (noted->stands)
		shape_free(&undo_shape, &noted->undo);
	noted->stands = false;
}

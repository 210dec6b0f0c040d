/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/json.h"
#include "controller/run/note_box.h"
#include "controller/run/run_parts.h"

/* Notes that people leave for a run under way go into its journal. */

enum {
	NOTES_MAX = 500 /* of one run: a journal is no chat */
};

static void take_up(struct run *run, const struct note *note)
{
	cJSON *data = json_object();
	struct event event = {.kind = EVENT_NOTE, .data = data};

	json_put_string(data, "text", note->text);
	json_put_string(data, "by", note->by);
	run_feed(run, &event);
	cJSON_Delete(data);
}

void run_take_notes(struct run *run)
{
	struct fail fail = FAIL_INIT;
	struct note note;
	int taken;

	if (!run->journals || !run->heeds_halt || run->notes >= NOTES_MAX)
		return;
	taken = note_take(run->dir, &note, &fail);
	if (taken < 0)
		screen_say(&run->screen, "backburn: %s", fail.text);
	if (taken)
		run->notes++;
	if (taken <= 0)
		return;
	take_up(run, &note);
	note_deinit(&note);
}

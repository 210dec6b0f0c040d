/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_NOTE_BOX_H
#define BACKBURN_NOTE_BOX_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/fail.h"

/*
 * Notes that people leave for a run under way: files in RUN/notes, one each, which the run takes
 * out and writes into its journal with its own time. Whoever may write there may leave one.
 */
enum {
	NOTE_TEXT_MAX = 500, /* bytes */
	NOTE_BY_MAX = 100
};

struct note {
	char *by, *text;
};

/* FAIL_USAGE: empty, longer than NOTE_TEXT_MAX, or with control characters in it. */
int note_check(const char *text, struct fail *fail);

/* Leaves one, and says where; the caller frees *out_path. */
int note_leave(const char *run_dir, const struct note *note, char **out_path, struct fail *fail);

/*
 * Takes out the one that was left first. 1: `out` is the caller's to note_deinit(); 0: there is
 * none; -1: one was none, and is gone.
 */
int note_take(const char *run_dir, struct note *out, struct fail *fail);
void note_deinit(struct note *note);

/*
 * The run under way in a runs directory, found by the locks that runs hold there. The caller frees
 * *out_dir. FAIL_REFUSED: there is none, or more than one.
 */
int note_find_run(const char *runs_dir, char **out_dir, struct fail *fail);

#endif

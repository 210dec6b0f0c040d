/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_JOURNAL_H
#define BACKBURN_JOURNAL_H

#include "controller/judge/record.h"

/*
 * journal.ndjson: one JSON object a line, appended and flushed per event; on the disk (fsync)
 * around faults. A reader takes every complete line; a torn last line is what a crash leaves.
 */
struct journal {
	int fd; /* -1: closed */
};

/* A new file, which must not be there yet: FAIL_SYSTEM. */
int journal_open(struct journal *journal, const char *path, struct fail *fail);
/*
 * Opens a journal that is there, to append to it. The torn line that a crash left at its end is cut
 * off: it never was an event. *out_torn says how many bytes that were.
 */
int journal_reopen(struct journal *journal, const char *path, size_t *out_torn, struct fail *fail);
/* FAIL_SYSTEM: the event may be there in part, and no other is to be appended. */
int journal_append(struct journal *journal, const cJSON *event, struct fail *fail);
void journal_close(struct journal *journal);

/*
 * Hands the event of every complete line to `take`, in order, until that fails: then the failure
 * has file and line in front. A file without a complete line is FAIL_BAD_FILE.
 */
typedef int journal_take(void *context, const cJSON *event, struct fail *fail);
int journal_each(const char *path, journal_take *take, void *context, struct fail *fail);

/*
 * The same, but a line other than the first that can't be taken is left out, and counted in
 * `unread` before the next one is handed over; *unread is zeroed by the caller. What `take` refuses
 * it may have taken in part.
 */
int journal_each_readable(const char *path, journal_take *take, void *context,
	struct unread *unread, struct fail *fail);

/* Builds the record of a journal's file. A torn or missing end is no error: record.ended says. */
int journal_read(const char *path, struct record *out, struct fail *fail);

#endif

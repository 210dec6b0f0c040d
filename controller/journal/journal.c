/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/file.h"
#include "contract/json.h"
#include "contract/json_arena.h"
#include "controller/journal/lines.h"

/* After these events a crash of the machine must not forget what was going on. */
static const char *const synced[] = {
	"run_started", "fault_arming", "fault_over", "stop", "run_ended", "heal"};

static bool needs_sync(const cJSON *event)
{
	const char *type = json_string(event, "event", "");

	for (size_t i = 0; i < sizeof(synced) / sizeof(synced[0]); i++)
		if (strcmp(synced[i], type) == 0)
			return true;
	return false;
}

int journal_open(struct journal *journal, const char *path, struct fail *fail)
{
	journal->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
	return journal->fd < 0 ? fail_errno(fail, errno, "%s", path) : 0;
}

/* Bytes behind the last line's end, found from the end backwards. */
static off_t torn_end(int fd, off_t size)
{
	char block[4096];
	off_t at = size;

	while (at > 0) {
		off_t start = at > (off_t)sizeof(block) ? at - (off_t)sizeof(block) : 0;
		ssize_t length = pread(fd, block, (size_t)(at - start), start);

		if (length <= 0)
			return -1;
		for (ssize_t i = length; i > 0; i--)
			if (block[i - 1] == '\n')
				return size - (start + i);
		at = start;
	}
	return size;
}

int journal_reopen(struct journal *journal, const char *path, size_t *out_torn, struct fail *fail)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	off_t size, torn;

	if (fd < 0)
		return fail_errno(fail, errno, "%s", path);
	size = lseek(fd, 0, SEEK_END);
	torn = size < 0 ? -1 : torn_end(fd, size);
	if (torn < 0 || (torn > 0 && ftruncate(fd, size - torn) < 0)) {
		fail_errno(fail, errno, "%s", path);
		close(fd);
		return -1;
	}
	journal->fd = fd;
	*out_torn = (size_t)torn;
	return 0;
}

void journal_close(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
}

int journal_append(struct journal *journal, const cJSON *event, struct fail *fail)
{
	char *text = json_print(event);
	size_t length = strlen(text);
	int outcome = 0, refused = FAILPOINT_ERROR(journal_write);

	if (refused)
		outcome = fail_errno(fail, refused, "the journal could not be written");
	text[length++] = '\n'; /* in the place of the NUL: write() needs none */
	if (outcome == 0 && file_write(journal->fd, text, length) < 0)
		outcome = fail_errno(fail, errno, "the journal could not be written");
	free(text);
	if (outcome == 0 && needs_sync(event)) {
		refused = FAILPOINT_ERROR(journal_sync);
		if (refused || fdatasync(journal->fd) < 0)
			outcome = fail_errno(
				fail, refused ? refused : errno, "the journal could not be synced");
	}
	FAILPOINT(event_written);
	return outcome;
}

/* --- reading --------------------------------------------------------------------------- */

/* Who is handed the events, and what of the journal may be left out: NULL for nothing of it. */
struct taker {
	journal_take *take;
	void *context;
	struct unread *unread;
	struct json_arena *arena;
};

/* Of a line that could not be taken: where it stands, and why. */
static void leave_out(struct unread *unread, size_t number, const struct fail *why)
{
	if (!unread->lines++) {
		unread->first_line = number;
		snprintf(unread->first_why, sizeof(unread->first_why), "%.*s",
			(int)sizeof(unread->first_why) - 1, why->text);
	}
	unread->given_up = unread->lines == UNREAD_MAX;
}

static int take_line(const struct taker *taker, const struct line *line, struct fail *fail)
{
	const cJSON *event;

	if (line->too_long)
		return fail_set(fail, FAIL_BAD_FILE, "a line of %zu bytes; at most %d can be read",
			line->length, LINE_BYTES_MAX);
	event = json_arena_parse(taker->arena, line->text, line->length, fail);
	return event ? taker->take(taker->context, event, fail) : -1;
}

/* Of what may be left out the first line is none. */
static int each_line(
	const char *path, struct lines *lines, const struct taker *taker, struct fail *fail)
{
	struct unread *unread = taker->unread;
	struct fail own = FAIL_INIT;
	struct line line;
	size_t number = 0;
	int more;

	while ((more = lines_next(lines, &line)) > 0) {
		if (!line.whole) {
			/* torn: the writer was interrupted */
			if (unread)
				unread->torn_bytes = line.length;
			break;
		}
		number++;
		if (take_line(taker, &line, &own) == 0)
			continue;
		if (!unread || number == 1) {
			*fail = own;
			return fail_context(fail, "%s:%zu", path, number);
		}
		leave_out(unread, number, &own);
		if (unread->given_up)
			break;
	}
	if (more < 0)
		return fail_errno(fail, errno, "%s", path);
	if (number == 0)
		return fail_set(fail, FAIL_BAD_FILE, "%s: the journal is empty", path);
	return 0;
}

static int each(const char *path, struct taker *taker, struct fail *fail)
{
	struct json_arena arena = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC), outcome;
	struct lines lines;

	if (fd < 0)
		return fail_errno(fail, errno, "%s", path);
	taker->arena = &arena;
	lines_init(&lines, fd);
	outcome = each_line(path, &lines, taker, fail);
	lines_deinit(&lines);
	taker->arena = NULL;
	json_arena_deinit(&arena);
	close(fd);
	return outcome;
}

int journal_each(const char *path, journal_take *take, void *context, struct fail *fail)
{
	struct taker taker = {.take = take, .context = context};

	return each(path, &taker, fail);
}

int journal_each_readable(const char *path, journal_take *take, void *context,
	struct unread *unread, struct fail *fail)
{
	struct taker taker = {.take = take, .context = context, .unread = unread};

	return each(path, &taker, fail);
}

struct reader {
	struct record *record;
	bool begun;
};

static int apply_event(void *context, const cJSON *event, struct fail *fail)
{
	struct reader *reader = context;

	if (reader->begun)
		return record_apply(reader->record, event, fail);
	if (record_init(reader->record, event, fail) < 0)
		return -1;
	reader->begun = true;
	return 0;
}

int journal_read(const char *path, struct record *out, struct fail *fail)
{
	struct reader reader = {.record = out};

	if (journal_each(path, apply_event, &reader, fail) == 0)
		return 0;
	if (reader.begun)
		record_deinit(out);
	return -1;
}

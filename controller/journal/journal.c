/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/json.h"

/* After these events a crash of the machine must not forget what was going on. */
static const char *const synced[] = {
	"run_started", "fault_arming", "fault_over", "stop", "run_ended"};

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

void journal_close(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
}

int journal_append(struct journal *journal, const cJSON *event, struct fail *fail)
{
	char *text = json_print(event);
	size_t length = strlen(text), done = 0;
	int outcome = 0;

	text[length++] = '\n'; /* in the place of the NUL: write() needs none */
	while (done < length && outcome == 0) {
		ssize_t wrote = write(journal->fd, text + done, length - done);

		if (wrote < 0 && errno != EINTR)
			outcome = fail_errno(fail, errno, "the journal could not be written");
		else if (wrote > 0)
			done += (size_t)wrote;
	}
	free(text);
	if (outcome == 0 && needs_sync(event) && fdatasync(journal->fd) < 0)
		outcome = fail_errno(fail, errno, "the journal could not be synced");
	return outcome;
}

/* --- reading --------------------------------------------------------------------------- */

static int apply_line(
	struct record *record, bool first, const char *line, size_t length, struct fail *fail)
{
	cJSON *event = json_parse(line, length, fail);
	int outcome;

	if (!event)
		return -1;
	outcome = first ? record_init(record, event, fail) : record_apply(record, event, fail);
	cJSON_Delete(event);
	return outcome;
}

static int read_lines(FILE *file, const char *path, struct record *out, struct fail *fail)
{
	char *line = NULL;
	size_t room = 0, number = 0;
	ssize_t length;
	int outcome = 0;

	while (outcome == 0 && (length = getline(&line, &room, file)) > 0) {
		if (line[length - 1] != '\n')
			break; /* torn: the writer was interrupted */
		outcome = apply_line(out, number++ == 0, line, (size_t)length - 1, fail);
	}
	free(line);
	if (outcome < 0) {
		fail_context(fail, "%s:%zu", path, number);
		if (number > 1)
			record_deinit(out);
		return -1;
	}
	return number ? 0 : fail_set(fail, FAIL_BAD_FILE, "%s: the journal is empty", path);
}

int journal_read(const char *path, struct record *out, struct fail *fail)
{
	FILE *file = fopen(path, "re");
	int outcome;

	if (!file)
		return fail_errno(fail, errno, "%s", path);
	outcome = read_lines(file, path, out, fail);
	fclose(file);
	return outcome;
}

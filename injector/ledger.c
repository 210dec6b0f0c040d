/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/json.h"
#include "injector/lists.h"

#define AT(member) .offset = offsetof(struct ledger_header, member)

struct ledger {
	int file;
	int64_t last_number;
	size_t pending;
	char path[LEDGER_PATH_MAX], session_dir[LEDGER_PATH_MAX], namespace_dir[LEDGER_PATH_MAX];
};

static const struct field header_fields[] = {
	{.key = "boot", .kind = FIELD_STRING, AT(boot_id), .required = true},
	{.key = "session", .kind = FIELD_NAME, AT(session), .required = true},
	{.key = "controller", .kind = FIELD_STRING, AT(controller), .required = true},
	{.key = "pid", .kind = FIELD_INTEGER, AT(pid), .required = true},
	{.key = "start_ticks", .kind = FIELD_I64, AT(start_ticks), .required = true},
	{.key = "netns_cookie", .kind = FIELD_I64, AT(netns_cookie), .required = true},
};
const struct shape ledger_header_shape = {
	.name = "ledger header", .size = sizeof(struct ledger_header), SHAPE_FIELDS(header_fields)};

void ledger_namespace_dir(char path[LEDGER_PATH_MAX], const char *runtime_dir, uint64_t cookie)
{
	snprintf(path, LEDGER_PATH_MAX, "%s/%" PRIu64, runtime_dir, cookie);
}

void ledger_session_dir(
	char path[LEDGER_PATH_MAX], const char *runtime_dir, uint64_t cookie, const char *session)
{
	snprintf(path, LEDGER_PATH_MAX, "%s/%" PRIu64 "/%s", runtime_dir, cookie, session);
}

void ledger_file(
	char path[LEDGER_PATH_MAX], const char *runtime_dir, uint64_t cookie, const char *session)
{
	snprintf(path, LEDGER_PATH_MAX, "%s/%" PRIu64 "/%s/ledger", runtime_dir, cookie, session);
}

static int append(struct ledger *ledger, cJSON *record, struct fail *fail)
{
	char *line = json_print(record);
	size_t length = strlen(line);
	int result;

	cJSON_Delete(record);
	/* The NUL's place takes the newline: one write, so that a torn line has no newline. */
	line[length] = '\n';
	result = host_file_append(ledger->file, line, length + 1, fail);
	free(line);
	return result < 0 ? fail_context(fail, "ledger %s", ledger->path) : 0;
}

static void remove_files(struct ledger *ledger)
{
	struct fail ignored = FAIL_INIT;

	/* A file that stays only costs the next recovery a look: it has nothing pending. */
	host_file_remove(ledger->path, &ignored);
	FAILPOINT(ledger_removed);
	host_dir_remove(ledger->session_dir);
}

int ledger_open(const char *runtime_dir, const struct ledger_header *header, struct ledger **out,
	struct fail *fail)
{
	struct ledger *ledger = must_alloc(sizeof(*ledger));
	uint64_t cookie = (uint64_t)header->netns_cookie;
	char *old = NULL;
	size_t old_length;

	ledger_namespace_dir(ledger->namespace_dir, runtime_dir, cookie);
	ledger_session_dir(ledger->session_dir, runtime_dir, cookie, header->session);
	ledger_file(ledger->path, runtime_dir, cookie, header->session);
	if (host_dir_make(ledger->session_dir, fail) < 0 ||
		host_file_lock(ledger->path, &ledger->file, fail) < 0)
		goto failed;
	if (host_file_read(ledger->path, LEDGER_BYTES_MAX, &old, &old_length, fail) < 0)
		goto failed_open;
	free(old);
	if (old_length) {
		fail_set(fail, FAIL_BUSY,
			"%s is left from a session that died; run backburn-injector recover",
			ledger->path);
		goto failed_open;
	}
	if (append(ledger, shape_encode(&ledger_header_shape, header), fail) < 0) {
		remove_files(ledger);
		goto failed_open;
	}
	FAILPOINT(ledger_opened);
	*out = ledger;
	return 0;
failed_open:
	host_file_close(ledger->file);
failed:
	free(ledger);
	return fail_context(fail, "opening the ledger");
}

int ledger_note(
	struct ledger *ledger, const struct undo *undo, int64_t *out_number, struct fail *fail)
{
	cJSON *record = shape_encode(&undo_shape, undo);
	int64_t number = ledger->last_number + 1;

	json_put_i64(record, "number", number);
	if (append(ledger, record, fail) < 0)
		return -1;
	ledger->last_number = number;
	ledger->pending++;
	*out_number = number;
	FAILPOINT(undo_noted);
	return 0;
}

int ledger_done(struct ledger *ledger, int64_t number, struct fail *fail)
{
	cJSON *record = json_object();

	ledger->pending--;
	json_put_i64(record, "done", number);
	return append(ledger, record, fail);
}

size_t ledger_pending(const struct ledger *ledger)
{
	return ledger->pending;
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	if (ledger->pending == 0)
		remove_files(ledger);
	host_file_close(ledger->file);
	free(ledger);
}

static void forget_record(struct list *pending, int64_t number)
{
	struct ledger_record *items = pending->items;

	for (size_t i = 0; i < pending->count; i++) {
		if (items[i].number != number)
			continue;
		shape_free(&undo_shape, &items[i].undo);
		memmove(&items[i], &items[i + 1], (pending->count - i - 1) * sizeof(*items));
		pending->count--;
		return;
	}
}

static int take_undo(struct ledger_content *out, cJSON *line, struct fail *fail)
{
	struct ledger_record record = {.number = json_i64(line, "number", 0)};
	struct ledger_record *slot;

	cJSON_DeleteItemFromObjectCaseSensitive(line, "number");
	if (shape_decode(&undo_shape, line, "", &record.undo, fail) < 0)
		return -1;
	if (record.number > out->last_number)
		out->last_number = record.number;
	slot = list_push(&out->pending, sizeof(*slot));
	*slot = record;
	return 0;
}

static int take_line(struct ledger_content *out, const char *text, size_t length, struct fail *fail)
{
	cJSON *line = json_parse(text, length, fail);
	int result = 0;

	if (!line)
		return -1;
	if (!out->has_header) {
		result = shape_decode(&ledger_header_shape, line, "", &out->header, fail);
		out->has_header = result == 0;
	} else if (cJSON_HasObjectItem(line, "done")) {
		forget_record(&out->pending, json_i64(line, "done", 0));
	} else {
		result = take_undo(out, line, fail);
	}
	cJSON_Delete(line);
	return result;
}

int ledger_parse(const char *text, size_t length, struct ledger_content *out, struct fail *fail)
{
	const char *end = text + length, *newline;
	int number = 0;

	*out = (struct ledger_content){0};
	for (; (newline = memchr(text, '\n', (size_t)(end - text))); text = newline + 1) {
		number++;
		if (take_line(out, text, (size_t)(newline - text), fail) == 0)
			continue;
		ledger_content_deinit(out);
		fail->line = number;
		return fail_context(fail, "ledger line %d", number);
	}
	return 0;
}

void ledger_content_deinit(struct ledger_content *content)
{
	shape_free(&ledger_header_shape, &content->header);
	LIST_EACH(content->pending, struct ledger_record, record) {
		shape_free(&undo_shape, &record->undo);
	}
	list_free(&content->pending);
	*content = (struct ledger_content){0};
}

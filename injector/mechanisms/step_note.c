/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/step_note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "contract/json.h"
#include "contract/units.h"
#include "injector/clock/step.h"
#include "injector/host.h"
#include "injector/lists.h"

enum {
	NOTE_BYTES_MAX = 4096
};

struct step_note {
	char *boot_id;
	struct clock_step *step;
};

static const struct field note_fields[] = {
	{.key = "boot",
		.kind = FIELD_STRING,
		.offset = offsetof(struct step_note, boot_id),
		.required = true},
	{.key = "step",
		.kind = FIELD_OBJECT,
		.sub = &clock_step_shape,
		.offset = offsetof(struct step_note, step),
		.required = true},
};
static const struct shape note_shape = {
	.name = "note", .size = sizeof(struct step_note), SHAPE_FIELDS(note_fields)};

static char *directory_of(const char *path)
{
	char *directory = must_copy(path);

	*strrchr(directory, '/') = '\0';
	return directory;
}

static int make_place(const char *path, struct fail *fail)
{
	char *directory = directory_of(path);
	int result = host_dir_make(directory, fail);

	free(directory);
	return result;
}

int step_note_write(
	const char *path, const char *boot_id, const struct clock_step *step, struct fail *fail)
{
	const struct step_note note = {
		.boot_id = (char *)boot_id, .step = (struct clock_step *)step};
	int file, result;
	cJSON *json;
	char *text;

	if (make_place(path, fail) < 0 || host_file_lock(path, &file, fail) < 0)
		return -1;
	json = shape_encode(&note_shape, &note);
	text = json_print(json);
	cJSON_Delete(json);
	result = host_file_append(file, text, strlen(text), fail);
	host_file_close(file);
	free(text);
	return result;
}

int step_note_remove(const char *path, struct fail *fail)
{
	char *directory = directory_of(path);
	int result = host_file_remove(path, fail);

	if (result == 0)
		host_dir_remove(directory);
	free(directory);
	return result;
}

static int parse(struct step_note *out, const char *text, size_t length, struct fail *fail)
{
	cJSON *json = json_parse(text, length, fail);
	int result;

	if (!json)
		return -1;
	result = shape_decode(&note_shape, json, "", out, fail);
	cJSON_Delete(json);
	return result;
}

/* 1: one of another boot; 0: none; -1: it can't be read. */
static int read_note(
	const char *path, const struct host_facts *facts, struct step_note *out, struct fail *fail)
{
	size_t length;
	char *text;
	int result;

	if (host_file_read(path, NOTE_BYTES_MAX, &text, &length, fail) < 0)
		return fail->error == ENOENT ? 0 : -1;
	result = parse(out, text, length, fail);
	free(text);
	if (result < 0)
		return -1;
	if (strcmp(out->boot_id, facts->boot_id) != 0)
		return 1;
	shape_free(&note_shape, out);
	return 0;
}

/* No instant comes twice: one that had passed before the machine went down is no time of now. */
static bool is_behind_by_it(const struct clock_step *step, const struct machine_clock *now)
{
	int64_t real_ns = now->at.at_ns[LINE_REAL];
	int64_t passed_ns = step->before.at.at_ns[LINE_REAL];

	return real_ns < passed_ns && real_ns - step->offset_ns >= passed_ns;
}

/* True: the clock is right. */
static bool settle(const struct clock_step *step, struct list *said, struct fail *fail)
{
	double seconds = (double)step->offset_ns / NS_PER_SEC;
	struct machine_clock now;

	if (host_machine_clock(&now, fail) < 0)
		return false;
	if (!(now.status & STA_UNSYNC)) {
		list_add_text(said,
			"this machine went down while its clock was stepped; a time service has "
			"synchronised it since");
		return true;
	}
	if (!is_behind_by_it(step, &now)) {
		fail_set(fail, FAIL_REFUSED,
			"this machine went down while its clock was stepped by %+.3f s, and its "
			"real-time clock may have kept that: compare it with another clock",
			seconds);
		return false;
	}
	if (host_machine_step(-step->offset_ns, fail) < 0)
		return false;
	list_add_text(said,
		"this machine went down while its clock was stepped by %+.3f s, and came back with "
		"it: set right",
		seconds);
	return true;
}

size_t step_note_recover(const char *path, const struct host_facts *facts, struct list *said)
{
	struct step_note note = {0};
	struct fail fail = FAIL_INIT, not_ours = FAIL_INIT;
	int found = read_note(path, facts, &note, &fail);

	/* In a network namespace of its own a recovery does not mean the machine. */
	if (found == 0 || (found > 0 && host_machine_check(&not_ours) < 0)) {
		shape_free(&note_shape, &note);
		return 0;
	}
	if (found > 0 && settle(note.step, said, &fail))
		step_note_remove(path, &fail);
	shape_free(&note_shape, &note);
	if (!fail.kind)
		return 0;
	list_add_text(said, "NOT undone: %s; then remove %s", fail.text, path);
	return 1;
}

void step_note_left(const char *path, const struct host_facts *facts, struct list *said)
{
	struct step_note note = {0};
	struct fail fail = FAIL_INIT;
	int found = read_note(path, facts, &note, &fail);

	if (found < 0)
		list_add_text(said, "%s can't be read: %s", path, fail.text);
	if (found > 0)
		list_add_text(said, "this machine went down while its clock was stepped by %+.3f s",
			(double)note.step->offset_ns / NS_PER_SEC);
	shape_free(&note_shape, &note);
}

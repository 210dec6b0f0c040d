/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/note_box.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "contract/shape.h"
#include "controller/report/output.h"

enum {
	NOTE_BYTES_MAX = 4096
};

#define AT(member) .offset = offsetof(struct note, member)

static const struct field note_fields[] = {
	{.key = "by", .kind = FIELD_STRING, AT(by), .required = true},
	{.key = "text", .kind = FIELD_STRING, AT(text), .required = true},
};
static const struct shape note_shape = {
	.name = "note", .size = sizeof(struct note), SHAPE_FIELDS(note_fields)};

int note_check(const char *text, struct fail *fail)
{
	if (!*text)
		return fail_set(fail, FAIL_USAGE, "a note needs a text");
	if (strlen(text) > NOTE_TEXT_MAX)
		return fail_set(fail, FAIL_USAGE, "a note has at most %d bytes, not %zu",
			NOTE_TEXT_MAX, strlen(text));
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return fail_set(
				fail, FAIL_USAGE, "a note is one line without control characters");
	return 0;
}

void note_deinit(struct note *note)
{
	shape_free(&note_shape, note);
}

/* --- leaving --------------------------------------------------------------------------- */

int note_leave(const char *run_dir, const struct note *note, char **out_path, struct fail *fail)
{
	struct timespec now;
	char *dir = NULL, name[64];
	cJSON *json = shape_encode(&note_shape, note);
	int outcome;

	/* In the order of time. A name that begins with a dot is not taken: it is being written. */
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(name, sizeof(name), "%010" PRId64 "%09ld-%d", (int64_t)now.tv_sec, now.tv_nsec,
		(int)getpid());
	if (asprintf(&dir, "%s/notes", run_dir) < 0)
		abort();
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		outcome = fail_errno(fail, errno, "%s", dir);
	else
		outcome = output_write_json(dir, name, json, fail);
	if (outcome == 0 && asprintf(out_path, "%s/%s", dir, name) < 0)
		abort();
	cJSON_Delete(json);
	free(dir);
	return outcome;
}

/* --- taking ---------------------------------------------------------------------------- */

/* NULL: there is none. To be freed. */
static char *first_of(const char *dir)
{
	DIR *stream = opendir(dir);
	char *first = NULL;
	const struct dirent *entry;

	if (!stream)
		return NULL;
	while ((entry = readdir(stream)))
		if (entry->d_name[0] != '.' && (!first || strcmp(entry->d_name, first) < 0)) {
			free(first);
			first = must_copy(entry->d_name);
		}
	closedir(stream);
	return first;
}

static int read_note(const char *path, struct note *out, struct fail *fail)
{
	size_t length;
	cJSON *json;
	char *text;
	int outcome;

	if (file_read(path, NOTE_BYTES_MAX, &text, &length, fail) < 0)
		return -1;
	json = json_parse(text, length, fail);
	free(text);
	if (!json)
		return -1;
	outcome = shape_decode(&note_shape, json, "", out, fail);
	cJSON_Delete(json);
	if (outcome < 0)
		return -1;
	/* It may have been written by something else than `backburn note`. */
	if (strlen(out->by) <= NOTE_BY_MAX && note_check(out->text, fail) == 0)
		return 0;
	note_deinit(out);
	return fail->kind ? -1 : fail_set(fail, FAIL_USAGE, "its author has a long name");
}

int note_take(const char *run_dir, struct note *out, struct fail *fail)
{
	char *dir = NULL, *path = NULL, *name;
	int outcome;

	if (asprintf(&dir, "%s/notes", run_dir) < 0)
		abort();
	name = first_of(dir);
	if (!name) {
		free(dir);
		return 0;
	}
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	outcome = read_note(path, out, fail);
	/* One that stays would be taken again and again. */
	if (unlink(path) < 0 && outcome == 0) {
		fail_errno(fail, errno, "%s", path);
		note_deinit(out);
		outcome = -1;
	}
	if (outcome < 0)
		fail_context(fail, "note %s", name);
	rmdir(dir); /* only when it is empty */
	free(path);
	free(name);
	free(dir);
	return outcome < 0 ? -1 : 1;
}

/* --- the run under way ----------------------------------------------------------------- */

/* The run that holds this lock, to be freed; NULL: nobody does. */
static char *holder_of(const char *path)
{
	char text[256], run[128] = "";
	ssize_t length;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return NULL;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
		close(fd);
		return NULL;
	}
	length = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	if (sscanf(text, "run %127[A-Za-z0-9._-],", run) != 1)
		return NULL;
	return must_copy(run);
}

static int choose(const char *runs_dir, const struct list *runs, char **out_dir, struct fail *fail)
{
	if (runs->count == 0)
		return fail_set(fail, FAIL_REFUSED, "no run is under way in %s", runs_dir);
	if (runs->count > 1)
		return fail_set(fail, FAIL_REFUSED,
			"%zu runs are under way in %s, %s and %s among them; name one with --run "
			"DIR",
			runs->count, runs_dir, *LIST_AT(*runs, char *, 0),
			*LIST_AT(*runs, char *, 1));
	if (asprintf(out_dir, "%s/%s", runs_dir, *LIST_AT(*runs, char *, 0)) < 0)
		abort();
	return 0;
}

int note_find_run(const char *runs_dir, char **out_dir, struct fail *fail)
{
	struct list runs = {0};
	char *pattern = NULL;
	glob_t matches;
	int outcome;

	if (asprintf(&pattern, "%s/.lock-*", runs_dir) < 0)
		abort();
	if (glob(pattern, 0, NULL, &matches) == 0) {
		for (size_t i = 0; i < matches.gl_pathc; i++) {
			char *run = holder_of(matches.gl_pathv[i]);

			if (run)
				list_push_text(&runs, run);
			free(run);
		}
		globfree(&matches);
	}
	free(pattern);
	outcome = choose(runs_dir, &runs, out_dir, fail);
	list_free_texts(&runs);
	return outcome;
}

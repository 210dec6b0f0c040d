/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/run_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"

enum {
	SUMMARY_MAX = 64 * 1024 * 1024
};

const char run_without_verdict[] = "under way, or cut off: `backburn report` writes what is known";

/* --- one run ----------------------------------------------------------------------------- */

static void take_figures(const cJSON *summary, struct run_entry *entry)
{
	const cJSON *item;

	entry->rto_s = -1;
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(summary, "gaps")) {
		double rto_s = json_number(item, "rto_s", -1);

		entry->rto_s = rto_s > entry->rto_s ? rto_s : entry->rto_s;
	}
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(summary, "costs")) {
		entry->events += json_number(item, "events", 0);
		entry->bad += json_number(item, "bad", 0);
	}
}

static void take_summary(const cJSON *summary, struct run_entry *entry)
{
	entry->suite = !json_string(summary, "scenario", NULL);
	entry->name =
		must_copy_if(json_string(summary, "scenario", json_string(summary, "suite", NULL)));
	entry->environment = must_copy_if(json_string(summary, "environment", NULL));
	entry->started = must_copy_if(json_string(summary, "started", NULL));
	entry->verdict = must_copy_if(json_string(summary, "verdict", NULL));
	entry->reason = must_copy_if(json_string(summary, "reason", NULL));
	entry->exit_code = (int)json_number(summary, "exit_code", 0);
	entry->lasted_s = json_number(summary, "lasted_s", -1);
	take_figures(summary, entry);
}

static void read_summary(const char *path, struct run_entry *entry)
{
	struct fail fail = FAIL_INIT;
	cJSON *summary = NULL;
	size_t length = 0;
	char *text = NULL;

	if (file_read(path, SUMMARY_MAX, &text, &length, &fail) == 0)
		summary = json_parse(text, length, &fail);
	if (summary)
		take_summary(summary, entry);
	else if (asprintf(&entry->reason, "summary.json: %s", fail.text) < 0)
		abort();
	cJSON_Delete(summary);
	free(text);
}

static bool is_there(const char *dir, const char *name, const char *file, char **out_path)
{
	struct stat status;

	if (asprintf(out_path, "%s/%s/%s", dir, name, file) < 0)
		abort();
	return lstat(*out_path, &status) == 0 && S_ISREG(status.st_mode);
}

/* A directory with neither journal nor summary is none of ours. */
static void read_run(const char *dir, const char *name, struct list *out)
{
	char *summary, *journal;
	bool judged = is_there(dir, name, "summary.json", &summary);

	if (is_there(dir, name, "journal.ndjson", &journal) || judged) {
		struct run_entry *entry = list_push(out, sizeof(*entry));

		*entry = (struct run_entry){
			.directory = must_copy(name), .lasted_s = -1, .rto_s = -1};
		if (judged)
			read_summary(summary, entry);
	}
	free(summary);
	free(journal);
}

/* --- all of them ------------------------------------------------------------------------- */

/* Their names begin with the second in which they did. */
static int latest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

static int read_names(const char *runs_dir, struct list *out, struct fail *fail)
{
	struct dirent *item;
	DIR *dir = opendir(runs_dir);

	if (!dir)
		return fail_errno(fail, errno, "%s", runs_dir);
	/* "ci" holds copies of the last run's files. */
	while ((item = readdir(dir)))
		if (item->d_name[0] != '.' && strcmp(item->d_name, "ci") != 0)
			list_push_text(out, item->d_name);
	closedir(dir);
	if (out->count)
		qsort(out->items, out->count, sizeof(char *), latest_first);
	return 0;
}

int run_list_read_latest(const char *runs_dir, size_t most, struct list *out, struct fail *fail)
{
	struct list names = {0};

	*out = (struct list){0};
	if (read_names(runs_dir, &names, fail) < 0)
		return -1;
	LIST_EACH(names, char *, name)
		if (out->count < most)
			read_run(runs_dir, *name, out);
	list_free_texts(&names);
	return 0;
}

int run_list_read(const char *runs_dir, struct list *out, struct fail *fail)
{
	return run_list_read_latest(runs_dir, SIZE_MAX, out, fail);
}

void run_list_free(struct list *entries)
{
	LIST_EACH(*entries, struct run_entry, entry) {
		free(entry->directory);
		free(entry->name);
		free(entry->environment);
		free(entry->started);
		free(entry->verdict);
		free(entry->reason);
	}
	free(entries->items);
	*entries = (struct list){0};
}

struct list run_list_names(const struct list *entries)
{
	struct list names = {0};

	LIST_EACH(*entries, struct run_entry, entry)
		if (entry->name && !list_has_text(&names, entry->name))
			list_push_text(&names, entry->name);
	return names;
}

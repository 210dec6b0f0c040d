/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/predict/earlier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "contract/file.h"
#include "contract/json.h"
#include "controller/journal/journal.h"

enum {
	PLAN_BYTES_MAX = 64 * 1024 * 1024
};

/* --- of a run ------------------------------------------------------------------------------ */

static bool has_asked(const struct predicted *predicted)
{
	LIST_EACH(predicted->faults, struct predicted_fault, fault)
		if (fault->asked)
			return true;
	return false;
}

static int read_journal(const char *path, struct predicted *out, struct fail *fail)
{
	struct record record;

	if (journal_read(path, &record, fail) < 0)
		return -1;
	predict(&record, out);
	record_deinit(&record);
	if (has_asked(out))
		return 0;
	predicted_free(out);
	return fail_set(fail, FAIL_BAD_FILE,
		"%s: that run ended before any node was asked what would be hit: there is no plan "
		"in it to compare with",
		path);
}

static int read_run(const char *directory, struct predicted *out, struct fail *fail)
{
	char *path = NULL;
	int outcome;

	if (asprintf(&path, "%s/journal.ndjson", directory) < 0)
		abort();
	outcome = read_journal(path, out, fail);
	free(path);
	return outcome;
}

/* --- of a plan ----------------------------------------------------------------------------- */

static int decode(const char *path, const cJSON *plan, struct predicted *out, struct fail *fail)
{
	const cJSON *radius = cJSON_GetObjectItemCaseSensitive(plan, "radius");

	if (!cJSON_GetObjectItemCaseSensitive(plan, "plan"))
		return fail_set(fail, FAIL_BAD_FILE,
			"%s: is neither a plan that `backburn plan --json` wrote nor a run's "
			"directory",
			path);
	if (!radius)
		return fail_set(fail, FAIL_BAD_FILE,
			"%s: this plan was written before any node was asked (it has no "
			"\"radius\"): of a run, name its directory",
			path);
	if (shape_decode(&predicted_shape, radius, "radius", out, fail) < 0)
		return fail_context(fail, "%s: %s", path, fail->path);
	return 0;
}

static int read_plan(const char *path, struct predicted *out, struct fail *fail)
{
	size_t length;
	char *text;
	cJSON *plan;
	int outcome;

	if (file_read(path, PLAN_BYTES_MAX, &text, &length, fail) < 0)
		return -1;
	plan = json_parse(text, length, fail);
	free(text);
	if (!plan)
		return fail_context(fail, "%s:%d", path, fail->line);
	outcome = decode(path, plan, out, fail);
	cJSON_Delete(plan);
	return outcome;
}

static bool is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_journal(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && strcmp(dot, ".ndjson") == 0;
}

int earlier_read(const char *path, struct predicted *out, struct fail *fail)
{
	int outcome = is_directory(path) ? read_run(path, out, fail)
		: is_journal(path)       ? read_journal(path, out, fail)
					 : read_plan(path, out, fail);

	/* It was named by whoever asks, so that it is missing is their mistake too. */
	if (outcome < 0)
		fail->kind = FAIL_BAD_FILE;
	return outcome;
}

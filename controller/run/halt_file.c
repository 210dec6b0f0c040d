/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/halt_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/file.h"
#include "contract/json.h"
#include "controller/report/output.h"

static char *name_of(const char *environment)
{
	char *name = NULL;

	if (asprintf(&name, ".halt-%s", environment) < 0)
		abort();
	return name;
}

static char *path_of(const char *runs_dir, const char *environment)
{
	char *path = NULL;

	if (asprintf(&path, "%s/.halt-%s", runs_dir, environment) < 0)
		abort();
	return path;
}

/* Only what is certainly not there does not count. */
static bool is_there(const char *path)
{
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static void say_file(const char *path, char text[HALT_TEXT_MAX])
{
	struct fail fail = FAIL_INIT;
	size_t length;
	char *content;

	if (file_read(path, HALT_BYTES_MAX, &content, &length, &fail) < 0) {
		halt_say_unreadable(path, &fail, text);
		return;
	}
	halt_say_file(path, content, length, text);
	free(content);
}

bool halt_file_engaged(const char *runs_dir, const char *environment, char text[HALT_TEXT_MAX])
{
	char *path = path_of(runs_dir, environment);
	bool engaged = is_there(path);

	if (engaged)
		say_file(path, text);
	free(path);
	return engaged;
}

int halt_file_engage(const char *runs_dir, const struct halt *halt, struct fail *fail)
{
	char *path = path_of(runs_dir, halt->environment), *name = name_of(halt->environment);
	cJSON *json = shape_encode(&halt_shape, halt);
	int outcome = 0;

	if (mkdir(runs_dir, 0755) < 0 && errno != EEXIST)
		outcome = fail_errno(fail, errno, "%s", runs_dir);
	else if (!is_there(path))
		outcome = output_write_json(runs_dir, name, json, fail);
	cJSON_Delete(json);
	free(path);
	free(name);
	return outcome;
}

int halt_file_release(const char *runs_dir, const char *environment, struct fail *fail)
{
	char *path = path_of(runs_dir, environment);
	int outcome = 0;

	if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
		outcome = fail_errno(fail, errno, "%s", path);
	free(path);
	return outcome;
}

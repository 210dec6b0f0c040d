/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/file.h"
#include "contract/json.h"

static int write_new(const char *path, const char *text, size_t length, struct fail *fail)
{
	int fd, error = -FAILPOINT_ERROR(report_write);

	if (unlink(path) < 0 && errno != ENOENT)
		return fail_errno(fail, errno, "%s", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail_errno(fail, errno, "%s", path);
	if (!error && file_write(fd, text, length) < 0)
		error = errno;
	if (!error && fsync(fd) < 0)
		error = errno;
	if (close(fd) < 0 && !error)
		error = errno;
	return error ? fail_errno(fail, error, "%s", path) : 0;
}

int output_write(
	const char *dir, const char *name, const char *text, size_t length, struct fail *fail)
{
	char *path = NULL, *part = NULL;
	int outcome;

	if (asprintf(&path, "%s/%s", dir, name) < 0 ||
		asprintf(&part, "%s/.%s.part", dir, name) < 0)
		abort();
	outcome = write_new(part, text, length, fail);
	FAILPOINT(report_written);
	if (outcome == 0) {
		int refused = FAILPOINT_ERROR(report_rename);

		if (refused || rename(part, path) < 0)
			outcome = fail_errno(fail, refused ? refused : errno, "%s", path);
	}
	FAILPOINT(report_renamed);
	if (outcome < 0)
		unlink(part);
	free(path);
	free(part);
	return outcome;
}

void output_begin(struct output *output)
{
	*output = (struct output){0};
	output->out = open_memstream(&output->text, &output->length);
	if (!output->out)
		abort();
}

int output_end(struct output *output, const char *dir, const char *name, struct fail *fail)
{
	int outcome;

	if (fclose(output->out) != 0)
		abort();
	outcome = output_write(dir, name, output->text, output->length, fail);
	free(output->text);
	return outcome;
}

int output_write_json(const char *dir, const char *name, const cJSON *json, struct fail *fail)
{
	char *text = json_print_indented(json), *line = NULL;
	int outcome;

	if (asprintf(&line, "%s\n", text) < 0)
		abort();
	outcome = output_write(dir, name, line, strlen(line), fail);
	free(text);
	free(line);
	return outcome;
}

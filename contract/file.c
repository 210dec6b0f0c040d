/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, char *text, size_t size, size_t *out_length)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, text + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	*out_length = used;
	return 0;
}

/* The size of an open regular file, when it is one and small enough. */
static int check_size(
	int fd, const char *path, size_t max_bytes, size_t *out_size, struct fail *fail)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return fail_errno(fail, errno, "%s", path);
	if (!S_ISREG(status.st_mode))
		return fail_set(fail, FAIL_BAD_FILE, "%s: not a regular file", path);
	if ((size_t)status.st_size > max_bytes)
		return fail_set(fail, FAIL_BAD_FILE, "%s: %lld bytes; at most %zu are read", path,
			(long long)status.st_size, max_bytes);
	*out_size = (size_t)status.st_size;
	return 0;
}

int file_read(
	const char *path, size_t max_bytes, char **out_text, size_t *out_length, struct fail *fail)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), outcome;
	char *text = NULL;
	size_t size = 0;

	if (fd < 0)
		return fail_errno(fail, errno, "%s", path);
	outcome = check_size(fd, path, max_bytes, &size, fail);
	if (outcome == 0 && !(text = malloc(size + 1)))
		outcome = fail_errno(fail, ENOMEM, "%s", path);
	if (outcome == 0 && read_all(fd, text, size, out_length) < 0)
		outcome = fail_errno(fail, errno, "%s", path);
	close(fd);
	if (outcome < 0 || !text) {
		free(text);
		return -1;
	}
	text[*out_length] = '\0';
	*out_text = text;
	return 0;
}

int file_write(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t wrote = write(fd, bytes, length);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -1;
		bytes += wrote;
		length -= (size_t)wrote;
	}
	return 0;
}

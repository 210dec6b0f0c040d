/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_FILE_H
#define BACKBURN_FILE_H

#include <stddef.h>

#include "contract/fail.h"

/*
 * A whole regular file into memory, NUL-terminated. FAIL_SYSTEM when it can't be read;
 * FAIL_BAD_FILE for what is no regular file, and above `max_bytes`, with both sizes named. The
 * caller frees *out_text.
 */
int file_read(
	const char *path, size_t max_bytes, char **out_text, size_t *out_length, struct fail *fail);

/*
 * All the bytes to an open file, or to a pipe that blocks. -1 with errno: a part of them may be
 * there.
 */
int file_write(int fd, const char *bytes, size_t length);

#endif

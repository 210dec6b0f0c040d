/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TAR_H
#define BACKBURN_TAR_H

#include <stddef.h>
#include <stdio.h>
#include <time.h>

/*
 * A tar archive (POSIX ustar) of files and folders, all of them root's, as every tar can read it.
 * Names are relative and at most 99 bytes long.
 */
enum {
	TAR_NAME_MAX = 99
};

struct tar_entry {
	const char *name;
	unsigned int mode; /* 0755 */
	time_t changed_s;  /* since 1970 */
	const void *data;  /* NULL: a folder */
	size_t size;
};

void tar_put(FILE *out, const struct tar_entry *entry);
/* Two empty blocks: nothing follows. */
void tar_end(FILE *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_BUNDLE_H
#define BACKBURN_BUNDLE_H

#include "contract/fail.h"
#include "contract/shape.h"
#include "controller/push/elf_file.h"

/*
 * What a host gets: programs with every shared library that they need but those of the C library
 * itself, found as the loader finds them. On the host they lie in one folder,
 *
 *     ID/backburn-injector, ID/backburn, …
 *     ID/lib/libbpf.so.1, …
 *     ID/manifest
 *
 * and the programs look for libraries in $ORIGIN/lib first (cmake/Programs.cmake).
 */
struct bundle_file {
	char *name; /* in the folder */
	char *data;
	size_t size;
	int64_t changed_s;
	unsigned int mode;
};

struct bundle {
	char id[64];               /* version and a digest of the content: "0.1.0-8a3f…" */
	struct list files;         /* of struct bundle_file; the manifest is the last */
	struct libc_version needs; /* the least C library that they run with */
	size_t bytes;              /* all together */
	char *archive;             /* as tar reads it */
	size_t archive_size;
	char *manifest; /* the text of that file; borrowed from `files` */
};

/*
 * `programs`: paths, ended by NULL. Each must be dynamically linked; FAIL_USAGE names the library
 * that is missing.
 */
int bundle_init(struct bundle *out, const char *const *programs, struct fail *fail);
void bundle_deinit(struct bundle *bundle);

#endif

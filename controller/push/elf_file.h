/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_ELF_FILE_H
#define BACKBURN_ELF_FILE_H

#include "contract/fail.h"

/* A version of the C library, 2.36. */
struct libc_version {
	unsigned int major, minor;
};

int libc_version_compare(struct libc_version a, struct libc_version b);

/* What must be known of a program or library before it can run elsewhere. */
struct elf_file {
	char *interpreter;         /* the loader that a program asks for; NULL for a library */
	struct libc_version needs; /* the newest GLIBC_x.y that it asks for; 0.0: none */
};

int elf_file_read(struct elf_file *out, const char *path, struct fail *fail);
void elf_file_deinit(struct elf_file *file);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/push/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int libc_version_compare(struct libc_version a, struct libc_version b)
{
	if (a.major != b.major)
		return a.major < b.major ? -1 : 1;
	return a.minor < b.minor ? -1 : a.minor > b.minor;
}

/* "GLIBC_2.34"; names without numbers (GLIBC_PRIVATE) tell no version. */
static void take_version(struct elf_file *out, const char *name)
{
	struct libc_version version;

	if (name && sscanf(name, "GLIBC_%u.%u", &version.major, &version.minor) == 2 &&
		libc_version_compare(version, out->needs) > 0)
		out->needs = version;
}

/* One section of versions that are asked for; libelf checks every offset. */
struct versions {
	Elf *elf;
	Elf_Data *data;
	GElf_Shdr header;
};

static void take_library(struct elf_file *out, const struct versions *versions, size_t at)
{
	GElf_Verneed need;
	GElf_Vernaux aux;

	if (!gelf_getverneed(versions->data, (int)at, &need))
		return;
	at += need.vn_aux;
	for (unsigned int i = 0; i < need.vn_cnt; i++) {
		if (!gelf_getvernaux(versions->data, (int)at, &aux))
			return;
		take_version(
			out, elf_strptr(versions->elf, versions->header.sh_link, aux.vna_name));
		at += aux.vna_next;
	}
}

static void take_section(struct elf_file *out, const struct versions *versions)
{
	GElf_Verneed need;
	size_t at = 0;

	for (size_t i = 0; i < versions->header.sh_info; i++) {
		if (!gelf_getverneed(versions->data, (int)at, &need))
			return;
		take_library(out, versions, at);
		at += need.vn_next;
	}
}

static void take_versions(struct elf_file *out, Elf *elf)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		struct versions versions = {.elf = elf, .data = elf_getdata(section, NULL)};

		if (gelf_getshdr(section, &versions.header) && versions.data &&
			versions.header.sh_type == SHT_GNU_verneed)
			take_section(out, &versions);
	}
}

static void take_interpreter(struct elf_file *out, Elf *elf)
{
	GElf_Phdr header;
	size_t count;

	if (elf_getphdrnum(elf, &count) != 0)
		return;
	for (size_t i = 0; i < count && !out->interpreter; i++) {
		Elf_Data *data;

		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_INTERP)
			continue;
		data = elf_getdata_rawchunk(
			elf, (int64_t)header.p_offset, header.p_filesz, ELF_T_BYTE);
		if (data && data->d_size)
			out->interpreter = strndup(data->d_buf, data->d_size);
	}
}

int elf_file_read(struct elf_file *out, const char *path, struct fail *fail)
{
	struct elf_file file = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	if (fd < 0)
		return fail_errno(fail, errno, "%s", path);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		fail_set(fail, FAIL_USAGE, "%s is not an ELF program or library", path);
		elf_end(elf);
		close(fd);
		return -1;
	}
	take_interpreter(&file, elf);
	take_versions(&file, elf);
	elf_end(elf);
	close(fd);
	*out = file;
	return 0;
}

void elf_file_deinit(struct elf_file *file)
{
	free(file->interpreter);
	*file = (struct elf_file){0};
}

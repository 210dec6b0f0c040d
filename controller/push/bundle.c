/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/push/bundle.h"
#include "contract/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "controller/push/remote.h"
#include "controller/push/tar.h"

enum {
	FILE_BYTES_MAX = 256 * 1024 * 1024,
	LOADER_PATIENCE_S = 60
};

/*
 * glibc's own libraries, and its loader: they only work together, and with the kernel and the
 * name service of the host that they were made for. So the host's are used.
 */
static const char *const of_the_c_library[] = {"ld-linux", "libanl.so.", "libc.so.", "libdl.so.",
	"libm.so.", "libmvec.so.", "libnss_", "libpthread.so.", "libresolv.so.", "librt.so.",
	"libutil.so.", "linux-vdso.so.", "linux-gate.so."};

static bool is_of_the_c_library(const char *name)
{
	for (size_t i = 0; i < sizeof(of_the_c_library) / sizeof(of_the_c_library[0]); i++)
		if (strncmp(name, of_the_c_library[i], strlen(of_the_c_library[i])) == 0)
			return true;
	return false;
}

/* --- files ----------------------------------------------------------------------------- */

static bool has_file(const struct bundle *bundle, const char *name)
{
	LIST_EACH(bundle->files, struct bundle_file, file)
		if (strcmp(file->name, name) == 0)
			return true;
	return false;
}

static int add_file(struct bundle *bundle, const char *name, const char *path, struct fail *fail)
{
	struct bundle_file file = {.mode = 0755};
	struct elf_file elf;
	struct stat status;

	if (strlen(name) > TAR_NAME_MAX)
		return fail_set(fail, FAIL_USAGE, "%s: a name longer than %d", name, TAR_NAME_MAX);
	if (elf_file_read(&elf, path, fail) < 0)
		return -1;
	if (libc_version_compare(elf.needs, bundle->needs) > 0)
		bundle->needs = elf.needs;
	elf_file_deinit(&elf);
	if (stat(path, &status) < 0)
		return fail_errno(fail, errno, "%s", path);
	if (file_read(path, FILE_BYTES_MAX, &file.data, &file.size, fail) < 0)
		return -1;
	file.name = must_copy(name);
	file.changed_s = status.st_mtime;
	bundle->bytes += file.size;
	*(struct bundle_file *)list_push(&bundle->files, sizeof(file)) = file;
	return 0;
}

/* --- libraries ------------------------------------------------------------------------- */

/* A line of the loader's list: "\tlibuv.so.1 => /lib/x86_64-linux-gnu/libuv.so.1 (0x…)". */
static int add_library(struct bundle *bundle, char *line, const char *program, struct fail *fail)
{
	char *name = line + strspn(line, " \t"), *path = strstr(name, " => ");
	char in_folder[TAR_NAME_MAX + 1];

	if (!path) /* the loader itself, or what the kernel brings */
		return 0;
	*path = '\0';
	path += strlen(" => ");
	if (is_of_the_c_library(name))
		return 0;
	if (strncmp(path, "not found", 9) == 0)
		return fail_set(fail, FAIL_USAGE, "%s needs %s, which is not on this machine",
			program, name);
	path[strcspn(path, " ")] = '\0';
	if ((size_t)snprintf(in_folder, sizeof(in_folder), "lib/%s", name) >= sizeof(in_folder))
		return fail_set(fail, FAIL_USAGE, "%s: a name too long", name);
	return has_file(bundle, in_folder) ? 0 : add_file(bundle, in_folder, path, fail);
}

/*
 * The loader is asked, because only it knows all of RPATH, ld.so.cache and hardware capabilities.
 * With --list it maps the program and never runs a line of it.
 */
static int add_libraries(struct bundle *bundle, const char *program, struct fail *fail)
{
	const struct list nowhere = {0};
	struct remote_answer answer;
	struct elf_file elf;
	char *rest, *line;
	int outcome = -1;

	if (elf_file_read(&elf, program, fail) < 0)
		return -1;
	if (!elf.interpreter) {
		elf_file_deinit(&elf);
		return fail_set(fail, FAIL_USAGE, "%s is no dynamically linked program", program);
	}
	if (remote_must(&(struct remote_call){.connect = &nowhere,
				.words = (const char *[]){elf.interpreter, "--list", program, NULL},
				.patience_s = LOADER_PATIENCE_S,
				.longest_s = LOADER_PATIENCE_S},
		    &answer, fail) == 0) {
		outcome = 0;
		rest = answer.out;
		while (outcome == 0 && (line = strsep(&rest, "\n")))
			outcome = add_library(bundle, line, program, fail);
		remote_answer_deinit(&answer);
	}
	elf_file_deinit(&elf);
	return outcome;
}

/* --- the whole ------------------------------------------------------------------------- */

/* FNV-1a, 64 bits: tells contents apart; nothing is protected by it. */
static uint64_t digest(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void add_manifest(struct bundle *bundle)
{
	const uint64_t start = UINT64_C(0xcbf29ce484222325);
	struct bundle_file manifest = {.name = must_copy("manifest"), .mode = 0644};
	uint64_t all = start;
	FILE *out = open_memstream(&manifest.data, &manifest.size);

	if (!out)
		abort();
	LIST_EACH(bundle->files, struct bundle_file, file) {
		uint64_t own = digest(start, file->data, file->size);

		fprintf(out, "%016" PRIx64 " %zu %s\n", own, file->size, file->name);
		all = digest(all, &own, sizeof(own));
		all = digest(all, file->name, strlen(file->name));
		if (manifest.changed_s < file->changed_s)
			manifest.changed_s = file->changed_s;
	}
	if (fclose(out) != 0)
		abort();
	snprintf(bundle->id, sizeof(bundle->id), "%s-%016" PRIx64, BACKBURN_VERSION, all);
	bundle->manifest = manifest.data;
	*(struct bundle_file *)list_push(&bundle->files, sizeof(manifest)) = manifest;
}

static void pack(struct bundle *bundle)
{
	static const struct tar_entry libraries = {.name = "lib/", .mode = 0755};
	FILE *out = open_memstream(&bundle->archive, &bundle->archive_size);

	if (!out)
		abort();
	tar_put(out, &libraries);
	LIST_EACH(bundle->files, struct bundle_file, file)
		tar_put(out,
			&(struct tar_entry){.name = file->name,
				.mode = file->mode,
				.changed_s = file->changed_s,
				.data = file->data,
				.size = file->size});
	tar_end(out);
	if (fclose(out) != 0)
		abort();
}

int bundle_init(struct bundle *out, const char *const *programs, struct fail *fail)
{
	struct bundle bundle = {0};

	for (; *programs; programs++) {
		const char *slash = strrchr(*programs, '/');
		const char *name = slash ? slash + 1 : *programs;

		if (has_file(&bundle, name)) {
			fail_set(fail, FAIL_USAGE, "two programs are called %s", name);
			bundle_deinit(&bundle);
			return -1;
		}
		if (add_file(&bundle, name, *programs, fail) < 0 ||
			add_libraries(&bundle, *programs, fail) < 0) {
			bundle_deinit(&bundle);
			return -1;
		}
	}
	add_manifest(&bundle);
	pack(&bundle);
	*out = bundle;
	return 0;
}

void bundle_deinit(struct bundle *bundle)
{
	LIST_EACH(bundle->files, struct bundle_file, file) {
		free(file->name);
		free(file->data);
	}
	free(bundle->files.items);
	free(bundle->archive);
	*bundle = (struct bundle){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/vdso.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

static const char *const names[] = {
	[CLOCK_FN_GETTIME] = "__vdso_clock_gettime",
	[CLOCK_FN_GETTIMEOFDAY] = "__vdso_gettimeofday",
	[CLOCK_FN_TIME] = "__vdso_time",
};

struct tables {
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *hash; /* DT_HASH: its second word is the number of symbols */
};

static void find_tables(const uint8_t *bytes, struct tables *out, size_t *out_length)
{
	const ElfW(Ehdr) *head = (const void *)bytes;
	const ElfW(Phdr) *parts = (const void *)(bytes + head->e_phoff);
	const ElfW(Dyn) *dynamic = NULL;

	for (int i = 0; i < head->e_phnum; i++) {
		if (parts[i].p_type == PT_LOAD)
			*out_length = parts[i].p_offset + parts[i].p_memsz;
		if (parts[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(bytes + parts[i].p_offset);
	}
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		const void *at = bytes + dynamic->d_un.d_ptr;

		if (dynamic->d_tag == DT_SYMTAB)
			out->symbols = at;
		else if (dynamic->d_tag == DT_STRTAB)
			out->strings = at;
		else if (dynamic->d_tag == DT_HASH)
			out->hash = at;
	}
}

static void find_functions(const struct tables *tables, struct vdso *out)
{
	for (uint32_t i = 0; i < tables->hash[1]; i++) {
		const ElfW(Sym) *symbol = &tables->symbols[i];

		for (int function = 0; function < CLOCK_FNS; function++) {
			if (strcmp(tables->strings + symbol->st_name, names[function]) != 0)
				continue;
			out->functions[function].at = symbol->st_value;
			out->functions[function].length = symbol->st_size;
		}
	}
}

static size_t find_call(const struct vdso *vdso)
{
	static const uint8_t instruction[] = {0x0f, 0x05};
	const uint8_t *found = memmem(vdso->bytes + vdso->functions[CLOCK_FN_GETTIME].at,
		vdso->functions[CLOCK_FN_GETTIME].length, instruction, sizeof(instruction));

	return found ? (size_t)(found - vdso->bytes) : 0;
}

int vdso_own(struct vdso *out, struct fail *fail)
{
	struct tables tables = {0};
	size_t length = 0;

	*out = (struct vdso){.bytes = (const uint8_t *)getauxval(AT_SYSINFO_EHDR)};
	if (!out->bytes)
		return fail_set(fail, FAIL_UNSUPPORTED, "this kernel gives processes no vDSO");
	find_tables(out->bytes, &tables, &length);
	if (!tables.symbols || !tables.strings || !tables.hash)
		return fail_set(
			fail, FAIL_UNSUPPORTED, "this kernel's vDSO has no table of symbols");
	out->length = (length + CLOCK_PAGE_BYTES - 1) & ~(size_t)(CLOCK_PAGE_BYTES - 1);
	find_functions(&tables, out);
	for (int i = 0; i < CLOCK_FNS; i++)
		if (!out->functions[i].at)
			return fail_set(
				fail, FAIL_UNSUPPORTED, "this kernel's vDSO has no %s", names[i]);
	out->call = find_call(out);
	if (!out->call)
		return fail_set(fail, FAIL_UNSUPPORTED, "this kernel's vDSO makes no system call");
	return 0;
}

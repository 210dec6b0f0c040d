/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/detour.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "injector/clock/inside.h"
#include "injector/clock/maps.h"
#include "injector/clock/relocate.h"
#include "injector/lists.h"

/* stub.c, linked by itself. */
extern const char clock_stub[];
extern const size_t clock_stub_size;

static struct code code_of(const struct detour *detour, enum clock_function function)
{
	const struct vdso *vdso = detour->vdso;

	return (struct code){
		.bytes = vdso->bytes + vdso->functions[function].at,
		.length = vdso->functions[function].length,
		.address = detour->vdso_at + vdso->functions[function].at,
	};
}

static uint64_t entry_of(const struct detour *detour, enum clock_function function)
{
	return detour->pages + (uint64_t)function * CLOCK_ENTRY_BYTES;
}

/* Whether the first instructions can be moved is seen before anybody is touched. */
int detour_probe(struct vdso *out, struct fail *fail)
{
	struct detour here = {.vdso = out};
	uint8_t moved[RELOCATED_MAX];
	struct code code;
	size_t length;

	if (vdso_own(out, fail) < 0)
		return -1;
	here.vdso_at = (uint64_t)out->bytes;
	code = code_of(&here, CLOCK_FN_GETTIME);
	if (relocate_prologue(&code, here.vdso_at - CLOCK_PAGE_BYTES, moved, &length, fail) < 0) {
		fail->kind = FAIL_UNSUPPORTED;
		return fail_context(fail, "clock_gettime of this kernel's vDSO");
	}
	if (clock_stub_size > CLOCK_ORIGINAL_AT)
		return fail_set(fail, FAIL_INTERNAL, "the stub is too long");
	return 0;
}

/* ---- finding ---- */

static int compare(const struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	const struct vdso *vdso = detour->vdso;
	uint8_t *theirs = must_alloc(vdso->length);
	bool narrow, led, equal;
	int result = tracee_read(tracee, detour->vdso_at, theirs, vdso->length, fail);

	narrow = result == 0 && theirs[EI_CLASS] == ELFCLASS32;
	led = result == 0 && theirs[vdso->functions[CLOCK_FN_GETTIME].at] == 0xe9;
	equal = result == 0 && memcmp(theirs, vdso->bytes, vdso->length) == 0;
	free(theirs);
	if (result < 0 || equal)
		return result;
	return fail_set(fail, FAIL_REFUSED, "%s",
		narrow        ? "it is a 32-bit program"
			: led ? "its clock goes through somebody's detour already"
			      : "its vDSO is not this kernel's");
}

int detour_find(const struct tracee *tracee, const struct vdso *vdso, const struct list *maps,
	struct detour *out, struct fail *fail)
{
	const struct map *map = maps_named(maps, "[vdso]");

	if (!map)
		return fail_set(fail, FAIL_REFUSED,
			"it has no vDSO: what asks the kernel for the time can't be led elsewhere");
	*out = (struct detour){.vdso = vdso, .vdso_at = map->from};
	if (map->to - map->from < vdso->length)
		return fail_set(fail, FAIL_REFUSED, "its vDSO is not this kernel's");
	if (compare(tracee, out, fail) < 0)
		return -1;
	for (int i = 0; i < CLOCK_FNS; i++) {
		uint64_t at = code_of(out, i).address;

		if (inside_any(tracee, (struct span){at + 1, at + JUMP_BYTES}, (struct span){0}))
			return fail_set(fail, FAIL_BUSY, "a thread of it stands where a jump goes");
	}
	out->pages = maps_room(maps, map->from, (uint64_t)CLOCK_PAGES * CLOCK_PAGE_BYTES);
	return out->pages ? 0 : fail_set(fail, FAIL_REFUSED, "it has no memory free near its vDSO");
}

/* ---- making ---- */

static int call(struct tracee *tracee, const struct detour *detour, struct tracee_call call,
	struct fail *fail)
{
	call.at = detour->vdso_at + detour->vdso->call;
	return tracee_call(tracee, &call, fail);
}

static int unmap(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	struct tracee_call all = {.name = "munmap in it",
		.number = SYS_munmap,
		.arguments = {detour->pages, (uint64_t)CLOCK_PAGES * CLOCK_PAGE_BYTES}};

	return call(tracee, detour, all, fail);
}

int detour_make_pages(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	struct tracee_call stub = {.name = "mmap in it",
		.number = SYS_mmap,
		.arguments = {detour->pages, CLOCK_PAGE_BYTES, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1}};
	struct tracee_call shared = {.name = "mmap in it",
		.number = SYS_mmap,
		.arguments = {detour->pages + CLOCK_PAGE_BYTES, 2 * CLOCK_PAGE_BYTES,
			PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			(uint64_t)-1}};
	struct fail ignored = FAIL_INIT;

	if (call(tracee, detour, stub, fail) < 0)
		return -1;
	if (call(tracee, detour, shared, fail) < 0) {
		unmap(tracee, detour, &ignored);
		return -1;
	}
	return 0;
}

int detour_seal(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	struct tracee_call control = {.name = "mprotect in it",
		.number = SYS_mprotect,
		.arguments = {detour->pages + CLOCK_PAGE_BYTES, CLOCK_PAGE_BYTES, PROT_READ}};

	return call(tracee, detour, control, fail);
}

int detour_lead(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	struct code code = code_of(detour, CLOCK_FN_GETTIME);
	uint8_t moved[RELOCATED_MAX], jumps[CLOCK_FNS][JUMP_BYTES];
	uint64_t original = detour->pages + CLOCK_ORIGINAL_AT;
	size_t length;

	if (relocate_prologue(&code, original, moved, &length, fail) < 0)
		return -1;
	for (int i = 0; i < CLOCK_FNS; i++)
		if (relocate_jump(code_of(detour, i).address, entry_of(detour, i), jumps[i], fail) <
			0)
			return -1;
	if (tracee_write(tracee, detour->pages, clock_stub, clock_stub_size, fail) < 0 ||
		tracee_write(tracee, original, moved, length, fail) < 0)
		return -1;
	for (int i = 0; i < CLOCK_FNS; i++)
		if (tracee_write(tracee, code_of(detour, i).address, jumps[i], JUMP_BYTES, fail) <
			0)
			return -1;
	return 0;
}

/* ---- undoing ---- */

int detour_restore(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	for (int i = 0; i < CLOCK_FNS; i++) {
		struct code code = code_of(detour, i);
		uint8_t ours[JUMP_BYTES], there[JUMP_BYTES];

		if (relocate_jump(code.address, entry_of(detour, i), ours, fail) < 0 ||
			tracee_read(tracee, code.address, there, JUMP_BYTES, fail) < 0)
			return -1;
		if (memcmp(ours, there, JUMP_BYTES) == 0 &&
			tracee_write(tracee, code.address, code.bytes, JUMP_BYTES, fail) < 0)
			return -1;
	}
	return 0;
}

/* The kernel's own page comes back; what somebody else has changed in it stays. */
static void forget_copies(struct tracee *tracee, const struct detour *detour)
{
	struct tracee_call whole = {.name = "madvise in it",
		.number = SYS_madvise,
		.arguments = {detour->vdso_at, detour->vdso->length, MADV_DONTNEED}};
	struct fail ignored = FAIL_INIT;

	if (compare(tracee, detour, &ignored) == 0)
		call(tracee, detour, whole, &ignored);
}

int detour_unmap(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	struct span stub = {detour->pages, detour->pages + CLOCK_PAGE_BYTES};
	struct span vdso = {detour->vdso_at, detour->vdso_at + detour->vdso->length};

	if (inside_any(tracee, stub, vdso))
		return fail_set(fail, FAIL_BUSY, "a thread of it is still on its way through");
	forget_copies(tracee, detour);
	return unmap(tracee, detour, fail);
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCK_DETOUR_H
#define BACKBURN_INJECTOR_CLOCK_DETOUR_H

#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "injector/clock/page.h"
#include "injector/clock/tracee.h"
#include "injector/clock/vdso.h"

/*
 * The detour of a process that is held: its vDSO's functions jump to a stub of ours. What belongs
 * to one machine's code stands behind these functions (x86-64; others: detour_none.c).
 */
struct detour {
	const struct vdso *vdso; /* of this process */
	uint64_t vdso_at, pages; /* where both lie in the target */
};

/* FAIL_UNSUPPORTED where there is no such thing. */
int detour_probe(struct vdso *out, struct fail *fail);

/*
 * Looks for the target's vDSO and for room, and checks both: FAIL_REFUSED with a reason. FAIL_BUSY
 * when a thread stands where the jumps will be.
 */
int detour_find(const struct tracee *tracee, const struct vdso *vdso, const struct list *maps,
	struct detour *out, struct fail *fail);
/* Makes the pages; on failure none is left, as far as the target can still be asked. */
int detour_make_pages(struct tracee *tracee, const struct detour *detour, struct fail *fail);
/* Only the control page's process may not write it. */
int detour_seal(struct tracee *tracee, const struct detour *detour, struct fail *fail);
/* The stub, and then the jumps. */
int detour_lead(struct tracee *tracee, const struct detour *detour, struct fail *fail);

/* The functions are as they were; only jumps of ours are undone. Safe to repeat. */
int detour_restore(struct tracee *tracee, const struct detour *detour, struct fail *fail);
/* FAIL_BUSY while a thread is still on its way through them. */
int detour_unmap(struct tracee *tracee, const struct detour *detour, struct fail *fail);

#endif

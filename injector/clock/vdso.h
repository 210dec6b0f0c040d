/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCK_VDSO_H
#define BACKBURN_INJECTOR_CLOCK_VDSO_H

#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"
#include "injector/clock/page.h"

/*
 * This process's own vDSO. The kernel gives every 64-bit process the same bytes, so that nothing
 * has to be read out of a target's: it only has to be equal.
 */
struct vdso {
	const uint8_t *bytes;
	size_t length; /* whole pages */
	struct {
		size_t at, length;
	} functions[CLOCK_FNS];
	size_t call; /* where a syscall instruction stands */
};

/* FAIL_UNSUPPORTED when this kernel's has not all that is needed. */
int vdso_own(struct vdso *out, struct fail *fail);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/detour.h"

/* Machines whose code nobody has written a detour for. */

int detour_probe(struct vdso *out, struct fail *fail)
{
	(void)out;
	return fail_set(fail, FAIL_UNSUPPORTED, "clocks can be skewed on x86-64 only");
}

int detour_find(const struct tracee *tracee, const struct vdso *vdso, const struct list *maps,
	struct detour *out, struct fail *fail)
{
	(void)tracee;
	(void)maps;
	(void)out;
	return detour_probe((struct vdso *)vdso, fail);
}

int detour_make_pages(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	(void)tracee;
	(void)detour;
	return detour_probe(NULL, fail);
}

int detour_seal(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	return detour_make_pages(tracee, detour, fail);
}

int detour_lead(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	return detour_make_pages(tracee, detour, fail);
}

int detour_restore(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	return detour_make_pages(tracee, detour, fail);
}

int detour_unmap(struct tracee *tracee, const struct detour *detour, struct fail *fail)
{
	return detour_make_pages(tracee, detour, fail);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/guardians.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "injector/ledger.h"
#include "injector/lists.h"

/* The guardian's life: one for a session, from the first fault that needs it on. */

void guardian_lease(struct guardian_keep *keep, int64_t until_ns)
{
	keep->until_ns = until_ns;
	if (keep->guardian)
		__atomic_store_n(&host_guardian_memory(keep->guardian)->until_ns, until_ns,
			__ATOMIC_RELEASE);
}

/* Noted before it is made. "" where none can be: the guardian lives where the injector does. */
static char *note_cgroup(struct guardian_keep *keep, struct fail *fail)
{
	char *above = host_guardian_cgroup(), *path = NULL;
	struct undo undo = {.kind = UNDO_GROUP};
	int result;

	if (!above)
		return must_copy("");
	if (asprintf(&path, "%s/backburn-guardian-%" PRId64, above, keep->pid) < 0)
		abort();
	free(above);
	undo.interface = must_copy(path);
	result = ledger_note(keep->ledger, &undo, &keep->record, fail);
	shape_free(&undo_shape, &undo);
	if (result < 0) {
		free(path);
		return NULL;
	}
	keep->noted = true;
	return path;
}

static void forget_cgroup(struct guardian_keep *keep)
{
	struct fail ignored = FAIL_INIT;

	/* A "done" that can't be written leaves a record that is harmless to undo again. */
	if (keep->noted && keep->ledger)
		ledger_done(keep->ledger, keep->record, &ignored);
	keep->noted = false;
}

int guardian_need(struct guardian_keep *keep, struct fail *fail)
{
	char *cgroup;
	int result;

	if (keep->guardian && host_guardian_lives(keep->guardian))
		return 0;
	guardian_dismiss(keep, true);
	cgroup = note_cgroup(keep, fail);
	if (!cgroup)
		return -1;
	result = host_guardian_start(
		keep->runtime_dir, *cgroup ? cgroup : NULL, &keep->guardian, fail);
	free(cgroup);
	if (result < 0) {
		forget_cgroup(keep);
		return -1;
	}
	guardian_lease(keep, keep->until_ns);
	return 0;
}

void guardian_take_back(struct guard_post *post)
{
	__atomic_store_n(&post->active, 0, __ATOMIC_RELEASE);
}

void guardian_dismiss(struct guardian_keep *keep, bool in_order)
{
	if (!keep->guardian)
		return;
	host_guardian_stop(keep->guardian, in_order);
	keep->guardian = NULL;
	if (in_order)
		forget_cgroup(keep);
}

/* ---- what it is told, and answers ---- */

#define LOOK_NS NS_PER_MS

enum guard_state guard_state(const struct guard_post *post)
{
	return (enum guard_state)__atomic_load_n(&post->told.state, __ATOMIC_ACQUIRE);
}

bool guard_is_taken(const struct guard_post *post)
{
	return guard_state(post) != GUARD_ASKED;
}

bool guard_is_free(const struct guard_post *post)
{
	return guard_state(post) == GUARD_FREE;
}

struct guard_post *guardian_order(
	struct host_guardian *guardian, const struct guard_order *order, struct fail *fail)
{
	struct guard_memory *memory = host_guardian_memory(guardian);

	for (size_t i = 0; i < GUARD_POSTS; i++) {
		struct guard_post *post = &memory->posts[i];

		if (post->active || !guard_is_free(post))
			continue;
		post->order = *order;
		post->told = (struct guard_told){.state = GUARD_ASKED};
		__atomic_store_n(&post->active, 1, __ATOMIC_RELEASE);
		return post;
	}
	fail_set(fail, FAIL_REFUSED, "%d processes and cgroups held at once are the most",
		GUARD_POSTS);
	return NULL;
}

bool guardian_await(const struct host_guardian *guardian, const struct guard_post *post,
	bool (*answered)(const struct guard_post *post), int64_t until_ns)
{
	while (!answered(post)) {
		if (host_now_ns() >= until_ns || !host_guardian_lives(guardian))
			return false;
		host_pause(LOOK_NS);
	}
	return true;
}

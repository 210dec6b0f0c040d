/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/mechanisms/hooks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "injector/ledger.h"
#include "injector/lists.h"
#include "injector/mechanisms/lanes.h"

enum {
	NO_LINK = -1,
	PREF_ATTEMPTS = 8
};

/* One effect, with what undoes it. */
struct hook {
	struct undo undo;
	int64_t record; /* in the ledger */
	int tcx_link;
};

static struct undo undo_for(const struct host_link *link, enum undo_kind kind)
{
	return (struct undo){
		.kind = kind,
		.ifindex = link->ifindex,
		.interface = must_copy(link->name),
	};
}

static struct undo program_undo(const struct hooks *hooks, const struct host_link *link,
	enum undo_kind kind, enum bb_direction direction)
{
	struct undo undo = undo_for(link, kind);

	undo.direction = direction;
	undo.name = must_copy(direction == BB_EGRESS ? BB_EGRESS_NAME : BB_INGRESS_NAME);
	undo.tag = must_copy(host_matcher_tag(hooks->matcher, direction));
	return undo;
}

/* Takes `undo` over, whether it succeeds or not. NULL: nothing was noted, do not go on. */
static struct hook *note(struct hooks *hooks, struct undo *undo, struct fail *fail)
{
	struct hook *hook;
	int64_t record;

	if (ledger_note(hooks->ledger, undo, &record, fail) < 0) {
		shape_free(&undo_shape, undo);
		return NULL;
	}
	hook = list_push(&hooks->hooks, sizeof(*hook));
	*hook = (struct hook){.undo = *undo, .record = record, .tcx_link = NO_LINK};
	return hook;
}

/* The hook's effect did not happen, or is undone: forget it here and in the ledger. */
static void forget(struct hooks *hooks, size_t index)
{
	struct hook *items = hooks->hooks.items;
	struct fail ignored = FAIL_INIT;

	/* A "done" that can't be written leaves a record that is harmless to undo again. */
	ledger_done(hooks->ledger, items[index].record, &ignored);
	shape_free(&undo_shape, &items[index].undo);
	memmove(&items[index], &items[index + 1],
		(hooks->hooks.count - index - 1) * sizeof(*items));
	hooks->hooks.count--;
}

static void forget_last(struct hooks *hooks)
{
	forget(hooks, hooks->hooks.count - 1);
}

static int attach_tcx(struct hooks *hooks, const struct host_link *link,
	enum bb_direction direction, struct fail *fail)
{
	struct undo undo = program_undo(hooks, link, UNDO_TCX, direction);
	struct hook *hook = note(hooks, &undo, fail);

	if (!hook)
		return -1;
	return host_tcx_attach(hooks->matcher, link->ifindex, direction, &hook->tcx_link, fail);
}

uint32_t hooks_free_pref(const struct list *filters)
{
	uint32_t pref = 1;

	/* Sorted by the kernel: the first gap is the lowest free one. */
	LIST_EACH(*filters, const struct host_filter, filter) {
		if (filter->pref == pref)
			pref++;
	}
	return pref;
}

static int attach_filter(struct hooks *hooks, const struct host_link *link,
	enum bb_direction direction, struct fail *fail)
{
	for (int attempt = 0; attempt < PREF_ATTEMPTS; attempt++) {
		struct undo undo;
		struct list filters;
		uint32_t pref;

		if (host_filter_list(link->ifindex, direction, &filters, fail) < 0)
			return -1;
		pref = hooks_free_pref(&filters);
		list_free(&filters);
		undo = program_undo(hooks, link, UNDO_FILTER, direction);
		undo.pref = pref;
		if (!note(hooks, &undo, fail))
			return -1;
		if (host_filter_add(hooks->matcher, link->ifindex, direction, pref, fail) == 0)
			return 0;
		if (fail->kind != FAIL_BUSY)
			return -1;
		/* Somebody took the pref since we looked: look again. */
		forget_last(hooks);
	}
	return -1;
}

static int ensure_clsact(struct hooks *hooks, const struct host_link *link, struct fail *fail)
{
	struct fail adding = FAIL_INIT;
	enum host_clsact state;
	struct undo undo;

	if (host_clsact_state(link->ifindex, &state, fail) < 0)
		return -1;
	if (state == CLSACT_PRESENT)
		return 0;
	if (state == CLSACT_INGRESS_ONLY)
		return fail_set(fail, FAIL_REFUSED,
			"an ingress qdisc stands where clsact must be, and it is not ours to "
			"remove");
	undo = undo_for(link, UNDO_QDISC);
	if (!note(hooks, &undo, fail))
		return -1;
	if (host_clsact_add(link->ifindex, &adding) == 0)
		return 0;
	if (adding.error == EEXIST) {
		/* Somebody else's, added since we looked: not ours to remove. */
		forget_last(hooks);
		return 0;
	}
	*fail = adding;
	return -1;
}

/*
 * On failure the hooks that were noted stay: whoever says no may have done it before, so the
 * caller releases them, which looks at what is really there.
 */
static int attach(struct hooks *hooks, const struct host_link *link, struct fail *fail)
{
	/* For good, since a link without such a header may come and go. */
	if (!link->ethernet)
		__atomic_store_n(
			&host_matcher_control(hooks->matcher)->other_links, 1, __ATOMIC_RELEASE);
	if (hooks->mode == ATTACH_CLSACT && ensure_clsact(hooks, link, fail) < 0)
		return -1;
	for (int direction = 0; direction < BB_DIRECTIONS; direction++) {
		int result = hooks->mode == ATTACH_CLSACT
			? attach_filter(hooks, link, direction, fail)
			: attach_tcx(hooks, link, direction, fail);

		if (result < 0)
			return fail_context(
				fail, "hooking %s %s", link->name, direction_words[direction]);
	}
	return 0;
}

static int detach(struct hook *hook, struct fail *fail)
{
	char text[UNDO_TEXT_MAX];

	FAILPOINT(undo_next);
	if (hook->tcx_link != NO_LINK) {
		host_tcx_detach(hook->tcx_link);
		hook->tcx_link = NO_LINK;
	}
	return undo_run(&hook->undo, text, fail);
}

static bool has_hook(const struct hooks *hooks, int ifindex)
{
	LIST_EACH(hooks->hooks, const struct hook, hook) {
		if (hook->undo.ifindex == ifindex)
			return true;
	}
	return false;
}

static bool has_link(const struct list *links, int64_t ifindex)
{
	LIST_EACH(*links, const struct host_link, link) {
		if (link->ifindex == ifindex)
			return true;
	}
	return false;
}

/* Something on this link, at `first` or behind, is still to be undone. */
static bool is_held(const struct hooks *hooks, size_t first, int64_t ifindex)
{
	const struct hook *items = hooks->hooks.items;

	for (size_t i = first; i < hooks->hooks.count; i++)
		if (items[i].undo.ifindex == ifindex)
			return true;
	return false;
}

/*
 * Detaches what is at `first` and behind, last first. What could not be detached holds back
 * everything before it on the same link: a qdisc with our filter still on it would look as if
 * somebody else had come to use it.
 */
static int release_from(struct hooks *hooks, size_t first, struct fail *fail)
{
	int result = 0;

	for (size_t i = hooks->hooks.count; i-- > first;) {
		struct hook *hook = &((struct hook *)hooks->hooks.items)[i];
		struct fail each = FAIL_INIT;

		if (is_held(hooks, i + 1, hook->undo.ifindex))
			continue;
		if (detach(hook, &each) == 0) {
			FAILPOINT(undo_run);
			forget(hooks, i);
			FAILPOINT(undo_marked);
			continue;
		}
		if (result == 0)
			*fail = each;
		result = -1;
	}
	return result;
}

static bool is_gone(int ifindex)
{
	struct list now;
	struct fail ignored = FAIL_INIT;
	bool gone;

	if (host_links(&now, &ignored) < 0)
		return false;
	gone = !has_link(&now, ifindex);
	list_free(&now);
	return gone;
}

bool hooks_wanted(const struct host_link *link)
{
	return !link->loopback && !link->stacked && !lanes_own(link->name);
}

int hooks_sync(struct hooks *hooks, const struct list *links, struct fail *fail)
{
	for (size_t i = hooks->hooks.count; i-- > 0;) {
		struct hook *hook = &((struct hook *)hooks->hooks.items)[i];

		if (has_link(links, hook->undo.ifindex))
			continue;
		if (hook->tcx_link != NO_LINK)
			host_tcx_detach(hook->tcx_link);
		forget(hooks, i);
	}
	LIST_EACH(*links, const struct host_link, link) {
		size_t before = hooks->hooks.count;
		struct fail each = FAIL_INIT, undoing = FAIL_INIT;

		if (!hooks_wanted(link) || has_hook(hooks, link->ifindex))
			continue;
		if (attach(hooks, link, &each) == 0)
			continue;
		/* Half a hook is none: the next try must find this link untouched. */
		if (release_from(hooks, before, &undoing) < 0)
			fail_context(&each, "%s; then", undoing.text);
		if (is_gone(link->ifindex))
			continue;
		*fail = each;
		return -1;
	}
	return 0;
}

int hooks_release(struct hooks *hooks, struct fail *fail)
{
	int result = release_from(hooks, 0, fail);

	if (hooks->hooks.count == 0)
		list_free(&hooks->hooks);
	return result;
}

void hooks_deinit(struct hooks *hooks)
{
	LIST_EACH(hooks->hooks, struct hook, hook) {
		shape_free(&undo_shape, &hook->undo);
	}
	list_free(&hooks->hooks);
}

void hooks_names(const struct hooks *hooks, struct list *names)
{
	int64_t last = 0;

	/* Hooks of one link stand together. */
	LIST_EACH(hooks->hooks, const struct hook, hook) {
		if (hook->undo.ifindex != last)
			list_add_text(names, "%s", hook->undo.interface);
		last = hook->undo.ifindex;
	}
}

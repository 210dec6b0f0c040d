/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "contract/failpoint.h"
#include "contract/verbs.h"
#include "injector/host.h"
#include "injector/lists.h"
#include "injector/session.h"
#include "injector/verb.h"

/* Room for the lines of one page; escapes and the frame fit into what is left of 64 KiB. */
enum {
	PAGE_BYTES = 40 * 1024,
	LINE_FRAME = 8
};

/* Lines of both lists count on: first all of the state, then all of the residue. */
static const char *line_at(const struct session *session, size_t index)
{
	const struct list *state = &session->audit_state, *residue = &session->audit_residue;

	if (index < state->count)
		return ((char **)state->items)[index];
	return ((char **)residue->items)[index - state->count];
}

static int take_snapshot(struct session *session, struct fail *fail)
{
	list_free_texts(&session->audit_state);
	list_free_texts(&session->audit_residue);
	session->audited = false;
	if (host_snapshot(session->config.cgroup, &session->audit_state, &session->audit_residue,
		    fail) < 0)
		return -1;
	list_sort_texts(&session->audit_state);
	list_sort_texts(&session->audit_residue);
	session->audited = true;
	FAILPOINT(audit_taken);
	return 0;
}

/* Page 0 takes the snapshot; the pages behind it belong to the same one. */
int verb_audit(struct session *session, void *params, void *result, struct fail *fail)
{
	const struct audit_params *asked = params;
	struct audit_result *out = result;
	size_t total, page_bytes = 0;

	if (asked->page == 0 && take_snapshot(session, fail) < 0)
		return -1;
	if (!session->audited)
		return fail_set(fail, FAIL_USAGE, "ask for page 0 first");
	total = session->audit_state.count + session->audit_residue.count;
	out->page = asked->page;
	out->pages = 1;
	for (size_t i = 0; i < total; i++) {
		const char *line = line_at(session, i);
		size_t bytes = strlen(line) + LINE_FRAME;

		if (page_bytes && page_bytes + bytes > PAGE_BYTES) {
			out->pages++;
			page_bytes = 0;
		}
		page_bytes += bytes;
		if (out->pages - 1 == asked->page)
			list_add_text(i < session->audit_state.count ? &out->state : &out->residue,
				"%s", line);
	}
	if (asked->page >= out->pages)
		return fail_set(fail, FAIL_USAGE, "there are %d pages", (int)out->pages);
	return 0;
}

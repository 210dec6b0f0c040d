/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "contract/verbs.h"
#include "contract/wire.h"
#include "injector/halts.h"
#include "injector/log.h"
#include "injector/session.h"

/* The emergency stop, as a session sees it: it heals what it has, says so, and arms nothing. */

static void say_halted(struct session *session, char *text)
{
	const struct halted_notice notice = {.text = text};

	outbox_put(&session->out,
		wire_notification("halted", shape_encode(&halted_notice_shape, &notice)));
}

static void obey(struct session *session, char *text)
{
	const struct list all = {0};
	struct fail fail = FAIL_INIT;

	session->halted = true;
	log_line("%s", text);
	session_refuse_parked(session, &all);
	/* What can't be healed now is tried again every half second, like at its deadline. */
	if (session_heal_all(session, &fail) < 0)
		log_line("halted: %s", fail.text);
	say_halted(session, text);
	session->owes_evidence = true;
}

bool session_look_at_halts(struct session *session)
{
	char text[HALT_TEXT_MAX];

	if (!session->greeted || session->looks)
		return false;
	if (!halts_engaged(session->config.runtime_dir, session->facts.netns_cookie, text)) {
		session->halted = false;
		return false;
	}
	if (!session->halted)
		obey(session, text);
	return true;
}

int session_check_halts(struct session *session, struct fail *fail)
{
	char text[HALT_TEXT_MAX];

	if (session->looks)
		return fail_set(
			fail, FAIL_USAGE, "this session said that it only looks: it arms nothing");
	session_look_at_halts(session);
	if (!halts_engaged(session->config.runtime_dir, session->facts.netns_cookie, text))
		return 0;
	return fail_set(fail, FAIL_REFUSED, "%s", text);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/session.h"

#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/units.h"
#include "contract/verbs.h"
#include "contract/wire.h"
#include "injector/effects.h"
#include "injector/fault.h"
#include "injector/holder.h"
#include "injector/ledger.h"
#include "injector/lists.h"
#include "injector/log.h"
#include "injector/mechanisms/matcher.h"
#include "injector/peers.h"
#include "injector/verb.h"

#define EVIDENCE_EVERY_NS (500 * NS_PER_MS)
#define RETRY_EVERY_NS (500 * NS_PER_MS)
#define ROOM_EVERY_NS (20 * NS_PER_MS) /* between looks whether there is room for evidence */

struct session *session_new(const struct session_config *config)
{
	struct session *session = must_alloc(sizeof(*session));

	session->config = *config;
	session->lock = -1;
	return session;
}

static struct session_fault *fault_at(const struct session *session, size_t index)
{
	return ((struct session_fault **)session->faults.items)[index];
}

void session_free(struct session *session)
{
	if (!session)
		return;
	for (size_t i = 0; i < session->faults.count; i++)
		session_fault_free(fault_at(session, i));
	list_free(&session->faults);
	session_forget_parked(session);
	peers_free(&session->sets);
	matcher_free(session->matcher);
	ledger_close(session->ledger);
	/* One that is still there has something left to undo, which it does as for the dead. */
	session->guardian.ledger = NULL;
	guardian_dismiss(&session->guardian, false);
	holder_release(session->config.runtime_dir, session->facts.netns_cookie, session->lock);
	for (size_t i = 0; i < POLICIES; i++)
		policy_deinit(&session->policies[i]);
	list_free(&session->exempt);
	list_free_texts(&session->audit_state);
	list_free_texts(&session->audit_residue);
	outbox_deinit(&session->out);
	free(session->last_evidence);
	free(session->name);
	free(session->controller);
	free(session);
}

struct session_fault *session_find(const struct session *session, const char *id)
{
	for (size_t i = 0; i < session->faults.count; i++)
		if (strcmp(fault_at(session, i)->order.id, id) == 0)
			return fault_at(session, i);
	return NULL;
}

bool session_is_armed(const struct session *session)
{
	for (size_t i = 0; i < session->faults.count; i++)
		if (fault_state_needs_healing(fault_at(session, i)->state))
			return true;
	return false;
}

/* ---- lines ---- */

/* Not a file that people wrote, but the controller's words: their place goes into the text. */
static void name_place(struct fail *fail)
{
	char path[FAIL_PATH_MAX];

	memcpy(path, fail->path, sizeof(path));
	fail->kind = FAIL_USAGE;
	fail->path[0] = '\0';
	if (path[0])
		fail_context(fail, "%s", path);
}

/* The verb's own words; its result, or VERB_LATER. */
static int carry_out(struct session *session, const struct verb *verb, void *params, cJSON **out,
	struct fail *fail)
{
	void *result = must_alloc(verb->result->size);
	int outcome = verb->fn(session, params, result, fail);

	if (outcome == 0)
		*out = shape_encode(verb->result, result);
	shape_free(verb->result, result);
	free(result);
	return outcome < 0 ? fail_context(fail, "%s", verb->name) : outcome;
}

static int answer(
	struct session *session, const struct wire_message *request, cJSON **out, struct fail *fail)
{
	const struct verb *verb = verb_find(request->method);
	void *params;
	int outcome;

	if (!verb)
		return fail_set(fail, FAIL_UNSUPPORTED, "this injector knows no verb \"%s\"",
			request->method);
	if (!session->greeted && verb->fn != verb_hello)
		return fail_set(fail, FAIL_USAGE, "say hello before anything else");
	params = must_alloc(verb->params->size);
	session->answering = (struct request){.id = request->id, .verb = verb};
	if (shape_decode(verb->params, request->body, "", params, fail) < 0) {
		name_place(fail);
		outcome = fail_context(fail, "%s", verb->name);
	} else {
		outcome = carry_out(session, verb, params, out, fail);
		shape_free(verb->params, params);
	}
	free(params);
	return outcome;
}

static void reply(struct session *session, uint64_t id, cJSON *result)
{
	char *line = wire_reply(id, result);
	struct fail fail = FAIL_INIT;

	if (strlen(line) > WIRE_LINE_TO_CONTROLLER_MAX) {
		fail_set(&fail, FAIL_REFUSED,
			"the answer has %zu bytes, and a line may have %zu; ask for less",
			strlen(line), WIRE_LINE_TO_CONTROLLER_MAX);
		free(line);
		line = wire_error(id, &fail);
	}
	outbox_put(&session->out, line);
}

void session_line(struct session *session, const char *line, size_t length)
{
	struct wire_message message;
	struct fail fail = FAIL_INIT;
	cJSON *result = NULL;

	if (wire_parse(line, length, &message, &fail) < 0) {
		outbox_put(&session->out, wire_error(0, &fail));
		return;
	}
	if (message.kind == WIRE_REQUEST) {
		int outcome = answer(session, &message, &result, &fail);

		if (outcome == 0)
			reply(session, message.id, result);
		else if (outcome < 0)
			outbox_put(&session->out, wire_error(message.id, &fail));
	}
	wire_message_deinit(&message);
}

void session_answer_later(struct session *session, const struct request *request, void *params,
	const struct fail *why)
{
	struct fail fail = FAIL_INIT;
	cJSON *result = NULL;

	if (!why && carry_out(session, request->verb, params, &result, &fail) == 0) {
		reply(session, request->id, result);
		return;
	}
	if (why) {
		fail = *why;
		fail_context(&fail, "%s", request->verb->name);
	}
	outbox_put(&session->out, wire_error(request->id, &fail));
}

/* ---- evidence ---- */

static void add_evidence(struct session *session, struct session_fault *fault, struct evidence *out)
{
	struct fault_evidence *evidence = list_push(&out->faults, sizeof(*evidence));

	evidence->id = must_copy(fault->order.id);
	evidence->start_ns = fault->order.start_ns;
	evidence->deadline_ns = fault->order.deadline_ns;
	evidence->healed = fault->state == FAULT_HEALED;
	evidence->healed_ns = fault->healed_ns;
	session_hosts_evidence(fault, &evidence->hosts);
	LIST_EACH(fault->changes, const struct fault_change, change) {
		*(struct fault_change *)list_push(&evidence->changes, sizeof(*change)) =
			(struct fault_change){
				.at_ns = change->at_ns,
				.with = cJSON_Duplicate(change->with, true),
			};
	}
	LIST_EACH(fault->plan.effects, const struct effect, effect) {
		effect_evidence(session, effect, evidence);
	}
}

static bool wanted(const struct list *of, const char *id)
{
	LIST_EACH(*of, char *, text) {
		if (strcmp(*text, id) == 0)
			return true;
	}
	return of->count == 0;
}

void session_evidence(
	struct session *session, const struct list *of, int64_t now_ns, struct evidence *out)
{
	*out = (struct evidence){.now_ns = now_ns};
	for (size_t i = 0; i < session->faults.count; i++)
		if (wanted(of, fault_at(session, i)->order.id))
			add_evidence(session, fault_at(session, i), out);
}

/* Put off whenever something waits to be sent: the next one says it all. */
static void say_evidence(struct session *session, int64_t now_ns)
{
	struct list all = {0};
	struct evidence evidence;
	cJSON *body;
	char *text;

	session->evidence_ns = now_ns;
	session->owes_evidence = !outbox_is_empty(&session->out);
	if (session->owes_evidence)
		return;
	session_evidence(session, &all, 0, &evidence);
	body = shape_encode(&evidence_shape, &evidence);
	text = json_print(body);
	cJSON_Delete(body);
	if (!session->last_evidence || strcmp(session->last_evidence, text) != 0) {
		char *line;

		evidence.now_ns = now_ns;
		line = wire_notification("evidence", shape_encode(&evidence_shape, &evidence));
		if (strlen(line) <= WIRE_LINE_TO_CONTROLLER_MAX)
			outbox_put(&session->out, line);
		else
			free(line); /* who armed that much asks by the verb, fault by fault */
		free(session->last_evidence);
		session->last_evidence = text;
		text = NULL;
	}
	free(text);
	shape_free(&evidence_shape, &evidence);
}

/* ---- time ---- */

/* True when it is to be healed now. */
static bool advance(
	struct session *session, struct session_fault *fault, int64_t now_ns, bool *out_news)
{
	if (!fault_state_needs_healing(fault->state))
		return false;
	if (fault->state == FAULT_FAILED)
		return now_ns >= fault->healed_ns + RETRY_EVERY_NS;
	if (now_ns >= fault->order.deadline_ns)
		return true;
	/* Whoever was stopped for longer than its lease begins nothing any more. */
	if (now_ns >= session->lease_until_ns)
		return false;
	if (fault->state == FAULT_ACTIVE)
		*out_news |= session_go_on(session, fault, now_ns);
	else if (fault->state == FAULT_ARMED && now_ns >= fault->order.start_ns)
		session_start(session, fault);
	return fault->state == FAULT_ACTIVE && session_fault_is_over(fault);
}

/* True: there is something new to be said. */
static bool advance_all(struct session *session, int64_t now_ns)
{
	bool news = false;

	for (size_t i = 0; i < session->faults.count; i++) {
		struct session_fault *fault = fault_at(session, i);
		struct fail fail = FAIL_INIT;

		if (advance(session, fault, now_ns, &news) &&
			session_heal(session, fault, &fail) < 0)
			log_line("fault %s is to be over: %s", fault->order.id, fail.text);
	}
	return news;
}

static bool watch_all(struct session *session, int64_t now_ns)
{
	bool news = false;

	for (size_t i = 0; i < session->faults.count; i++)
		LIST_EACH(fault_at(session, i)->plan.effects, struct effect, effect) {
			news |= effect_watch(session, effect, now_ns);
		}
	return news;
}

static bool spills(const struct session *session, const struct session_fault *fault)
{
	LIST_EACH(fault->plan.effects, const struct effect, effect) {
		if (effect_spills(session, effect))
			return true;
	}
	return false;
}

/* What hits others than it was told to is wrong in a way that nobody has thought of: it ends. */
static void heal_spills(struct session *session)
{
	for (size_t i = 0; i < session->faults.count; i++) {
		struct session_fault *fault = fault_at(session, i);
		struct fail fail = FAIL_INIT;

		if (fault->state != FAULT_ACTIVE || !spills(session, fault))
			continue;
		log_line("fault %s hit what it was not to: it is ended", fault->order.id);
		if (session_heal(session, fault, &fail) < 0)
			log_line("fault %s: %s", fault->order.id, fail.text);
	}
}

bool session_tick(struct session *session, int64_t now_ns)
{
	bool was_armed = session_is_armed(session), due = session->owes_evidence;

	if (!session->greeted)
		return true;
	due |= advance_all(session, now_ns);
	session_look_at_names(session, now_ns);
	due |= watch_all(session, now_ns);
	/* The last evidence, with the healing in it, is not put off. */
	if (was_armed)
		due |= !session_is_armed(session) ||
			now_ns >= session->evidence_ns + EVIDENCE_EVERY_NS;
	if (due) {
		heal_spills(session);
		say_evidence(session, now_ns);
	}
	return now_ns < session->lease_until_ns;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t session_next_ns(const struct session *session, int64_t now_ns)
{
	int64_t next_ns = session->greeted ? session->lease_until_ns : now_ns + NS_PER_SEC;

	next_ns = earlier(next_ns, session_names_next_ns(session, now_ns));
	if (session->owes_evidence)
		next_ns = earlier(next_ns, session->evidence_ns + ROOM_EVERY_NS);
	for (size_t i = 0; i < session->faults.count; i++) {
		const struct session_fault *fault = fault_at(session, i);

		LIST_EACH(fault->plan.effects, const struct effect, effect) {
			next_ns = earlier(next_ns, effect_next_ns(effect));
		}
		if (!fault_state_needs_healing(fault->state))
			continue;
		if (fault->state == FAULT_ARMED)
			next_ns = earlier(next_ns, fault->order.start_ns);
		next_ns = earlier(next_ns, session->evidence_ns + EVIDENCE_EVERY_NS);
		next_ns = earlier(next_ns,
			fault->state == FAULT_FAILED ? fault->healed_ns + RETRY_EVERY_NS
						     : fault->order.deadline_ns);
	}
	return next_ns;
}

void session_names_came(struct session *session, int64_t now_ns)
{
	if (session->greeted)
		session_look_at_names(session, now_ns);
}

void session_links_changed(struct session *session)
{
	struct fail fail = FAIL_INIT;

	if (session->matcher && matcher_links_changed(session->matcher, &fail) < 0)
		log_line("a link that appeared is not covered: %s", fail.text);
}

int session_end(struct session *session, struct fail *fail)
{
	int result = session_heal_all(session, fail);
	struct fail settling = FAIL_INIT;

	if (session->matcher && matcher_settle(session->matcher, &settling) < 0 && result == 0) {
		*fail = settling;
		result = -1;
	}
	if (result == 0)
		guardian_dismiss(&session->guardian, true);
	return result;
}

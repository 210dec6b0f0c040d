/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/units.h"
#include "contract/verbs.h"
#include "injector/hosts.h"
#include "injector/lists.h"
#include "injector/log.h"
#include "injector/mechanisms/matcher.h"
#include "injector/session.h"
#include "injector/verb.h"

/*
 * Orders that name hosts wait until their names are known, while everything else goes on: a
 * resolver that hangs must hold up neither a heal nor a renew. And names of faults that act are
 * looked up again.
 */

/* The controller waits for 15 s, and a resolver asks its second server after 5. */
#define ORDER_WITHIN_NS (8 * NS_PER_SEC)
#define LOOKUP_WITHIN_NS (8 * NS_PER_SEC)
/*
 * The names of large services live for 5 to 60 s. Half of the shortest, so that no more than one
 * half of a name's life is missed; caches of the host keep it from the network.
 */
#define AGAIN_AFTER_NS (INT64_C(2500) * NS_PER_MS)

enum {
	PARKED_MAX = 64,
	LOOKUPS_MAX = 64 /* processes at a time */
};

struct parked_order {
	struct request request;
	struct fault_order order;
	struct list hosts; /* of struct named_host * */
	int64_t until_ns;
};

static struct parked_order *parked_at(const struct session *session, size_t index)
{
	return ((struct parked_order **)session->parked.items)[index];
}

static void free_parked(struct parked_order *parked)
{
	hosts_free(&parked->hosts);
	shape_free(&fault_order_shape, &parked->order);
	free(parked);
}

void session_forget_parked(struct session *session)
{
	for (size_t i = 0; i < session->parked.count; i++)
		free_parked(parked_at(session, i));
	list_free(&session->parked);
}

static size_t count_running(const struct list *hosts)
{
	size_t running = 0;

	LIST_EACH(*hosts, struct named_host *, host) {
		running += (*host)->lookup != NULL;
	}
	return running;
}

static size_t count_all(const struct session *session)
{
	size_t running = 0;

	for (size_t i = 0; i < session->parked.count; i++)
		running += count_running(&parked_at(session, i)->hosts);
	LIST_EACH(session->faults, struct session_fault *, fault) {
		running += count_running(&(*fault)->hosts);
	}
	return running;
}

int session_park(struct session *session, struct fault_order *order, struct fail *fail)
{
	struct parked_order *parked;
	struct list hosts;

	if (session->resumed)
		return 0;
	if (hosts_collect(order, &hosts, fail) < 0)
		return -1;
	if (!hosts.count)
		return 0;
	if (session->parked.count == PARKED_MAX) {
		hosts_free(&hosts);
		return fail_set(fail, FAIL_REFUSED,
			"%d orders wait for host names already: wait for their answers",
			PARKED_MAX);
	}
	parked = must_alloc(sizeof(*parked));
	parked->request = session->answering;
	parked->order = *order;
	parked->hosts = hosts;
	parked->until_ns = host_now_ns() + ORDER_WITHIN_NS;
	*order = (struct fault_order){0};
	*(struct parked_order **)list_push(&session->parked, sizeof(parked)) = parked;
	matcher_expect_sets(session->matcher);
	session_look_at_names(session, host_now_ns());
	return VERB_LATER;
}

void session_take_hosts(struct session *session, struct list *out)
{
	if (!session->resumed)
		return;
	*out = session->resumed->hosts;
	session->resumed->hosts = (struct list){0};
}

/* ---- orders that wait ---- */

/* 1: all names are known. 0: not yet. */
static int look_at_order(
	struct session *session, struct parked_order *parked, int64_t now_ns, struct fail *fail)
{
	int known = 1;

	LIST_EACH(parked->hosts, struct named_host *, host) {
		enum host_lookup_state state = LOOKUP_RUNS;
		struct list grown = {0};

		if ((*host)->known)
			continue;
		if ((*host)->lookup)
			state = host_look(*host, now_ns, &grown, fail);
		else if (now_ns >= parked->until_ns)
			return fail_set(fail, FAIL_REFUSED,
				"host %s could not be looked up: too many others are",
				(*host)->name);
		else if (count_all(session) < LOOKUPS_MAX &&
			host_begin(*host, parked->until_ns, fail) < 0)
			return fail_context(fail, "host %s", (*host)->name);
		if (state == LOOKUP_FAILED) {
			fail->kind = FAIL_REFUSED;
			return fail_context(
				fail, "host %s can't be resolved on this node", (*host)->name);
		}
		if (state == LOOKUP_DONE) {
			(*host)->known = true;
			(*host)->addresses = grown;
			host_stop(*host, now_ns + AGAIN_AFTER_NS);
		}
		known &= (*host)->known;
	}
	return known;
}

static void take_out(struct session *session, size_t index)
{
	struct parked_order **items = session->parked.items;

	memmove(&items[index], &items[index + 1],
		(session->parked.count - index - 1) * sizeof(struct parked_order *));
	session->parked.count--;
}

static void look_at_orders(struct session *session, int64_t now_ns)
{
	for (size_t i = 0; i < session->parked.count;) {
		struct parked_order *parked = parked_at(session, i);
		struct fail fail = FAIL_INIT;
		int known = look_at_order(session, parked, now_ns, &fail);

		if (known == 0) {
			i++;
			continue;
		}
		take_out(session, i);
		session->resumed = parked;
		session_answer_later(
			session, &parked->request, &parked->order, known < 0 ? &fail : NULL);
		session->resumed = NULL;
		free_parked(parked);
	}
}

void session_refuse_parked(struct session *session, const struct list *ids)
{
	for (size_t i = session->parked.count; i-- > 0;) {
		struct parked_order *parked = parked_at(session, i);
		struct fail fail = FAIL_INIT;

		if (ids->count && !list_has_text(ids, parked->order.id))
			continue;
		take_out(session, i);
		fail_set(&fail, FAIL_REFUSED, "fault %s: healed before its host names were known",
			parked->order.id);
		session_answer_later(session, &parked->request, NULL, &fail);
		free_parked(parked);
	}
}

/* ---- faults that act ---- */

static void add_found(struct session *session, const struct session_fault *fault,
	struct named_host *host, struct list *grown)
{
	struct fail fail = FAIL_INIT;

	if (grown->count == host->addresses.count) {
		list_free(grown);
		return;
	}
	if (session_grow(session, &host->addresses, grown, &fail) == 0)
		return;
	list_free(grown);
	host_trouble(host, fail.text);
	log_line("fault %s: new addresses of %s: %s", fault->order.id, host->name, fail.text);
}

/* A failure is nothing but told: what the name stood for is hit as before. */
static void look_at_host(struct session *session, const struct session_fault *fault,
	struct named_host *host, int64_t now_ns)
{
	struct fail fail = FAIL_INIT;
	struct list grown = {0};

	if (!host->lookup) {
		if (now_ns < host->next_ns)
			return;
		host->next_ns = now_ns + AGAIN_AFTER_NS;
		if (count_all(session) < LOOKUPS_MAX &&
			host_begin(host, now_ns + LOOKUP_WITHIN_NS, &fail) < 0)
			host_trouble(host, fail.text);
		return;
	}
	switch (host_look(host, now_ns, &grown, &fail)) {
	case LOOKUP_RUNS:
		return;
	case LOOKUP_DONE:
		host_stop(host, now_ns + AGAIN_AFTER_NS);
		add_found(session, fault, host, &grown);
		return;
	case LOOKUP_FAILED:
		host_stop(host, now_ns + AGAIN_AFTER_NS);
		host_trouble(host, fail.text);
		return;
	}
}

static bool acts(const struct session_fault *fault)
{
	return fault->state == FAULT_ARMED || fault->state == FAULT_ACTIVE;
}

static void look_at_faults(struct session *session, int64_t now_ns)
{
	LIST_EACH(session->faults, struct session_fault *, fault) {
		LIST_EACH((*fault)->hosts, struct named_host *, host) {
			if (acts(*fault))
				look_at_host(session, *fault, *host, now_ns);
			else if ((*host)->lookup)
				host_stop(*host, INT64_MAX);
		}
	}
}

void session_look_at_names(struct session *session, int64_t now_ns)
{
	look_at_orders(session, now_ns);
	look_at_faults(session, now_ns);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t session_names_next_ns(const struct session *session, int64_t now_ns)
{
	int64_t next_ns = INT64_MAX;

	for (size_t i = 0; i < session->parked.count; i++) {
		const struct parked_order *parked = parked_at(session, i);

		next_ns = earlier(next_ns, parked->until_ns);
		if (count_running(&parked->hosts) < parked->hosts.count)
			next_ns = earlier(next_ns, now_ns + 20 * NS_PER_MS);
	}
	LIST_EACH(session->faults, struct session_fault *, fault) {
		LIST_EACH((*fault)->hosts, struct named_host *, host) {
			if (acts(*fault))
				next_ns = earlier(next_ns,
					(*host)->lookup ? (*host)->until_ns : (*host)->next_ns);
		}
	}
	return next_ns;
}

void session_hosts_evidence(const struct session_fault *fault, struct list *out)
{
	LIST_EACH(fault->hosts, struct named_host *, host) {
		struct host_evidence *told = list_push(out, sizeof(*told));

		told->host = must_copy((*host)->name);
		told->trouble = must_copy_if((*host)->trouble);
		LIST_EACH((*host)->addresses, const struct prefix, address) {
			*(struct prefix *)list_push(&told->addresses, sizeof(*address)) = *address;
		}
	}
}

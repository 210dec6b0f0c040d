/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/verbs.h"
#include "injector/effects.h"
#include "injector/ends.h"
#include "injector/host.h"
#include "injector/hosts.h"
#include "injector/lists.h"
#include "injector/mechanisms/hooks.h"
#include "injector/mechanisms/match_table.h"
#include "injector/mechanisms/matcher.h"
#include "injector/owners.h"
#include "injector/proc_net.h"
#include "injector/session.h"
#include "injector/targets.h"
#include "injector/transport.h"
#include "injector/verb.h"

/* The dry run: what arm would do now, without doing any of it. */

/* An answer must fit into one line of 64 KiB. */
enum {
	CONNECTIONS_MAX = 256,
	CONNECTIONS_BYTES_MAX = 30 * 1024,
	CONNECTION_BYTES = 150, /* of one, beside its addresses and its peer's name */
	MATCHES_BYTES_MAX = 6 * 1024,
	FOREIGN_MAX = 64,
	LINKS_MAX = 128,
	PROCESS_JSON_MAX = 120
};

static const char *program_name(enum bb_direction direction)
{
	return direction == BB_EGRESS ? BB_EGRESS_NAME : BB_INGRESS_NAME;
}

static void add_foreign(struct inspect_result *out, const char *link, enum bb_direction direction,
	const char *name, bool ahead)
{
	struct foreign_program *foreign;

	if (out->foreign.count == FOREIGN_MAX)
		return;
	foreign = list_push(&out->foreign, sizeof(*foreign));
	foreign->interface = must_copy(link);
	foreign->direction = must_copy(direction_words[direction]);
	foreign->name = must_copy(name);
	foreign->ahead = ahead;
}

static int list_tcx(const struct host_link *link, enum bb_direction direction,
	enum attach_mode mode, struct inspect_result *out, struct fail *fail)
{
	bool ours_seen = false, ours_there = false;
	struct list programs;

	if (host_tcx_list(link->ifindex, direction, &programs, fail) < 0)
		return -1;
	LIST_EACH(programs, const struct host_program, program) {
		ours_there |= strcmp(program->name, program_name(direction)) == 0;
	}
	LIST_EACH(programs, const struct host_program, program) {
		/* All of tcx runs before clsact; in tcx we would come first, if not there yet. */
		bool ahead = mode == ATTACH_CLSACT || (ours_there && !ours_seen);

		if (strcmp(program->name, program_name(direction)) == 0)
			ours_seen = true;
		else
			add_foreign(out, link->name, direction, program->name, ahead);
	}
	list_free(&programs);
	return 0;
}

static int list_filters(const struct host_link *link, enum bb_direction direction,
	enum attach_mode mode, struct inspect_result *out, struct fail *fail)
{
	struct list filters;
	uint32_t ours;

	if (host_filter_list(link->ifindex, direction, &filters, fail) < 0)
		return -1;
	ours = hooks_free_pref(&filters);
	LIST_EACH(filters, const struct host_filter, filter) {
		if (strcmp(filter->name, program_name(direction)) == 0)
			ours = filter->pref;
	}
	LIST_EACH(filters, const struct host_filter, filter) {
		/* Each filter chain head is listed too, with handle 0. */
		if (!filter->handle || strcmp(filter->name, program_name(direction)) == 0)
			continue;
		add_foreign(out, link->name, direction,
			filter->name[0] ? filter->name : filter->kind,
			mode == ATTACH_CLSACT && filter->pref < ours);
	}
	list_free(&filters);
	return 0;
}

static void describe_hook(
	const struct host_link *link, enum attach_mode mode, struct inspect_result *out)
{
	if (out->interfaces.count == LINKS_MAX)
		return;
	list_add_text(&out->interfaces, "%s", link->name);
	list_add_text(&out->effects, "hook %s, both directions (%s)", link->name,
		mode == ATTACH_TCX ? "tcx, at the head" : "clsact, at the lowest free pref");
	list_add_text(&out->undo, "unhook %s, when the last fault is healed", link->name);
}

static int inspect_links(
	const struct session *session, struct inspect_result *out, struct fail *fail)
{
	enum attach_mode mode = matcher_mode(session->matcher);
	struct list links;
	int result = 0;

	if (host_links(&links, fail) < 0)
		return -1;
	LIST_EACH(links, const struct host_link, link) {
		if (!hooks_wanted(link))
			continue;
		describe_hook(link, mode, out);
		for (int d = 0; d < BB_DIRECTIONS && result == 0; d++) {
			result = list_tcx(link, d, mode, out, fail);
			if (result == 0)
				result = list_filters(link, d, mode, out, fail);
		}
	}
	list_free(&links);
	return result;
}

/* ---- connections ---- */

/* What the kernel's maps would hold for this effect alone. */
static void table_of(
	const struct session *session, const struct match_rule *rule, struct match_table *out)
{
	struct match_source source = {.peers = rule->peers};
	const struct list sources = {.items = &source, .count = 1};

	match_table_build(out, &sources, &session->exempt, NULL);
}

/* NULL: it belongs to nobody, or is protected. */
static const char *peer_at(const struct match_table *table, const struct match_rule *rule,
	const struct prefix *address)
{
	const struct match_entry *entry = match_table_lookup(table, address);

	if (!entry || !entry->slots)
		return NULL;
	return LIST_AT(
		*rule->peers, struct endpoint, match_table_count(table, 0, entry->peer)->endpoint)
		->node;
}

static bool is_hit(const struct match_rule *rule, const struct tcp_socket *socket)
{
	return socket->state != TCP_STATE_LISTENING && socket->state != TCP_STATE_TIME_WAIT &&
		(!rule->protocol || rule->protocol == IPPROTO_TCP) &&
		(!rule->ports.count || port_set_has(&rule->ports, socket->local_port) ||
			port_set_has(&rule->ports, socket->remote_port));
}

static bool is_exempt_port(const struct session *session, const struct tcp_socket *socket)
{
	for (int i = 0; i < POLICIES; i++)
		if (port_set_has(&session->exempt_ports[i], socket->local_port))
			return true;
	return false;
}

/* What is there to be told apart. */
struct sight {
	struct list sockets;  /* of struct tcp_socket */
	struct list own;      /* of struct prefix: addresses of this node */
	struct list carrying; /* of struct bb_flow: connections that carry sessions */
	struct list listed;   /* of uint64_t: inodes of the connections in the answer, in order */
	size_t listed_bytes;  /* of these */
};

static void add_connection(struct sight *sight, struct inspect_result *out,
	const struct tcp_socket *socket, const char *peer)
{
	char text[SOCKET_TEXT_MAX];
	struct connection *connection;

	out->connection_count++;
	if (out->connections.count == CONNECTIONS_MAX ||
		sight->listed_bytes > CONNECTIONS_BYTES_MAX)
		return;
	*(uint64_t *)list_push(&sight->listed, sizeof(uint64_t)) = socket->inode;
	connection = list_push(&out->connections, sizeof(*connection));
	connection->local = must_copy(proc_net_address(&socket->local, socket->local_port, text));
	connection->remote =
		must_copy(proc_net_address(&socket->remote, socket->remote_port, text));
	connection->peer = must_copy(peer);
	connection->state = must_copy(proc_net_tcp_state(socket->state));
	sight->listed_bytes += CONNECTION_BYTES + strlen(connection->local) +
		strlen(connection->remote) + strlen(peer);
}

/* What a node says to itself goes over loopback, which no fault hooks, whatever its address. */
static bool stays_inside(const struct list *own, const struct tcp_socket *socket)
{
	/* 127.0.0.0/8; ::1 has only itself. */
	if (socket->remote.ipv4 && socket->remote.address[12] == 127)
		return true;
	if (prefix_contains(&socket->local, &socket->remote))
		return true;
	LIST_EACH(*own, const struct prefix, address) {
		if (prefix_contains(address, &socket->remote))
			return true;
	}
	return false;
}

static void sight_deinit(struct sight *sight)
{
	list_free(&sight->listed);
	list_free(&sight->sockets);
	list_free(&sight->carrying);
	list_free(&sight->own);
}

static int sight_look(const struct session *session, struct sight *sight, struct fail *fail)
{
	*sight = (struct sight){0};
	if (host_addresses(&sight->own, fail) == 0 &&
		transport_flows(session->facts.pid, &sight->carrying, fail) == 0 &&
		transport_sockets(&sight->sockets, fail) == 0)
		return 0;
	sight_deinit(sight);
	return -1;
}

static int inspect_rule(const struct session *session, const struct match_rule *rule,
	struct sight *sight, struct inspect_result *out, struct fail *fail)
{
	struct list inodes = {0};
	struct match_table table;

	if (rule->cgroup && owner_sockets(rule->cgroup, &inodes, fail) < 0)
		return -1;
	table_of(session, rule, &table);
	LIST_EACH(sight->sockets, const struct tcp_socket, socket) {
		const char *peer;

		if (!is_hit(rule, socket) || is_exempt_port(session, socket) ||
			transport_has(&sight->carrying, socket) ||
			stays_inside(&sight->own, socket) ||
			(rule->cgroup && !list_has_number(&inodes, socket->inode)))
			continue;
		peer = peer_at(&table, rule, &socket->remote);
		if (peer)
			add_connection(sight, out, socket, peer);
	}
	match_table_deinit(&table);
	list_free(&inodes);
	return 0;
}

static int inspect_connections(const struct session *session, const struct plan *plan,
	struct sight *sight, struct inspect_result *out, struct fail *fail)
{
	LIST_EACH(plan->effects, const struct effect, effect) {
		if (effect->kind == EFFECT_MATCH &&
			inspect_rule(session, &effect->match, sight, out, fail) < 0)
			return -1;
	}
	ends_tell(&sight->sockets, &sight->listed, out);
	return 0;
}

/* Of what is served to others here, whether the fault hits it or not. */
static void inspect_clients(const struct sight *sight, struct inspect_result *out)
{
	struct list others = {0};

	LIST_EACH(sight->sockets, const struct tcp_socket, socket) {
		if (socket->state != TCP_STATE_LISTENING &&
			(transport_has(&sight->carrying, socket) ||
				stays_inside(&sight->own, socket)))
			continue;
		*(struct tcp_socket *)list_push(&others, sizeof(*socket)) = *socket;
	}
	ends_tell_clients(&others, out);
	list_free(&others);
}

/* Without a match nothing depends on what is seen here, and what can't be seen is not told. */
static int inspect_sockets(const struct session *session, const struct session_fault *fault,
	struct inspect_result *out, struct fail *fail)
{
	bool matches = plan_has(&fault->plan, EFFECT_MATCH);
	struct fail ignored = FAIL_INIT;
	struct sight sight;
	int result = 0;

	if (!matches && fault->order.role != ROLE_ON)
		return 0;
	if (sight_look(session, &sight, matches ? fail : &ignored) < 0)
		return matches ? -1 : 0;
	if (matches)
		result = inspect_connections(session, &fault->plan, &sight, out, fail);
	if (result == 0 && fault->order.role == ROLE_ON)
		inspect_clients(&sight, out);
	sight_deinit(&sight);
	return result;
}

/* ---- ways ---- */

static void add_matched(
	const struct match_rule *rule, int direction, struct inspect_result *out, size_t *bytes)
{
	struct matched_peers *matched = list_push(&out->matches, sizeof(*matched));

	matched->direction = direction;
	LIST_EACH(*rule->peers, const struct endpoint, peer) {
		if (*bytes > MATCHES_BYTES_MAX)
			return;
		*bytes += strlen(peer->node) + 3;
		list_push_text(&matched->peers, peer->node);
	}
}

static void describe_ways(const struct plan *plan, struct inspect_result *out)
{
	size_t bytes = 0;

	LIST_EACH(plan->effects, const struct effect, effect) {
		for (int d = 0; effect->kind == EFFECT_MATCH && d < BB_DIRECTIONS; d++)
			if (effect->match.peers->count && (effect->match.directions & (1U << d)) &&
				bytes <= MATCHES_BYTES_MAX)
				add_matched(&effect->match, d, out, &bytes);
	}
}

/* ---- processes ---- */

static void add_process(struct inspect_result *out, const struct host_process *process)
{
	struct process_target *target = list_push(&out->processes, sizeof(*target));

	*target = (struct process_target){
		.pid = process->pid,
		.start_ticks = (int64_t)process->start_ticks,
		.exe = process_text(process->exe, PROCESS_JSON_MAX),
		.cmdline = process_text(process->cmdline ? process->cmdline : "", PROCESS_JSON_MAX),
		.uid = process->uid,
		.cgroup = process_text(process->cgroup ? process->cgroup : "", PROCESS_JSON_MAX),
	};
}

/* NULL: it acts on no processes. */
static const struct process_selector *selector_of(const struct effect *effect)
{
	switch (effect->kind) {
	case EFFECT_SIGNAL:
		return effect->signal.processes;
	case EFFECT_PAUSE:
		return effect->pause.processes;
	case EFFECT_TRAP:
		return effect->trap.processes;
	case EFFECT_CLOCK:
		return effect->clock.processes;
	case EFFECT_MATCH:
	case EFFECT_STEP:
	case EFFECT_KINDS:
		break;
	}
	return NULL;
}

/* What acts on a whole cgroup spares nobody: then that one must be spared is a refusal. */
static bool is_whole(const struct effect *effect)
{
	return (effect->kind == EFFECT_SIGNAL && effect->signal.how == KILL_CGROUP) ||
		(effect->kind == EFFECT_PAUSE && effect->pause.how == PAUSE_FREEZE);
}

static int check_whole(const struct effect *effect, const struct process_selector *selector,
	const struct target_guard *guard, struct fail *fail)
{
	struct whole whole;

	if (!is_whole(effect))
		return 0;
	if (targets_whole(selector, guard, &whole, fail) < 0)
		return -1;
	whole_deinit(&whole);
	return 0;
}

/* That nobody is found is an answer here, and a refusal when it comes to arming. */
static int inspect_processes(const struct session *session, const struct plan *plan,
	struct inspect_result *out, struct fail *fail)
{
	struct target_guard guard = session_guard(session);
	int result = 0;

	LIST_EACH(plan->effects, const struct effect, effect) {
		const struct process_selector *selector = selector_of(effect);
		struct target_search found;
		char spared[512];

		if (!selector)
			continue;
		if (targets_find(selector, &guard, &found, fail) < 0)
			return -1;
		LIST_EACH(found.found, const struct host_process, process) {
			add_process(out, process);
		}
		if (target_spared_text(&found, spared, sizeof(spared))) {
			list_add_text(&out->effects, "%s", spared);
			result = check_whole(effect, selector, &guard, fail);
		}
		target_search_deinit(&found);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* They are left alone: what they make of a wrong clock is to be seen, unless they are paused. */
static void describe_services(struct list *effects)
{
	struct list running = {0};

	steps_services(&running);
	LIST_EACH(running, char *, service) {
		list_add_text(effects,
			"%s runs here, and may set the clock right before: a pause on it keeps it "
			"from that",
			*service);
	}
	list_free_texts(&running);
}

/* "s3.example.com is 192.0.2.1, 192.0.2.2 here": another node may have others. */
static void describe_hosts(const struct session_fault *fault, struct list *effects)
{
	char text[HOST_ADDRESSES_MAX * PREFIX_TEXT_MAX], address[PREFIX_TEXT_MAX];

	LIST_EACH(fault->hosts, struct named_host *, host) {
		size_t used = 0;

		LIST_EACH((*host)->addresses, const struct prefix, prefix) {
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
				used ? ", " : "", prefix_format(prefix, address));
		}
		list_add_text(effects, "%s is %s here", (*host)->name, text);
	}
}

int verb_inspect(struct session *session, void *params, void *result, struct fail *fail)
{
	struct inspect_result *out = result;
	struct session_fault *fault;
	int outcome = session_park(session, params, fail);

	if (outcome)
		return outcome;
	if (session_plan(session, params, &fault, fail) < 0)
		return -1;
	describe_hosts(fault, &out->effects);
	if (plan_has(&fault->plan, EFFECT_MATCH))
		outcome = inspect_links(session, out, fail);
	if (outcome == 0)
		outcome = inspect_sockets(session, fault, out, fail);
	describe_ways(&fault->plan, out);
	plan_describe(&fault->plan, &out->effects, &out->undo);
	if (plan_has(&fault->plan, EFFECT_STEP))
		describe_services(&out->effects);
	if (outcome == 0)
		outcome = inspect_processes(session, &fault->plan, out, fail);
	session_fault_free(fault);
	return outcome;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/preview_parts.h"

/*
 *   n2
 *    +<-x-> n1             8 live connections
 *    |         n1 etcd -> n2 etcd:2380              6
 *    +----- client         not hit; 2 depend on this node
 *              client -> n2 etcd:2379               2
 */

enum {
	FLOW_COLUMNS = 44,
	FLOW_TEXT_MAX = 320
};

/* What hangs on one node. */
struct branch {
	const char *peer;
	bool in, out;           /* packets from the peer, to it */
	int64_t connections;    /* live, and hit */
	int64_t dependent_only; /* live, not hit, and served by the node */
};

struct tree {
	const struct predicted_fault *fault;
	const char *node;
	struct list branches; /* of struct branch */
};

/* --- branches ---------------------------------------------------------------------------- */

static struct branch *branch_of(struct tree *tree, const char *peer)
{
	struct branch *branch;

	LIST_EACH(tree->branches, struct branch, own)
		if (strcmp(own->peer, peer) == 0)
			return own;
	branch = list_push(&tree->branches, sizeof(*branch));
	branch->peer = peer;
	return branch;
}

/* A link between two nodes that the fault is on hangs on the first of them. */
static bool is_drawn_at(const struct tree *tree, const char *peer)
{
	LIST_EACH(tree->fault->on, char *, name) {
		if (strcmp(*name, tree->node) == 0)
			return true;
		if (strcmp(*name, peer) == 0)
			return false;
	}
	return false;
}

static void add_link(struct tree *tree, const struct predicted_link *link)
{
	bool out = strcmp(link->from, tree->node) == 0;
	const char *peer = out ? link->to : link->from;
	struct branch *branch;

	if ((!out && strcmp(link->to, tree->node) != 0) || !is_drawn_at(tree, peer))
		return;
	branch = branch_of(tree, peer);
	branch->out |= out;
	branch->in |= !out;
	branch->connections = link->connections;
}

/* What acts on processes has no links: what it hits of their connections are those they serve. */
static bool is_shown(const struct tree *tree, const struct predicted_flow *flow)
{
	return strcmp(flow->server, tree->node) == 0 && (!flow->hit || !tree->fault->links.count);
}

static void add_dependent(struct tree *tree, const struct predicted_flow *flow)
{
	struct branch *branch;

	if (!is_shown(tree, flow))
		return;
	branch = branch_of(tree, flow->client);
	if (flow->hit) {
		branch->in = branch->out = true;
		branch->connections += flow->connections;
	} else {
		branch->dependent_only += flow->connections;
	}
}

static int by_weight(const void *a, const void *b)
{
	const struct branch *one = a, *other = b;
	bool hit = one->in || one->out, other_hit = other->in || other->out;

	if (hit != other_hit)
		return hit ? -1 : 1;
	if (one->connections != other->connections)
		return one->connections > other->connections ? -1 : 1;
	if (one->dependent_only != other->dependent_only)
		return one->dependent_only > other->dependent_only ? -1 : 1;
	return strcmp(one->peer, other->peer);
}

static void grow(struct tree *tree, const struct predicted_fault *fault, const char *node)
{
	*tree = (struct tree){.fault = fault, .node = node};
	LIST_EACH(fault->links, struct predicted_link, link)
		add_link(tree, link);
	LIST_EACH(fault->dependents, struct predicted_flow, flow)
		add_dependent(tree, flow);
	if (tree->branches.count)
		qsort(tree->branches.items, tree->branches.count, sizeof(struct branch), by_weight);
}

/* --- one branch -------------------------------------------------------------------------- */

/* Cut where a name would push the numbers out of their column. */
static const char *short_name(const char *name, char text[DRAWN_NAME + 1])
{
	snprintf(text, DRAWN_NAME + 1, strlen(name) > DRAWN_NAME ? "%.*s~" : "%.*s",
		strlen(name) > DRAWN_NAME ? DRAWN_NAME - 1 : DRAWN_NAME, name);
	return text;
}

static const char *stroke_of(const struct branch *branch)
{
	if (branch->in && branch->out)
		return "+<-x->";
	if (branch->in)
		return "+<-x--";
	return branch->out ? "+--x->" : "+-----";
}

static char trunk(bool last)
{
	return last ? ' ' : '|';
}

static void print_flow(FILE *out, const struct predicted_flow *flow, bool last)
{
	const char *program = flow->client_program ? flow->client_program : "";
	char service[SERVICE_TEXT_MAX], text[FLOW_TEXT_MAX], client[DRAWN_NAME + 1],
		server[DRAWN_NAME + 1];

	snprintf(text, sizeof(text), "%s%s%.16s %s %s%s%.22s", short_name(flow->client, client),
		*program ? " " : "", program, flow->port ? "->" : "-",
		short_name(flow->server, server), flow->server_program || flow->port ? " " : "",
		predicted_service(flow, service));
	plain_line(out, "       %c         %-*s %6" PRId64, trunk(last), FLOW_COLUMNS, text,
		flow->connections);
}

struct flows {
	size_t shown, left;
	int64_t left_connections;
};

static void next_flow(FILE *out, struct flows *flows, const struct predicted_flow *flow, bool last)
{
	if (flows->shown < DRAWN_FLOWS_MAX) {
		print_flow(out, flow, last);
		flows->shown++;
		return;
	}
	flows->left++;
	flows->left_connections += flow->connections;
}

static void print_flows(FILE *out, const struct tree *tree, const struct branch *branch, bool last)
{
	struct flows flows = {0};

	LIST_EACH(tree->fault->flows, struct predicted_flow, flow)
		if (predicted_flow_is_between(flow, tree->node, branch->peer))
			next_flow(out, &flows, flow, last);
	LIST_EACH(tree->fault->dependents, struct predicted_flow, flow)
		if (is_shown(tree, flow) && strcmp(flow->client, branch->peer) == 0)
			next_flow(out, &flows, flow, last);
	if (flows.left)
		fprintf(out, "       %c         and %zu more, with %" PRId64 " connections\n",
			trunk(last), flows.left, flows.left_connections);
}

static const char *plural(int64_t count)
{
	return count == 1 ? "" : "s";
}

static void print_branch(FILE *out, const struct tree *tree, const struct branch *branch, bool last)
{
	bool hit = branch->in || branch->out;
	char text[FLOW_TEXT_MAX] = "", name[DRAWN_NAME + 1];
	size_t used = 0;

	if (hit)
		used = (size_t)snprintf(text, sizeof(text), "%s%" PRId64 " live connection%s",
			tree->fault->at_least ? "at least " : "", branch->connections,
			plural(branch->connections));
	if (branch->dependent_only)
		snprintf(text + used, sizeof(text) - used,
			hit ? "; %" PRId64 " more, not hit"
			    : "not hit; %" PRId64 " depend on this node",
			branch->dependent_only);
	plain_line(out, "       %s %-*s %s", stroke_of(branch), DRAWN_NAME,
		short_name(branch->peer, name), text);
	print_flows(out, tree, branch, last);
}

/* --- one node ---------------------------------------------------------------------------- */

static void print_left_out(FILE *out, const struct tree *tree)
{
	int64_t connections = 0;
	size_t left = 0;

	for (size_t i = DRAWN_LINKS_MAX; i < tree->branches.count; i++, left++) {
		const struct branch *branch = LIST_AT(tree->branches, struct branch, i);

		connections += branch->connections + branch->dependent_only;
	}
	if (left)
		fprintf(out, "       + %zu more, with %" PRId64 " live connection%s\n", left,
			connections, plural(connections));
}

static void print_tree(FILE *out, const struct tree *tree)
{
	size_t shown =
		tree->branches.count < DRAWN_LINKS_MAX ? tree->branches.count : DRAWN_LINKS_MAX;

	plain_line(out, "      %s", tree->node);
	for (size_t i = 0; i < shown; i++)
		print_branch(out, tree, LIST_AT(tree->branches, struct branch, i),
			i + 1 == tree->branches.count);
	print_left_out(out, tree);
}

void preview_links(FILE *out, const struct predicted_fault *fault)
{
	size_t shown = 0, left = 0;

	LIST_EACH(fault->on, char *, name) {
		struct tree tree;

		grow(&tree, fault, *name);
		if (tree.branches.count && shown == 0)
			fprintf(out, "    %s\n",
				fault->links.count ? "links (x is what the fault hits)"
						   : "clients (x: of a process that is hit)");
		if (tree.branches.count && shown++ < DRAWN_NODES_MAX)
			print_tree(out, &tree);
		else
			left += tree.branches.count > 0;
		free(tree.branches.items);
	}
	if (left)
		fprintf(out, "      and %zu more node%s\n", left, left == 1 ? "" : "s");
	if (fault->more_dependents)
		fprintf(out, "      and %" PRId64 " more client%s that no list had room for\n",
			fault->more_dependents, plural(fault->more_dependents));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report/graph.h"

#include <math.h>
#include <stdlib.h>

#include "contract/list.h"
#include "controller/report/escape.h"

enum {
	WIDTH = 640,
	HEIGHT = 300,
	RADIUS_X = 190,
	RADIUS_Y = 104,
	NAME_SHOWN = 20, /* characters; what is longer would leave the picture */
	LABEL_GAP = 19
};

/* A node's place; `drawn` says that it has one. */
struct place {
	bool drawn;
	double x, y, cosine;
};

struct graph {
	const struct radius *radius;
	struct place *places; /* by the index of the node */
	size_t drawn;
};

static const struct radius_node *node_at(const struct graph *graph, size_t index)
{
	return (const struct radius_node *)graph->radius->nodes.items + index;
}

/* --- places ---------------------------------------------------------------------------- */

static size_t count_drawn(const struct radius *radius)
{
	return radius->nodes.count < GRAPH_NODES_MAX ? radius->nodes.count : GRAPH_NODES_MAX;
}

static void place(struct graph *graph, size_t index, size_t total)
{
	double turn = 2 * M_PI * (double)graph->drawn / (double)total - M_PI / 2;

	if (graph->places[index].drawn || graph->drawn >= total)
		return;
	graph->places[index] = (struct place){.drawn = true,
		.x = WIDTH / 2.0 + RADIUS_X * cos(turn),
		.y = HEIGHT / 2.0 + RADIUS_Y * sin(turn),
		.cosine = cos(turn)};
	graph->drawn++;
}

/* What must not be missed comes first, then the targets; the others follow by role and name. */
static void place_spilled(struct graph *graph, size_t total)
{
	for (size_t i = 0; i < graph->radius->nodes.count; i++)
		if (node_at(graph, i)->spilled)
			place(graph, i, total);
}

static void place_role(struct graph *graph, enum radius_role role, size_t total)
{
	for (size_t i = 0; i < graph->radius->nodes.count; i++)
		if (node_at(graph, i)->role == role)
			place(graph, i, total);
}

static void place_all(struct graph *graph, const struct radius *radius)
{
	size_t total = count_drawn(radius);

	*graph = (struct graph){
		.radius = radius, .places = calloc(radius->nodes.count + 1, sizeof(struct place))};
	if (!graph->places)
		abort();
	place_spilled(graph, total);
	place_role(graph, RADIUS_TARGET, total);
	place_role(graph, RADIUS_PEER, total);
	place_role(graph, RADIUS_APART, total);
}

/* --- links ----------------------------------------------------------------------------- */

static int by_packets(const void *a, const void *b)
{
	const struct radius_link *one = a, *other = b;

	if (one->packets != other->packets)
		return one->packets > other->packets ? -1 : 1;
	return (one->connections < other->connections) - (one->connections > other->connections);
}

/* Those that have a place at both ends, the most hit first. */
static struct list drawn_links(const struct graph *graph)
{
	struct list links = {0};

	LIST_EACH(graph->radius->links, struct radius_link, link)
		if (graph->places[link->a].drawn && graph->places[link->b].drawn)
			*(struct radius_link *)list_push(&links, sizeof(*link)) = *link;
	if (links.count)
		qsort(links.items, links.count, sizeof(struct radius_link), by_packets);
	if (links.count > GRAPH_LINKS_MAX)
		links.count = GRAPH_LINKS_MAX;
	return links;
}

/* Solid: packets were hit. Dashed: connections lived there, and none was. Dotted: neither. */
static void stroke(FILE *out, const struct radius_link *link)
{
	if (link->packets)
		fprintf(out, "class=\"c-bad-line\" stroke=\"#b42318\" stroke-width=\"%.1f\"",
			1.5 + fmin(3.5, log10((double)link->packets)));
	else if (link->connections > 0)
		fputs("class=\"c-open-line\" stroke=\"#8a5800\" stroke-width=\"1.8\" "
		      "stroke-dasharray=\"7 4\"",
			out);
	else
		fputs("class=\"c-axis\" stroke=\"#aab0ba\" stroke-width=\"1.4\" "
		      "stroke-dasharray=\"1 4\"",
			out);
}

static void describe_link(FILE *out, const struct graph *graph, const struct radius_link *link)
{
	fputs("<title>", out);
	markup(out, "%s – %s: ", node_at(graph, link->a)->name, node_at(graph, link->b)->name);
	if (link->connections >= 0)
		fprintf(out, "%lld live connection%s before, ", (long long)link->connections,
			link->connections == 1 ? "" : "s");
	fprintf(out, "%lld packets hit</title>", (long long)link->packets);
}

static void draw_link(FILE *out, const struct graph *graph, const struct radius_link *link)
{
	const struct place *a = &graph->places[link->a], *b = &graph->places[link->b];

	fprintf(out, "<g><path d=\"M%.1f %.1fL%.1f %.1f\" fill=\"none\" ", a->x, a->y, b->x, b->y);
	stroke(out, link);
	fputs(">", out);
	describe_link(out, graph, link);
	fputs("</path></g>\n", out);
}

/* Nearer to the first end, since the middles of links that cross are one place. */
static void draw_number(FILE *out, const struct graph *graph, const struct radius_link *link)
{
	const struct place *a = &graph->places[link->a], *b = &graph->places[link->b];

	if (!link->packets)
		return;
	fprintf(out,
		"<text x=\"%.1f\" y=\"%.1f\" class=\"c-halo\" fill=\"#b42318\" stroke=\"#ffffff\" "
		"stroke-width=\"4\" paint-order=\"stroke\" text-anchor=\"middle\" "
		"font-size=\"12.5\">%lld</text>\n",
		a->x + 0.42 * (b->x - a->x), a->y + 0.42 * (b->y - a->y) + 4,
		(long long)link->packets);
}

/* --- nodes ----------------------------------------------------------------------------- */

/* A target has an edge around it, a peer is a ring, the rest a dot. */
static void draw_shape(FILE *out, const struct place *place, const struct radius_node *node)
{
	if (node->spilled)
		fprintf(out,
			"<circle cx=\"%.1f\" cy=\"%.1f\" r=\"15\" class=\"c-missed\" "
			"fill=\"#ffffff\" stroke=\"#b42318\" stroke-width=\"2.5\" "
			"stroke-dasharray=\"3 3\"/>",
			place->x, place->y);
	switch (node->role) {
	case RADIUS_TARGET:
		fprintf(out,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"22\" height=\"22\" rx=\"4\" "
			"class=\"%s\" fill=\"%s\" stroke=\"#b42318\" stroke-width=\"2\"/>",
			place->x - 11, place->y - 11, node->hit ? "c-target" : "c-missed",
			node->hit ? "#b42318" : "#ffffff");
		break;
	case RADIUS_PEER:
		fprintf(out,
			"<circle cx=\"%.1f\" cy=\"%.1f\" r=\"9\" class=\"%s\" fill=\"#ffffff\" "
			"stroke=\"%s\" stroke-width=\"2.5\"/>",
			place->x, place->y, node->hit ? "c-missed" : "c-ring",
			node->hit ? "#b42318" : "#5c6470");
		break;
	case RADIUS_APART:
		fprintf(out,
			"<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" class=\"c-muted\" "
			"fill=\"#5c6470\"/>",
			place->x, place->y);
		break;
	}
}

static void draw_node(FILE *out, const struct place *place, const struct radius_node *node)
{
	static const char *const roles[] = {[RADIUS_TARGET] = "target",
		[RADIUS_PEER] = "counterpart",
		[RADIUS_APART] = "named by no fault"};
	bool middle = fabs(place->cosine)<0.2, right = place->cosine> 0;
	double x = middle ? place->x : place->x + (right ? LABEL_GAP : -LABEL_GAP);
	double y = !middle                ? place->y + 4
		: place->y < HEIGHT / 2.0 ? place->y - LABEL_GAP
					  : place->y + LABEL_GAP + 8;

	fputs("<g>", out);
	draw_shape(out, place, node);
	fputs("<title>", out);
	markup(out, "%s: %s%s", node->name, roles[node->role],
		node->spilled ? ", and hit by one that does not name it" : "");
	fprintf(out,
		"</title><text x=\"%.1f\" y=\"%.1f\" class=\"%s\" fill=\"#1f2430\" "
		"text-anchor=\"%s\" font-size=\"13\"%s>",
		x, y, node->role == RADIUS_APART ? "c-muted" : "c-ink",
		middle          ? "middle"
			: right ? "start"
				: "end",
		node->role == RADIUS_TARGET ? " font-weight=\"600\"" : "");
	markup(out, "%.*s%s", NAME_SHOWN, node->name, node->spilled ? " (spill)" : "");
	fputs("</text></g>\n", out);
}

void graph_print(FILE *out, const struct radius *radius)
{
	struct graph graph;
	struct list links;

	place_all(&graph, radius);
	links = drawn_links(&graph);
	fprintf(out,
		"<svg class=\"graph\" viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\" "
		"aria-label=\"Who was hit\" font-family=\"system-ui, sans-serif\">\n",
		WIDTH, HEIGHT, WIDTH);
	LIST_EACH(links, struct radius_link, link)
		draw_link(out, &graph, link);
	LIST_EACH(links, struct radius_link, link)
		draw_number(out, &graph, link);
	for (size_t i = 0; i < radius->nodes.count; i++)
		if (graph.places[i].drawn)
			draw_node(out, &graph.places[i], node_at(&graph, i));
	fputs("</svg>\n", out);
	free(links.items);
	free(graph.places);
}

/* --- the key --------------------------------------------------------------------------- */

struct counts {
	size_t targets_hit, targets_missed, peers, apart, spilled;
	size_t solid, dashed, dotted;
};

static struct counts count_shapes(const struct radius *radius)
{
	struct counts counts = {0};

	LIST_EACH(radius->nodes, struct radius_node, node) {
		counts.targets_hit += node->role == RADIUS_TARGET && node->hit;
		counts.targets_missed += node->role == RADIUS_TARGET && !node->hit;
		counts.peers += node->role == RADIUS_PEER;
		counts.apart += node->role == RADIUS_APART;
		counts.spilled += node->spilled;
	}
	LIST_EACH(radius->links, struct radius_link, link) {
		counts.solid += link->packets > 0;
		counts.dashed += !link->packets && link->connections > 0;
		counts.dotted += !link->packets && link->connections <= 0;
	}
	return counts;
}

static void print_left_out(FILE *out, const struct radius *radius)
{
	struct graph graph;
	struct list links;

	place_all(&graph, radius);
	links = drawn_links(&graph);
	if (graph.drawn < radius->nodes.count)
		fprintf(out, "Not drawn: %zu more nodes. ", radius->nodes.count - graph.drawn);
	if (links.count < radius->links.count)
		fprintf(out, "Not drawn: %zu more links. ", radius->links.count - links.count);
	free(links.items);
	free(graph.places);
}

void graph_print_key(FILE *out, const struct radius *radius)
{
	struct counts counts = count_shapes(radius);
	struct {
		size_t count;
		const char *text;
	} keys[] = {
		{counts.spilled,
			"A dashed ring around a node is spill: it was hit by a fault that does not "
			"name it. "},
		{counts.targets_hit, "A filled square is a target that was hit. "},
		{counts.targets_missed, "An empty square is a target of which nothing was hit. "},
		{counts.peers, "A ring is a counterpart. "},
		{counts.apart, "A dot is a node that no fault named. "},
		{counts.solid,
			"A solid line is a link on which packets were hit, with their "
			"number; the thicker, the more. "},
		{counts.dashed,
			"A dashed line had live connections, and no packet of it was "
			"hit. "},
		{counts.dotted,
			"A dotted line was meant, had no connection, and nothing was hit "
			"on it. "},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].count)
			fputs(keys[i].text, out);
	print_left_out(out, radius);
}

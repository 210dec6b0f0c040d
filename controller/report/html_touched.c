/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/list.h"
#include "controller/report/escape.h"
#include "controller/report/html_parts.h"
#include "controller/report/words.h"

/* Who was hit, by the addresses that packets had. */

enum {
	ROWS_MAX = 60
};

static void touched_row(FILE *out, const struct fault_record *fault, const struct fault_node *node,
	const struct touched *touched)
{
	char address[PREFIX_TEXT_MAX], at[WORDS_MAX];

	fputs("<tr>", out);
	element(out, "td", "%s", fault->spec->id);
	element(out, "th scope=\"row\"", "%s", node->node);
	element(out, "td", "%s", prefix_format(&touched->address, address));
	fputs("<td>", out);
	if (touched->peer)
		escape_markup(out, touched->peer);
	else
		html_word(out, TONE_BAD, "nobody the fault names");
	fputs("</td>", out);
	element(out, "td class=\"number\"", "%lld", (long long)touched->connections);
	element(out, "td class=\"number\"", "%lld", (long long)touched->packets);
	element(out, "td class=\"number\"", "%s", words_at(touched->first_ns, at));
	element(out, "td class=\"number\"", "%s", words_at(touched->last_ns, at));
	fputs("</tr>\n", out);
}

/* What is not in the table, or not told apart. */
static void left_out(FILE *out, int64_t more, int64_t untold)
{
	if (more)
		element(out, "p class=\"note\"", "Not shown: %lld more addresses.",
			(long long)more);
	if (untold)
		element(out, "p class=\"note\"",
			"%lld segments were of addresses for which the kernel's table had no room.",
			(long long)untold);
}

void html_touched(FILE *out, const struct judgement *judgement)
{
	static const char *const columns[] = {"Fault", "Counted at", "Address", "Which is",
		"Connections", "Packets", "First", "Last", NULL};
	int64_t more = 0, untold = 0;
	size_t rows = 0;

	LIST_EACH(judgement->effects, struct effect_judgement, own)
		LIST_EACH(own->fault->nodes, struct fault_node, node) {
			more += node->touched_more;
			untold += node->untold;
			LIST_EACH(node->touched, struct touched, touched) {
				if (!rows) {
					fputs("<details><summary>Addresses and connections that "
					      "were hit</summary>\n",
						out);
					html_table_begin(out, "touched", columns);
				}
				if (rows++ < ROWS_MAX)
					touched_row(out, own->fault, node, touched);
				else
					more++;
			}
		}
	if (!rows)
		return;
	html_table_end(out);
	left_out(out, more, untold);
	fputs("</details>\n", out);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "controller/report/words.h"

/* What host names stood for, on each node that resolved them. */

static char *addresses(const struct host_evidence *host)
{
	char *text = NULL, address[PREFIX_TEXT_MAX];
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	const char *between = "";

	if (!out)
		abort();
	LIST_EACH(host->addresses, struct prefix, prefix) {
		fprintf(out, "%s%s", between, prefix_format(prefix, address));
		between = ", ";
	}
	fclose(out);
	return text;
}

struct list words_hosts(const struct fault_record *fault)
{
	struct list lines = {0};

	LIST_EACH(fault->nodes, struct fault_node, node)
		LIST_EACH(node->hosts, struct host_evidence, host) {
			char *text = addresses(host);

			words_add(&lines, "%s on %s: %s%s%s", host->host, node->node, text,
				host->trouble ? "; the last time it was looked up: " : "",
				host->trouble ? host->trouble : "");
			free(text);
		}
	return lines;
}

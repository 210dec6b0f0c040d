/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "controller/report/html_parts.h"

/*
 * What the page holds, from the page itself: a section that a run does not have is not in it. Text
 * from outside can't look like a section, for its brackets are escaped.
 */
#define SECTION "<section id=\""
#define HEADING "\"><h2>"
#define HEADING_END "</h2>"

void html_contents(FILE *out, const char *page)
{
	fputs("<nav aria-label=\"Contents\"><ul>\n", out);
	while ((page = strstr(page, SECTION))) {
		const char *id = page + strlen(SECTION), *title = strstr(id, HEADING), *end;

		page = id;
		end = title ? strstr(title, HEADING_END) : NULL;
		if (!end || memchr(id, '\n', (size_t)(end - id)))
			continue;
		fprintf(out, "<li><a href=\"#%.*s\">%.*s</a></li>\n", (int)(title - id), id,
			(int)(end - title - (long)strlen(HEADING)), title + strlen(HEADING));
	}
	fputs("</ul></nav>\n", out);
}

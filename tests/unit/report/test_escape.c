/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../controller/given.h"
#include "controller/report/escape.h"

static void escapes(void (*escape)(FILE *out, const char *text), const char *from, const char *to)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	escape(out, from);
	fclose(out);
	assert_string_equal(text, to);
	free(text);
}

static void control_characters_do_not_get_through(void **state)
{
	(void)state;
	escapes(escape_plain, "a\nb\tc\rd", "a b c d");
	/* A terminal escape has lost what makes it one; C1 controls are two bytes. */
	escapes(escape_plain, "\x1b[31mred\x1b]0;title\x07", "[31mred]0;title");
	escapes(escape_plain,
		"a\xc2\x9b"
		"31mb\x7f",
		"a31mb");
	/* Line separators of Unicode break lines too. */
	escapes(escape_plain,
		"a\xe2\x80\xa8"
		"b",
		"a b");
}

static void what_is_no_utf8_becomes_a_mark(void **state)
{
	static const char reordering[] = {'a', (char)0xe2, (char)0x80, (char)0xae, 'b', '\0'};

	(void)state;
	escapes(escape_plain, "caf\xc3\xa9 \xf0\x9f\x94\xa5 \xe2\x89\xa4",
		"caf\xc3\xa9 \xf0\x9f\x94\xa5 \xe2\x89\xa4");
	escapes(escape_plain,
		"a\xff"
		"b\xc3",
		"a\xef\xbf\xbd"
		"b\xef\xbf\xbd");
	/* overlong, surrogate, beyond Unicode, non-character */
	escapes(escape_plain, "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
	escapes(escape_plain, "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	escapes(escape_plain, "\xf4\x90\x80\x80",
		"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	escapes(escape_plain, "\xef\xbf\xbe", "\xef\xbf\xbd");
	/* U+202E, with which a text is shown in another order than it is written in */
	escapes(escape_plain, reordering,
		"a\xef\xbf\xbd"
		"b");
}

static void markup_has_no_meaning_left(void **state)
{
	(void)state;
	escapes(escape_markup, "<script>alert('x')</script>",
		"&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
	escapes(escape_markup, "\" onload=\"x\" & ]]>", "&quot; onload=&quot;x&quot; &amp; ]]&gt;");
	escapes(escape_markup,
		"a\x01\x1b\x0b"
		"b",
		"ab");
}

static void markdown_has_no_meaning_left(void **state)
{
	(void)state;
	escapes(escape_markdown, "a|b`c`<b>*d*_e_[f](g)",
		"a\\|b\\`c\\`&lt;b&gt;\\*d\\*\\_e\\_\\[f\\](g)");
	escapes(escape_markdown, "x\n## y\\", "x \\#\\# y\\\\");
	/* Somebody called @all is not notified of each run. */
	escapes(escape_markdown, "@all",
		"@\xe2\x80\x8b"
		"all");
	/* No address is a link by itself, and no number an issue. */
	escapes(escape_markdown, "http://a.example, www.b.example: x",
		"http\\://a.example, www\\.b.example: x");
	escapes(escape_markdown, "see #12, #x",
		"see \\#\xe2\x80\x8b"
		"12, \\#x");
	/* Nothing begins a list, a rule, a heading or code; within a line it may stand. */
	escapes(escape_markdown, "- a - b", "\\- a - b");
	escapes(escape_markdown, "+1", "\\+1");
	escapes(escape_markdown, "===", "\\===");
	escapes(escape_markdown, "12. a 3. b", "12\\. a 3. b");
	escapes(escape_markdown, "1) a", "1\\) a");
	escapes(escape_markdown, "    a", "a");
}

static void workflow_commands_have_no_meaning_left(void **state)
{
	(void)state;
	escapes(escape_message, "50 % bad\n::error::x", "50 %25 bad ::error::x");
	escapes(escape_property, "a,b:c%\r\nd", "a%2Cb%3Ac%25  d");
}

static void only_web_addresses_are_links(void **state)
{
	static const char *const good[] = {
		"https://wiki.example/a?b=c&d=e#f", "http://x", "HTTPS://x/(y)"};
	static const char *const bad[] = {"javascript:alert(1)", "data:text/html,x", "//x",
		"file:///x", "https://x/ y", "https://x/\"", "https://x/<", "https://x\n", "",
		"https://\xc3\xa9"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(escape_is_link(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(escape_is_link(bad[i]));
}

static void an_element_closes_what_it_opens(void **state)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	assert_non_null(out);
	element(out, "td class=\"x\"", "%s & %d", "<a>", 1);
	fclose(out);
	assert_string_equal(text, "<td class=\"x\">&lt;a&gt; &amp; 1</td>\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_do_not_get_through),
		cmocka_unit_test(what_is_no_utf8_becomes_a_mark),
		cmocka_unit_test(markup_has_no_meaning_left),
		cmocka_unit_test(markdown_has_no_meaning_left),
		cmocka_unit_test(workflow_commands_have_no_meaning_left),
		cmocka_unit_test(only_web_addresses_are_links),
		cmocka_unit_test(an_element_closes_what_it_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

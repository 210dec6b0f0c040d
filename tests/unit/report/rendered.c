/* SPDX-License-Identifier: Apache-2.0 */
#include "rendered.h"

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	NO_PROGRAM = 127 /* posix_spawn may tell of it through its child */
};

/* An unlinked file, read from its beginning. */
static int file_with(const char *text)
{
	char path[] = "/tmp/backburn-rendered-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static char *whole(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text;

	assert_true(size >= 0);
	text = malloc((size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	text[size] = '\0';
	return text;
}

/* Exit status, or NO_PROGRAM. */
static int run(char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t actions;
	int status, error;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		return NO_PROGRAM;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

char *rendered(const char *markdown)
{
	/* "unsafe": GitHub lets some tags through, <details> among them. */
	char *argv[] = {(char *)"cmark-gfm", (char *)"--unsafe", (char *)"-e", (char *)"table",
		(char *)"-e", (char *)"autolink", (char *)"-e", (char *)"strikethrough",
		(char *)"-e", (char *)"tasklist", NULL};
	int in = file_with(markdown), out = file_with(""), code = run(argv, in, out);
	char *html = NULL;

	if (code != NO_PROGRAM) {
		assert_int_equal(code, 0);
		html = whole(out);
	}
	close(in);
	close(out);
	return html;
}

const char *const hostile_texts[] = {"- x", "+ x", "1. x", "27) x", "# x", "===", "---", "***",
	"    x", "> x", "| a | b |", "a | b", "`x`", "```", "~~~", "*x*", "__x__", "~~x~~",
	"[x](http://evil.example)", "[x]: http://evil.example", "![x](y)", "[ ] x", "[x] y",
	"<img src=x>", "<script>x</script>", "</details>", "<!-- x", "<http://evil.example>",
	"http://evil.example/x", "HTTPS://EVIL.EXAMPLE", "www.evil.example", "WWW.evil.example",
	"a www.evil.example", "(www.evil.example)", "ftp://evil.example", "x@evil.example",
	"mailto:x@evil.example", "xmpp:x@evil.example/y", "&lt;b&gt;", "&#42;x&#42;", "x\\", "\\",
	"\\*x*", "x\n\n# y", "x\r\n- y", "x  \ny", "\xe2\x80\xa8- x", "@all", "#12", "$x$",
	":smile:", NULL};

/* A tag's name, its bracket included: "</td" */
static size_t tag_length(const char *tag)
{
	return 1 +
		strspn(tag + 1,
			"/!-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
}

static bool is_ours(const char *tag, const char *const *links)
{
	static const char *const names[] = {"h2", "h3", "p", "ul", "li", "table", "thead", "tbody",
		"tr", "th", "td", "strong", "em", "details", "summary", "blockquote", "br"};
	const char *name = tag + 1 + (tag[1] == '/');
	size_t length = tag_length(tag) - (size_t)(name - tag);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length && strncmp(name, names[i], length) == 0)
			return true;
	if (strncmp(tag, "</a>", 4) == 0)
		return true;
	for (; links && *links; links++)
		if (strncmp(tag, "<a href=\"", 9) == 0 &&
			strncmp(tag + 9, *links, strlen(*links)) == 0 &&
			tag[9 + strlen(*links)] == '"')
			return true;
	return false;
}

void assert_tags_are_ours(const char *html, const char *const *links)
{
	for (const char *tag = strchr(html, '<'); tag; tag = strchr(tag + 1, '<'))
		if (!is_ours(tag, links))
			fail_msg("%.60s in\n%s", tag, html);
}

size_t assert_tables_are_whole(const char *html)
{
	size_t tables = 0, wanted = 0, cells = 0;

	for (const char *tag = strchr(html, '<'); tag; tag = strchr(tag + 1, '<')) {
		if (strncmp(tag, "<table>", 7) == 0) {
			tables++;
			wanted = 0;
		} else if (strncmp(tag, "<tr>", 4) == 0) {
			cells = 0;
		} else if (strncmp(tag, "<th", 3) == 0 && tag[3] != 'e') {
			wanted++;
		} else if (strncmp(tag, "<td", 3) == 0) {
			cells++;
		} else if (strncmp(tag, "</tr>", 5) == 0 && cells && cells != wanted) {
			fail_msg("%zu cells, not %zu, in a row that ends at %.200s", cells, wanted,
				tag);
		}
	}
	/* A table that was not understood is text. */
	assert_null(strstr(html, "|--"));
	return tables;
}

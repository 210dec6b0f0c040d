/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/languages.h"

#include <errno.h>
#include <setjmp.h>
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

#include "tests/netns/readers.h"

enum {
	NOT_HERE = 127,
	PATH_BYTES = 512
};
#define FOLDER "tests/netns/languages/"
#define FOR_ANY_LIBRARY "-O2", "-pthread", "-D_GNU_SOURCE", "-I."

static const struct language {
	const char *name, *source;
	/* `-o PROGRAM SOURCE` follows the one, SOURCE and the page's path the other. */
	const char *compile[READER_ARGUMENTS_MAX], *run[READER_ARGUMENTS_MAX];
} languages[] = {
	[LANGUAGE_C] = {"C with glibc", "reader.c", .compile = {"gcc", FOR_ANY_LIBRARY}},
	[LANGUAGE_C_STATIC] = {"C with glibc, static", "reader.c",
		.compile = {"gcc", FOR_ANY_LIBRARY, "-static"}},
	[LANGUAGE_C_MUSL] = {"C with musl, static", "reader.c",
		.compile = {"musl-gcc", FOR_ANY_LIBRARY, "-static"}},
	[LANGUAGE_GO] = {"Go", "reader.go", .compile = {"go", "build"}},
	/* A JRE compiles a single source in memory. */
	[LANGUAGE_JAVA] = {"Java", "Reader.java", .run = {"java", "-Xmx64m"}},
	[LANGUAGE_JAVASCRIPT] = {"JavaScript", "reader.js", .run = {"node"}},
	[LANGUAGE_PYTHON] = {"Python", "reader.py", .run = {"python3"}},
	[LANGUAGE_PERL] = {"Perl", "reader.pl", .run = {"perl"}},
};
_Static_assert(sizeof(languages) / sizeof(languages[0]) == LANGUAGES, "each has a row");

const char *language_name(enum language_id id)
{
	return languages[id].name;
}

static const char *home_of_sources(void)
{
	const char *source = getenv("BACKBURN_SOURCE");

	return source ? source : ".";
}

/* Go's own places, which stay from run to run; without a C library. */
static void set_places(void)
{
	const char *build = getenv("BACKBURN_BUILD");
	char places[PATH_BYTES];

	snprintf(places, sizeof(places), "%s/tests/netns/go", build ? build : ".");
	setenv("GOPATH", places, 1);
	setenv("GOCACHE", places, 1);
	setenv("CGO_ENABLED", "0", 1);
}

/* False when there is no such compiler. */
static bool compile(const struct language *language, const char *program)
{
	const char *arguments[READER_ARGUMENTS_MAX + 4] = {0};
	char source[PATH_BYTES];
	size_t count = 0;
	pid_t child;
	int status;

	for (; count < READER_ARGUMENTS_MAX && language->compile[count]; count++)
		arguments[count] = language->compile[count];
	snprintf(source, sizeof(source), FOLDER "%s", language->source);
	arguments[count++] = "-o";
	arguments[count++] = program;
	arguments[count] = source;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		set_places();
		if (chdir(home_of_sources()) < 0)
			_exit(126);
		execvp(arguments[0], (char *const *)arguments);
		_exit(errno == ENOENT ? NOT_HERE : 126);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == NOT_HERE);
	return WEXITSTATUS(status) == 0;
}

const struct reader *language_start(enum language_id id, struct readers *readers)
{
	const struct language *language = &languages[id];
	const char *arguments[READER_ARGUMENTS_MAX] = {0};
	const struct reader *reader;
	char path[PATH_BYTES];
	size_t count = 0;

	if (!language->compile[0]) {
		for (; language->run[count]; count++)
			arguments[count] = language->run[count];
		snprintf(
			path, sizeof(path), "%s/" FOLDER "%s", home_of_sources(), language->source);
		arguments[count] = path;
		return readers_start_program(readers, arguments);
	}
	snprintf(path, sizeof(path), "%s/program", readers->dir);
	if (!compile(language, path))
		return NULL;
	arguments[0] = path;
	reader = readers_start_program(readers, arguments);
	assert_non_null(reader);
	unlink(path);
	return reader;
}

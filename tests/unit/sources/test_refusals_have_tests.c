/* SPDX-License-Identifier: Apache-2.0 */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "c_source.h"

/*
 * Each sentence with which a file, a plan or a run is refused stands, word for word, in a test. The
 * sentences are read off the calls that say them; what a call puts in (%s, %d) may be anything.
 */

/* Who says them, and which argument is the sentence. */
static const struct {
	const char *call;
	size_t sentence;
} sayers[] = {{"fail_set", 2}, {"fail_at", 2}, {"engine_stop", 3}};

/* Where. What is said of other processes' defects, of the system's and of ours is left out. */
static const char *const rooms[] = {"contract", "controller/commands", "controller/engine",
	"controller/files", "controller/lab", "controller/plan", "controller/run",
	"controller/texts", "injector/policy.c"};
static const char *const kinds_left_out[] = {"FAIL_PEER", "FAIL_SYSTEM", "FAIL_INTERNAL"};

/* What no test can bring about. */
static const struct {
	const char *sentence, *why;
} unreachable[] = {
	{"cgroup v2 is not mounted on this machine",
		"it would have to be unmounted for the whole machine"},
	{"the path of cgroup v2 is too long",
		"cgroup v2 would have to be mounted at a path of more than 4,000 characters"},
};

enum {
	OWN_LETTERS_MIN = 8, /* "%s: %s" carries words that another place says */
	SENTENCES_MIN = 200,
	DESCRIPTORS = 16
};

/* --- files --------------------------------------------------------------------------------- */

static struct list files; /* of char *; nftw() has no context */

static int add_source(const char *path, const struct stat *status, int type, struct FTW *where)
{
	const char *ending = strrchr(path, '.');

	(void)status;
	(void)where;
	if (type == FTW_F && ending && (strcmp(ending, ".c") == 0 || strcmp(ending, ".h") == 0))
		list_push_text(&files, path);
	return 0;
}

static struct list sources_in(const char *folder)
{
	char *path = NULL;

	files = (struct list){0};
	assert_true(asprintf(&path, "%s/%s", getenv("BACKBURN_SOURCE"), folder) > 0);
	assert_int_equal(nftw(path, add_source, DESCRIPTORS, FTW_PHYS), 0);
	free(path);
	return files;
}

/* --- what tests say ------------------------------------------------------------------------- */

static struct list said; /* of char *: the literals of all tests */

static int read_tests(void **state)
{
	struct list tests = sources_in("tests");

	(void)state;
	LIST_EACH(tests, char *, path) {
		struct list tokens;

		/* This file's own words are no test of them. */
		if (strstr(*path, "tests/unit/sources/"))
			continue;
		tokens = c_source_read(*path);
		LIST_EACH(tokens, struct c_token, token)
			if (token->kind == C_LITERAL)
				list_push_text(&said, token->text);
		c_source_free(&tokens);
	}
	list_free_texts(&tests);
	return said.count ? 0 : -1;
}

static int forget_tests(void **state)
{
	(void)state;
	list_free_texts(&said);
	return 0;
}

/* The length of a conversion at the beginning ("%-5.20lld"), 0 where there is none. */
static size_t conversion(const char *format)
{
	size_t length;

	if (format[0] != '%' || format[1] == '%')
		return 0;
	length = 1 + strspn(format + 1, "-+ #0123456789.*hljz");
	return length + (format[length] != '\0');
}

/* Takes the next stretch of fixed text off a format; false at its end. */
static bool next_piece(const char **format, char *piece, size_t size)
{
	size_t length = 0;

	while (conversion(*format))
		*format += conversion(*format);
	while (**format && !conversion(*format)) {
		assert_true(length + 1 < size);
		*format += (*format)[0] == '%';
		piece[length++] = *(*format)++;
	}
	piece[length] = '\0';
	return length > 0;
}

/* All fixed stretches stand in the text, in their order. */
static bool says(const char *text, const char *format)
{
	char piece[1024];

	while (next_piece(&format, piece, sizeof(piece))) {
		text = strstr(text, piece);
		if (!text)
			return false;
		text += strlen(piece);
	}
	return true;
}

static bool is_tested(const char *sentence)
{
	LIST_EACH(said, char *, text)
		if (says(*text, sentence))
			return true;
	return false;
}

static size_t own_letters(const char *format)
{
	char piece[1024];
	size_t count = 0;

	while (next_piece(&format, piece, sizeof(piece)))
		for (const char *c = piece; *c; c++)
			count += (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
	return count;
}

static bool is_unreachable(const char *sentence)
{
	for (size_t i = 0; i < sizeof(unreachable) / sizeof(unreachable[0]); i++)
		if (strcmp(unreachable[i].sentence, sentence) == 0)
			return true;
	return false;
}

/* --- what the sources say ------------------------------------------------------------------- */

static bool is_left_out(const struct list *tokens, const struct c_argument *argument)
{
	for (size_t i = argument->first; i < argument->end; i++)
		for (size_t k = 0; k < sizeof(kinds_left_out) / sizeof(kinds_left_out[0]); k++)
			if (strcmp(LIST_AT(*tokens, struct c_token, i)->text, kinds_left_out[k]) ==
				0)
				return true;
	return false;
}

struct tally {
	size_t sentences, untested;
};

static void look_at_words(const char *path, const struct c_token *token, struct tally *tally)
{
	if (token->kind != C_LITERAL || own_letters(token->text) < OWN_LETTERS_MIN)
		return;
	tally->sentences++;
	if (is_unreachable(token->text) || is_tested(token->text))
		return;
	tally->untested++;
	print_error("%s:%d: no test has \"%s\"\n", path, token->line, token->text);
}

static void look_at_call(
	const char *path, const struct list *tokens, size_t at, size_t number, struct tally *tally)
{
	struct c_argument kind, words;

	if (!c_argument(tokens, at, 1, &kind) || is_left_out(tokens, &kind))
		return;
	/* What is put in, too: it may be a sentence chosen from two. */
	for (; c_argument(tokens, at, number, &words); number++)
		for (size_t i = words.first; i < words.end; i++)
			look_at_words(path, LIST_AT(*tokens, struct c_token, i), tally);
}

static void look_at_file(const char *path, struct tally *tally)
{
	struct list tokens = c_source_read(path);

	for (size_t i = 0; i < tokens.count; i++)
		for (size_t s = 0; s < sizeof(sayers) / sizeof(sayers[0]); s++)
			if (strcmp(LIST_AT(tokens, struct c_token, i)->text, sayers[s].call) == 0)
				look_at_call(path, &tokens, i, sayers[s].sentence, tally);
	c_source_free(&tokens);
}

static void every_refusal_has_a_test(void **state)
{
	struct tally tally = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		struct list sources = sources_in(rooms[i]);

		LIST_EACH(sources, char *, path)
			look_at_file(*path, &tally);
		list_free_texts(&sources);
	}
	if (tally.untested)
		fail_msg("%zu of %zu sentences have no test", tally.untested, tally.sentences);
	/* Else it would be blind to how they are said now. */
	assert_true(tally.sentences >= SENTENCES_MIN);
}

/* The test can fail: a sentence is found by all of its words only. */
static void a_part_of_a_sentence_is_none(void **state)
{
	(void)state;
	assert_true(
		says("x.json:3: a lab has 2 nodes, not 100 %", "a lab has %zu nodes, not %d %%"));
	assert_false(says("a lab has 2 nodes", "a lab has %zu nodes, not %d"));
	assert_false(says("not 2, a lab has 3 nodes", "a lab has %zu nodes, not %d"));
	assert_false(is_tested("this sentence is said by nobody, %s"));
	assert_int_equal(own_letters("%.900s: %lld %% of %s"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_refusal_has_a_test),
		cmocka_unit_test(a_part_of_a_sentence_is_none),
	};

	return cmocka_run_group_tests(tests, read_tests, forget_tests);
}

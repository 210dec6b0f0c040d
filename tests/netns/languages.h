/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_LANGUAGES_H
#define BACKBURN_TESTS_LANGUAGES_H

struct reader;
struct readers;

/*
 * Readers in other languages (languages/): each asks for the wall clock and for the steady one as a
 * program in it does, checks sums meanwhile, and writes all of it into its page. Everything
 * asserts.
 */
enum language_id {
	LANGUAGE_C,
	LANGUAGE_C_STATIC,
	LANGUAGE_C_MUSL,
	LANGUAGE_GO,
	LANGUAGE_JAVA,
	LANGUAGE_JAVASCRIPT,
	LANGUAGE_PYTHON,
	LANGUAGE_PERL,
	LANGUAGES
};

const char *language_name(enum language_id id);
/* Compiles it where that is needed. NULL: what compiles or runs it is not installed here. */
const struct reader *language_start(enum language_id id, struct readers *readers);

#endif

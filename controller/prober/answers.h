/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_ANSWERS_H
#define BACKBURN_PROBER_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/prober/ranges.h"
#include "controller/prober/text.h"

/*
 * What workload clients print, a line for each operation:
 *
 *	add ID  →  ok ID | fail ID reason | unknown ID reason
 *	read    →  ok ID ID … | fail reason
 */
enum answer_kind {
	ANSWER_OK,
	ANSWER_FAIL,    /* certainly did not happen */
	ANSWER_UNKNOWN, /* may have happened */
};

struct answer {
	enum answer_kind kind;
	int64_t id;         /* ≥ 1 */
	const char *reason; /* points into the line; "" when there is none */
};

/* The answer to an `add`; -1 for a line that is none. */
int answer_parse(const char *line, struct answer *out);

/* Answers to `read` may be many MiB long: they are taken in as they come, and never stored. */
#define READ_ANSWER_MAX ((size_t)64 * 1024 * 1024)

enum read_state {
	READ_WORD,   /* at the beginning of a line */
	READ_NOISE,  /* in a line that is no answer: skipped up to its end */
	READ_IDS,    /* behind "ok" */
	READ_REASON, /* behind "fail" */
	READ_OK,     /* final: `present` is complete (ranges_tidy() not called yet) */
	READ_FAILED, /* final: `reason` says why */
};

struct read_parser {
	enum read_state state;
	struct ranges present;
	int64_t id; /* of which digits have been read; 0: none yet */
	size_t taken;
	char word[8];
	size_t word_length;
	size_t reason_length;
	char reason[TEXT_ERROR_SIZE];
};

/* Zeroed memory is a parser at its beginning. */
void read_parser_deinit(struct read_parser *parser);

/* Takes bytes in; true once the state is final. Whatever comes after that is ignored. */
bool read_parser_feed(struct read_parser *parser, const char *bytes, size_t count);

#endif

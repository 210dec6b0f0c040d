/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_FAIL_H
#define BACKBURN_FAIL_H

#include <stdarg.h>

/*
 * One error, carried up by value. Functions that can fail return 0 or -1 and take a
 * `struct fail *` last; it is written only on failure. The first failure is set with
 * fail_set() or fail_errno(); each layer on the way up may add what it was doing with
 * fail_context(), so that the finished text reads like a path from the outside in.
 *
 * All of them return -1, so that a failing line can be `return fail_set(...)`.
 */
enum fail_kind {
	FAIL_NONE = 0,
	FAIL_USAGE,       /* the request itself makes no sense */
	FAIL_BAD_FILE,    /* a file that people wrote is wrong; `path` names the place in it */
	FAIL_REFUSED,     /* valid, but not allowed or not possible here: policy, limits, targets */
	FAIL_UNSUPPORTED, /* this version or this kernel can't; the text gives the reason */
	FAIL_BUSY,        /* somebody else holds the lock; the text names the holder */
	FAIL_PEER,        /* the other side of a pipe broke the contract or went away */
	FAIL_SYSTEM,      /* the operating system said no; `error` is the errno */
	FAIL_INTERNAL,    /* a defect of ours */
	FAIL_KINDS
};

enum {
	FAIL_PATH_MAX = 256,
	FAIL_TEXT_MAX = 1024
};

struct fail {
	enum fail_kind kind;
	int error;                /* errno, 0 where there is none */
	int line;                 /* 1-based line in the file, 0 when not known (yet) */
	char path[FAIL_PATH_MAX]; /* JSON path inside the file, e.g. phases[1].faults[0].on */
	char text[FAIL_TEXT_MAX];
};

#define FAIL_INIT ((struct fail){.kind = FAIL_NONE})

int fail_set(struct fail *fail, enum fail_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* `error` may be positive or negative; the text gets ": " and its description appended. */
int fail_errno(struct fail *fail, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A wrong place in a file: FAIL_BAD_FILE with its path. */
int fail_at(struct fail *fail, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the text. */
int fail_context(struct fail *fail, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The stable lower-case word for a kind ("refused"), as the wire and the journal use it. */
const char *fail_kind_word(enum fail_kind kind);

/*
 * The kind for a word; FAIL_INTERNAL for a word that nobody defined, and for "none": a peer that
 * reports an error must not be able to say that there was none.
 */
enum fail_kind fail_kind_of_word(const char *word);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_CHECKS_H
#define BACKBURN_CHAOS_CHECKS_H

#include <stdbool.h>

/* What is asserted after each run, each under its own name. */
#define CHAOS_CHECKS(CHECK)                                                                        \
	CHECK(LAB_UP, "lab-up", "the lab comes up, or says why not and leaves nothing")            \
	CHECK(ENDED, "ended", "the run and all of its injectors end by themselves")                \
	CHECK(LEASE, "lease", "no packet is dropped after the fault's deadline or its lease")      \
	CHECK(PROMPT, "prompt", "injectors of a dead controller end before their lease does")      \
	CHECK(UNTOUCHED, "untouched", "nothing is left where only the controller died")            \
	CHECK(TRAFFIC, "traffic", "packets pass between all nodes afterwards")                     \
	CHECK(RECOVERY, "recovery", "backburn heal ends with 0")                                   \
	CHECK(STATE, "state", "every node's state is as before")                                   \
	CHECK(LEFTOVERS, "leftovers", "no process, ledger or lock is left")                        \
	CHECK(PROGRAMS, "programs", "no program and no map is left in the kernel")                 \
	CHECK(CODE, "code", "the exit code is the right one")                                      \
	CHECK(JOURNAL, "journal", "every line of the journal but the last is whole")               \
	CHECK(REPORT, "report", "the journal can be read, and the reports are there")              \
	CHECK(CLAIMS, "claims", "no claim is HELD about what did not happen")                      \
	CHECK(EFFECT, "effect", "what is said to be hit was hit, and the other way round")         \
	CHECK(REVERT, "revert", "nothing is called clean that is not")                             \
	CHECK(BUSY, "busy", "who comes second is told that somebody else holds it")                \
	CHECK(LAB_DOWN, "lab-down", "the lab goes, and leaves nothing")

enum check {
#define CHECK(symbol, name, text) CHECK_##symbol,
	CHAOS_CHECKS(CHECK)
#undef CHECK
	CHECKS
};

struct check_fact {
	const char *name, *text;
};
extern const struct check_fact check_facts[CHECKS];

enum {
	FINDINGS_MAX = 16,
	FINDING_TEXT_MAX = 512
};

struct finding {
	enum check check;
	char text[FINDING_TEXT_MAX];
};

struct findings {
	struct finding items[FINDINGS_MAX];
	int count;
	unsigned asserted[CHECKS]; /* how often */
};

/* Counts the assertion, and keeps the text when it does not hold. Returns `holds`. */
bool check(struct findings *findings, enum check which, bool holds, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/inside.h"

#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

#include "injector/clock/tracee.h"

enum {
	STACK_WORDS =
		8192,   /* handlers deeper than 64 KiB below what they interrupted are not found */
	CALL_WORDS = 64 /* what functions of the vDSO need at most */
};

/*
 * What the kernel saves of an interrupted thread: rsp, rip, flags, and then the segments in one
 * word: cs, gs, fs and ss of 64-bit user code.
 */
#define USER_SEGMENTS UINT64_C(0x002b000000000033)
enum {
	STACK_BEFORE = 1,
	SEGMENTS_BEHIND = 2
};

static bool is_in(struct span span, uint64_t at)
{
	return at >= span.from && at < span.to;
}

static size_t read_words(const struct tracee *tracee, uint64_t from, uint64_t *words, size_t count)
{
	ssize_t got = pread(tracee->memory, words, count * sizeof(*words), (off_t)from);

	return got > 0 ? (size_t)got / sizeof(*words) : 0;
}

/* At `at`, with this stack. */
static bool is_within(const struct tracee *tracee, struct span body, struct span around,
	uint64_t at, uint64_t stack)
{
	uint64_t words[CALL_WORDS];
	size_t count;

	if (is_in(body, at))
		return true;
	if (!is_in(around, at))
		return false;
	count = read_words(tracee, stack, words, CALL_WORDS);
	for (size_t i = 0; i < count; i++)
		if (is_in(body, words[i]))
			return true;
	return false;
}

bool inside_any(const struct tracee *tracee, struct span body, struct span around)
{
	static uint64_t words[STACK_WORDS];

	LIST_EACH(tracee->threads, const struct tracee_thread, thread) {
		size_t count;

		if (is_within(tracee, body, around, thread->at, thread->stack))
			return true;
		count = read_words(tracee, thread->stack, words, STACK_WORDS);
		for (size_t i = STACK_BEFORE; i + SEGMENTS_BEHIND < count; i++)
			if (words[i + SEGMENTS_BEHIND] == USER_SEGMENTS &&
				is_within(tracee, body, around, words[i], words[i - STACK_BEFORE]))
				return true;
	}
	return false;
}

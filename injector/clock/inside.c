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
 * What the kernel saves of an interrupted thread, in words before and behind its rip (struct
 * rt_sigframe): uc_flags, uc_link, the alternate stack that it had (address, flags, size), fifteen
 * registers, rsp, rip, flags, and then the segments in one word: cs, gs, fs and ss of 64-bit code.
 */
#define USER_SEGMENTS UINT64_C(0x002b000000000033)
#define UC_FLAGS_KNOWN UINT64_C(7)
enum {
	FLAGS_BEFORE = 21,
	LINK_BEFORE = 20,
	OTHER_STACK_BEFORE = 19,
	OTHER_SIZE_BEFORE = 17,
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

/*
 * Whether a signal's frame has its rip at `rip`, and its handler may still run in a thread with
 * this stack. A frame on an alternate stack, which others leave there until their next signal, can
 * only be that of a thread which is on that stack: in Go those lie beside the stacks of threads.
 */
static bool is_frame(const uint64_t *rip, uint64_t at, uint64_t stack)
{
	struct span other = {.from = rip[-OTHER_STACK_BEFORE]};

	if (rip[SEGMENTS_BEHIND] != USER_SEGMENTS || rip[-LINK_BEFORE] ||
		rip[-FLAGS_BEFORE] & ~UC_FLAGS_KNOWN)
		return false;
	other.to = other.from + rip[-OTHER_SIZE_BEFORE];
	return !is_in(other, at) || is_in(other, stack);
}

bool inside_any(const struct tracee *tracee, struct span body, struct span around)
{
	static uint64_t words[STACK_WORDS];

	LIST_EACH(tracee->threads, const struct tracee_thread, thread) {
		uint64_t stack = thread->stack;
		size_t count;

		if (is_within(tracee, body, around, thread->at, stack))
			return true;
		count = read_words(tracee, stack, words, STACK_WORDS);
		for (size_t i = FLAGS_BEFORE; i + SEGMENTS_BEHIND < count; i++)
			if (is_frame(words + i, stack + i * sizeof(*words), stack) &&
				is_within(tracee, body, around, words[i], words[i - STACK_BEFORE]))
				return true;
	}
	return false;
}

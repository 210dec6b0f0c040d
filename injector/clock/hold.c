/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/hold.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A link and its page lie one behind the other, so that one distance holds for all of them. */
enum {
	HOLDS_MAX = 512,
	STRIDE = 2 * CLOCK_PAGE_BYTES
};

static struct {
	struct robust_list_head head;
	uint8_t *places; /* NULL: nothing was held yet */
	bool used[HOLDS_MAX];
} held;

static struct robust_list *link_at(size_t index)
{
	return (void *)(held.places + index * STRIDE);
}

static struct clock_control *page_at(size_t index)
{
	return (void *)(held.places + index * STRIDE + CLOCK_PAGE_BYTES);
}

static int begin(struct fail *fail)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	const size_t size = (size_t)HOLDS_MAX * STRIDE;
	/* cppcheck-suppress invalidFunctionArg ; so "no file" is said */
	void *places = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (places == MAP_FAILED)
		return fail_errno(fail, errno, "memory for control pages");
	/* What a child of this process does with it is nobody's business. */
	madvise(places, size, MADV_DONTFORK);
	held.head.list.next = &held.head.list;
	held.head.futex_offset = CLOCK_PAGE_BYTES + offsetof(struct clock_control, owner);
	if (syscall(SYS_set_robust_list, &held.head, sizeof(held.head)) < 0) {
		fail_errno(fail, errno, "set_robust_list");
		munmap(places, size);
		return -1;
	}
	held.places = places;
	return 0;
}

static void chain(size_t index)
{
	struct robust_list *link = link_at(index);

	link->next = held.head.list.next;
	__atomic_store_n(&held.head.list.next, link, __ATOMIC_RELEASE);
}

static void unchain(size_t index)
{
	struct robust_list *before = &held.head.list, *link = link_at(index);

	while (before->next != link)
		before = before->next;
	__atomic_store_n(&before->next, link->next, __ATOMIC_RELEASE);
}

int hold_page(int file, struct clock_control **out, struct fail *fail)
{
	size_t index = 0;
	void *page;

	if (!held.places && begin(fail) < 0)
		return -1;
	while (index < HOLDS_MAX && held.used[index])
		index++;
	if (index == HOLDS_MAX)
		return fail_set(fail, FAIL_REFUSED,
			"%d processes with a skewed clock at once are the most", HOLDS_MAX);
	page = mmap(page_at(index), CLOCK_PAGE_BYTES, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED, file, 0);
	if (page == MAP_FAILED)
		return fail_errno(fail, errno, "its control page");
	madvise(page, CLOCK_PAGE_BYTES, MADV_DONTFORK);
	held.used[index] = true;
	chain(index);
	*out = page;
	__atomic_store_n(&(*out)->owner, (uint32_t)gettid(), __ATOMIC_RELEASE);
	return 0;
}

void hold_drop(struct clock_control *control)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
	size_t index = (size_t)((uint8_t *)control - held.places) / STRIDE;

	__atomic_store_n(&control->owner, 0, __ATOMIC_RELEASE);
	unchain(index);
	/* The place stays ours: whatever else is mapped must not come to lie there. */
	/* cppcheck-suppress [invalidFunctionArg,leakReturnValNotUsed] */
	if (mmap(control, CLOCK_PAGE_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0) == control)
		held.used[index] = false;
}

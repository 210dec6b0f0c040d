/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/clock/hold.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A link and its pages lie one behind the other, so that one distance holds for all of them. */
enum {
	HOLDS_MAX = 512,
	SHARED_BYTES = 2 * CLOCK_PAGE_BYTES, /* control and counts */
	STRIDE = CLOCK_PAGE_BYTES + SHARED_BYTES,
	PLACES_BYTES = HOLDS_MAX * STRIDE
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

/* Memory of our own, in the place of what lies there; the place stays ours all the time. */
static bool take_back(void *at, size_t bytes)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

	/* cppcheck-suppress invalidFunctionArg ; so "no file" is said */
	const void *got = mmap(at, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);

	/* cppcheck-suppress memleak ; it lies where it is to */
	return got != MAP_FAILED;
}

/*
 * Who may open what it has mapped (/proc/PID/map_files) can also shorten it. No seal can be put on
 * such memory, so what is cut off is told by a signal, at the store that misses it.
 */
static void on_cut_off(int number, siginfo_t *info, void *unused)
{
	uintptr_t at = (uintptr_t)info->si_addr & ~(uintptr_t)(CLOCK_PAGE_BYTES - 1);
	int error = errno;

	(void)unused;
	if (info->si_code != BUS_ADRERR || at - (uintptr_t)held.places >= PLACES_BYTES ||
		!take_back((void *)at, CLOCK_PAGE_BYTES)) {
		signal(number, SIG_DFL);
		raise(number);
	}
	errno = error;
}

static int begin(struct fail *fail)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	struct sigaction guard = {.sa_sigaction = on_cut_off, .sa_flags = SA_SIGINFO | SA_RESTART};
	/* cppcheck-suppress invalidFunctionArg ; so "no file" is said */
	void *places = mmap(NULL, PLACES_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (places == MAP_FAILED)
		return fail_errno(fail, errno, "memory for control pages");
	/* What a child of this process does with it is nobody's business. */
	madvise(places, PLACES_BYTES, MADV_DONTFORK);
	held.head.list.next = &held.head.list;
	held.head.futex_offset = CLOCK_PAGE_BYTES + offsetof(struct clock_control, owner);
	if (syscall(SYS_set_robust_list, &held.head, sizeof(held.head)) < 0) {
		fail_errno(fail, errno, "set_robust_list");
		munmap(places, PLACES_BYTES);
		return -1;
	}
	sigaction(SIGBUS, &guard, NULL);
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
	page = mmap(page_at(index), SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		file, 0);
	if (page == MAP_FAILED)
		return fail_errno(fail, errno, "its control page");
	madvise(page, SHARED_BYTES, MADV_DONTFORK);
	held.used[index] = true;
	chain(index);
	*out = page;
	__atomic_store_n(&(*out)->owner, (uint32_t)gettid(), __ATOMIC_RELEASE);
	return 0;
}

struct clock_counts *hold_counts(struct clock_control *control)
{
	return (void *)((uint8_t *)control + CLOCK_PAGE_BYTES);
}

void hold_drop(struct clock_control *control)
{
	size_t index = (size_t)((uint8_t *)control - held.places) / STRIDE;

	__atomic_store_n(&control->owner, 0, __ATOMIC_RELEASE);
	unchain(index);
	if (take_back(control, SHARED_BYTES))
		held.used[index] = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_READERS_H
#define BACKBURN_TESTS_READERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Programs that read clocks all the time (clock_reader.c), and say in a page that they share with
 * the test how far what they read is from the truth. Everything asserts.
 */
enum reader_way {
	READER_REALTIME,
	READER_COARSE,
	READER_TAI,
	READER_TIMEOFDAY,
	READER_TIME,
	READER_LAST_WALL = READER_TIME,
	READER_MONOTONIC,
	READER_WAIT, /* how much longer a wait until an absolute time takes; when told to go on */
	READER_WAYS
};

/* Of Debian's package libfaketime. */
#define READER_FAKE_LIBRARY "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
#define READER_FAKE_TIME "+30s"

enum reader_kind {
	READER_PLAIN,
	READER_STATIC,   /* without a dynamic linker */
	READER_THREADS,  /* four that read, and others that come and go */
	READER_FORKS,    /* once it may go on a child reads, that it has forked */
	READER_EXECS,    /* once it may go on it runs another program */
	READER_STORM,    /* with a timer's signal a thousand times a second, and sums */
	READER_CONFINED, /* by a filter that ends it for mmap */
	READER_APART,    /* in a pid and a mount namespace of its own: a child reads */
	READER_STRANGER, /* the same, and in a user namespace of its own */
	READER_COST,     /* the time of a thousand readings stands at READER_WAIT */
	READER_CALLS,    /* the same, each a system call */
	READER_FAKED,    /* the same, through READER_FAKE_LIBRARY */
	READER_GAPS,     /* the longest time that it stood still, since it was told to go on */
	READER_HOSTILE,  /* once it may go on it writes nonsense over what it shares */
	READER_UNMAPS,   /* or takes it away from itself */
	READER_REPLACES, /* or puts a copy there that it cuts off */
	READER_CUTS,     /* or cuts it off itself */
	READER_NOBODY,   /* of another user */
	READER_KINDS
};

struct reader_page {
	/* As far as here programs in other languages write it too (languages/). */
	volatile uint64_t rounds, sums, wrong, steps_back;
	volatile int64_t wall_ns, steady_ns; /* what they read; the latter from any zero */
	/* And from here on only clock_reader.c. */
	volatile int64_t off_ns[READER_WAYS]; /* what is read, less what the kernel says */
	volatile uint64_t signals;
	volatile int32_t go_on, child;
};

struct reader {
	pid_t pid;
	struct reader_page *page;
	char path[96]; /* of its page */
};

enum {
	READERS_MAX = 8,
	READER_ARGUMENTS_MAX = 8
};
struct victims;
struct world;

struct readers {
	char dir[64];
	struct reader each[READERS_MAX];
	int count;
};

void readers_init(struct readers *readers);
void readers_deinit(struct readers *readers);
/* The ground of a test: two nodes, and nobody yet. Nothing of it may be left at its end. */
void readers_ground_up(struct world *world, struct victims *victims, struct readers *readers);
void readers_ground_down(struct world *world, struct victims *victims, struct readers *readers);
/* Both return when it reads. */
const struct reader *readers_start(struct readers *readers, enum reader_kind kind);
/* A program in another language; the path of its page becomes its last argument. NULL: there is no
 * such program here. */
const struct reader *readers_start_program(
	struct readers *readers, const char *const arguments[static READER_ARGUMENTS_MAX]);
void readers_end(struct readers *readers);
void readers_go_on(const struct reader *reader);
/* The child that reads in its place, or itself. */
pid_t readers_child_of(const struct reader *reader);

/* Until all that it says was read after this call. */
void readers_await_fresh(const struct reader *reader);
/* Until it reads so far from the truth, give or take `near_ns`. */
void readers_await(const struct reader *reader, int way, int64_t off_ns, int64_t near_ns);

/* /proc/PID/maps without what grows by itself; to be freed. */
char *readers_maps(pid_t pid);
bool readers_has_maps(pid_t pid, const char *expected);
void readers_assert_maps(pid_t pid, const char *expected);

#endif

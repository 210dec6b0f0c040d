/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/readers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/victims.h"
#include "tests/netns/world.h"

enum {
	WITHIN_MS = 20000,
	NOBODY = 65534,
	NOT_HERE = 127,
	MAPS_BYTES_MAX = 1 << 20
};

void readers_init(struct readers *readers)
{
	*readers = (struct readers){0};
	snprintf(readers->dir, sizeof(readers->dir), "/tmp/backburn-readers-XXXXXX");
	assert_non_null(mkdtemp(readers->dir));
}

static void forget(const struct reader *reader)
{
	munmap(reader->page, sizeof(*reader->page));
	unlink(reader->path);
}

void readers_end(struct readers *readers)
{
	for (int i = 0; i < readers->count; i++) {
		struct reader *reader = &readers->each[i];

		kill(reader->pid, SIGKILL);
		waitpid(reader->pid, NULL, 0);
		if (reader->page->child)
			kill(reader->page->child, SIGKILL);
		forget(reader);
	}
	readers->count = 0;
}

void readers_deinit(struct readers *readers)
{
	readers_end(readers);
	assert_int_equal(rmdir(readers->dir), 0);
}

void readers_ground_up(struct world *world, struct victims *victims, struct readers *readers)
{
	world_up(world, 2, "clsact");
	victims_init(victims);
	readers_init(readers);
}

void readers_ground_down(struct world *world, struct victims *victims, struct readers *readers)
{
	readers_deinit(readers);
	victims_deinit(victims);
	world_assert_unchanged(world);
	world_down(world);
}

static struct reader *prepare(struct readers *readers)
{
	struct reader *reader = &readers->each[readers->count];
	char path[sizeof(reader->path)];
	int file;

	assert_true(readers->count < READERS_MAX);
	snprintf(path, sizeof(path), "%s/%d", readers->dir, readers->count);
	memcpy(reader->path, path, sizeof(path));
	file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(file >= 0 && ftruncate(file, 4096) == 0);
	reader->page =
		mmap(NULL, sizeof(*reader->page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_true(reader->page != MAP_FAILED);
	close(file);
	readers->count++;
	return reader;
}

/* False when it ends, because it is not here. */
static bool await_rounds(const struct reader *reader)
{
	int64_t give_up = now_ns() + WITHIN_MS * INT64_C(1000000);
	int status;

	while (!reader->page->rounds) {
		if (waitpid(reader->pid, &status, WNOHANG) == reader->pid) {
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE);
			return false;
		}
		assert_true(now_ns() < give_up);
		pause_ms(1);
	}
	return true;
}

/* In a child, before it becomes a reader. */
static void let_go(void)
{
	/* An injector's input ends with the last who holds its other end. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void run(const struct reader *reader, enum reader_kind kind)
{
	const char *build = getenv("BACKBURN_BUILD");
	char program[256], number[16];

	let_go();
	if (kind == READER_NOBODY &&
		(setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0))
		_exit(126);
	if (kind == READER_FAKED) {
		setenv("LD_PRELOAD", READER_FAKE_LIBRARY, 1);
		setenv("FAKETIME", READER_FAKE_TIME, 1);
	}
	snprintf(program, sizeof(program), "%s/tests/netns/%s", build ? build : ".",
		kind == READER_STATIC ? "clock_reader_static" : "clock_reader");
	snprintf(number, sizeof(number), "%d", (int)kind);
	execl(program, program, reader->path, number, NULL);
	_exit(126);
}

const struct reader *readers_start(struct readers *readers, enum reader_kind kind)
{
	struct reader *reader = prepare(readers);

	assert_true(kind != READER_NOBODY ||
		(chown(reader->path, NOBODY, NOBODY) == 0 && chmod(readers->dir, 0711) == 0));
	reader->pid = fork();
	assert_true(reader->pid >= 0);
	if (reader->pid == 0)
		run(reader, kind);
	assert_true(await_rounds(reader));
	return reader;
}

const struct reader *readers_start_program(
	struct readers *readers, const char *const arguments[static READER_ARGUMENTS_MAX])
{
	struct reader *reader = prepare(readers);
	const char *all[READER_ARGUMENTS_MAX + 2] = {0};
	size_t count = 0;

	for (; count < READER_ARGUMENTS_MAX && arguments[count]; count++)
		all[count] = arguments[count];
	all[count] = reader->path;
	reader->pid = fork();
	assert_true(reader->pid >= 0);
	if (reader->pid == 0) {
		let_go();
		execvp(all[0], (char *const *)all);
		_exit(errno == ENOENT ? NOT_HERE : 126);
	}
	if (await_rounds(reader))
		return reader;
	forget(reader);
	readers->count--;
	return NULL;
}

void readers_go_on(const struct reader *reader)
{
	reader->page->go_on = 1;
}

pid_t readers_child_of(const struct reader *reader)
{
	return reader->page->child ? reader->page->child : reader->pid;
}

void readers_await_fresh(const struct reader *reader)
{
	int64_t give_up = now_ns() + WITHIN_MS * INT64_C(1000000);
	uint64_t rounds = reader->page->rounds;

	while (reader->page->rounds < rounds + 2) {
		assert_true(now_ns() < give_up);
		pause_ms(1);
	}
}

void readers_await(const struct reader *reader, int way, int64_t off_ns, int64_t near_ns)
{
	int64_t give_up = now_ns() + WITHIN_MS * INT64_C(1000000);

	readers_await_fresh(reader);
	while (llabs(reader->page->off_ns[way] - off_ns) > near_ns) {
		if (now_ns() >= give_up)
			fail_msg("way %d is off by %" PRId64 " ns instead of %" PRId64, way,
				reader->page->off_ns[way], off_ns);
		usleep(200);
	}
}

/* Without the first digits of what grows: a heap, stacks and arenas of the C library. */
char *readers_maps(pid_t pid)
{
	char path[64], *text = malloc(MAPS_BYTES_MAX);
	FILE *file;
	size_t used = 0;

	assert_non_null(text);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (used < MAPS_BYTES_MAX - 512 && fgets(text + used, 512, file))
		if (!strstr(text + used, "[heap]") && !strstr(text + used, "[stack]"))
			used += strlen(text + used);
	text[used] = '\0';
	fclose(file);
	return text;
}

bool readers_has_maps(pid_t pid, const char *expected)
{
	char *maps = readers_maps(pid);
	bool same = strcmp(maps, expected) == 0;

	free(maps);
	return same;
}

void readers_assert_maps(pid_t pid, const char *expected)
{
	char *maps = readers_maps(pid);

	if (strcmp(maps, expected) != 0)
		fail_msg("before:\n%s\nafter:\n%s", expected, maps);
	free(maps);
}

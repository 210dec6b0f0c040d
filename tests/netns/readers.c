/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/readers.h"

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/world.h"

enum {
	WITHIN_MS = 20000,
	NOBODY = 65534,
	MAPS_BYTES_MAX = 1 << 20
};

/* The page begins with how far the wall clock is off. The truth comes from the kernel's uptime. */
static const char python[] =
	"import mmap,struct,sys,time\n"
	"f=open(sys.argv[1],'r+b'); m=mmap.mmap(f.fileno(),4096)\n"
	"zero=time.time()-time.monotonic()\n"
	"while True:\n"
	"  m[0:8]=struct.pack('q',int((time.time()-time.monotonic()-zero)*1e9))\n"
	"  m[56:64]=struct.pack('Q',1)\n"
	"  time.sleep(0.001)\n";
static const char perl[] =
	"use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC time sleep);"
	"open(F,'+<',$ARGV[0]); my $zero=time()-clock_gettime(CLOCK_MONOTONIC);"
	"while(1){sysseek(F,0,0);"
	"syswrite(F,pack('q',int((time()-clock_gettime(CLOCK_MONOTONIC)-$zero)*1e9)));"
	"sysseek(F,56,0);syswrite(F,pack('Q',1));sleep(0.001);}";

void readers_init(struct readers *readers)
{
	*readers = (struct readers){0};
	snprintf(readers->dir, sizeof(readers->dir), "/tmp/backburn-readers-XXXXXX");
	assert_non_null(mkdtemp(readers->dir));
}

void readers_end(struct readers *readers)
{
	for (int i = 0; i < readers->count; i++) {
		struct reader *reader = &readers->each[i];

		kill(reader->pid, SIGKILL);
		waitpid(reader->pid, NULL, 0);
		if (reader->page->child)
			kill(reader->page->child, SIGKILL);
		munmap(reader->page, sizeof(*reader->page));
		unlink(reader->path);
	}
	readers->count = 0;
}

void readers_deinit(struct readers *readers)
{
	readers_end(readers);
	assert_int_equal(rmdir(readers->dir), 0);
}

static void run(const struct reader *reader, enum reader_kind kind)
{
	const char *build = getenv("BACKBURN_BUILD");
	char program[256], number[16];

	/* An injector's input ends with the last who holds its other end. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (kind == READER_NOBODY &&
		(setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0))
		_exit(126);
	if (kind == READER_PYTHON)
		execlp("python3", "python3", "-c", python, reader->path, NULL);
	if (kind == READER_PERL)
		execlp("perl", "perl", "-e", perl, reader->path, NULL);
	snprintf(program, sizeof(program), "%s/tests/netns/%s", build ? build : ".",
		kind == READER_STATIC ? "clock_reader_static" : "clock_reader");
	snprintf(number, sizeof(number), "%d", (int)kind);
	execl(program, program, reader->path, number, NULL);
	_exit(127);
}

const struct reader *readers_start(struct readers *readers, enum reader_kind kind)
{
	struct reader *reader = &readers->each[readers->count];
	int64_t give_up = now_ns() + WITHIN_MS * INT64_C(1000000);
	int file;

	assert_true(readers->count < READERS_MAX);
	snprintf(reader->path, sizeof(reader->path), "%s/%d", readers->dir, readers->count);
	file = open(reader->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(file >= 0 && ftruncate(file, 4096) == 0);
	assert_true(kind != READER_NOBODY ||
		(fchown(file, NOBODY, NOBODY) == 0 && chmod(readers->dir, 0711) == 0));
	reader->page =
		mmap(NULL, sizeof(*reader->page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_true(reader->page != MAP_FAILED);
	close(file);
	reader->pid = fork();
	assert_true(reader->pid >= 0);
	if (reader->pid == 0)
		run(reader, kind);
	readers->count++;
	while (!reader->page->rounds) {
		if (waitpid(reader->pid, NULL, WNOHANG) == reader->pid) {
			assert_true(kind == READER_PYTHON || kind == READER_PERL);
			return NULL;
		}
		assert_true(now_ns() < give_up);
		pause_ms(1);
	}
	return reader;
}

void readers_go_on(const struct reader *reader)
{
	reader->page->go_on = 1;
}

pid_t readers_child_of(const struct reader *reader)
{
	return reader->page->child ? reader->page->child : reader->pid;
}

void readers_await(const struct reader *reader, int way, int64_t off_ns, int64_t near_ns)
{
	int64_t give_up = now_ns() + WITHIN_MS * INT64_C(1000000);
	uint64_t rounds = reader->page->rounds;

	/* What is read now began after this call. */
	while (reader->page->rounds < rounds + 2 && rounds > 1 && now_ns() < give_up)
		pause_ms(1);
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

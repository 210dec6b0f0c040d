/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/netns/actors.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/netns/world.h"

enum {
	NAME_MAX_BYTES = 160
};

struct actor {
	const struct stage *stage;
	const char *call;
	int file; /* of records */
};

static void write_record(const struct actor *actor)
{
	if (write(actor->file, "record\n", 7) < 0)
		pause_ms(1);
}

static void connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0)
		(void)send(sock, "x", 1, MSG_NOSIGNAL);
	close(sock);
}

/* The `number`-th act leaves one trace in the directory or in the file of records. */
static void act(const struct actor *actor, int number)
{
	const char *dir = actor->stage->dir, *call = actor->call;
	char name[NAME_MAX_BYTES], other[NAME_MAX_BYTES];

	snprintf(name, sizeof(name), "%s/new-%d", dir, number);
	snprintf(other, sizeof(other), "%s/old-%d", dir, number);
	if (strcmp(call, "write") == 0) {
		write_record(actor);
	} else if (strcmp(call, "sync") == 0) {
		write_record(actor);
		fdatasync(actor->file);
	} else if (strcmp(call, "open") == 0) {
		close(open(other, O_TRUNC | O_WRONLY | O_CLOEXEC));
	} else if (strcmp(call, "mkdir") == 0) {
		mkdir(name, 0700);
	} else if (strcmp(call, "rename") == 0) {
		rename(other, name);
	} else if (strcmp(call, "unlink") == 0) {
		unlink(other);
	} else if (strcmp(call, "exec") == 0) {
		execl("/nowhere/sleep", "sleep", "1000", NULL);
		execl("/bin/sleep", "sleep", "1000", NULL);
	} else {
		connect_to(ACTOR_OTHER_PORT);
		connect_to(ACTOR_PORT);
		(void)write(actor->file, "record\n", 7);
	}
}

/* For this process alone. */
static int cover(const struct stage *stage)
{
	char options[3 * NAME_MAX_BYTES];

	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", stage->dir,
		stage->upper, stage->work);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	return mount("overlay", stage->dir, "overlay", 0, options);
}

static void *act_often(void *context)
{
	const struct actor *actor = context;

	for (int i = 0; i < ACTOR_ACTS; i++)
		act(actor, i);
	return NULL;
}

static void be_actor(const struct stage *stage, const char *call, int threads)
{
	struct actor actor = {.stage = stage, .call = call};
	pthread_t ids[ACTOR_THREADS];
	char path[NAME_MAX_BYTES];

	close_range(STDERR_FILENO + 1, ~0U, 0);
	if (*stage->upper && cover(stage) < 0)
		_exit(1);
	snprintf(path, sizeof(path), "%s/records", stage->dir);
	actor.file = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	stage->shared->ready = 1;
	while (!stage->shared->go)
		usleep(1000);
	for (int i = 1; i < threads; i++)
		pthread_create(&ids[i], NULL, act_often, &actor);
	act_often(&actor);
	for (int i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	stage->shared->done = 1;
	for (;;)
		pause();
}

static void empty_directory(const struct stage *stage)
{
	DIR *entries = opendir(stage->dir);
	struct dirent *entry;

	assert_non_null(entries);
	while ((entry = readdir(entries)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(entries), entry->d_name,
				entry->d_type == DT_DIR ? AT_REMOVEDIR : 0);
	closedir(entries);
}

void actor_end(struct stage *stage)
{
	if (!stage->actor)
		return;
	kill(stage->actor, SIGKILL);
	waitpid(stage->actor, NULL, 0);
	stage->actor = 0;
}

static void await(volatile int *flag)
{
	while (!*flag)
		pause_ms(1);
}

static void write_full(const char *path)
{
	int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_int_equal(write(file, "x", 1), 1);
	close(file);
}

void actor_start(struct stage *stage, const char *call, int threads)
{
	actor_end(stage);
	empty_directory(stage);
	for (int i = 0; i < ACTOR_ACTS; i++) {
		char name[NAME_MAX_BYTES];

		snprintf(name, sizeof(name), "%s/old-%d", stage->dir, i);
		write_full(name);
	}
	stage->shared->go = stage->shared->ready = stage->shared->done = 0;
	stage->actor = fork();
	assert_true(stage->actor >= 0);
	if (stage->actor == 0)
		be_actor(stage, call, threads);
	await(&stage->shared->ready);
}

static int count_emptied(const struct stage *stage)
{
	int count = 0;

	for (int i = 0; i < ACTOR_ACTS; i++) {
		char name[NAME_MAX_BYTES];
		struct stat status;

		snprintf(name, sizeof(name), "%s/old-%d", stage->dir, i);
		assert_int_equal(stat(name, &status), 0);
		count += status.st_size == 0;
	}
	return count;
}

static int count_names(const struct stage *stage, const char *beginning)
{
	DIR *entries = opendir(stage->dir);
	struct dirent *entry;
	int count = 0;

	assert_non_null(entries);
	while ((entry = readdir(entries)))
		count += strncmp(entry->d_name, beginning, strlen(beginning)) == 0;
	closedir(entries);
	return count;
}

static int count_records(const struct stage *stage)
{
	char path[NAME_MAX_BYTES];
	struct stat status;

	snprintf(path, sizeof(path), "%s/records", *stage->upper ? stage->upper : stage->dir);
	assert_int_equal(stat(path, &status), 0);
	return (int)(status.st_size / 7);
}

int actor_acts(const struct stage *stage, const char *call)
{
	if (strcmp(call, "unlink") == 0)
		return ACTOR_ACTS - count_names(stage, "old-");
	if (strcmp(call, "open") == 0)
		return count_emptied(stage);
	return strcmp(call, "mkdir") == 0 || strcmp(call, "rename") == 0
		? count_names(stage, "new-")
		: count_records(stage);
}

void actor_go(struct stage *stage)
{
	stage->shared->go = 1;
}

void actor_await_end(const struct stage *stage)
{
	await(&stage->shared->done);
}

void stage_open(struct stage *stage, const char *above)
{
	*stage = (struct stage){0};
	snprintf(stage->dir, sizeof(stage->dir), "%s/acts", above);
	assert_int_equal(mkdir(stage->dir, 0700), 0);
	stage->shared = mmap(NULL, sizeof(*stage->shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(stage->shared != MAP_FAILED);
}

bool stage_overlay(struct stage *stage)
{
	pid_t child;
	int status;

	snprintf(stage->upper, sizeof(stage->upper), "%s-upper", stage->dir);
	snprintf(stage->work, sizeof(stage->work), "%s-work", stage->dir);
	assert_true(mkdir(stage->upper, 0700) == 0 && mkdir(stage->work, 0700) == 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(cover(stage) < 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status == 0;
}

static void remove_overlay(const struct stage *stage)
{
	char path[NAME_MAX_BYTES];

	snprintf(path, sizeof(path), "%s/records", stage->upper);
	unlink(path);
	rmdir(stage->upper);
	/* Where the kernel prepares what it puts in. */
	snprintf(path, sizeof(path), "%s/work", stage->work);
	rmdir(path);
	rmdir(stage->work);
}

void stage_close(struct stage *stage)
{
	actor_end(stage);
	if (*stage->upper)
		remove_overlay(stage);
	empty_directory(stage);
	rmdir(stage->dir);
	munmap((void *)stage->shared, sizeof(*stage->shared));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract/memory.h"
#include "injector/guard/guardian.h"
#include "injector/host.h"
#include "injector/host_real_child.h"
#include "injector/lists.h"
#include "injector/log.h"
#include "injector/recover.h"

/*
 * The guardian, a child in a session and a cgroup of its own, so that what ends the injector does
 * not end it. It is forked and not executed: no exec gives an injector's powers to a child.
 */
enum {
	END_WITHIN_MS = 5000,
	DEAD_WITHIN_MS = 1000,
	FILE_PIPE = STDERR_FILENO + 1,
	FILE_INJECTOR /* its pidfd */
};

struct host_guardian {
	struct guard_memory *memory;
	struct real_child child;
	char *cgroup; /* the directory of its cgroup; NULL: it stays in ours */
	char *home;   /* the directory of ours */
};

/*
 * Memory that is swapped out, or taken for others, must not keep what is held from going on. In a
 * container neither may be allowed; it is for bad days only.
 */
static void stay_alive(void)
{
	int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (score >= 0 && write(score, "-1000", 5) != 5 && errno != EACCES)
		log_line("guardian: oom_score_adj: %s", strerror(errno));
	if (score >= 0)
		close(score);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		log_line("guardian: mlockall: %s", strerror(errno));
}

static int move_to(const char *cgroup)
{
	char path[PATH_MAX];
	int file, result;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	file = open(path, O_WRONLY | O_CLOEXEC);
	result = file >= 0 && write(file, "0", 1) == 1 ? 0 : -errno;
	if (file >= 0)
		close(file);
	return result;
}

static void enter_cgroup(const char *cgroup)
{
	int result = move_to(cgroup);

	if (result < 0)
		log_line("guardian: stays in the injector's cgroup: %s", strerror(-result));
}

/* Back to where it came from: it can't remove the one that it is in. */
static void leave_cgroup(const struct host_guardian *guardian)
{
	if (guardian->cgroup && move_to(guardian->home) == 0)
		rmdir(guardian->cgroup);
}

/*
 * What the injector had begun, and can't undo any more. The pipe may have ended a moment before the
 * lock on its ledger does; one that lives, and failed to heal, has let go of that already.
 */
static void replay(const char *runtime_dir)
{
	struct pollfd end = {.fd = FILE_INJECTOR, .events = POLLIN};
	struct host_facts facts;
	struct list said = {0};
	struct fail fail = FAIL_INIT;

	poll(&end, 1, DEAD_WITHIN_MS);
	if (host_facts(&facts, &fail) < 0) {
		log_line("guardian: %s", fail.text);
		return;
	}
	recover_namespace(runtime_dir, &facts, facts.netns_cookie, &said);
	LIST_EACH(said, char *, line) {
		log_line("guardian: %s", *line);
	}
	list_free_texts(&said);
}

/* Never returns. */
static void become_guardian(const struct host_guardian *guardian, int pipe, const char *runtime_dir)
{
	struct guard_memory *memory = guardian->memory;

	int injector = (int)syscall(SYS_pidfd_open, getppid(), 0), files[2];

	/*
	 * First out of the way of one another. What the injector held open, its ledger's lock above
	 * all, goes with the injector.
	 */
	files[0] = fcntl(pipe, F_DUPFD, FILE_INJECTOR + 1);
	files[1] = fcntl(injector, F_DUPFD, FILE_INJECTOR + 1);
	if (files[0] < 0 || files[1] < 0 || dup2(files[0], FILE_PIPE) < 0 ||
		dup2(files[1], FILE_INJECTOR) < 0 || close_range(FILE_INJECTOR + 1, ~0U, 0) < 0)
		_exit(1);
	for (int file = STDIN_FILENO; file <= STDOUT_FILENO; file++)
		close(file);
	fcntl(FILE_PIPE, F_SETFL, O_NONBLOCK);
	setsid();
	prctl(PR_SET_NAME, "bb-guardian");
	if (guardian->cgroup)
		enter_cgroup(guardian->cgroup);
	stay_alive();
	if (guardian_run(memory, FILE_PIPE) == GUARDIAN_ORPHANED) {
		leave_cgroup(guardian);
		replay(runtime_dir);
	}
	_exit(0);
}

/* The directory; NULL: it is not known. */
static char *own_cgroup(void)
{
	struct host_process self = {0};
	struct fail ignored = FAIL_INIT;
	char *directory = NULL;

	if (!host_process_read(getpid(), &self))
		return NULL;
	if (self.cgroup && host_cgroup_directory(self.cgroup, &directory, &ignored) < 0)
		directory = NULL;
	host_process_deinit(&self);
	return directory;
}

char *host_guardian_cgroup(void)
{
	char *own = own_cgroup(), *root = NULL, *found = NULL;
	struct fail ignored = FAIL_INIT;

	if (!own || host_cgroup_directory("/", &root, &ignored) < 0) {
		free(own);
		return NULL;
	}
	/* From the root down to the one above ours. */
	for (char *end = own + strlen(root); !found && end; end = strchr(end + 1, '/')) {
		char kept = *end;

		*end = '\0';
		if (kept == '/' && faccessat(AT_FDCWD, own, W_OK, AT_EACCESS) == 0)
			found = must_copy(own);
		*end = kept;
		if (!kept)
			break;
	}
	free(root);
	free(own);
	return found;
}

static int map_memory(struct host_guardian *guardian, struct fail *fail)
{
	guardian->memory = mmap(NULL, sizeof(*guardian->memory), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guardian->memory != MAP_FAILED)
		return 0;
	guardian->memory = NULL;
	return fail_errno(fail, errno, "memory for a guardian");
}

static int spawn(struct host_guardian *guardian, const char *runtime_dir, struct fail *fail)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(fail, errno, "pipe");
	pid = _Fork();
	if (pid == 0)
		become_guardian(guardian, ends[0], runtime_dir);
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return fail_errno(fail, errno, "starting a guardian");
	}
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	real_child_started(&guardian->child, pid, ends[1]);
	return 0;
}

int host_guardian_start(
	const char *runtime_dir, const char *cgroup, struct host_guardian **out, struct fail *fail)
{
	struct host_guardian *guardian = must_alloc(sizeof(*guardian));

	guardian->child = (struct real_child)REAL_CHILD_NONE;
	guardian->home = own_cgroup();
	if (cgroup && mkdir(cgroup, S_IRWXU) < 0)
		log_line("guardian: no cgroup of its own: %s: %s", cgroup, strerror(errno));
	else
		guardian->cgroup = must_copy_if(cgroup);
	if (map_memory(guardian, fail) < 0 || spawn(guardian, runtime_dir, fail) < 0) {
		host_guardian_stop(guardian, true);
		return -1;
	}
	*out = guardian;
	return 0;
}

struct guard_memory *host_guardian_memory(const struct host_guardian *guardian)
{
	return guardian->memory;
}

void host_guardian_wake(const struct host_guardian *guardian)
{
	/* A pipe that is full will wake it anyway. */
	if (write(guardian->child.life, "", 1) < 0 && errno != EAGAIN)
		log_line("guardian: %s", strerror(errno));
}

bool host_guardian_lives(const struct host_guardian *guardian)
{
	return real_child_lives(&guardian->child);
}

void host_guardian_stop(struct host_guardian *guardian, bool in_order)
{
	if (!guardian)
		return;
	if (guardian->memory && in_order)
		__atomic_store_n(&guardian->memory->leave, 1, __ATOMIC_RELEASE);
	real_child_stop(&guardian->child, END_WITHIN_MS);
	if (guardian->cgroup)
		rmdir(guardian->cgroup);
	host_guardian_forget(guardian);
}

void host_guardian_forget(struct host_guardian *guardian)
{
	if (!guardian)
		return;
	if (guardian->memory)
		munmap(guardian->memory, sizeof(*guardian->memory));
	real_child_forget(&guardian->child);
	free(guardian->cgroup);
	free(guardian->home);
	free(guardian);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

const struct kept_capability kept_capabilities[] = {
	{CAP_BPF, "CAP_BPF", false, "loads the packet matcher and its maps"},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", false,
		"reads pidfiles in directories that only a service's own user may enter"},
	{CAP_KILL, "CAP_KILL", false, "signals processes of other users, which `kill` aims at"},
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", false, "hooks interfaces: tcx, clsact, filters"},
	{CAP_PERFMON, "CAP_PERFMON", false,
		"the verifier takes the packet matcher only with it, which reads whose socket a "
		"packet belongs to; opens the tracepoints of `kill_on_call`, and the gate of "
		"`clock_skew`"},
	{CAP_SETGID, "CAP_SETGID", true, "makes the process that resolves host names nobody's"},
	{CAP_SETUID, "CAP_SETUID", true, "the same"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", true,
		"names the BPF programs that others have attached, enters the network namespaces "
		"in which something is to be undone, makes an empty one to try the kernel in, "
		"reads "
		"the numbers of tracepoints, opens the page that a process with a skewed clock "
		"shares"},
	{CAP_SYS_NICE, "CAP_SYS_NICE", true,
		"lets the process that holds packets back run as soon as one is due"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", false,
		"reads which program a process runs and which sockets it holds: to find targets, "
		"and to protect what carries the session"},
	{CAP_SYS_TIME, "CAP_SYS_TIME", true,
		"steps the machine's clock, and sets it right again, for `clock_step`"},
};
const size_t kept_capability_count = sizeof(kept_capabilities) / sizeof(kept_capabilities[0]);

static int close_inherited(int given, struct fail *fail)
{
	for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
		/* The lowest free number is taken, and lower ones are there by now. */
		if (fcntl(file, F_GETFD) < 0 && open("/dev/null", O_RDWR) != file)
			return fail_errno(fail, errno, "/dev/null");
	if (close_range((unsigned int)(STDERR_FILENO + 1 + given), ~0U, 0) < 0)
		return fail_errno(fail, errno, "closing inherited descriptors");
	return 0;
}

static capng_type_t sets(const struct kept_capability *kept)
{
	capng_type_t always = CAPNG_PERMITTED | CAPNG_BOUNDING_SET;

	return kept->at_times ? always : always | CAPNG_EFFECTIVE;
}

static void choose(bool bare)
{
	bool had[CAP_LAST_CAP + 1];

	for (int number = 0; number <= CAP_LAST_CAP; number++)
		had[number] = capng_have_capability(CAPNG_PERMITTED, (unsigned)number);
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < kept_capability_count && !bare; i++)
		if (had[kept_capabilities[i].number])
			capng_update(CAPNG_ADD, sets(&kept_capabilities[i]),
				(unsigned)kept_capabilities[i].number);
}

static int drop(bool bare, struct fail *fail)
{
	bool whole;

	if (capng_get_caps_process() < 0)
		return fail_set(fail, FAIL_SYSTEM, "cannot tell which capabilities there are");
	whole = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	/*
	 * Without CAP_SETPCAP the bounding set and the securebits stay as they are; with
	 * no_new_privs no exec can draw on either.
	 */
	if (whole && capng_lock() < 0)
		return fail_set(fail, FAIL_SYSTEM, "cannot lock the securebits");
	choose(bare);
	if (capng_apply(whole ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) < 0)
		return fail_set(fail, FAIL_SYSTEM, "cannot drop capabilities");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_errno(fail, errno, "cannot set no_new_privs");
	return 0;
}

#define SCORE_PATH "/proc/self/oom_score_adj"

static bool write_score(const char *score)
{
	int file = open(SCORE_PATH, O_WRONLY | O_CLOEXEC);
	bool written = file >= 0 && write(file, score, strlen(score)) > 0;

	if (file >= 0)
		close(file);
	return written;
}

void privilege_allow_guardian(char score[PRIVILEGE_SCORE_MAX])
{
	struct rlimit all = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	int file = open(SCORE_PATH, O_RDONLY | O_CLOEXEC);
	ssize_t got = file < 0 ? -1 : read(file, score, PRIVILEGE_SCORE_MAX - 1);

	if (file >= 0)
		close(file);
	score[got > 0 ? got : 0] = '\0';
	setrlimit(RLIMIT_MEMLOCK, &all);
	if (score[0] && !write_score("-1000"))
		score[0] = '\0';
}

void privilege_restore_score(const char *score)
{
	if (score[0])
		write_score(score);
}

int privilege_reduce(bool bare, int given, struct fail *fail)
{
	if (close_inherited(given, fail) < 0 || drop(bare, fail) < 0)
		return -1;
	umask(S_IRWXG | S_IRWXO);
	if (!bare && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail_errno(fail, errno, "PR_SET_DUMPABLE");
	return 0;
}

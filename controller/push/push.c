/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/push/push.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "controller/push/remote.h"

enum {
	PATIENCE_S = 60,
	LONGEST_S = 3600,
	WORD_MAX = 192
};

/* The programs that are put into PUSH_BIN; others lie beside them only. */
static const char *const reachable[] = {"backburn-injector", "backburn"};
enum {
	REACHABLE = sizeof(reachable) / sizeof(reachable[0])
};

struct push {
	const struct bundle *bundle;
	const struct list *connect;
	char folder[WORD_MAX]; /* where it will lie */
	char part[WORD_MAX];   /* where it is unpacked first; no other push has the same */
};

/* Words for the far end: a shell there may read them, so they are fixed, or made of hex digits. */
#define WORDS(...) ((const char *[]){__VA_ARGS__, NULL})

static int call(const struct push *push, const char *const *words, struct remote_answer *out,
	struct fail *fail)
{
	return remote_must(&(struct remote_call){.connect = push->connect,
				   .words = words,
				   .patience_s = PATIENCE_S,
				   .longest_s = LONGEST_S},
		out, fail);
}

/* For its effect only. */
static int order(const struct push *push, const char *const *words, struct fail *fail)
{
	struct remote_answer answer;

	if (call(push, words, &answer, fail) < 0)
		return -1;
	remote_answer_deinit(&answer);
	return 0;
}

/* --- what is there --------------------------------------------------------------------- */

static int check_architecture(const struct push *push, struct fail *fail)
{
	struct remote_answer answer;
	struct utsname own;
	int outcome = 0;

	if (uname(&own) < 0)
		return fail_errno(fail, errno, "uname");
	if (call(push, WORDS("uname", "-m"), &answer, fail) < 0)
		return -1;
	answer.out[strcspn(answer.out, "\r\n")] = '\0';
	if (strcmp(answer.out, own.machine) != 0)
		outcome = fail_set(fail, FAIL_REFUSED,
			"its architecture is %.40s, and these programs are for %s", answer.out,
			own.machine);
	remote_answer_deinit(&answer);
	return outcome;
}

static int check_libc(const struct push *push, struct fail *fail)
{
	struct libc_version needs = push->bundle->needs, there;
	struct remote_answer answer;
	int outcome = 0;

	if (call(push, WORDS("getconf", "GNU_LIBC_VERSION"), &answer, fail) < 0)
		return fail_context(fail, "has it glibc?");
	if (sscanf(answer.out, "glibc %u.%u", &there.major, &there.minor) != 2)
		outcome = fail_set(fail, FAIL_REFUSED,
			"its C library is not glibc: getconf says \"%.40s\"", answer.out);
	else if (libc_version_compare(there, needs) < 0)
		outcome = fail_set(fail, FAIL_REFUSED,
			"its glibc is %u.%u, and these programs need %u.%u: build them on a "
			"system as old as the host's",
			there.major, there.minor, needs.major, needs.minor);
	remote_answer_deinit(&answer);
	return outcome;
}

/* Is all of the bundle in that folder? The manifest is what tar writes last. */
static bool is_complete(const struct push *push, const char *folder)
{
	char path[WORD_MAX + 16];
	struct remote_answer answer;
	struct fail ignored = FAIL_INIT;
	bool same;

	snprintf(path, sizeof(path), "%s/manifest", folder);
	if (call(push, WORDS("cat", path), &answer, &ignored) < 0)
		return false;
	same = strcmp(answer.out, push->bundle->manifest) == 0;
	remote_answer_deinit(&answer);
	return same;
}

static bool is_reachable(const struct push *push, const char *program)
{
	char link[WORD_MAX], target[WORD_MAX + 64];
	struct remote_answer answer;
	struct fail ignored = FAIL_INIT;
	bool same;

	snprintf(link, sizeof(link), "%s/%s", PUSH_BIN, program);
	snprintf(target, sizeof(target), "%s/%s", push->folder, program);
	if (call(push, WORDS("readlink", link), &answer, &ignored) < 0)
		return false;
	answer.out[strcspn(answer.out, "\r\n")] = '\0';
	same = strcmp(answer.out, target) == 0;
	remote_answer_deinit(&answer);
	return same;
}

/* Runs a program of ours, by its path or by its name, and looks at what it says it is. */
static int check_runs(
	const struct push *push, const char *folder, const char *program, struct fail *fail)
{
	char path[WORD_MAX + 64], expected[WORD_MAX];
	struct remote_answer answer;
	int outcome = 0;

	snprintf(path, sizeof(path), "%s%s", folder, program);
	snprintf(expected, sizeof(expected), "%s " BACKBURN_VERSION "\n", program);
	if (call(push, WORDS(path, "--version"), &answer, fail) < 0)
		return fail_context(fail, "it does not run there");
	if (strcmp(answer.out, expected) != 0)
		outcome = fail_set(
			fail, FAIL_REFUSED, "%s --version says \"%.60s\"", path, answer.out);
	remote_answer_deinit(&answer);
	return outcome;
}

/* By the name that a run will use, so the PATH at the far end is judged as well. */
static int check_names(const struct push *push, struct fail *fail)
{
	for (size_t i = 0; i < REACHABLE; i++)
		if (check_runs(push, "", reachable[i], fail) < 0)
			return fail_context(fail, "is " PUSH_BIN " first in its PATH?");
	return 0;
}

/* --- bringing it ----------------------------------------------------------------------- */

static int unpack(const struct push *push, struct fail *fail)
{
	struct fail ignored = FAIL_INIT;
	struct remote_answer answer;

	if (order(push, WORDS("mkdir", "-p", "-m", "755", PUSH_BIN, PUSH_FOLDER, push->part),
		    fail) < 0)
		return -1;
	if (remote_must(&(struct remote_call){.connect = push->connect,
				.words = WORDS("tar", "-xf", "-", "-C", push->part),
				.input = push->bundle->archive,
				.input_size = push->bundle->archive_size,
				.patience_s = PATIENCE_S,
				.longest_s = LONGEST_S},
		    &answer, fail) == 0) {
		remote_answer_deinit(&answer);
		/* -T: never into a folder of that name that somebody else made meanwhile. */
		if (!is_complete(push, push->part))
			fail_set(fail, FAIL_REFUSED, "tar: said nothing, but did not unpack all");
		else if (order(push, WORDS("mv", "-T", push->part, push->folder), fail) == 0)
			return 0;
	}
	order(push, WORDS("rm", "-r", "-f", push->part), &ignored);
	return -1;
}

/* A link is made under another name and renamed: at no instant is the program's name gone. */
static int make_reachable(const struct push *push, struct fail *fail)
{
	for (size_t i = 0; i < REACHABLE; i++) {
		char target[WORD_MAX + 64], made[WORD_MAX + 64], link[WORD_MAX];

		snprintf(target, sizeof(target), "%s/%s", push->folder, reachable[i]);
		snprintf(made, sizeof(made), "%s.%s", push->part, reachable[i]);
		snprintf(link, sizeof(link), "%s/%s", PUSH_BIN, reachable[i]);
		if (order(push, WORDS("ln", "-s", target, made), fail) < 0 ||
			order(push, WORDS("mv", "-f", "-T", made, link), fail) < 0)
			return -1;
	}
	return 0;
}

static int bring(const struct push *push, bool folder_there, struct fail *fail)
{
	char folder[WORD_MAX + 1];

	if (!folder_there && unpack(push, fail) < 0)
		return -1;
	/* What does not run there must not take the place of what does. */
	snprintf(folder, sizeof(folder), "%s/", push->folder);
	for (size_t i = 0; i < REACHABLE; i++)
		if (check_runs(push, folder, reachable[i], fail) < 0)
			return -1;
	if (make_reachable(push, fail) < 0)
		return -1;
	return check_names(push, fail);
}

static int name_folders(struct push *push, struct fail *fail)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return fail_errno(fail, errno, "getrandom");
	snprintf(push->folder, sizeof(push->folder), "%s/%s", PUSH_FOLDER, push->bundle->id);
	snprintf(push->part, sizeof(push->part), "%s/.part-%016" PRIx64, PUSH_FOLDER, random);
	return 0;
}

enum push_result push_to_host(
	const struct bundle *bundle, const struct list *connect, bool dry_run, struct fail *fail)
{
	struct push push = {.bundle = bundle, .connect = connect};
	bool there, reached = true;

	if (name_folders(&push, fail) < 0 || check_architecture(&push, fail) < 0 ||
		check_libc(&push, fail) < 0)
		return PUSH_FAILED;
	there = is_complete(&push, push.folder);
	for (size_t i = 0; there && i < REACHABLE; i++)
		reached &= is_reachable(&push, reachable[i]);
	if (there && reached)
		return check_names(&push, fail) < 0 ? PUSH_FAILED : PUSH_SAME;
	if (dry_run)
		return PUSH_WOULD;
	return bring(&push, there, fail) < 0 ? PUSH_FAILED : PUSH_DONE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/recover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "injector/holder.h"
#include "injector/ledger.h"
#include "injector/lists.h"
#include "injector/undo.h"

#define STOP_WAIT_NS (5 * NS_PER_SEC)

enum {
	NETNS_LEFT_MAX = 250
}; /* what fits into an exit status */

static bool is_held(const struct list *held, int64_t ifindex)
{
	LIST_EACH(*held, const int64_t, each) {
		if (*each == ifindex)
			return true;
	}
	return false;
}

/* Last first; what fails holds back what was done before it to the same link. */
static size_t undo_pending(const struct ledger_content *content, struct list *said)
{
	const struct ledger_record *records = content->pending.items;
	struct list held = {0};
	size_t left = 0;

	for (size_t i = content->pending.count; i-- > 0;) {
		char text[UNDO_TEXT_MAX] = "";
		struct fail fail = FAIL_INIT;

		/* 0: it is about no link. */
		if (records[i].undo.ifindex && is_held(&held, records[i].undo.ifindex)) {
			left++;
			continue;
		}
		FAILPOINT(recover_undo_next);
		if (undo_run(&records[i].undo, text, &fail) == 0) {
			list_add_text(said, "%s", text);
			continue;
		}
		list_add_text(said, "NOT undone: %s", fail.text);
		*(int64_t *)list_push(&held, sizeof(int64_t)) = records[i].undo.ifindex;
		left++;
	}
	list_free(&held);
	return left;
}

/* 0: the ledger is of no more use. */
static size_t replay_text(const char *path, const struct host_facts *facts, const char *text,
	size_t length, struct list *said)
{
	struct ledger_content content;
	struct fail fail = FAIL_INIT;
	size_t left = 0;

	if (ledger_parse(text, length, &content, &fail) < 0) {
		list_add_text(said, "NOT undone: %s: %s", path, fail.text);
		return 1;
	}
	if (!content.has_header) {
		list_add_text(said, "%s: its session died before it did anything", path);
	} else if (strcmp(content.header.boot_id, facts->boot_id) != 0) {
		list_add_text(said, "%s: of another boot, dropped", path);
	} else {
		list_add_text(said, "session %s of %s (pid %" PRId64 ") died; %zu effects to undo",
			content.header.session, content.header.controller, content.header.pid,
			content.pending.count);
		left = undo_pending(&content, said);
	}
	ledger_content_deinit(&content);
	return left;
}

static size_t replay(const char *runtime_dir, const struct host_facts *facts, uint64_t cookie,
	const char *session, struct list *said)
{
	char path[LEDGER_PATH_MAX], dir[LEDGER_PATH_MAX];
	struct fail fail = FAIL_INIT;
	size_t length, left;
	char *text;
	int lock;

	ledger_file(path, runtime_dir, cookie, session);
	ledger_session_dir(dir, runtime_dir, cookie, session);
	if (!host_file_exists(path)) {
		host_dir_remove(dir);
		return 0;
	}
	if (host_file_lock(path, &lock, &fail) < 0) {
		if (fail.kind == FAIL_BUSY)
			list_add_text(said, "session %s is live: left alone", session);
		else
			list_add_text(said, "NOT undone: %s", fail.text);
		return fail.kind == FAIL_BUSY ? 0 : 1;
	}
	FAILPOINT(recover_locked);
	if (host_file_read(path, LEDGER_BYTES_MAX, &text, &length, &fail) < 0) {
		list_add_text(said, "NOT undone: %s", fail.text);
		host_file_close(lock);
		return 1;
	}
	left = replay_text(path, facts, text, length, said);
	free(text);
	FAILPOINT(recover_undone);
	if (left == 0 && host_file_remove(path, &fail) == 0)
		host_dir_remove(dir);
	FAILPOINT(recover_removed);
	host_file_close(lock);
	return left;
}

/* A lock file whose owner was killed stays; taking and releasing it removes it. */
static void remove_dead_lock(const char *runtime_dir, uint64_t cookie)
{
	char path[LEDGER_PATH_MAX + sizeof("/lock")], dir[LEDGER_PATH_MAX];
	struct fail ignored = FAIL_INIT;
	int lock;

	ledger_namespace_dir(dir, runtime_dir, cookie);
	snprintf(path, sizeof(path), "%s/lock", dir);
	if (host_file_exists(path) && host_file_lock(path, &lock, &ignored) == 0)
		holder_release(runtime_dir, cookie, lock);
	else
		host_dir_remove(dir);
}

size_t recover_namespace(
	const char *runtime_dir, const struct host_facts *facts, uint64_t cookie, struct list *said)
{
	char dir[LEDGER_PATH_MAX];
	struct fail fail = FAIL_INIT;
	struct list sessions;
	size_t left = 0;

	ledger_namespace_dir(dir, runtime_dir, cookie);
	if (host_dir_list(dir, &sessions, &fail) < 0) {
		list_add_text(said, "NOT undone: %s", fail.text);
		return 1;
	}
	LIST_EACH(sessions, char *, session) {
		if (strcmp(*session, "lock") != 0)
			left += replay(runtime_dir, facts, cookie, *session, said);
	}
	list_free_texts(&sessions);
	return left;
}

/* ---- what is left ---- */

/* Its owner lives when it is locked. */
static void look_at(
	const char *runtime_dir, uint64_t cookie, const char *session, struct list *said)
{
	char path[LEDGER_PATH_MAX], *text = NULL;
	struct ledger_content content = {0};
	struct fail fail = FAIL_INIT;
	size_t length;
	int lock;

	ledger_file(path, runtime_dir, cookie, session);
	if (!host_file_exists(path) || host_file_lock(path, &lock, &fail) < 0)
		return;
	if (host_file_read(path, LEDGER_BYTES_MAX, &text, &length, &fail) < 0 ||
		ledger_parse(text, length, &content, &fail) < 0)
		list_add_text(said, "%s can't be read: %s", path, fail.text);
	else if (content.pending.count)
		list_add_text(said, "session %s of %s died; %zu effects to undo", session,
			content.header.controller, content.pending.count);
	ledger_content_deinit(&content);
	free(text);
	host_file_close(lock);
}

void recover_left(const char *runtime_dir, struct list *said)
{
	struct list cookies = {0};
	struct fail ignored = FAIL_INIT;

	if (host_dir_list(runtime_dir, &cookies, &ignored) < 0)
		return;
	LIST_EACH(cookies, char *, name) {
		char dir[LEDGER_PATH_MAX];
		struct list sessions = {0};
		uint64_t cookie;

		if (u64_parse(*name, &cookie) < 0)
			continue;
		ledger_namespace_dir(dir, runtime_dir, cookie);
		if (host_dir_list(dir, &sessions, &ignored) < 0)
			continue;
		LIST_EACH(sessions, char *, session) {
			if (strcmp(*session, "lock") != 0)
				look_at(runtime_dir, cookie, *session, said);
		}
		list_free_texts(&sessions);
	}
	list_free_texts(&cookies);
}

/* ---- all namespaces ---- */

struct recovery {
	const char *runtime_dir;
	struct host_facts facts;
	struct list namespaces; /* of struct host_netns */
	void (*say)(const char *line);
};

static void say(const struct recovery *recovery, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct recovery *recovery, const char *format, ...)
{
	va_list args;
	char *line;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		abort();
	va_end(args);
	recovery->say(line);
	free(line);
}

static size_t stop_session(struct recovery *recovery, uint64_t cookie)
{
	struct fail fail = FAIL_INIT;
	struct holder holder;
	size_t left = 0;

	if (holder_read(recovery->runtime_dir, cookie, &holder, &fail) < 0)
		return 0;
	if (host_process_start(holder.pid) == (uint64_t)holder.start_ticks) {
		if (host_process_stop(
			    holder.pid, (uint64_t)holder.start_ticks, STOP_WAIT_NS, &fail) < 0) {
			say(recovery, "NOT ended: session %s of %s: %s", holder.session,
				holder.controller, fail.text);
			left = 1;
		} else {
			say(recovery, "session %s of %s (pid %" PRId64 ") was ended",
				holder.session, holder.controller, holder.pid);
		}
	}
	shape_free(&holder_shape, &holder);
	return left;
}

struct elsewhere {
	const struct recovery *recovery;
	uint64_t cookie;
};

static size_t recover_here(const struct recovery *recovery, uint64_t cookie, const char *indent)
{
	struct list said = {0};
	size_t left = recover_namespace(recovery->runtime_dir, &recovery->facts, cookie, &said);

	LIST_EACH(said, char *, line) {
		say(recovery, "%s%s", indent, *line);
	}
	list_free_texts(&said);
	return left;
}

/* In a child inside the namespace. */
static int recover_elsewhere(void *context)
{
	const struct elsewhere *elsewhere = context;
	size_t left = recover_here(elsewhere->recovery, elsewhere->cookie, "  ");

	return left > NETNS_LEFT_MAX ? NETNS_LEFT_MAX : (int)left;
}

static const char *path_of(const struct recovery *recovery, uint64_t cookie)
{
	LIST_EACH(recovery->namespaces, const struct host_netns, netns) {
		if (netns->cookie == cookie)
			return netns->path;
	}
	return NULL;
}

static void drop_ledgers(struct recovery *recovery, uint64_t cookie)
{
	char path[LEDGER_PATH_MAX];
	struct fail ignored = FAIL_INIT;
	struct list sessions;

	ledger_namespace_dir(path, recovery->runtime_dir, cookie);
	if (host_dir_list(path, &sessions, &ignored) < 0)
		return;
	LIST_EACH(sessions, char *, session) {
		int lock = -1;

		if (strcmp(*session, "lock") == 0)
			continue;
		ledger_file(path, recovery->runtime_dir, cookie, *session);
		/* Locked: its owner still lives inside that namespace, whatever we could see. */
		if (host_file_exists(path) && host_file_lock(path, &lock, &ignored) < 0)
			continue;
		host_file_remove(path, &ignored);
		host_file_close(lock);
		ledger_session_dir(path, recovery->runtime_dir, cookie, *session);
		host_dir_remove(path);
		say(recovery, "session %s: its network namespace is gone, and all effects with it",
			*session);
	}
	list_free_texts(&sessions);
}

static size_t recover_one(struct recovery *recovery, uint64_t cookie)
{
	struct elsewhere elsewhere = {.recovery = recovery, .cookie = cookie};
	struct fail fail = FAIL_INIT;
	const char *path;
	int left = 0;

	if (cookie == recovery->facts.netns_cookie)
		return recover_here(recovery, cookie, "");
	path = path_of(recovery, cookie);
	if (!path) {
		drop_ledgers(recovery, cookie);
		return 0;
	}
	say(recovery, "network namespace %s:", path);
	if (host_netns_run(path, recover_elsewhere, &elsewhere, &left, &fail) < 0) {
		say(recovery, "NOT undone: %s: %s", path, fail.text);
		return 1;
	}
	return (size_t)left;
}

size_t recover_all(const struct recover_options *options, void (*say_line)(const char *line))
{
	struct recovery recovery = {.runtime_dir = options->runtime_dir, .say = say_line};
	struct fail fail = FAIL_INIT;
	struct list cookies = {0};
	size_t left = 0;

	/* Without the list of namespaces a living one would look like one that is gone. */
	if (host_facts(&recovery.facts, &fail) < 0 ||
		host_dir_list(options->runtime_dir, &cookies, &fail) < 0 ||
		(cookies.count && host_netns_list(&recovery.namespaces, &fail) < 0)) {
		say(&recovery, "%s", fail.text);
		list_free_texts(&cookies);
		return 1;
	}
	LIST_EACH(cookies, char *, name) {
		uint64_t cookie;

		if (u64_parse(*name, &cookie) < 0 ||
			(options->here && cookie != recovery.facts.netns_cookie))
			continue;
		if (options->stop_live)
			left += stop_session(&recovery, cookie);
		left += recover_one(&recovery, cookie);
		remove_dead_lock(options->runtime_dir, cookie);
	}
	list_free_texts(&cookies);
	list_free(&recovery.namespaces);
	return left;
}

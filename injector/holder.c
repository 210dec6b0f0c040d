/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/holder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "injector/host.h"
#include "injector/ledger.h"

#define AT(member) .offset = offsetof(struct holder, member)

enum {
	HOLDER_BYTES_MAX = 64 * 1024
};

static const struct field fields[] = {
	{.key = "session", .kind = FIELD_STRING, AT(session), .required = true},
	{.key = "controller", .kind = FIELD_STRING, AT(controller), .required = true},
	{.key = "pid", .kind = FIELD_INTEGER, AT(pid), .required = true},
	{.key = "start_ticks", .kind = FIELD_I64, AT(start_ticks), .required = true},
};
const struct shape holder_shape = {
	.name = "holder", .size = sizeof(struct holder), SHAPE_FIELDS(fields)};

static void lock_path(char path[LEDGER_PATH_MAX], const char *runtime_dir, uint64_t cookie)
{
	snprintf(path, LEDGER_PATH_MAX, "%s/%" PRIu64 "/lock", runtime_dir, cookie);
}

int holder_read(const char *runtime_dir, uint64_t cookie, struct holder *out, struct fail *fail)
{
	char path[LEDGER_PATH_MAX], *text;
	size_t length;
	cJSON *json;
	int result;

	lock_path(path, runtime_dir, cookie);
	if (host_file_read(path, HOLDER_BYTES_MAX, &text, &length, fail) < 0)
		return -1;
	json = json_parse(text, length, fail);
	free(text);
	if (!json)
		return -1;
	result = shape_decode(&holder_shape, json, "", out, fail);
	cJSON_Delete(json);
	return result;
}

static int name_holder(const char *runtime_dir, uint64_t cookie, struct fail *fail)
{
	struct fail ignored = FAIL_INIT;
	struct holder holder;

	/* It may be between taking the lock and writing its name. */
	if (holder_read(runtime_dir, cookie, &holder, &ignored) < 0)
		return fail_set(fail, FAIL_BUSY,
			"another session holds this network namespace, and has not said who it is");
	fail_set(fail, FAIL_BUSY,
		"this network namespace is held by %s (session %s, injector pid %" PRId64 ")",
		holder.controller, holder.session, holder.pid);
	shape_free(&holder_shape, &holder);
	return -1;
}

int holder_take(const char *runtime_dir, uint64_t cookie, const struct holder *holder,
	int *out_lock, struct fail *fail)
{
	char path[LEDGER_PATH_MAX], dir[LEDGER_PATH_MAX], *text;
	cJSON *json;
	int lock, result;

	ledger_namespace_dir(dir, runtime_dir, cookie);
	lock_path(path, runtime_dir, cookie);
	if (host_dir_make(dir, fail) < 0)
		return -1;
	if (host_file_lock(path, &lock, fail) < 0)
		return fail->kind == FAIL_BUSY ? name_holder(runtime_dir, cookie, fail) : -1;
	json = shape_encode(&holder_shape, holder);
	text = json_print(json);
	cJSON_Delete(json);
	result = host_file_clear(lock, fail);
	if (result == 0)
		result = host_file_append(lock, text, strlen(text), fail);
	free(text);
	if (result < 0) {
		holder_release(runtime_dir, cookie, lock);
		return fail_context(fail, "locking this network namespace");
	}
	*out_lock = lock;
	return 0;
}

void holder_release(const char *runtime_dir, uint64_t cookie, int lock)
{
	char path[LEDGER_PATH_MAX], dir[LEDGER_PATH_MAX];
	struct fail ignored = FAIL_INIT;

	if (lock < 0)
		return;
	ledger_namespace_dir(dir, runtime_dir, cookie);
	lock_path(path, runtime_dir, cookie);
	/* Removed while it is held: who waits for it finds out that the name is another file. */
	host_file_remove(path, &ignored);
	host_file_close(lock);
	host_dir_remove(dir);
}

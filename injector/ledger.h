/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_LEDGER_H
#define BACKBURN_INJECTOR_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "injector/host.h"
#include "injector/undo.h"

/*
 * The list of what must be undone, on disk before it is done:
 *
 *	RUNTIME/<netns cookie>/<session>/ledger
 *
 * One JSON object a line: a header that says whose it is, an undo record before each effect, and
 * {"done": N} after the undo of record N. Its owner holds a lock on it for as long as it lives,
 * so an unlocked ledger is one whose owner died. A line that was cut short by the owner's death
 * is no record: its effect was not begun.
 */
struct ledger;

struct ledger_header {
	char *boot_id, *session, *controller;
	int64_t pid, start_ticks, netns_cookie;
};
extern const struct shape ledger_header_shape;

enum {
	LEDGER_PATH_MAX = 512,
	LEDGER_BYTES_MAX = 16 * 1024 * 1024
};

/* Creates and locks it. FAIL_BUSY when another process holds it. */
int ledger_open(const char *runtime_dir, const struct ledger_header *header, struct ledger **out,
	struct fail *fail);

/* Returns when the record is on stable storage; only then may the effect begin. */
int ledger_note(
	struct ledger *ledger, const struct undo *undo, int64_t *out_number, struct fail *fail);

/* After the undo. A failure leaves a record that can be undone again without harm. */
int ledger_done(struct ledger *ledger, int64_t number, struct fail *fail);

/* Records without a "done". */
size_t ledger_pending(const struct ledger *ledger);

/* Removes file and directories when nothing is pending, and keeps them for recovery otherwise. */
void ledger_close(struct ledger *ledger);

/* ---- reading one ---- */

struct ledger_record {
	int64_t number;
	struct undo undo;
};

struct ledger_content {
	bool has_header; /* false: the owner died before it had written anything */
	struct ledger_header header;
	struct list pending; /* of struct ledger_record, oldest first */
	int64_t last_number;
};
int ledger_parse(const char *text, size_t length, struct ledger_content *out, struct fail *fail);
void ledger_content_deinit(struct ledger_content *content);

/* RUNTIME/<cookie>[/<session>[/ledger]] */
void ledger_namespace_dir(char path[LEDGER_PATH_MAX], const char *runtime_dir, uint64_t cookie);
void ledger_session_dir(
	char path[LEDGER_PATH_MAX], const char *runtime_dir, uint64_t cookie, const char *session);
void ledger_file(
	char path[LEDGER_PATH_MAX], const char *runtime_dir, uint64_t cookie, const char *session);

#endif

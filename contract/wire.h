/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_WIRE_H
#define BACKBURN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "contract/fail.h"

/*
 * JSON-RPC 2.0, one object a line, over a byte stream. docs/protocol.md is the description for
 * those who write another injector; this file is the part that both sides share.
 */
/* Bytes of a line, its newline not counted: what an injector sends, and what it reads. */
#define WIRE_LINE_TO_CONTROLLER_MAX ((size_t)64 * 1024)
#define WIRE_LINE_TO_INJECTOR_MAX ((size_t)1024 * 1024)
/* Bytes that an injector keeps for a controller that does not read. */
#define WIRE_QUEUE_MAX ((size_t)256 * 1024)

enum {
	WIRE_METHOD_MAX = 32
};

enum wire_kind {
	WIRE_REQUEST,      /* method, params, id */
	WIRE_NOTIFICATION, /* method, params */
	WIRE_REPLY,        /* id, result */
	WIRE_ERROR,        /* id (0 when the request could not be read), error */
};

struct wire_message {
	enum wire_kind kind;
	uint64_t id; /* > 0 in requests */
	char method[WIRE_METHOD_MAX + 1];
	cJSON *body;       /* params or result, never NULL; owned: wire_message_deinit() */
	struct fail error; /* WIRE_ERROR: what the other side said */
};

/* Parses one line (without its newline). Malformed input is FAIL_PEER. */
int wire_parse(const char *line, size_t length, struct wire_message *out, struct fail *fail);
void wire_message_deinit(struct wire_message *message);

/*
 * Each returns a line with its newline, to be freed by the caller; `body` is consumed and may be
 * NULL for an empty object.
 */
char *wire_request(uint64_t id, const char *method, cJSON *body);
char *wire_notification(const char *method, cJSON *body);
char *wire_reply(uint64_t id, cJSON *body);
char *wire_error(uint64_t id, const struct fail *error);

/*
 * Cuts a byte stream into lines of bounded length. Feed what arrived, then take lines until none
 * is left. A line longer than the bound is FAIL_PEER, and the reader stays failed.
 */
struct wire_reader {
	char *buffer;
	size_t used, capacity, max_line;
	size_t taken; /* bytes of the line handed out last */
	bool failed;
};

void wire_reader_init(struct wire_reader *reader, size_t max_line);
void wire_reader_deinit(struct wire_reader *reader);
/* FAIL_PEER for a line, whole or not, that is longer than max_line, and ever after. */
int wire_reader_feed(
	struct wire_reader *reader, const char *bytes, size_t count, struct fail *fail);
/* The next line without its newline, NUL-terminated, valid until the next call; NULL: none. */
const char *wire_reader_line(struct wire_reader *reader, size_t *out_length);

#endif

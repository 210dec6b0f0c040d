/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/units.h"

/* JSON-RPC reserves -32768..-32000 for itself and leaves -32000..-32099 to servers. */
enum {
	ERROR_CODE_BASE = -32000
};

/* --- messages -------------------------------------------------------------------------- */

static cJSON *envelope(uint64_t id)
{
	cJSON *message = json_object();
	char text[24];

	json_put_string(message, "jsonrpc", "2.0");
	if (id) {
		snprintf(text, sizeof(text), "%" PRIu64, id);
		json_put_string(message, "id", text);
	}
	return message;
}

static char *finish(cJSON *message)
{
	char *text = json_print(message);
	size_t length = strlen(text);
	char *line = realloc(text, length + 2);

	if (!line)
		abort();
	line[length] = '\n';
	line[length + 1] = '\0';
	cJSON_Delete(message);
	return line;
}

static char *with_body(cJSON *message, const char *key, cJSON *body)
{
	json_put(message, key, body ? body : json_object());
	return finish(message);
}

char *wire_request(uint64_t id, const char *method, cJSON *body)
{
	cJSON *message = envelope(id);

	json_put_string(message, "method", method);
	return with_body(message, "params", body);
}

char *wire_notification(const char *method, cJSON *body)
{
	return wire_request(0, method, body);
}

char *wire_reply(uint64_t id, cJSON *body)
{
	return with_body(envelope(id), "result", body);
}

char *wire_error(uint64_t id, const struct fail *error)
{
	cJSON *message = envelope(id);
	cJSON *detail = json_object(), *data = json_object();

	json_put_number(detail, "code", ERROR_CODE_BASE - (int)error->kind);
	json_put_string(detail, "message", error->text);
	json_put_string(data, "kind", fail_kind_word(error->kind));
	if (error->error)
		json_put_number(data, "errno", error->error);
	if (error->path[0])
		json_put_string(data, "path", error->path);
	json_put(detail, "data", data);
	if (!id)
		json_put(message, "id", cJSON_CreateNull());
	return with_body(message, "error", detail);
}

static int parse_id(const cJSON *value, uint64_t *out, struct fail *fail)
{
	if (!value || cJSON_IsNull(value)) {
		*out = 0;
		return 0;
	}
	if (!cJSON_IsString(value) || u64_parse(value->valuestring, out) < 0 || *out == 0)
		return fail_set(fail, FAIL_PEER, "id: must be a decimal string above 0");
	return 0;
}

static void parse_error_object(const cJSON *error, struct fail *out)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(error, "data");
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(data, "errno");

	*out = (struct fail){
		.kind = fail_kind_of_word(json_string(data, "kind", "internal")),
		.error = cJSON_IsNumber(number) ? number->valueint : 0,
	};
	snprintf(out->text, sizeof(out->text), "%s", json_string(error, "message", "(no message)"));
	snprintf(out->path, sizeof(out->path), "%s", json_string(data, "path", ""));
}

static int parse_method(const cJSON *method, struct wire_message *out, struct fail *fail)
{
	if (!cJSON_IsString(method) || strlen(method->valuestring) > WIRE_METHOD_MAX)
		return fail_set(fail, FAIL_PEER,
			"method: must be a string of at most %d characters", WIRE_METHOD_MAX);
	memcpy(out->method, method->valuestring, strlen(method->valuestring) + 1);
	out->kind = out->id ? WIRE_REQUEST : WIRE_NOTIFICATION;
	return 0;
}

/* Takes params or result out of the message; absent params mean an empty object. */
static int take_body(cJSON *message, const char *key, struct wire_message *out, struct fail *fail)
{
	out->body = cJSON_DetachItemFromObjectCaseSensitive(message, key);
	if (!out->body)
		out->body = json_object();
	if (cJSON_IsObject(out->body))
		return 0;
	return fail_set(fail, FAIL_PEER, "%s: must be an object", key);
}

static int classify(cJSON *message, struct wire_message *out, struct fail *fail)
{
	const cJSON *method = cJSON_GetObjectItemCaseSensitive(message, "method");
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(message, "error");
	const cJSON *version = cJSON_GetObjectItemCaseSensitive(message, "jsonrpc");

	if (!cJSON_IsString(version) || strcmp(version->valuestring, "2.0") != 0)
		return fail_set(fail, FAIL_PEER, "jsonrpc: must be \"2.0\"");
	if (parse_id(cJSON_GetObjectItemCaseSensitive(message, "id"), &out->id, fail) < 0)
		return -1;
	if (method)
		return parse_method(method, out, fail) < 0
			? -1
			: take_body(message, "params", out, fail);
	if (cJSON_IsObject(error)) {
		out->kind = WIRE_ERROR;
		parse_error_object(error, &out->error);
		out->body = json_object();
		return 0;
	}
	if (!out->id || !cJSON_HasObjectItem(message, "result"))
		return fail_set(fail, FAIL_PEER, "neither a request nor a reply");
	out->kind = WIRE_REPLY;
	return take_body(message, "result", out, fail);
}

int wire_parse(const char *line, size_t length, struct wire_message *out, struct fail *fail)
{
	struct wire_message message = {0};
	cJSON *value = json_parse(line, length, fail);
	int outcome;

	if (!value) {
		fail->kind = FAIL_PEER;
		return fail_context(fail, "malformed message");
	}
	if (cJSON_IsObject(value))
		outcome = classify(value, &message, fail);
	else
		outcome = fail_set(fail, FAIL_PEER, "not an object");
	cJSON_Delete(value);
	if (outcome < 0) {
		wire_message_deinit(&message);
		return fail_context(fail, "malformed message");
	}
	*out = message;
	return 0;
}

void wire_message_deinit(struct wire_message *message)
{
	cJSON_Delete(message->body);
	message->body = NULL;
}

/* --- lines ----------------------------------------------------------------------------- */

void wire_reader_init(struct wire_reader *reader, size_t max_line)
{
	*reader = (struct wire_reader){.max_line = max_line};
}

void wire_reader_deinit(struct wire_reader *reader)
{
	free(reader->buffer);
	*reader = (struct wire_reader){.failed = true};
}

static void drop_taken(struct wire_reader *reader)
{
	if (!reader->taken)
		return;
	memmove(reader->buffer, reader->buffer + reader->taken, reader->used - reader->taken);
	reader->used -= reader->taken;
	reader->taken = 0;
}

/* Every line is bounded, finished or not. */
static bool has_long_line(const struct wire_reader *reader)
{
	const char *line = reader->buffer, *end = reader->buffer + reader->used, *newline;

	while (line < end && (newline = memchr(line, '\n', (size_t)(end - line)))) {
		if ((size_t)(newline - line) > reader->max_line)
			return true;
		line = newline + 1;
	}
	return (size_t)(end - line) > reader->max_line;
}

int wire_reader_feed(struct wire_reader *reader, const char *bytes, size_t count, struct fail *fail)
{
	if (reader->failed)
		return fail_set(fail, FAIL_PEER, "the stream has failed before");
	if (!count)
		return 0;
	drop_taken(reader);
	if (reader->used + count > reader->capacity) {
		size_t capacity = (reader->used + count) * 2;
		char *grown = realloc(reader->buffer, capacity);

		if (!grown)
			abort();
		reader->buffer = grown;
		reader->capacity = capacity;
	}
	if (count)
		memcpy(reader->buffer + reader->used, bytes, count);
	reader->used += count;
	if (has_long_line(reader)) {
		reader->failed = true;
		return fail_set(
			fail, FAIL_PEER, "a line is longer than %zu bytes", reader->max_line);
	}
	return 0;
}

const char *wire_reader_line(struct wire_reader *reader, size_t *out_length)
{
	char *newline;

	drop_taken(reader);
	newline = reader->used ? memchr(reader->buffer, '\n', reader->used) : NULL;
	if (!newline)
		return NULL;
	*newline = '\0';
	reader->taken = (size_t)(newline + 1 - reader->buffer);
	*out_length = reader->taken - 1;
	return reader->buffer;
}

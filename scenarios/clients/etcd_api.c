/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/json.h"

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_base64(cJSON *object, const char *key, const char *text)
{
	size_t length = strlen(text);
	char *encoded = malloc((length + 2) / 3 * 4 + 1), *out = encoded;

	if (!encoded)
		abort();
	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		unsigned int group = (unsigned int)(unsigned char)text[i] << 16 |
			(left > 1 ? (unsigned int)(unsigned char)text[i + 1] << 8 : 0) |
			(left > 2 ? (unsigned char)text[i + 2] : 0);

		*out++ = base64_digits[group >> 18];
		*out++ = base64_digits[group >> 12 & 63];
		*out++ = left > 1 ? base64_digits[group >> 6 & 63] : '=';
		*out++ = left > 2 ? base64_digits[group & 63] : '=';
	}
	*out = '\0';
	json_put_string(object, key, encoded);
	free(encoded);
}

/* Decodes in place; false for what is no base64. */
static bool decode_base64(char *text)
{
	unsigned int group = 0, bits = 0;
	char *out = text;

	for (; *text && *text != '='; text++) {
		const char *digit = strchr(base64_digits, *text);

		if (!digit)
			return false;
		group = group << 6 | (unsigned int)(digit - base64_digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*out++ = (char)(group >> bits & 0xff);
		}
	}
	*out = '\0';
	return true;
}

static char *print_and_delete(cJSON *object)
{
	char *text = json_print(object);

	cJSON_Delete(object);
	return text;
}

enum {
	KEY_MAX = 512
};

static const char *key_of(char key[KEY_MAX], const char *prefix, int64_t id)
{
	snprintf(key, KEY_MAX, "%s%012lld", prefix, (long long)id);
	return key;
}

char *etcd_put_body(const char *prefix, int64_t id)
{
	cJSON *object = json_object();
	char key[KEY_MAX], value[24];

	snprintf(value, sizeof(value), "%lld", (long long)id);
	put_base64(object, "key", key_of(key, prefix, id));
	put_base64(object, "value", value);
	return print_and_delete(object);
}

char *etcd_range_body(const char *prefix, int64_t after)
{
	cJSON *object = json_object();
	char key[KEY_MAX], end[KEY_MAX];

	/* Behind every digit comes ':', so the end of the range is the prefix and that. */
	snprintf(end, sizeof(end), "%s:", prefix);
	put_base64(object, "key", key_of(key, prefix, after + 1));
	put_base64(object, "range_end", end);
	json_put_number(object, "limit", ETCD_PAGE_KEYS);
	json_put_bool(object, "serializable", true);
	json_put_bool(object, "keys_only", true);
	return print_and_delete(object);
}

/* One line, no control characters: it goes into an answer of the client's protocol. */
static void set_reason(char reason[ETCD_REASON_SIZE], const char *text)
{
	snprintf(reason, ETCD_REASON_SIZE, "%s", text);
	for (char *at = reason; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
}

static void explain(char reason[ETCD_REASON_SIZE], long http_status, const cJSON *answer)
{
	const char *text = json_string(answer, "message", json_string(answer, "error", ""));
	char full[ETCD_REASON_SIZE];

	snprintf(full, sizeof(full), "HTTP %ld%s%.120s", http_status, *text ? ": " : "", text);
	set_reason(reason, full);
}

/*
 * Only what says that the request itself was wrong is proof that nothing was proposed. Timeouts
 * inside etcd come as 408, 503 or 504, depending on its version, and prove nothing.
 */
static bool is_definite(long http_status)
{
	return http_status == 400 || http_status == 401 || http_status == 403 ||
		http_status == 404 || http_status == 405;
}

enum etcd_meaning etcd_put_meaning(
	long http_status, const char *answer, char reason[ETCD_REASON_SIZE])
{
	cJSON *value = cJSON_Parse(answer);
	const cJSON *header = cJSON_GetObjectItemCaseSensitive(value, "header");
	enum etcd_meaning meaning = ETCD_UNKNOWN;

	if (http_status == 200 && json_string(header, "revision", NULL)) {
		meaning = ETCD_DONE;
	} else {
		explain(reason, http_status, value);
		if (is_definite(http_status))
			meaning = ETCD_NOT_DONE;
	}
	cJSON_Delete(value);
	return meaning;
}

/* The id in a base64 key; 0 for a key that is not ours. */
static int64_t id_of_key(char *key, const char *prefix)
{
	size_t length = strlen(prefix);
	const char *digits;

	if (!decode_base64(key) || strncmp(key, prefix, length) != 0)
		return 0;
	digits = key + length;
	if (strspn(digits, "0123456789") != strlen(digits) || strlen(digits) < 12 ||
		strlen(digits) > 15)
		return 0;
	return strtoll(digits, NULL, 10);
}

int etcd_page_take(struct etcd_page *page, long http_status, const char *answer, const char *prefix)
{
	cJSON *value = cJSON_Parse(answer);
	const cJSON *header = cJSON_GetObjectItemCaseSensitive(value, "header");
	const cJSON *keys = cJSON_GetObjectItemCaseSensitive(value, "kvs");

	page->count = 0;
	if (http_status != 200 || !json_string(header, "revision", NULL)) {
		explain(page->reason, http_status, value);
		cJSON_Delete(value);
		return -1;
	}
	page->more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(value, "more"));
	for (const cJSON *entry = keys ? keys->child : NULL; entry; entry = entry->next) {
		const cJSON *key = cJSON_GetObjectItemCaseSensitive(entry, "key");
		int64_t id = cJSON_IsString(key) ? id_of_key(key->valuestring, prefix) : 0;

		if (id > 0 && page->count < ETCD_PAGE_KEYS)
			page->ids[page->count++] = id;
	}
	cJSON_Delete(value);
	return 0;
}

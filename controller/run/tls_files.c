/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/tls_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/file.h"
#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/files/loads.h"
#include "controller/prober/orders.h"
#include "controller/prober/tls.h"

enum {
	PEM_MAX = 64 * 1024 /* each order has them all: with `each` there is one for each node */
};

/* Where the owners stand in a file, and their "tls" below them. */
static const struct {
	const char *section;
	const char *steps[4]; /* ended by NULL */
} places[] = {
	[TLS_OF_PROBE] = {"probes", {"tls", NULL}},
	[TLS_OF_LOAD] = {"workloads", {"http", "tls", NULL}},
	[TLS_OF_GROUP] = {"groups", {"where", "http", "tls", NULL}},
	[TLS_OF_OBSERVED] = {"groups", {"observe", "tls", NULL}},
};

static const char *file_of(const struct sources *sources, const struct tls_text *text)
{
	for (size_t i = 0; i < sources->count; i++) {
		const cJSON *section = cJSON_GetObjectItemCaseSensitive(
			sources->items[i].tree, places[text->kind].section);

		if (cJSON_GetObjectItemCaseSensitive(section, text->owner))
			return sources->items[i].path;
	}
	return "";
}

static void burn(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void text_deinit(struct tls_text *text)
{
	free(text->ca);
	free(text->cert);
	burn(text->key);
}

/* The place of a key of the "tls", for the error. */
static int at_fault(const struct tls_text *text, const char *key, struct fail *fail)
{
	char path[JSON_PATH_MAX], longer[JSON_PATH_MAX];

	fail->kind = FAIL_BAD_FILE;
	json_path_key(path, places[text->kind].section, text->owner);
	for (const char *const *step = places[text->kind].steps; *step; step++) {
		json_path_key(longer, path, *step);
		memcpy(path, longer, sizeof(path));
	}
	json_path_key(fail->path, path, key);
	return -1;
}

static int read_pem(const char *origin, const char *name, char **out, struct fail *fail)
{
	char *path;
	size_t length;
	int outcome;

	if (!name)
		return 0;
	path = path_beside(origin, name);
	outcome = file_read(path, PEM_MAX, out, &length, fail);
	free(path);
	return outcome;
}

/* A key that is a secret stays NULL where no secrets are given. */
static int read_key(const char *origin, const struct tls_spec *tls, const struct list *secrets,
	char **out, struct fail *fail)
{
	const char *name;

	if (!tls->key)
		return 0;
	if (!secret_reference(tls->key, &name))
		return read_pem(origin, tls->key->valuestring, out, fail);
	if (!secrets)
		return 0;
	LIST_EACH(*secrets, struct secret_value, secret)
		if (strcmp(secret->name, name) == 0)
			*out = must_copy(secret->value);
	return 0;
}

static int read_one(struct tls_text *out, const struct tls_spec *tls, const char *origin,
	const struct list *secrets, struct fail *fail)
{
	char key[8];

	if (read_pem(origin, tls->ca, &out->ca, fail) < 0)
		return at_fault(out, "ca", fail);
	if (read_pem(origin, tls->cert, &out->cert, fail) < 0)
		return at_fault(out, "cert", fail);
	if (read_key(origin, tls, secrets, &out->key, fail) < 0)
		return at_fault(out, "key", fail);
	if (tls_check(out->ca, out->cert, out->key, fail) == 0)
		return 0;
	snprintf(key, sizeof(key), "%.7s", fail->path);
	return at_fault(out, key, fail);
}

enum tls_owner tls_owner_of(const struct probe_spec *probe)
{
	if (probe->observes)
		return TLS_OF_OBSERVED;
	return probe->load ? TLS_OF_LOAD : TLS_OF_PROBE;
}

struct reading {
	struct list *out;
	const struct sources *sources;
	const struct list *secrets;
};

static int read_of(const struct reading *reading, enum tls_owner kind, const char *owner,
	const struct tls_spec *tls, struct fail *fail)
{
	struct tls_text *text;

	if (!tls)
		return 0;
	text = list_push(reading->out, sizeof(*text));
	text->kind = kind;
	text->owner = owner;
	return read_one(text, tls, file_of(reading->sources, text), reading->secrets, fail);
}

static int read_all(
	const struct reading *reading, const struct scenario *scenario, struct fail *fail)
{
	LIST_EACH(scenario->probes, struct probe_spec, probe)
		if (read_of(reading, tls_owner_of(probe), probe->name, probe->tls, fail) < 0)
			return -1;
	LIST_EACH(scenario->groups, struct group_spec, group)
		if (group->where && group->where->http &&
			read_of(reading, TLS_OF_GROUP, group->name, group->where->http->tls, fail) <
				0)
			return -1;
	return 0;
}

int tls_files_read(struct list *out, const struct scenario *scenario, const struct sources *sources,
	const struct list *secrets, struct fail *fail)
{
	const struct reading reading = {.out = out, .sources = sources, .secrets = secrets};
	int outcome;

	*out = (struct list){0};
	outcome = read_all(&reading, scenario, fail);
	if (outcome < 0)
		tls_files_deinit(out);
	return outcome;
}

void tls_files_deinit(struct list *texts)
{
	LIST_EACH(*texts, struct tls_text, text)
		text_deinit(text);
	free(texts->items);
	*texts = (struct list){0};
}

const struct tls_text *tls_text_of(const struct list *texts, enum tls_owner kind, const char *owner)
{
	if (!texts)
		return NULL;
	LIST_EACH(*texts, const struct tls_text, text)
		if (text->kind == kind && strcmp(text->owner, owner) == 0)
			return text;
	return NULL;
}

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

static const char *file_of_probe(const struct sources *sources, const struct probe_spec *probe)
{
	const char *section = probe->load ? "workloads" : "probes";

	for (size_t i = 0; i < sources->count; i++) {
		const cJSON *probes =
			cJSON_GetObjectItemCaseSensitive(sources->items[i].tree, section);

		if (cJSON_GetObjectItemCaseSensitive(probes, probe->name))
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

/* The place of a key of the probe's "tls", for the error. */
static int at_fault(const struct probe_spec *probe, const char *key, struct fail *fail)
{
	char base[JSON_PATH_MAX], tls_path[JSON_PATH_MAX];

	fail->kind = FAIL_BAD_FILE;
	json_path_key(tls_path, probe_path(probe, base), "tls");
	json_path_key(fail->path, tls_path, key);
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

static int read_one(struct tls_text *out, const struct probe_spec *probe, const char *origin,
	const struct list *secrets, struct fail *fail)
{
	const struct tls_spec *tls = probe->tls;
	char key[8];

	if (read_pem(origin, tls->ca, &out->ca, fail) < 0)
		return at_fault(probe, "ca", fail);
	if (read_pem(origin, tls->cert, &out->cert, fail) < 0)
		return at_fault(probe, "cert", fail);
	if (read_key(origin, tls, secrets, &out->key, fail) < 0)
		return at_fault(probe, "key", fail);
	if (tls_check(out->ca, out->cert, out->key, fail) == 0)
		return 0;
	snprintf(key, sizeof(key), "%.7s", fail->path);
	return at_fault(probe, key, fail);
}

int tls_files_read(struct list *out, const struct scenario *scenario, const struct sources *sources,
	const struct list *secrets, struct fail *fail)
{
	*out = (struct list){0};
	LIST_EACH(scenario->probes, struct probe_spec, probe) {
		struct tls_text *text;

		if (!probe->tls)
			continue;
		text = list_push(out, sizeof(*text));
		text->probe = probe->name;
		if (read_one(text, probe, file_of_probe(sources, probe), secrets, fail) < 0) {
			tls_files_deinit(out);
			return -1;
		}
	}
	return 0;
}

void tls_files_deinit(struct list *texts)
{
	LIST_EACH(*texts, struct tls_text, text)
		text_deinit(text);
	free(texts->items);
	*texts = (struct list){0};
}

const struct tls_text *tls_text_of(const struct list *texts, const char *probe)
{
	if (!texts)
		return NULL;
	LIST_EACH(*texts, const struct tls_text, text)
		if (strcmp(text->probe, probe) == 0)
			return text;
	return NULL;
}

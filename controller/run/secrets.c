/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/secrets.h"
#include "contract/file.h"

#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "controller/prober/orders.h"

enum {
	SECRET_MAX = 64 * 1024
};

static void add(struct secrets *secrets, const char *name, const char *value)
{
	struct secret_value *secret = list_push(&secrets->list, sizeof(*secret));

	secret->name = must_copy(name);
	secret->value = must_copy(value);
}

void secrets_take(struct secrets *secrets, const struct scenario *scenario)
{
	/* All are read first: two secrets may name one variable. */
	LIST_EACH(scenario->secrets, struct secret_spec, secret) {
		const char *value = secret->env ? getenv(secret->env) : NULL;

		if (value)
			add(secrets, secret->name, value);
	}
	LIST_EACH(scenario->secrets, struct secret_spec, secret) {
		char *value = secret->env ? getenv(secret->env) : NULL;

		if (!value)
			continue;
		/* unsetenv() forgets where it stands, but /proc/PID/environ would still show it. */
		explicit_bzero(value, strlen(value));
		unsetenv(secret->env);
	}
}

static const struct secret_value *find(const struct secrets *secrets, const char *name)
{
	LIST_EACH(secrets->list, struct secret_value, secret)
		if (strcmp(secret->name, name) == 0)
			return secret;
	return NULL;
}

static int read_file(struct secrets *secrets, const struct secret_spec *secret, const char *origin,
	struct fail *fail)
{
	char *path = path_beside(origin ? origin : "", secret->file), *text;
	size_t length;
	int outcome = file_read(path, SECRET_MAX, &text, &length, fail);

	free(path);
	if (outcome < 0) {
		fail->kind = FAIL_REFUSED;
		return -1;
	}
	/* A key in PEM form has many lines, and is nothing without them. */
	if (strncmp(text, "-----BEGIN ", 11) != 0)
		text[strcspn(text, "\r\n")] = '\0';
	add(secrets, secret->name, text);
	explicit_bzero(text, length);
	free(text);
	return 0;
}

static int complete_one(struct secrets *secrets, const struct secret_spec *secret,
	const char *origin, struct fail *fail)
{
	const struct secret_value *value;

	if (secret->file && read_file(secrets, secret, origin, fail) < 0)
		return -1;
	value = find(secrets, secret->name);
	if (!value)
		return fail_set(
			fail, FAIL_REFUSED, "the environment variable %s is not set", secret->env);
	if (!*value->value)
		return fail_set(fail, FAIL_REFUSED, "%s is empty",
			secret->file ? "the file's first line" : secret->env);
	return 0;
}

int secrets_complete(struct secrets *secrets, const struct scenario *scenario, const char *origin,
	struct fail *fail)
{
	LIST_EACH(scenario->secrets, struct secret_spec, secret)
		if (complete_one(secrets, secret, origin, fail) < 0)
			return fail_context(fail, "secret \"%s\"", secret->name);
	return 0;
}

void secrets_deinit(struct secrets *secrets)
{
	LIST_EACH(secrets->list, struct secret_value, secret) {
		explicit_bzero(secret->value, strlen(secret->value));
		free(secret->name);
		free(secret->value);
	}
	free(secrets->list.items);
	*secrets = (struct secrets){0};
}

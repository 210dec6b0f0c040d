/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RUN_TLS_FILES_H
#define BACKBURN_RUN_TLS_FILES_H

#include "controller/files/scenario.h"

/*
 * The certificates and keys of a scenario's probes, and of groups that ask by https. The controller
 * reads them, since probers run as nobody and maybe elsewhere; they leave this process in orders to
 * probers and askers only, on standard input.
 */
enum tls_owner {
	TLS_OF_PROBE,
	TLS_OF_LOAD,    /* its `http` */
	TLS_OF_GROUP,   /* its `where` */
	TLS_OF_OBSERVED /* its `observe` */
};

struct tls_text {
	enum tls_owner kind;
	const char *owner;     /* its name, borrowed from the scenario */
	char *ca, *cert, *key; /* in PEM form; NULL: not given */
};

/*
 * Reads and checks the files of all of them into *out, a list of struct tls_text. Names count
 * from the folder of the file in which the probe or group stands. `secrets` are a list of struct
 * secret_value; with NULL a key that is a secret is left out, and not checked. FAIL_BAD_FILE with
 * the place, to be explained with `sources`; *out is empty then.
 */
int tls_files_read(struct list *out, const struct scenario *scenario, const struct sources *sources,
	const struct list *secrets, struct fail *fail);

/* Overwrites the keys, and frees. */
void tls_files_deinit(struct list *texts);

/* Of a load's probe: the load. */
enum tls_owner tls_owner_of(const struct probe_spec *probe);

/* NULL: it has none. */
const struct tls_text *tls_text_of(
	const struct list *texts, enum tls_owner kind, const char *owner);

#endif

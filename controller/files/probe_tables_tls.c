/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/scenario_tables.h"

/* How probes speak https. */

static const struct field tls_fields[] = {
	{.key = "ca",
		.kind = FIELD_STRING,
		AT(tls_spec, ca),
		.help = "A file with the authorities that are trusted, in PEM form, and no others; "
			"without it those of the host that probes."},
	{.key = "cert",
		.kind = FIELD_STRING,
		AT(tls_spec, cert),
		.needs = "key",
		.help = "A file with the certificate that a server is shown, in PEM form; behind "
			"it "
			"those that lead to its authority."},
	{.key = "key",
		.kind = FIELD_TEXT,
		AT(tls_spec, key),
		.needs = "cert",
		.help = "A file with the certificate's private key, in PEM form and without a "
			"passphrase; or a secret that is such a text."},
	{.key = "server_name",
		.kind = FIELD_STRING,
		AT(tls_spec, server_name),
		.help = "The name that the server is asked for (SNI) and that its certificate must "
			"have; the URL's host without it."},
	{.key = "verify",
		.kind = FIELD_BOOL,
		AT(tls_spec, verify),
		.preset = "true",
		.help = "Whether the server's certificate is checked at all."},
};
const struct shape tls_shape =
	SHAPE("tls", tls_spec, tls_fields, "How https is spoken; files count from this file.");

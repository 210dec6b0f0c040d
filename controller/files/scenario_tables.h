/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SCENARIO_TABLES_H
#define BACKBURN_SCENARIO_TABLES_H

#include <stddef.h>

#include "contract/units.h"
#include "controller/files/scenario.h"

/* What the files with the scenario format's tables share. Every key has a sentence of help. */

#define AT(type, member) .offset = offsetof(struct type, member)
#define SHAPE(name_text, type, table, help_text)                                                   \
	{                                                                                          \
		.name = name_text, .size = sizeof(struct type), SHAPE_FIELDS(table),               \
		.help = help_text                                                                  \
	}
#define HOURS(n) ((double)(n)*3600 * NS_PER_SEC)

/* The keys of a pair of burn windows, wherever it stands. */
#define BURN_FIELDS                                                                                \
	{.key = "rate",                                                                            \
		.kind = FIELD_NUMBER,                                                              \
		AT(burn_spec, rate),                                                               \
		.required = true,                                                                  \
		.min = 1.1,                                                                        \
		.max = 1e6,                                                                        \
		.help = "How many times as fast as the objective allows the budget burns."},       \
		{.key = "long",                                                                    \
			.kind = FIELD_DURATION,                                                    \
			AT(burn_spec, long_ns),                                                    \
			.required = true,                                                          \
			.min = NS_PER_SEC,                                                         \
			.max = HOURS(24),                                                          \
			.help = "The long window; it is judged when it is full."},                 \
		{.key = "short",                                                                   \
			.kind = FIELD_DURATION,                                                    \
			AT(burn_spec, short_ns),                                                   \
			.min = 100 * NS_PER_MS,                                                    \
			.max = HOURS(24),                                                          \
			.help = "The short window, which must burn as fast: is it still so? A "    \
				"twelfth of `long`, but 2 s at least, when left out."},            \
	{                                                                                          \
		.key = "min_bad", .kind = FIELD_INTEGER, AT(burn_spec, min_bad), .min = 1,         \
		.max = 1e12,                                                                       \
		.help = "So many events of the long window must be bad. When left out: "           \
			"5, and as many as a system that just meets its objective has "            \
			"with a chance of 1 in a million."                                         \
	}

/*
 * Of a request that probes send, and loads in each attempt, into a struct probe_spec: `OF_HTTP` and
 * `OF_URL` say to which types keys belong, the texts begin their helps.
 */
#define REQUEST_FIELDS(OF_HTTP, OF_URL, http, urls)                                                \
	{.key = "method",                                                                          \
		.kind = FIELD_NAME,                                                                \
		OF_HTTP,                                                                           \
		AT(probe_spec, method),                                                            \
		.preset = "\"GET\"",                                                               \
		.form = &method_form,                                                              \
		.help = http "the method, in capitals."},                                          \
		{.key = "headers",                                                                 \
			.kind = FIELD_TEXTS,                                                       \
			OF_URL,                                                                    \
			AT(probe_spec, headers),                                                   \
			.help = urls                                                               \
			"an object of names and values; a value is a text or a secret."},          \
		{.key = "body",                                                                    \
			.kind = FIELD_OBJECT,                                                      \
			OF_HTTP,                                                                   \
			.sub = &body_shape,                                                        \
			AT(probe_spec, body),                                                      \
			.help = http "what the request carries."},                                 \
		{.key = "connection",                                                              \
			.kind = FIELD_ENUM,                                                        \
			OF_URL,                                                                    \
			.words = http_connection_words,                                            \
			AT(probe_spec, connection),                                                \
			.preset = "\"keep_alive\"",                                                \
			.help = urls                                                               \
			"keep connections for later ones, or open a fresh one for each."},         \
	{                                                                                          \
		.key = "tls", .kind = FIELD_OBJECT, OF_URL, .sub = &tls_shape,                     \
		AT(probe_spec, tls),                                                               \
		.help = urls "whom https trusts, and what it shows of itself."                     \
	}

/* Of the answer that is wanted, into a struct probe_expect. */
#define RESPONSE_FIELDS(http)                                                                      \
	{.key = "status",                                                                          \
		.kind = FIELD_LIST,                                                                \
		.item = FIELD_INTEGER,                                                             \
		.one_is_list = true,                                                               \
		AT(probe_expect, status),                                                          \
		.min = 100,                                                                        \
		.max = 599,                                                                        \
		.help = http "the HTTP statuses of a good answer; 200 to 399 without it."},        \
	{                                                                                          \
		.key = "body", .kind = FIELD_OBJECT, .sub = &text_match_shape,                     \
		AT(probe_expect, body), .help = http "what the body of a good answer is like."     \
	}

extern const struct shape group_shape, probe_shape, read_shape, slo_shape, tls_shape,
	workload_shape;
/* What probes and loads share; the last is a load's request in a struct probe_spec. */
extern const struct shape to_shape, body_shape, load_http_shape;
extern const struct form method_form;
/* What the name of a metric looks like. */
extern const struct form metric_form;
extern const struct shape invariant_shape, guardrails_shape;
extern const struct shape recovers_from_shape, alert_fired_shape, converges_shape,
	exactly_one_shape;

#endif

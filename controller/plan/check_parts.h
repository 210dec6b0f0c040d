/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHECK_PARTS_H
#define BACKBURN_CHECK_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/json.h"
#include "controller/plan/check.h"

/* What the checks of a scenario's references share. Every failure is FAIL_BAD_FILE with a path. */

/*
 * Each check works on one object and its path. `struct at` keeps path building short: at_key()
 * and at_index() extend a path on the stack, and the caller's stays as it was.
 */
struct at {
	char path[JSON_PATH_MAX];
};

struct at at_key(const struct at *parent, const char *key);
struct at at_index(const struct at *parent, size_t index);

/* The nearest of the names of a map or list whose items begin with their name; NULL: none near. */
const char *nearest_named(const struct list *list, size_t size, const char *name);

/* Always -1: 'no WHAT named "NAME" (did you mean "NEAREST"?)'; `nearest` may be NULL. */
int no_such(const struct at *at, const char *what, const char *name, const char *nearest,
	struct fail *fail);
int need_probe(
	const struct scenario *scenario, const char *name, const struct at *at, struct fail *fail);
int need_group(
	const struct scenario *scenario, const char *name, const struct at *at, struct fail *fail);

/* Which placeholders a text may hold; {group.NAME.addrs} and {var.NAME} it always may. */
struct text_rules {
	const struct scenario *scenario;
	bool counter; /* {n}, {uuid} */
	bool node;    /* {node.name}, {node.addr} */
};

int check_placeholders(
	const struct text_rules *rules, const char *text, const struct at *at, struct fail *fail);
/* A value that may be a string with placeholders or a secret; objects and lists are walked. */
int check_text_value(
	const struct text_rules *rules, const cJSON *value, const struct at *at, struct fail *fail);

/* How https is spoken; `url` is NULL where it is a secret. */
int check_tls(const struct text_rules *rules, const struct tls_spec *tls, const char *url,
	const struct at *at, struct fail *fail);

/* One fault: its kind exists, and has all that it needs. */
int check_fault_kind(const struct scenario *scenario, const struct catalogue *catalogue,
	const struct fault_spec *fault, const struct at *at, struct fail *fail);
/* Each stop rule, and each pair of burn windows of an SLO, can fire, and not too early. */
int check_stops(const struct scenario *scenario, struct fail *fail);
int check_value_probe(const struct probe_spec *probe, const struct at *at, struct fail *fail);
int check_read(const struct read_spec *read, const struct at *at, struct fail *fail);
/* A probe that asks the kernel. `at` is the probe. */
int check_kernel_read(const struct scenario *scenario, const struct probe_spec *probe,
	const struct at *at, struct fail *fail);
/* A claim about the numbers that a probe reads; the probe exists. */
int check_watched(const struct scenario *scenario, const struct invariant_spec *claim,
	const struct at *at, struct fail *fail);
/* What an SLO calls good; its probe exists. */
int check_good(const struct scenario *scenario, const struct slo_spec *slo, const struct at *at,
	struct fail *fail);
/* The claim is there, and known before the phase begins. */
int check_only_if(const struct scenario *scenario, const struct phase_spec *phase,
	const struct at *at, struct fail *fail);
int check_probe(const struct scenario *scenario, const struct probe_spec *probe, struct fail *fail);
/* What a probe of type http sends. `at` is where its keys stand, `outer` where `to` does, `own` its
 * text. */
struct request_place {
	struct at at, outer;
	const cJSON *own;
};
int check_requests(const struct scenario *scenario, const struct probe_spec *probe,
	const struct request_place *place, struct fail *fail);
/* A load; its probe is in scenario->probes. */
int check_load(
	const struct scenario *scenario, const struct workload_spec *load, struct fail *fail);
/* Whose events the SLO counts: a probe, or a load. */
int check_slo_source(const struct scenario *scenario, const struct slo_spec *slo,
	const struct at *at, struct fail *fail);
/* The rule hears of each load in time, and each step of a load comes to pass. */
int check_load_times(const struct scenario *scenario, struct fail *fail);

#endif

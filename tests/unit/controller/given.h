/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_GIVEN_H
#define BACKBURN_TEST_GIVEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/judge/judge.h"
#include "controller/plan/plan.h"

/* What the controller's tests start from. Whatever fails in here fails the test. */

#define SECONDS(n) ((int64_t)((n)*1e9))

/* files/leader-cut.json with its part and parameters put in; the caller deletes. */
cJSON *given_tree(void);
/* A name in files/; the caller frees. */
char *given_path(const char *name);

/* JSON in which ' stands for ", so that tests can be read. The caller deletes. */
cJSON *given_json(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Puts a value in its place (a list's index may be its count: appended); NULL takes it away. */
void given_set(cJSON *tree, const char *path, const char *json);

/* Decoded; consumes the tree. */
struct scenario given_scenario(cJSON *tree);

/*
 * n1, n2, n3 (role etcd, zones a, b, c) with 10.0.0.1 to .3, and client with 10.0.0.9; facts known.
 * Scenario and catalogue are borrowed.
 */
struct plan given_plan(const struct scenario *scenario, const struct catalogue *catalogue);
struct catalogue given_catalogue(void);
/* One for all tests of a program, since reading it takes longest; never freed. */
struct catalogue *given_kept_catalogue(void);

/* --- records ------------------------------------------------------------------------------ */

/* A record that has seen run_started; consumes the tree. */
struct record given_record(cJSON *tree);
/* Applies an event: type, instant, and its other members as JSON text without braces. */
void given_event(struct record *record, const char *type, int64_t at_ns, const char *members_format,
	...) __attribute__((format(printf, 4, 5)));
/* The same as JSON, for the caller to delete. */
cJSON *given_event_json(const char *type, int64_t at_ns, const char *members);

/* Probe "put" from "client" at 50 events a second from T+0 on. */
void given_source(struct record *record);
/* Its next window, of the SLO "avail": "g50b3g47". */
void given_window(struct record *record, const char *runs);
/* Windows of good events up to that instant. */
void given_good_until(struct record *record, int64_t until_ns);

const struct invariant_spec *given_claim(const struct record *record, const char *id);
struct claim_judgement given_judgement(const struct record *record, const char *id);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SUITE_H
#define BACKBURN_SUITE_H

#include "controller/files/scenario.h"
#include "controller/files/source.h"

/* A suite as people write it: scenarios that run one after the other, with one exit code. */
struct suite_entry {
	char *file; /* of the scenario, as seen from the suite's folder */
	char *on; /* the environment, likewise; NULL: the suite's, or the one beside the scenario */
	cJSON *params; /* object of strings and numbers; NULL: none */
	int64_t runs;
	int64_t must_hold; /* 0: all of them */
};

struct suite {
	char *schema;
	int64_t version;
	char *name, *title;
	char *on;              /* NULL: each scenario finds its own */
	int64_t run_limit_ns;  /* of all runs together; 0: none */
	struct list scenarios; /* of struct suite_entry */
};
extern const struct shape suite_shape;

enum {
	SUITE_RUNS_MAX = 200, /* of one scenario */
	SUITE_PARAMS_MAX = 64
};

/*
 * Loads and checks a suite by itself; its scenarios are not read (plan/suite_check.h). File names
 * come out as seen from this process. Failure: FAIL_BAD_FILE with file and line.
 */
int suite_load(struct suite *out, struct sources *sources, const char *path, struct fail *fail);
void suite_deinit(struct suite *suite);

/* One scenario, so many times, as a suite of that name; `file` as seen from this process. */
void suite_of_repeats(struct suite *out, const char *file, const char *name, int64_t runs);

/* How many of the entry's runs must hold. */
int64_t suite_must_hold(const struct suite_entry *entry);

/* True when the file is JSON and has the key "backburn_suite". */
bool suite_is_one(const char *path);

/* An entry's parameters as --param would have them. Texts: the caller frees suite_params_free(). */
struct param_values suite_params(const struct suite_entry *entry);
void suite_params_free(struct param_values *values);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SUITE_CHECK_H
#define BACKBURN_SUITE_CHECK_H

#include "controller/files/suite.h"
#include "controller/plan/catalogue.h"

/* What the files of a suite say together. */
struct suite_facts {
	size_t runs;
	int64_t shortest_ns, longest_ns; /* of all runs, one after the other */
};

/*
 * Loads and checks every scenario with the parameters that it will run with. Failure:
 * FAIL_BAD_FILE, with the suite's file and line, and then the scenario's; also when a scenario
 * can't be done within `run_limit`. `path` is the suite's file; NULL: the suite has none, as with
 * --repeat, and a failure is the scenario's own.
 */
int suite_check(const struct suite *suite, const char *path, const struct catalogue *catalogue,
	struct suite_facts *out, struct fail *fail);

#endif

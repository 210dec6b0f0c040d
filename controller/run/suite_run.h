/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SUITE_RUN_H
#define BACKBURN_SUITE_RUN_H

#include "controller/report/suite_report.h"

/*
 * Runs the scenarios of a suite one after the other, each as a process of its own (`backburn run`),
 * since a run takes over signals and the environment's secrets. SIGINT, SIGTERM and SIGHUP are
 * handed on to the run under way, which heals first; the rest is left out then, and also after a
 * run whose revert is not confirmed.
 */
struct suite_order {
	const struct suite *suite;
	const char *environment;  /* --on: in place of the suite's own; or NULL */
	const char *runs_dir;     /* where run directories are made */
	const char *const *words; /* further arguments of each `backburn run`, NULL-terminated */
};

/*
 * Fails only when nothing was begun. `out` is not judged yet; suite_result_deinit() after use.
 */
int suite_run(const struct suite_order *order, struct suite_result *out, struct fail *fail);

/* RUNS/YYYYMMDD-HHMMSS-suite-NAME, made; the caller frees *out_dir. */
int suite_directory(const struct suite_order *order, char **out_dir, struct fail *fail);

#endif

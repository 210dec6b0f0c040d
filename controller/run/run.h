/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RUN_H
#define BACKBURN_RUN_H

#include "controller/files/scenario.h"

/* One run from the files to the reports: `backburn run`. */
struct run_options {
	const char *scenario;    /* path */
	const char *environment; /* path, or NULL: the only one beside the scenario */
	struct param_values params;
	const char *runs_dir; /* where run directories are made */
	const char *attach;   /* "auto", "tcx", "clsact" */
	bool wait_lock;
	bool quiet;
	bool keep_lab; /* leave a lab that this run brought up */
};

/* Returns the exit code; everything has been said on stdout and stderr. */
int run_scenario(const struct run_options *options);

#endif

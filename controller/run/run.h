/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_RUN_H
#define BACKBURN_RUN_H

#include "controller/files/scenario.h"

struct predicted;

/* One run from the files to the reports: `backburn run`. */
struct run_options {
	const char *scenario;    /* path */
	const char *environment; /* path, or NULL: the only one beside the scenario */
	struct param_values params;
	const char *runs_dir; /* where run directories are made */
	const char *attach;   /* "auto", "tcx", "clsact" */
	bool wait_lock;
	bool quiet;
	bool keep_lab;        /* leave a lab that this run brought up */
	bool json;            /* run: events on stdout; plan: as JSON */
	bool ci;              /* commands only: a CI server is told */
	char **out_dir;       /* a copy of the run's directory, the caller's; or NULL */
	char **out_refusal;   /* likewise, of what was said of one that has no journal */
	int tell_fd;          /* where a suite hears of its run, or 0: nowhere */
	const char *heal_dir; /* run_heal_run(): a run's directory */
	/* run_plan(): what to compare with, and what that is called; or NULL. Borrowed. */
	const struct predicted *earlier;
	const char *earlier_name;
	bool fail_if_grew; /* run_plan(): 1 when the radius has grown since then */
};

/* Returns the exit code; everything has been said on stdout and stderr. */
int run_scenario(const struct run_options *options);

/*
 * `backburn plan`: connects, resolves every group and asks every node what each fault would hit
 * now, and prints that with what the files alone say, and what is other than in an earlier plan.
 * Nothing is probed, armed or kept. Returns the exit code: 0; 4 when the run would be refused;
 * or 1.
 */
int run_plan(const struct run_options *options);

/*
 * `backburn heal --run DIR`: recovers every node of an earlier run, compares it with what it was
 * before that run, and writes the proof into its journal and its reports. Returns 0 when every node
 * is as before, 5 when not, or what stood in the way.
 */
int run_heal_run(const struct run_options *options);

#endif

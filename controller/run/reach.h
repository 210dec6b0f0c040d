/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REACH_H
#define BACKBURN_REACH_H

#include "controller/lab/lab.h"
#include "controller/plan/plan.h"

/* How hosts are reached: which programs to start, and behind which words. */

/* The folder of this program, where its sisters lie. The caller frees *out_dir. */
int reach_self_dir(char **out_dir, struct fail *fail);

/* "connect …" + program + words (NULL-terminated), as a new list of char *. */
struct list reach_argv(const char *self_dir, const struct plan_node *node, const char *program,
	const char *const *words);

/* Adds a lab's nodes, each its own host, behind nsenter. */
int reach_add_lab(struct plan *plan, const struct lab_file *file, struct fail *fail);

/*
 * Loads an environment and its lab, if it has one (*out_has_lab). On success both are the
 * caller's to deinit.
 */
int reach_load(const char *path, struct environment *environment, struct lab_file *lab,
	bool *out_has_lab, struct fail *fail);

/* Starts argv with this process's stdio and waits. Returns its exit code, 128 + signal, or -1. */
int reach_wait(const struct list *argv, struct fail *fail);

#endif

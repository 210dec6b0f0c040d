/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_OBSERVED_H
#define BACKBURN_OBSERVED_H

struct list;
struct scenario;

/*
 * Who else got worse can be told only where each member is asked. This adds, for each group that
 * has `observe`, that probe with policy `each` on the group, and an SLO for it, both of the group's
 * name and marked `observes`. `merged` is set: it is made of what stands there.
 */
void scenario_take_observed(struct scenario *scenario);

/*
 * What members are compared with where nobody says it: the phases before the first that has a
 * fault, without those that may be left out. Appended to a list of char *, each owned.
 */
void scenario_steady_phases(const struct scenario *scenario, struct list *out_phases);

/* These for each `degraded_at_most` that names no baseline. */
void scenario_imply_baselines(struct scenario *scenario);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_IMPLIED_SLOS_H
#define BACKBURN_IMPLIED_SLOS_H

struct scenario;

/*
 * A claim on a latency quantile says what an SLO says: "p99 of put below 200ms" is "99 % of put's
 * events are ok and take less than 200ms", and is judged by counting those. This adds such an SLO,
 * marked `implied`, for each `holds` with a quantile, and names it in holds->slo. The names follow
 * from the scenario alone, so that a journal is read as it was written.
 */
void scenario_imply_slos(struct scenario *scenario);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LOADS_H
#define BACKBURN_LOADS_H

#include <stdint.h>

#include "contract/json.h"

struct probe_spec;
struct scenario;
struct workload_spec;

/*
 * A load is measured as a probe is: its requests are events. This moves what `workloads` has of
 * that model to `loads`, and adds to `probes` one of type http for each, of the load's name, that
 * points back to it. SLOs that name a load then name that probe.
 */
void scenario_take_loads(struct scenario *scenario);
void scenario_free_loads(struct scenario *scenario);

/* Where the keys of a probe stand in a scenario: probes.NAME, workloads.NAME.http,
 * groups.NAME.observe. */
const char *probe_path(const struct probe_spec *probe, char path[static JSON_PATH_MAX]);

/* Attempts that a request of the load has at most. */
int64_t load_attempts(const struct workload_spec *load);

/* The longest that an event of the probe may take: of a load with all attempts and pauses. */
int64_t probe_longest_ns(const struct probe_spec *probe);

#endif

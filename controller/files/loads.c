/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/files/loads.h"

#include <stdlib.h>

#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "controller/files/scenario_tables.h"

/* --- the loads ------------------------------------------------------------------------- */

/* Their order stays, so that paths in messages do not depend on it. */
static void move_loads(struct scenario *scenario)
{
	struct list sets = {0}, *all = &scenario->workloads;

	LIST_EACH(*all, struct workload_spec, workload)
		*(struct workload_spec *)list_push(
			workload->model == WORKLOAD_LOAD ? &scenario->loads : &sets,
			sizeof(*workload)) = *workload;
	free(all->items);
	*all = sets;
}

void scenario_free_loads(struct scenario *scenario)
{
	LIST_EACH(scenario->loads, struct workload_spec, load) {
		free(load->name);
		shape_free(&workload_shape, load);
	}
	free(scenario->loads.items);
	scenario->loads = (struct list){0};
}

/* --- their probes ---------------------------------------------------------------------- */

static cJSON *names_of(const struct list *names)
{
	cJSON *array = json_array();

	LIST_EACH(*names, char *, name)
		json_append_string(array, *name);
	return array;
}

/* Through the tables, so that it owns what it has, and is what the same probe in a file would be.
 */
static struct probe_spec probe_of(const struct workload_spec *load)
{
	cJSON *json = shape_encode(&load_http_shape, load->http);
	char timeout[DURATION_TEXT_MAX];
	struct fail fail = FAIL_INIT;
	struct probe_spec probe;

	json_put_string(json, "type", probe_type_words[PROBE_HTTP]);
	json_put(json, "from", names_of(&load->from));
	if (load->to)
		json_put(json, "to", shape_encode(&to_shape, load->to));
	json_put_number(json, "rate", arrivals_most(&load->arrivals));
	json_put_string(json, "timeout", duration_format(load->timeout_ns, timeout));
	json_put_bool(json, "inside_radius", load->inside_radius);
	/* Its ranges are those of the load's keys. */
	if (shape_decode(&probe_shape, json, "", &probe, &fail) < 0)
		abort();
	cJSON_Delete(json);
	probe.name = must_copy(load->name);
	probe.load = load;
	return probe;
}

static void add_probes(struct scenario *scenario)
{
	size_t count = scenario->probes.count + scenario->loads.count;
	struct probe_spec *probes =
		reallocarray(scenario->probes.items, count + 1, sizeof(struct probe_spec));

	if (!probes)
		abort();
	scenario->probes.items = probes;
	LIST_EACH(scenario->loads, const struct workload_spec, load)
		probes[scenario->probes.count++] = probe_of(load);
}

void scenario_take_loads(struct scenario *scenario)
{
	move_loads(scenario);
	if (scenario->loads.count)
		add_probes(scenario);
	/* An unknown name stays one: check_references() finds it. */
	LIST_EACH(scenario->slos, struct slo_spec, slo)
		if (slo->workload)
			slo->probe = must_copy(slo->workload);
}

const char *probe_path(const struct probe_spec *probe, char path[static JSON_PATH_MAX])
{
	char owner[JSON_PATH_MAX];

	if (probe->observes)
		return json_path_key(path, json_path_key(owner, "groups", probe->name), "observe");
	if (!probe->load)
		return json_path_key(path, "probes", probe->name);
	return json_path_key(path, json_path_key(owner, "workloads", probe->name), "http");
}

/* --- what they may take ---------------------------------------------------------------- */

int64_t load_attempts(const struct workload_spec *load)
{
	return load->retry ? load->retry->attempts : 1;
}

int64_t probe_longest_ns(const struct probe_spec *probe)
{
	return retry_longest_ns(probe->load ? probe->load->retry : NULL, probe->timeout_ns);
}

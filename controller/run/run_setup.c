/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/plan/allow.h"
#include "controller/plan/check.h"
#include "controller/plan/groups.h"
#include "controller/run/reach.h"
#include "controller/run/run_dir.h"
#include "controller/run/run_parts.h"
#include "controller/run/who.h"

/* Everything before the first connection: files, lock, lab, run directory. */

/* --- files ----------------------------------------------------------------------------- */

static int load_environment(struct run *run, struct fail *fail)
{
	char *found = NULL;
	const char *path = run->options->environment;
	int outcome;

	if (!path && environment_find(run->options->scenario, &found, fail) < 0)
		return -1;
	outcome =
		reach_load(path ? path : found, &run->environment, &run->lab, &run->has_lab, fail);
	run->environment_file = realpath(path ? path : found, NULL);
	free(found);
	return outcome;
}

static int check_loaded(struct run *run, struct fail *fail)
{
	if (scenario_check(&run->scenario, &run->catalogue, fail) < 0) {
		sources_explain(&run->sources, fail);
		return -1;
	}
	return 0;
}

int run_load(struct run *run, struct fail *fail)
{
	if (reach_self_dir(&run->self_dir, fail) < 0 ||
		catalogue_builtin(&run->catalogue, fail) < 0 ||
		scenario_load(&run->scenario, &run->sources, run->options->scenario,
			&run->options->params, fail) < 0)
		return -1;
	if (check_loaded(run, fail) < 0)
		return -1;
	return load_environment(run, fail);
}

/* --- the plan's nodes ------------------------------------------------------------------ */

/* Heals and proofs are allowed at any time. */
static int check_allowed(const struct run *run, struct fail *fail)
{
	struct timespec now;

	if (!run->heeds_halt)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	return allow_run(
		&run->scenario, &run->environment, now.tv_sec * NS_PER_SEC + now.tv_nsec, fail);
}

static int make_plan(struct run *run, struct fail *fail)
{
	plan_init(&run->plan, &run->scenario, &run->catalogue, &run->environment);
	run->plan.origin = run->options->scenario;
	if (run->has_lab && reach_add_lab(&run->plan, &run->lab, fail) < 0)
		return -1;
	if (plan_check_names(&run->plan, fail) < 0 ||
		(run->has_lab && check_machines(&run->scenario, &run->catalogue, fail) < 0)) {
		/* The place is in the files, the reason in the environment: 4, with file and line.
		 */
		fail->kind = FAIL_BAD_FILE;
		sources_explain(&run->sources, fail);
		fail->kind = FAIL_REFUSED;
		return -1;
	}
	if (plan_check_limits(&run->plan, fail) < 0 || check_allowed(run, fail) < 0)
		return -1;
	run->node_count = run->plan.nodes.count;
	run->nodes = must_array(run->node_count + 1, sizeof(*run->nodes));
	for (size_t i = 0; i < run->node_count; i++) {
		run->nodes[i].run = run;
		run->nodes[i].node = LIST_AT(run->plan.nodes, struct plan_node, i);
	}
	return 0;
}

/* --- lock and directory ---------------------------------------------------------------- */

static void read_holder(int fd, char *out, size_t size)
{
	ssize_t length = pread(fd, out, size - 1, 0);

	out[length > 0 ? length : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

/* A blocking flock would not hear of Ctrl-C: the loop's handler restarts system calls. */
static int wait_for_lock(struct run *run, struct fail *fail)
{
	const struct timespec pause = {.tv_nsec = 200 * NS_PER_MS};

	while (flock(run->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		uv_run(run->loop, UV_RUN_NOWAIT);
		if (run->signal)
			return fail_set(fail, FAIL_BUSY, "stopped while waiting for the lock");
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int take_lock(struct run *run, struct fail *fail)
{
	char holder[256];
	char *path = NULL;

	if (mkdir(run->options->runs_dir, 0755) < 0 && errno != EEXIST)
		return fail_errno(fail, errno, "%s", run->options->runs_dir);
	if (asprintf(&path, "%s/.lock-%s", run->options->runs_dir, run->environment.name) < 0)
		abort();
	run->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (run->lock_fd < 0) {
		fail_errno(fail, errno, "%s", path);
		free(path);
		return -1;
	}
	free(path);
	if (flock(run->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	read_holder(run->lock_fd, holder, sizeof(holder));
	if (!run->options->wait_lock)
		return fail_set(fail, FAIL_BUSY,
			"environment \"%s\" is locked by %s (wait for it with --wait-lock)",
			run->environment.name, holder[0] ? holder : "another run");
	fprintf(stderr, "backburn: waiting for %s, which holds environment \"%s\"\n", holder,
		run->environment.name);
	return wait_for_lock(run, fail);
}

static void say_holder(const struct run *run)
{
	char text[256];
	int length = snprintf(text, sizeof(text), "run %s, pid %d\n", run->run_id, (int)getpid());

	/* Only told to people who wait: a lock without its text is still a lock. */
	if (ftruncate(run->lock_fd, 0) == 0 && pwrite(run->lock_fd, text, (size_t)length, 0) < 0)
		fprintf(stderr, "backburn: the lock's text could not be written\n");
}

static int open_journal(struct run *run, struct fail *fail)
{
	char *path = NULL;
	int outcome;

	if (asprintf(&path, "%s/journal.ndjson", run->dir) < 0)
		abort();
	outcome = journal_open(&run->journal, path, fail);
	FAILPOINT(journal_opened);
	free(path);
	return outcome;
}

static void lab_said(void *context, const char *line)
{
	struct run *run = context;

	if (!run->options->quiet)
		screen_say(&run->screen, "lab %s: %s", run->lab.name, line);
}

static int bring_lab_up(struct run *run, struct fail *fail)
{
	if (!run->has_lab)
		return 0;
	run->brought_up = !lab_is_up(run->lab.name);
	if (lab_up(&run->lab, lab_said, run, fail) == 0)
		return 0;
	run->brought_up = false; /* what lab_up could not finish it has taken down itself */
	return -1;
}

/* A line is one write, and fits into the pipe's room. */
void run_tell(const struct run *run, const char *what, const char *text)
{
	char **copy =
		strcmp(what, "directory") == 0 ? run->options->out_dir : run->options->out_refusal;

	if (copy && !*copy)
		*copy = must_copy(text);
	if (run->options->tell_fd && dprintf(run->options->tell_fd, "%s %s\n", what, text) < 0)
		fputs("backburn: the suite of this run does not listen\n", stderr);
}

int run_prepare(struct run *run, bool brings_up, struct fail *fail)
{
	if (make_plan(run, fail) < 0 || take_lock(run, fail) < 0 || run_check_halt(run, fail) < 0 ||
		(brings_up && bring_lab_up(run, fail) < 0))
		return -1;
	run_start_looking_for_halt(run);
	FAILPOINT(environment_locked);
	run->run_id = run_dir_name(run->scenario.name, 1);
	say_holder(run);
	run->zero = uv_hrtime();
	return 0;
}

int run_open_directory(struct run *run, struct fail *fail)
{
	char *name;

	if (run_dir_make(run->options->runs_dir, run->scenario.name, &name, &run->dir, fail) < 0)
		return -1;
	/* What it was called before it had a directory may be another's by now. */
	free(run->run_id);
	run->run_id = name;
	say_holder(run);
	run_tell(run, "directory", run->dir);
	return open_journal(run, fail);
}

/* The words that would start this run again, for the report. */
static cJSON *command_words(const struct run_options *options)
{
	cJSON *words = json_array();

	json_append_string(words, "backburn");
	json_append_string(words, "run");
	json_append_string(words, options->scenario);
	if (options->environment) {
		json_append_string(words, "--on");
		json_append_string(words, options->environment);
	}
	for (size_t i = 0; i < options->params.count; i++) {
		char *pair = NULL;

		if (asprintf(&pair, "%s=%s", options->params.items[i].name,
			    options->params.items[i].text) < 0)
			abort();
		json_append_string(words, "--param");
		json_append_string(words, pair);
		free(pair);
	}
	for (size_t i = 0; i < options->params.set_count; i++) {
		char *pair = NULL;

		if (asprintf(&pair, "%s=%s", options->params.sets[i].name,
			    options->params.sets[i].text) < 0)
			abort();
		json_append_string(words, "--set");
		json_append_string(words, pair);
		free(pair);
	}
	if (strcmp(options->attach, "auto") != 0) {
		json_append_string(words, "--attach");
		json_append_string(words, options->attach);
	}
	return words;
}

void run_put_wall(cJSON *event)
{
	char wall[WHEN_MAX];

	json_put_string(event, "wall", say_when(wall));
}

const char *run_who(char buffer[RUN_WHO_MAX])
{
	char host[64] = "?";

	uv_os_gethostname(host, &(size_t){sizeof(host)});
	snprintf(buffer, RUN_WHO_MAX, "pid %d on %s", (int)uv_os_getpid(), host);
	return buffer;
}

cJSON *run_started_event(const struct run *run)
{
	cJSON *event = journal_event("run_started", 0);

	json_put_number(event, "journal", JOURNAL_VERSION);
	json_put_string(event, "tool", "backburn " BACKBURN_VERSION);
	json_put_string(event, "run", run->run_id);
	run_put_wall(event);
	json_put_string(event, "environment", run->environment.name);
	if (run->environment_file)
		json_put_string(event, "environment_file", run->environment_file);
	json_put_string(event, "scenario_file", run->options->scenario);
	json_put(event, "command", command_words(run->options));
	json_put(event, "scenario", cJSON_Duplicate(run->scenario.merged, true));
	return event;
}

/* --- what the probes need -------------------------------------------------------------- */

static int resolve_one(struct run *run, const char *name, struct fail *fail)
{
	const struct list *known = &engine_record(run->engine)->groups;
	const struct group_spec *group;

	while ((group = group_next(&run->plan, known, name))) {
		struct list nodes = {0};
		cJSON *event;
		int outcome;

		if (group->where)
			return fail_set(fail, FAIL_REFUSED,
				"group \"%s\" depends on a `where`, so probes and workloads can't "
				"start with it: it is resolved at its first use in a phase",
				group->name);
		group_candidates(&run->plan, known, group, &nodes);
		if (group_finish(&run->plan, group, &nodes, fail) < 0) {
			list_free_texts(&nodes);
			return -1;
		}
		event = journal_event("group_resolved", run_now_ns(run));
		json_put_string(event, "group", group->name);
		json_put(event, "nodes", list_to_json(&nodes));
		list_free_texts(&nodes);
		outcome = engine_note(run->engine, event, fail);
		if (outcome < 0)
			return -1;
	}
	return 0;
}

static int resolve_names(struct run *run, const struct list *names, struct fail *fail)
{
	LIST_EACH(*names, char *, name)
		if (resolve_one(run, *name, fail) < 0)
			return -1;
	return 0;
}

/* The same in texts, wherever they stand in that JSON; NULL: there are none. */
static int resolve_texts_of(struct run *run, const cJSON *own, struct fail *fail)
{
	char *text = own ? json_print(own) : must_copy("");
	int outcome = 0;

	LIST_EACH(run->scenario.groups, struct group_spec, group) {
		char placeholder[128];

		snprintf(placeholder, sizeof(placeholder), "{group.%s.addrs}", group->name);
		if (outcome == 0 && strstr(text, placeholder))
			outcome = resolve_one(run, group->name, fail);
	}
	free(text);
	return outcome;
}

/* In all probes and loads. */
static int resolve_asked(struct run *run, struct fail *fail)
{
	const cJSON *merged = run->scenario.merged, *group;

	if (resolve_texts_of(run, cJSON_GetObjectItemCaseSensitive(merged, "probes"), fail) < 0 ||
		(run->scenario.loads.count &&
			resolve_texts_of(run, cJSON_GetObjectItemCaseSensitive(merged, "workloads"),
				fail) < 0))
		return -1;
	cJSON_ArrayForEach(group, cJSON_GetObjectItemCaseSensitive(merged, "groups"))
		if (resolve_texts_of(
			    run, cJSON_GetObjectItemCaseSensitive(group, "observe"), fail) < 0)
			return -1;
	return 0;
}

/* Groups in {group.NAME.addrs}: the expansion itself says which ones are missing. */
static int resolve_texts(struct run *run, const struct workload_spec *workload, struct fail *fail)
{
	LIST_EACH(workload->exec, char *, word)
		LIST_EACH(run->scenario.groups, struct group_spec, group) {
			char placeholder[128];

			snprintf(placeholder, sizeof(placeholder), "{group.%s.addrs}", group->name);
			if (strstr(*word, placeholder) && resolve_one(run, group->name, fail) < 0)
				return -1;
		}
	return 0;
}

int run_resolve_static(struct run *run, struct fail *fail)
{
	LIST_EACH(run->scenario.probes, struct probe_spec, probe) {
		if (resolve_names(run, &probe->from, fail) < 0 ||
			(probe->to && resolve_one(run, probe->to->group, fail) < 0))
			return fail_context(fail, "probe %s", probe->name);
	}
	if (resolve_asked(run, fail) < 0)
		return -1;
	LIST_EACH(run->scenario.workloads, struct workload_spec, workload) {
		if (resolve_names(run, &workload->from, fail) < 0 ||
			resolve_one(run, workload->final_read->from_each, fail) < 0 ||
			resolve_texts(run, workload, fail) < 0)
			return fail_context(fail, "workload %s", workload->name);
	}
	return 0;
}

cJSON *run_services(const struct run *run)
{
	cJSON *data, *texts = json_array(), *runs;
	struct service_list services;
	struct fail fail = FAIL_INIT;

	if (!run->has_lab) {
		cJSON_Delete(texts);
		return NULL;
	}
	data = json_object();
	json_put(data, "services", texts);
	if (lab_services(run->lab.name, &services, &fail) < 0) {
		json_append_string(texts, "the lab's supervisor does not answer");
		return data;
	}
	LIST_EACH(services.services, struct service_status, service) {
		char text[256];

		snprintf(text, sizeof(text), "%s %s %s", service->node, service->service,
			service_state_words[service->state]);
		json_append_string(texts, text);
	}
	runs = shape_encode(&service_list_shape, &services);
	json_put(data, "runs", cJSON_DetachItemFromObjectCaseSensitive(runs, "services"));
	cJSON_Delete(runs);
	shape_free(&service_list_shape, &services);
	return data;
}

int run_note_services(struct run *run, struct fail *fail)
{
	cJSON *data = run_services(run), *event;

	if (!data)
		return 0;
	event = journal_event("services", run_now_ns(run));
	json_put_string(event, "when", "before");
	while (data->child) {
		cJSON *part = cJSON_DetachItemViaPointer(data, data->child);

		cJSON_AddItemToObject(event, part->string, part);
	}
	cJSON_Delete(data);
	return engine_note(run->engine, event, fail);
}

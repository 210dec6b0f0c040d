/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>

#include "contract/failpoint.h"
#include "contract/json.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "controller/run/reach.h"
#include "controller/run/run_parts.h"

/* What a node's state is, before and after, and what becomes of a node whose injector was lost. */

/*
 * Connecting, 10 s for a live session to heal and end, and some seconds more. Whoever is not
 * reached in that time is left to its lease, and to `heal --run`.
 */
#define RECOVERY_PATIENCE_NS (25 * NS_PER_SEC)

/* Of 64 KiB each: far more than a host with a thousand links has to say. */
enum {
	AUDIT_PAGES_MAX = 256
};

void run_take_boot_id(struct run_node *node, const char *boot_id)
{
	snprintf(node->boot_id, sizeof(node->boot_id), "%.*s", BOOT_ID_MAX - 1, boot_id);
}

/* --- audits ---------------------------------------------------------------------------- */

static void audit_failed(struct run_node *node, const struct fail *why)
{
	struct event event = {.kind = EVENT_AUDITED, .node = node->node->name, .fail = why};

	cJSON_Delete(node->audit_state);
	cJSON_Delete(node->audit_residue);
	node->audit_state = node->audit_residue = NULL;
	if (node->audit_when)
		run_trouble(node->run, why);
	else
		run_feed(node->run, &event);
}

static void audit_complete(struct run_node *node)
{
	struct event event = {.kind = EVENT_AUDITED, .node = node->node->name, .ok = true};
	struct fail fail = FAIL_INIT;
	cJSON *data;

	if (!node->audit_when)
		FAILPOINT(audited_after);
	if (node->audit_when) {
		data = journal_event("audit", run_now_ns(node->run));
		json_put_string(data, "node", node->node->name);
		json_put_string(data, "when", node->audit_when);
	} else {
		data = json_object();
	}
	if (*node->boot_id)
		json_put_string(data, "boot_id", node->boot_id);
	json_put(data, "state", node->audit_state);
	json_put(data, "residue", node->audit_residue);
	node->audit_state = node->audit_residue = NULL;
	if (node->audit_when) {
		node->audit_when = NULL;
		node->run->waiting--;
		if (engine_note(node->run->engine, data, &fail) < 0)
			run_trouble(node->run, &fail);
		FAILPOINT(audited_before);
		return;
	}
	event.data = data;
	run_feed(node->run, &event);
	cJSON_Delete(data);
}

static void audit_next(struct run_node *node, int64_t page);

static void audit_page(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct run_node *node = context;
	struct audit_result result;
	struct fail fail = FAIL_INIT;

	if (!reply) {
		audit_failed(node, why);
		return;
	}
	if (shape_decode(&audit_result_shape, reply->body, "", &result, &fail) < 0) {
		audit_failed(node, &fail);
		return;
	}
	if (result.page != node->audit_page || result.pages > AUDIT_PAGES_MAX) {
		fail_set(&fail, FAIL_PEER,
			"the audit of %s is page %lld of %lld where page %lld was asked for, of at "
			"most %d",
			node->node->name, (long long)result.page, (long long)result.pages,
			(long long)node->audit_page, AUDIT_PAGES_MAX);
		shape_free(&audit_result_shape, &result);
		audit_failed(node, &fail);
		return;
	}
	LIST_EACH(result.state, char *, line)
		json_append_string(node->audit_state, *line);
	LIST_EACH(result.residue, char *, line)
		json_append_string(node->audit_residue, *line);
	if (result.page + 1 < result.pages)
		audit_next(node, result.page + 1);
	else
		audit_complete(node);
	shape_free(&audit_result_shape, &result);
}

static void audit_next(struct run_node *node, int64_t page)
{
	const struct audit_params params = {.page = page};

	node->audit_page = page;
	link_request(node->injector, "audit", shape_encode(&audit_params_shape, &params),
		&(struct link_wait){REQUEST_TIMEOUT_NS, audit_page, node});
}

void run_audit(struct run_node *node)
{
	struct fail fail = FAIL_INIT;

	if (!node->injector) {
		fail_set(&fail, FAIL_PEER, "the injector on %s is gone", node->node->name);
		audit_failed(node, &fail);
		return;
	}
	node->audit_state = json_array();
	node->audit_residue = json_array();
	audit_next(node, 0);
}

/* --- a lost injector ------------------------------------------------------------------- */

static void feed_recovered(struct run_node *node, const struct fail *why)
{
	struct event event = {
		.kind = EVENT_RECOVERED, .node = node->node->name, .ok = why == NULL, .fail = why};

	run_feed(node->run, &event);
}

static void hello_again(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct run_node *node = context;

	if (reply)
		run_take_boot_id(node, json_string(reply->body, "boot_id", ""));
	feed_recovered(node, reply ? NULL : why);
}

struct recovery {
	uv_process_t process;
	uv_timer_t timer;
	struct run_node *node;
	int handles; /* open ones: it is freed with the last */
	bool too_long;
};

static void recovery_closed(uv_handle_t *handle)
{
	struct recovery *recovery = handle->data;

	if (--recovery->handles == 0)
		free(recovery);
}

static void recovery_close(struct recovery *recovery)
{
	uv_close((uv_handle_t *)&recovery->process, recovery_closed);
	uv_close((uv_handle_t *)&recovery->timer, recovery_closed);
}

/* A way that is cut may be silent for as long as TCP has patience. */
static void recovery_expired(uv_timer_t *timer)
{
	struct recovery *recovery = timer->data;

	recovery->too_long = true;
	uv_process_kill(&recovery->process, SIGKILL);
}

static void recovery_exited(uv_process_t *process, int64_t status, int signal_number)
{
	struct recovery *recovery = process->data;
	struct run_node *node = recovery->node;
	struct fail fail = FAIL_INIT;

	recovery_close(recovery);
	if (status != 0 || signal_number != 0) {
		if (recovery->too_long)
			fail_set(&fail, FAIL_PEER, "recovering %s: nothing came back within %lld s",
				node->node->name, (long long)(RECOVERY_PATIENCE_NS / NS_PER_SEC));
		else
			fail_set(&fail, FAIL_PEER, "recovering %s ended with %lld",
				node->node->name, (long long)status);
		feed_recovered(node, &fail);
		return;
	}
	if (run_open_injector(node, &fail) < 0) {
		feed_recovered(node, &fail);
		return;
	}
	link_request(node->injector, "hello", run_hello_body(node->run, true),
		&(struct link_wait){REQUEST_TIMEOUT_NS, hello_again, node});
}

/*
 * What the injector left behind is undone by a fresh one from its ledger; a stopped one, which
 * would heal itself if it ever ran again, is ended for that.
 */
void run_recover(struct run_node *node)
{
	static const char *const words[] = {"recover", "--stop-live", "--here", NULL};
	struct list argv = reach_argv(node->run->self_dir, node->node, "backburn-injector", words);
	struct recovery *recovery = must_alloc(sizeof(*recovery));
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
	uv_process_options_t options = {.exit_cb = recovery_exited,
		.flags = UV_PROCESS_DETACHED,
		.stdio = stdio,
		.stdio_count = 3};
	struct fail fail = FAIL_INIT;
	int outcome;

	link_close(node->injector, 0);
	node->injector = NULL;
	recovery->node = node;
	recovery->handles = 2;
	recovery->process.data = recovery->timer.data = recovery;
	uv_timer_init(node->run->loop, &recovery->timer);
	*(char **)list_push(&argv, sizeof(char *)) = NULL;
	options.args = argv.items;
	options.file = options.args[0];
	outcome = uv_spawn(node->run->loop, &recovery->process, &options);
	FAILPOINT(recovery_started);
	argv.count--;
	list_free_texts(&argv);
	if (outcome == 0) {
		uv_timer_start(
			&recovery->timer, recovery_expired, RECOVERY_PATIENCE_NS / NS_PER_MS, 0);
	} else {
		recovery_close(recovery);
		fail_set(&fail, FAIL_PEER, "recovering %s: %s", node->node->name,
			uv_strerror(outcome));
		feed_recovered(node, &fail);
	}
}

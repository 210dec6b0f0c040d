/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdlib.h>

#include "contract/failpoint.h"
#include "contract/json.h"
#include "contract/memory.h"
#include "controller/run/run_parts.h"

/* The engine's hands: one loop, its timers and signals, and the way actions are carried out. */

enum {
	TICK_MS = 50,
	TICKS_A_LOOK = 4, /* for notes */
	PINGS = 5
};

/* 73 years: no machine has run that long, and sums of a few such times do not overflow. */
#define CLOCK_MAX_NS (INT64_MAX / 4)

int64_t run_now_ns(const struct run *run)
{
	return (int64_t)(uv_hrtime() - run->zero);
}

/* --- clocks ---------------------------------------------------------------------------- */

struct ping {
	struct run *run;
	struct link *link;
	struct clock_offset *clock;
	void (*done)(void *context, const struct fail *why);
	void *context;
	uint64_t sent;
};

static void ping_once(struct ping *ping);

/*
 * The answer was read at some instant between sending and receiving; the middle is the best guess
 * and half the round trip its bound. The ping with the shortest round trip is kept.
 */
static void ponged(void *context, const struct wire_message *reply, const struct fail *why)
{
	struct ping *ping = context;
	int64_t round_trip_ns = (int64_t)(uv_hrtime() - ping->sent);
	struct clock_offset *clock = ping->clock;
	int64_t theirs_ns = reply ? json_i64(reply->body, "monotonic_ns", -1) : 0;
	struct fail absurd = FAIL_INIT;

	if (theirs_ns < 0 || theirs_ns > CLOCK_MAX_NS) {
		fail_set(&absurd, FAIL_PEER,
			"ping was answered without a time, or with one of no machine's");
		why = &absurd;
	}
	if (!reply || absurd.kind != FAIL_NONE) {
		ping->done(ping->context, why);
		free(ping);
		return;
	}
	if (clock->pings == 0 || round_trip_ns < clock->round_trip_ns) {
		int64_t middle = (int64_t)ping->sent + round_trip_ns / 2;

		clock->round_trip_ns = round_trip_ns;
		clock->offset_ns = theirs_ns - middle;
	}
	if (++clock->pings < PINGS) {
		ping_once(ping);
		return;
	}
	ping->done(ping->context, NULL);
	free(ping);
}

static void ping_once(struct ping *ping)
{
	ping->sent = uv_hrtime();
	link_request(
		ping->link, "ping", NULL, &(struct link_wait){REQUEST_TIMEOUT_NS, ponged, ping});
}

void run_measure_clock(struct run *run, struct link *link, struct clock_offset *clock,
	void (*done)(void *context, const struct fail *why), void *context)
{
	struct ping *ping = must_alloc(sizeof(*ping));

	*ping = (struct ping){
		.run = run, .link = link, .clock = clock, .done = done, .context = context};
	clock->pings = 0;
	ping_once(ping);
}

/* --- carrying out ---------------------------------------------------------------------- */

void run_write_journal(struct run *run, const cJSON *event)
{
	struct fail fail = FAIL_INIT;
	struct event broken = {.kind = EVENT_BROKEN, .fail = &fail};

	if (!run->journals)
		return; /* the engine's record has it, and nothing is kept */
	screen_event(&run->screen, event);
	if (run->broken || journal_append(&run->journal, event, &fail) == 0)
		return;
	run->broken = true;
	screen_say(&run->screen, "backburn: %s", fail.text);
	/* Before the engine runs there is nothing to stop, only something not to begin. */
	if (engine_state(run->engine) == ENGINE_NEW)
		run_trouble(run, &fail);
	else
		run_feed(run, &broken);
}

static void ask_services(struct run *run)
{
	cJSON *list = run_services(run);
	struct event event = {.kind = EVENT_SERVICES, .ok = true, .data = list};

	run_feed(run, &event);
	cJSON_Delete(list);
}

static void perform(struct run *run, struct action *action)
{
	struct fail fail = FAIL_INIT;

	switch (action->kind) {
	case ACTION_JOURNAL:
		run_write_journal(run, action->data);
		break;
	case ACTION_START_PROBES:
		run_start_probes(run);
		break;
	case ACTION_QUERY:
		run_query(run, action->group, action->node);
		break;
	case ACTION_INSPECT:
		run_inspect(run, action);
		break;
	case ACTION_ARM:
		run_arm(run, action);
		break;
	case ACTION_HEAL:
		run_heal(run, action);
		break;
	case ACTION_TELL_HEALED:
		if (run->has_lab && lab_node_healed(run->lab.name, action->node, &fail) < 0)
			screen_say(&run->screen, "backburn: %s", fail.text);
		FAILPOINT(healed_told);
		break;
	case ACTION_STOP_PROBES:
		run_stop_probes(run);
		break;
	case ACTION_READ:
		run_read(run, action->workload);
		break;
	case ACTION_AUDIT:
		run_audit(run_find_node(run, action->node));
		break;
	case ACTION_RECOVER:
		run_recover(run_find_node(run, action->node));
		break;
	case ACTION_SERVICES:
		ask_services(run);
		break;
	case ACTION_DONE:
		run->done = true;
		uv_stop(run->loop);
		break;
	}
	cJSON_Delete(action->data);
}

/* Events may be fed from inside an action: the outermost call carries out what they lead to. */
void run_feed(struct run *run, struct event *event)
{
	static int depth;
	struct action action;

	event->now_ns = run_now_ns(run);
	engine_step(run->engine, event);
	if (depth > 0)
		return;
	depth++;
	while (engine_action(run->engine, &action))
		perform(run, &action);
	depth--;
}

/* --- timers and signals ---------------------------------------------------------------- */

static void on_tick(uv_timer_t *timer)
{
	struct run *run = timer->data;
	struct event started = {.kind = EVENT_PROBES_STARTED, .ok = true};
	struct event tick = {.kind = EVENT_TICK};

	if (run->probes_at_ns != NEVER_NS && run_now_ns(run) >= run->probes_at_ns) {
		run->probes_at_ns = NEVER_NS;
		run_feed(run, &started);
	}
	run_feed(run, &tick);
	if (!run->done && run->ticks++ % TICKS_A_LOOK == 0)
		run_take_notes(run);
	if (!run->done && run->journals)
		screen_draw(&run->screen, engine_record(run->engine), run_now_ns(run));
}

static void on_renew(uv_timer_t *timer)
{
	run_renew(timer->data);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct run *run = handle->data;
	/* A closed terminal is as good a reason to stop as SIGTERM. */
	struct event event = {.kind = EVENT_SIGNAL, .value = number == SIGINT ? SIGINT : SIGTERM};

	run->signal = number == SIGINT ? SIGINT : SIGTERM;
	if (!run->engine || engine_state(run->engine) == ENGINE_NEW)
		uv_stop(run->loop);
	else
		run_feed(run, &event);
}

/* The suite that this run belongs to is gone: nobody waits for it any more. */
static void on_suite_gone(uv_poll_t *poll, int status, int events)
{
	struct run *run = poll->data;

	(void)status;
	(void)events;
	uv_poll_stop(poll);
	on_signal(&run->sigterm, SIGTERM);
}

static void listen_to_suite(struct run *run)
{
	int fd = run->options->tell_fd;

	if (!fd || uv_poll_init(run->loop, &run->suite, fd) != 0)
		return;
	run->suite.data = run;
	uv_poll_start(&run->suite, UV_READABLE | UV_DISCONNECT, on_suite_gone);
}

void run_trouble(struct run *run, const struct fail *fail)
{
	if (run->trouble.kind == FAIL_NONE)
		run->trouble = *fail;
	uv_stop(run->loop);
}

int run_await(struct run *run, struct fail *fail)
{
	while (run->waiting && run->trouble.kind == FAIL_NONE && !run->signal)
		uv_run(run->loop, UV_RUN_ONCE);
	if (run->trouble.kind != FAIL_NONE) {
		*fail = run->trouble;
		return -1;
	}
	if (run->signal)
		return fail_set(fail, FAIL_NONE, "stopped by a signal");
	return 0;
}

void run_start_handles(struct run *run)
{
	struct {
		uv_signal_t *handle;
		int number;
	} signals[] = {{&run->sigint, SIGINT}, {&run->sigterm, SIGTERM}, {&run->sighup, SIGHUP}};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		uv_signal_init(run->loop, signals[i].handle);
		signals[i].handle->data = run;
		uv_signal_start(signals[i].handle, on_signal, signals[i].number);
	}
	/* A child that dies while we write to it is an event, not the end of the controller. */
	signal(SIGPIPE, SIG_IGN);
	uv_timer_init(run->loop, &run->tick);
	uv_timer_init(run->loop, &run->renew);
	uv_timer_init(run->loop, &run->halt);
	run->tick.data = run->renew.data = run->halt.data = run;
	listen_to_suite(run);
}

void run_start_renewing(struct run *run)
{
	uint64_t lease_ms = (uint64_t)(run->scenario.guardrails->limits->lease_ns / NS_PER_MS);

	uv_timer_start(&run->renew, on_renew, lease_ms / 3, lease_ms / 3);
}

void run_start_ticking(struct run *run)
{
	uv_timer_start(&run->tick, on_tick, TICK_MS, TICK_MS);
}

/* --- execution ------------------------------------------------------------------------ */

/* Half the worst round trip of two nodes: that far apart their clocks may be read. */
static int64_t clock_error_ns(const struct run *run)
{
	int64_t worst_ns = 0;

	for (size_t i = 0; i < run->node_count; i++)
		if (run->nodes[i].clock.round_trip_ns > worst_ns)
			worst_ns = run->nodes[i].clock.round_trip_ns;
	return worst_ns / 2;
}

void run_execute(struct run *run)
{
	struct event tick = {.kind = EVENT_TICK};

	run->waiting = 0;
	engine_set_skew(run->engine, clock_error_ns(run));
	run_start_ticking(run);
	engine_start(run->engine, run_now_ns(run));
	run_feed(run, &tick);
	while (!run->done)
		uv_run(run->loop, UV_RUN_DEFAULT);
}

/* --- the end --------------------------------------------------------------------------- */

static void handle_closed(uv_handle_t *handle)
{
	(void)handle;
}

/* Every child is told by the end of its stdin, and waited for: an injector heals first. */
void run_close_all(struct run *run)
{
	for (size_t i = 0; i < run->node_count; i++) {
		link_close(run->nodes[i].injector, HEAL_PATIENCE_NS);
		link_close(run->nodes[i].asker, NS_PER_SEC);
	}
	for (size_t i = 0; i < run->prober_count; i++)
		link_close(run->probers[i].link, 2 * NS_PER_SEC);
	uv_timer_stop(&run->tick);
	uv_timer_stop(&run->renew);
	uv_timer_stop(&run->halt);
	while (links_alive() > 0)
		uv_run(run->loop, UV_RUN_ONCE);
	FAILPOINT(children_closed);
}

void run_close_handles(struct run *run)
{
	uv_close((uv_handle_t *)&run->tick, handle_closed);
	uv_close((uv_handle_t *)&run->renew, handle_closed);
	uv_close((uv_handle_t *)&run->halt, handle_closed);
	if (run->suite.data)
		uv_close((uv_handle_t *)&run->suite, handle_closed);
	uv_close((uv_handle_t *)&run->sigint, handle_closed);
	uv_close((uv_handle_t *)&run->sigterm, handle_closed);
	uv_close((uv_handle_t *)&run->sighup, handle_closed);
	uv_run(run->loop, UV_RUN_DEFAULT);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/prober.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <curl/curl.h>

#include "contract/failpoint.h"
#include "contract/memory.h"
#include "contract/units.h"
#include "contract/verbs.h"
#include "contract/wire.h"
#include "controller/exit_code.h"
#include "controller/prober/alarm.h"
#include "controller/prober/final_read.h"
#include "controller/prober/orders.h"
#include "controller/prober/output.h"
#include "controller/prober/privilege.h"
#include "controller/prober/probe.h"
#include "controller/prober/workload.h"

enum {
	PROBES_MAX = 512, /* with policy `each` one for each member */
	WORKLOADS_MAX = 16,
	READS_MAX = 16,
	/* Descriptors that are not those of probes' attempts: pipes of clients, timers, our own. */
	DESCRIPTORS_RESERVED = 96,
	ATTEMPTS_MIN = 4,
	WATCH_MS = 1000,
	LAST_WISH_MS = 1000,
};

/* An order for another clock would be obeyed far too late, or all at once. */
#define START_PAST_MAX_NS (10 * NS_PER_SEC)
#define START_FUTURE_MAX_NS (3600 * NS_PER_SEC)

struct reading {
	struct prober *prober;
	uint64_t request;
	struct final_read *read; /* NULL: the place is free */
};

struct prober {
	uv_loop_t loop;
	uv_pipe_t input;
	uv_signal_t terminate, hangup;
	uv_timer_t watch;
	struct output output;
	struct wire_reader reader;
	struct reporter reporter;
	struct probe *probes[PROBES_MAX];
	struct workload *workloads[WORKLOADS_MAX];
	struct reading readings[READS_MAX];
	size_t probe_count, workload_count;
	int descriptors_left;
	uint64_t stop_request; /* 0: none */
	int64_t stopped_ns;
	bool greeted, stop_answered, ending;
	int status;
	char chunk[64 * 1024];
};

static void end(struct prober *prober, int status)
{
	if (prober->ending)
		return;
	prober->ending = true;
	prober->status = status;
	for (size_t i = 0; i < prober->workload_count; i++)
		workload_kill(prober->workloads[i]);
	for (size_t i = 0; i < READS_MAX; i++)
		if (prober->readings[i].read)
			final_read_kill(prober->readings[i].read);
	uv_stop(&prober->loop);
}

/* --- requests -------------------------------------------------------------------------- */

/* Each fills *out_result (NULL: an empty object), or sets *later when it will reply by itself. */
struct request {
	uint64_t id;
	const cJSON *params;
	cJSON *result;
	bool later;
};

static int do_hello(struct prober *prober, struct request *request, struct fail *fail)
{
	struct prober_hello hello;

	if (shape_decode(&prober_hello_shape, request->params, "", &hello, fail) < 0)
		return -1;
	if (hello.version != PROBER_VERSION)
		return fail_set(fail, FAIL_UNSUPPORTED,
			"this prober speaks version %d, the controller %lld", PROBER_VERSION,
			(long long)hello.version);
	prober->greeted = true;
	FAILPOINT(prober_greeted);
	hello.pid = getpid();
	request->result = shape_encode(&prober_hello_shape, &hello);
	return 0;
}

static int do_ping(struct prober *prober, struct request *request, struct fail *fail)
{
	const struct ping_result result = {.monotonic_ns = clock_now_ns()};

	(void)prober;
	(void)fail;
	request->result = shape_encode(&ping_result_shape, &result);
	return 0;
}

static int check_start(int64_t start_ns, struct fail *fail)
{
	int64_t now_ns = clock_now_ns();
	/* In whole seconds, for the order may name any instant. */
	int64_t ahead_s = start_ns / NS_PER_SEC - now_ns / NS_PER_SEC;

	if (start_ns < now_ns - START_PAST_MAX_NS || start_ns > now_ns + START_FUTURE_MAX_NS)
		return fail_set(fail, FAIL_USAGE,
			"start_ns lies %lld s %s: is it of this process's CLOCK_MONOTONIC?",
			(long long)llabs(ahead_s),
			start_ns < now_ns ? "in the past" : "in the future");
	return 0;
}

static int accept_probe(struct prober *prober, struct probe_order *order, struct fail *fail)
{
	int attempts, each;

	if (prober->probe_count == PROBES_MAX)
		return fail_set(fail, FAIL_REFUSED, "more than %d probes", PROBES_MAX);
	if (check_start(order->start_ns, fail) < 0 || probe_check(order, fail) < 0)
		return -1;
	for (size_t i = 0; i < prober->probe_count; i++)
		if (probe_is(prober->probes[i], order))
			return fail_set(fail, FAIL_USAGE, "there is a probe of this name");
	attempts = probe_attempts(order);
	each = probe_descriptors(order);
	if (attempts > prober->descriptors_left / each)
		attempts = prober->descriptors_left / each;
	if (attempts < ATTEMPTS_MIN)
		return fail_set(fail, FAIL_REFUSED,
			"no file descriptors are left for it: raise the hard limit (ulimit -Hn)");
	if (probe_new(order, attempts, &prober->reporter, &prober->probes[prober->probe_count],
		    fail) < 0)
		return -1;
	prober->probe_count++;
	prober->descriptors_left -= attempts * each;
	FAILPOINT(probe_taken);
	return 0;
}

static int do_probe(struct prober *prober, struct request *request, struct fail *fail)
{
	struct probe_order order;
	int outcome;

	if (shape_decode(&probe_order_shape, request->params, "", &order, fail) < 0)
		return -1;
	outcome = accept_probe(prober, &order, fail);
	if (outcome < 0)
		fail_context(fail, "probe %s", order.id);
	shape_free(&probe_order_shape, &order);
	return outcome;
}

static int accept_workload(struct prober *prober, struct workload_order *order, struct fail *fail)
{
	for (size_t i = 0; i < prober->workload_count; i++)
		if (strcmp(workload_id(prober->workloads[i]), order->id) == 0)
			return fail_set(fail, FAIL_USAGE, "there is a workload of this name");
	if (prober->workload_count == WORKLOADS_MAX)
		return fail_set(fail, FAIL_REFUSED, "more than %d workloads", WORKLOADS_MAX);
	if (check_start(order->start_ns, fail) < 0 || workload_check(order, fail) < 0 ||
		workload_new(order, &prober->reporter, &prober->workloads[prober->workload_count],
			fail) < 0)
		return -1;
	prober->workload_count++;
	return 0;
}

static int do_workload(struct prober *prober, struct request *request, struct fail *fail)
{
	struct workload_order order;
	int outcome;

	if (shape_decode(&workload_order_shape, request->params, "", &order, fail) < 0)
		return -1;
	outcome = accept_workload(prober, &order, fail);
	if (outcome < 0)
		fail_context(fail, "workload %s", order.id);
	shape_free(&workload_order_shape, &order);
	return outcome;
}

static void on_read_done(void *context, const struct final_read_result *result)
{
	struct reading *reading = context;

	FAILPOINT(read_done);
	output_send(&reading->prober->output,
		wire_reply(reading->request, shape_encode(&final_read_result_shape, result)));
	final_read_free(reading->read);
	reading->read = NULL;
}

static int do_final_read(struct prober *prober, struct request *request, struct fail *fail)
{
	struct final_read_order order;
	struct final_read_reader reader;
	struct reading *reading = prober->readings;
	int outcome;

	while (reading < prober->readings + READS_MAX && reading->read)
		reading++;
	if (reading == prober->readings + READS_MAX)
		return fail_set(fail, FAIL_REFUSED, "more than %d final reads at once", READS_MAX);
	if (shape_decode(&final_read_order_shape, request->params, "", &order, fail) < 0)
		return -1;
	*reading = (struct reading){.prober = prober, .request = request->id};
	reader = (struct final_read_reader){
		.loop = &prober->loop, .done = on_read_done, .context = reading};
	outcome = final_read_new(&order, &reader, &reading->read, fail);
	shape_free(&final_read_order_shape, &order);
	request->later = outcome == 0;
	return outcome;
}

static void answer_stop_when_done(struct prober *prober)
{
	struct stop_result result = {.stopped_ns = prober->stopped_ns};

	if (!prober->stop_request || prober->stop_answered)
		return;
	for (size_t i = 0; i < prober->probe_count; i++)
		if (!probe_is_done(prober->probes[i]))
			return;
	for (size_t i = 0; i < prober->workload_count; i++)
		if (!workload_is_done(prober->workloads[i]))
			return;
	prober->stop_answered = true;
	output_send(&prober->output,
		wire_reply(prober->stop_request, shape_encode(&stop_result_shape, &result)));
}

static int do_stop(struct prober *prober, struct request *request, struct fail *fail)
{
	if (prober->stop_request)
		return fail_set(fail, FAIL_REFUSED, "stopped already");
	prober->stop_request = request->id;
	prober->stopped_ns = clock_now_ns();
	request->later = true;
	for (size_t i = 0; i < prober->probe_count; i++)
		probe_stop(prober->probes[i]);
	for (size_t i = 0; i < prober->workload_count; i++)
		workload_stop(prober->workloads[i]);
	FAILPOINT(prober_stopping);
	answer_stop_when_done(prober);
	return 0;
}

static const struct verb {
	const char *method;
	int (*handle)(struct prober *prober, struct request *request, struct fail *fail);
	bool before_hello, after_stop;
} verbs[] = {
	{"hello", do_hello, true, true},
	{"ping", do_ping, false, true},
	{"probe", do_probe, false, false},
	{"workload", do_workload, false, false},
	{"final_read", do_final_read, false, true},
	{"stop", do_stop, false, true},
};

static const struct verb *find_verb(const char *method)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].method, method) == 0)
			return &verbs[i];
	return NULL;
}

static int obey(
	struct prober *prober, const char *method, struct request *request, struct fail *fail)
{
	const struct verb *verb = find_verb(method);

	if (!verb)
		return fail_set(fail, FAIL_UNSUPPORTED, "the prober has no verb \"%s\"", method);
	if (!prober->greeted && !verb->before_hello)
		return fail_set(fail, FAIL_REFUSED, "%s before hello", method);
	if (prober->stop_request && !verb->after_stop)
		return fail_set(fail, FAIL_REFUSED, "%s after stop", method);
	return verb->handle(prober, request, fail);
}

/* Notifications and replies to us don't exist in this direction and are passed over. */
static int take_line(struct prober *prober, const char *line, size_t length, struct fail *fail)
{
	struct wire_message message;
	struct request request = {0};
	struct fail refusal = FAIL_INIT;

	if (wire_parse(line, length, &message, fail) < 0)
		return -1;
	if (message.kind == WIRE_REQUEST) {
		request.id = message.id;
		request.params = message.body;
		if (obey(prober, message.method, &request, &refusal) < 0)
			output_send(&prober->output, wire_error(message.id, &refusal));
		else if (!request.later)
			output_send(&prober->output, wire_reply(message.id, request.result));
	}
	wire_message_deinit(&message);
	return 0;
}

/* --- input ----------------------------------------------------------------------------- */

static void lend_chunk(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
	struct prober *prober = handle->data;

	(void)wanted;
	*buffer = uv_buf_init(prober->chunk, sizeof(prober->chunk));
}

static void on_input(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct prober *prober = stream->data;
	struct fail fail = FAIL_INIT;
	const char *line;
	size_t length;
	int outcome;

	if (count < 0) {
		end(prober, count == UV_EOF ? 0 : 1);
		return;
	}
	outcome = wire_reader_feed(&prober->reader, buffer->base, (size_t)count, &fail);
	while (outcome == 0 && !prober->ending &&
		(line = wire_reader_line(&prober->reader, &length)))
		outcome = take_line(prober, line, length, &fail);
	if (outcome < 0) {
		/* After a broken line nothing that follows can be trusted. */
		output_send(&prober->output, wire_error(0, &fail));
		end(prober, 1);
	}
}

static void on_signal(uv_signal_t *signal, int number)
{
	(void)number;
	end(signal->data, 0);
}

static void on_watch(uv_timer_t *timer)
{
	struct prober *prober = timer->data;

	if (output_is_dead(&prober->output, clock_now_ns()))
		end(prober, 1);
}

static void notify(void *context, const char *method, cJSON *body)
{
	struct prober *prober = context;

	FAILPOINT(window_said);
	output_send(&prober->output, wire_notification(method, body));
}

static void on_finished(void *context)
{
	answer_stop_when_done(context);
}

/* --- life ------------------------------------------------------------------------------ */

static int start(struct prober *prober, struct fail *fail)
{
	int outcome;

	uv_loop_init(&prober->loop);
	prober->reporter = (struct reporter){.loop = &prober->loop,
		.notify = notify,
		.finished = on_finished,
		.context = prober};
	prober->terminate.data = prober->hangup.data = prober->watch.data = prober->input.data =
		prober;
	uv_signal_init(&prober->loop, &prober->terminate);
	uv_signal_init(&prober->loop, &prober->hangup);
	uv_timer_init(&prober->loop, &prober->watch);
	uv_pipe_init(&prober->loop, &prober->input, 0);
	wire_reader_init(&prober->reader, WIRE_LINE_TO_INJECTOR_MAX);
	if (output_init(&prober->output, &prober->loop, STDOUT_FILENO, fail) < 0)
		return -1;
	uv_signal_start(&prober->terminate, on_signal, SIGTERM);
	uv_signal_start(&prober->hangup, on_signal, SIGHUP);
	uv_timer_start(&prober->watch, on_watch, WATCH_MS, WATCH_MS);
	outcome = uv_pipe_open(&prober->input, STDIN_FILENO);
	if (outcome == 0)
		outcome = uv_read_start((uv_stream_t *)&prober->input, lend_chunk, on_input);
	if (outcome < 0)
		return fail_errno(fail, outcome, "standard input is not a pipe");
	return 0;
}

static void on_last_wish(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void close_handle(uv_handle_t *handle, void *context)
{
	const struct prober *prober = context;

	if (!uv_is_closing(handle) &&
		(handle == (const uv_handle_t *)&prober->terminate ||
			handle == (const uv_handle_t *)&prober->hangup ||
			handle == (const uv_handle_t *)&prober->watch ||
			handle == (const uv_handle_t *)&prober->input ||
			handle == (const uv_handle_t *)&prober->output.pipe))
		uv_close(handle, NULL);
}

/* Reaps the killed clients; whatever has not gone within a second is left to init. */
static void tear_down(struct prober *prober)
{
	uv_timer_t last_wish;

	for (size_t i = 0; i < prober->probe_count; i++)
		probe_free(prober->probes[i]);
	for (size_t i = 0; i < prober->workload_count; i++)
		workload_free(prober->workloads[i]);
	for (size_t i = 0; i < READS_MAX; i++)
		final_read_free(prober->readings[i].read);
	uv_walk(&prober->loop, close_handle, prober);
	uv_timer_init(&prober->loop, &last_wish);
	uv_timer_start(&last_wish, on_last_wish, LAST_WISH_MS, 0);
	uv_unref((uv_handle_t *)&last_wish);
	uv_run(&prober->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&last_wish, NULL);
	uv_run(&prober->loop, UV_RUN_NOWAIT);
	uv_loop_close(&prober->loop);
	wire_reader_deinit(&prober->reader);
}

static int raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024 - DESCRIPTORS_RESERVED;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur > INT32_MAX)
		return INT32_MAX;
	return (int)limit.rlim_cur - DESCRIPTORS_RESERVED;
}

static int serve(int descriptors)
{
	struct prober *prober = must_alloc(sizeof(*prober));
	struct fail fail = FAIL_INIT;
	int status = EXIT_TROUBLE;

	prober->descriptors_left = descriptors;
	if (start(prober, &fail) < 0) {
		fprintf(stderr, "backburn probe: %s\n", fail.text);
		prober->ending = true;
	} else {
		uv_run(&prober->loop, UV_RUN_DEFAULT);
		status = prober->status;
	}
	tear_down(prober);
	free(prober);
	return status;
}

int prober_main(void)
{
	int descriptors = raise_descriptor_limit();
	struct fail fail = FAIL_INIT;
	int status;

	if (privilege_drop(&fail) < 0) {
		fprintf(stderr, "backburn probe: %s\n", fail.text);
		return EXIT_TROUBLE;
	}
	if (uv_guess_handle(STDIN_FILENO) != UV_NAMED_PIPE ||
		uv_guess_handle(STDOUT_FILENO) != UV_NAMED_PIPE) {
		fprintf(stderr,
			"backburn probe: takes its orders from `backburn run`, on pipes; it is not "
			"for the command line\n");
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return EXIT_TROUBLE;
	status = serve(descriptors);
	curl_global_cleanup();
	return status;
}

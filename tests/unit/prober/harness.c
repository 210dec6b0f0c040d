/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/units.h"
#include "controller/prober/attempts_text.h"
#include "controller/prober/runs.h"

int64_t harness_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static void run_prober(int input, int output, unsigned int descriptors)
{
	char name[] = "prober";
	char *const argv[] = {name, NULL};

	dup2(input, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	if (descriptors) {
		const struct rlimit limit = {descriptors, descriptors};

		setrlimit(RLIMIT_NOFILE, &limit);
	}
	/* The prober must not be led astray by what people have in their environment. */
	setenv("http_proxy", "http://127.0.0.1:9/", 1);
	execv(PROBER_UNDER_TEST, argv);
	_exit(127);
}

struct harness *harness_new(unsigned int descriptors)
{
	struct harness *harness = calloc(1, sizeof(*harness));
	int to[2], from[2];
	cJSON *hello;

	assert_non_null(harness);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	harness->pid = fork();
	assert_true(harness->pid >= 0);
	if (harness->pid == 0)
		run_prober(to[0], from[1], descriptors);
	close(to[0]);
	close(from[1]);
	harness->to = to[1];
	harness->from = from[0];
	wire_reader_init(&harness->reader, WIRE_LINE_TO_INJECTOR_MAX);
	hello = harness_ask(harness, "hello", "{\"version\":1}");
	assert_int_equal(json_number(hello, "pid", 0), harness->pid);
	cJSON_Delete(hello);
	return harness;
}

static int read_more(struct harness *harness)
{
	struct pollfd poll_fd = {.fd = harness->from, .events = POLLIN};
	struct fail fail = FAIL_INIT;
	char bytes[65536];
	ssize_t count;

	if (poll(&poll_fd, 1, HARNESS_DEADLINE_MS) <= 0)
		fail_msg("the prober says nothing");
	count = read(harness->from, bytes, sizeof(bytes));
	if (count <= 0)
		return -1;
	assert_int_equal(wire_reader_feed(&harness->reader, bytes, (size_t)count, &fail), 0);
	return 0;
}

int harness_pump(struct harness *harness, struct wire_message *out_reply)
{
	struct wire_message message;
	struct fail fail = FAIL_INIT;
	const char *line;
	size_t length;

	while (!(line = wire_reader_line(&harness->reader, &length)))
		if (read_more(harness) < 0)
			return -1;
	if (wire_parse(line, length, &message, &fail) < 0)
		fail_msg("the prober sent nonsense: %s", fail.text);
	if (message.kind == WIRE_NOTIFICATION) {
		assert_true(harness->note_count < HARNESS_NOTES_MAX);
		harness->notes[harness->note_count++] = message;
		return 0;
	}
	assert_non_null(out_reply); /* nobody awaits one else */
	if (out_reply)
		*out_reply = message;
	return 1;
}

static void send_line(struct harness *harness, char *line)
{
	size_t length = strlen(line);

	for (size_t sent = 0; sent < length;) {
		ssize_t count = write(harness->to, line + sent, length - sent);

		assert_true(count > 0);
		sent += (size_t)count;
	}
	free(line);
}

__attribute__((format(printf, 3, 0))) static struct wire_message call(
	struct harness *harness, const char *method, const char *json, va_list arguments)
{
	struct fail fail = FAIL_INIT;
	struct wire_message reply;
	uint64_t id = ++harness->next_id;
	cJSON *params;
	char *text;
	int outcome;

	assert_true(vasprintf(&text, json, arguments) >= 0);
	params = json_parse(text, strlen(text), &fail);
	if (!params)
		fail_msg("the test's own JSON: %s: %s", fail.text, text);
	free(text);
	send_line(harness, wire_request(id, method, params));
	while ((outcome = harness_pump(harness, &reply)) == 0)
		;
	assert_int_equal(outcome, 1);
	assert_int_equal(reply.id, id);
	return reply;
}

struct wire_message harness_call(struct harness *harness, const char *method, const char *json, ...)
{
	struct wire_message reply;
	va_list arguments;

	va_start(arguments, json);
	reply = call(harness, method, json, arguments);
	va_end(arguments);
	return reply;
}

cJSON *harness_ask(struct harness *harness, const char *method, const char *json, ...)
{
	struct wire_message reply;
	va_list arguments;

	va_start(arguments, json);
	reply = call(harness, method, json, arguments);
	va_end(arguments);
	if (reply.kind != WIRE_REPLY)
		fail_msg("%s: %s", method, reply.error.text);
	return reply.body;
}

void harness_await(struct harness *harness,
	int (*condition)(const struct harness *harness, const void *context), const void *context)
{
	int64_t deadline_ns = harness_now_ns() + HARNESS_DEADLINE_MS * NS_PER_MS;

	while (!condition(harness, context)) {
		assert_true(harness_now_ns() < deadline_ns);
		assert_int_equal(harness_pump(harness, NULL), 0);
	}
}

int harness_wait(struct harness *harness)
{
	int64_t deadline_ns = harness_now_ns() + HARNESS_DEADLINE_MS * NS_PER_MS;
	int status;

	while (waitpid(harness->pid, &status, WNOHANG) == 0) {
		if (harness_now_ns() > deadline_ns) {
			kill(harness->pid, SIGKILL);
			fail_msg("the prober does not end");
		}
		poll(NULL, 0, 5);
	}
	harness->pid = 0;
	return status;
}

int harness_end(struct harness *harness)
{
	int status = 0;

	if (harness->to >= 0)
		close(harness->to);
	if (harness->pid > 0)
		status = harness_wait(harness);
	close(harness->from);
	for (size_t i = 0; i < harness->note_count; i++)
		wire_message_deinit(&harness->notes[i]);
	wire_reader_deinit(&harness->reader);
	free(harness);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* --- sums ------------------------------------------------------------------------------ */

static void add_class(struct probe_sum *sum, const struct class_runs *class, size_t number)
{
	const char *cursor = class->runs;
	struct fail fail = FAIL_INIT;
	int64_t count;
	bool good;
	int outcome;

	while ((outcome = runs_next(&cursor, &good, &count, &fail)) == 1) {
		*(good ? &sum->good[number] : &sum->bad[number]) += count;
		if (!good && count > sum->longest_bad[number])
			sum->longest_bad[number] = count;
		if (number > 0)
			continue;
		sum->good_end = good ? sum->good_end + count : 0;
		sum->bad_end = good ? 0 : sum->bad_end + count;
	}
	assert_int_equal(outcome, 0);
}

/* How many of the window's events are marked, which must be all there are marks for. */
static int64_t count_marked(const char *runs, int64_t events)
{
	struct fail fail = FAIL_INIT;
	int64_t count, total = 0, marked = 0;
	bool good;
	int outcome;

	if (!runs)
		return 0;
	while ((outcome = runs_next(&runs, &good, &count, &fail)) == 1) {
		total += count;
		marked += good ? 0 : count;
	}
	assert_int_equal(outcome, 0);
	assert_int_equal(total, events);
	assert_true(marked > 0);
	return marked;
}

static void add_load(struct probe_sum *sum, const struct load_window *load, int64_t events)
{
	const char *cursor = load->attempts;
	int64_t attempts, count, shared = 0, before = sum->attempts;
	struct fail fail = FAIL_INIT;
	int outcome;

	sum->withheld += load->withheld;
	while ((outcome = attempts_text_next(&cursor, &attempts, &count, &fail)) == 1) {
		sum->attempts += attempts * count;
		events -= count;
	}
	assert_int_equal(outcome, 0);
	assert_int_equal(events, 0);
	for (size_t i = 0; i < load->shares.count; i++) {
		const struct load_share *share = LIST_AT(load->shares, struct load_share, i);

		assert_true(share->failed <= share->attempts);
		shared += share->attempts;
		if (i < 2) {
			sum->shares[i].attempts += share->attempts;
			sum->shares[i].failed += share->failed;
		}
	}
	if (load->shares.count)
		assert_int_equal(shared, sum->attempts - before);
}

static void add_window(struct probe_sum *sum, const struct probe_window *window)
{
	int64_t outcomes = 0;

	assert_int_equal(window->first_index, sum->events);
	if (sum->windows++)
		assert_int_equal(window->start_ns, sum->end_ns);
	else
		sum->start_ns = window->start_ns;
	sum->end_ns = window->end_ns;
	sum->events += window->count;
	for (size_t i = 0; i < OUTCOME_COUNT; i++) {
		outcomes += *LIST_AT(window->outcomes, int64_t, i);
		sum->outcomes[i] += *LIST_AT(window->outcomes, int64_t, i);
	}
	assert_int_equal(outcomes, window->count);
	assert_int_equal(count_marked(window->dropped, window->count),
		*LIST_AT(window->outcomes, int64_t, OUTCOME_DROPPED));
	sum->late += count_marked(window->late, window->count);
	if (window->lag_max_ns > sum->lag_max_ns)
		sum->lag_max_ns = window->lag_max_ns;
	for (size_t i = 0; i < window->classes.count && i < 2; i++)
		add_class(sum, LIST_AT(window->classes, struct class_runs, i), i);
	if (window->load)
		add_load(sum, window->load, window->count);
	LIST_EACH(window->latency, const struct histogram_bucket, bucket) {
		sum->latencies += bucket->count;
	}
	if (window->latency_max_ns > sum->latency_max_ns)
		sum->latency_max_ns = window->latency_max_ns;
	if (window->last_error)
		snprintf(sum->last_error, sizeof(sum->last_error), "%s", window->last_error);
	snprintf(sum->target, sizeof(sum->target), "%s", window->target ? window->target : "");
}

struct probe_sum harness_sum(const struct harness *harness, const char *probe)
{
	struct probe_sum sum = {0};

	for (size_t i = 0; i < harness->note_count; i++) {
		struct probe_window window;
		struct fail fail = FAIL_INIT;

		if (strcmp(harness->notes[i].method, "window") != 0)
			continue;
		if (shape_decode(&probe_window_shape, harness->notes[i].body, "", &window, &fail) <
			0)
			fail_msg("window: %s: %s", fail.path, fail.text);
		if (strcmp(window.probe, probe) == 0)
			add_window(&sum, &window);
		shape_free(&probe_window_shape, &window);
	}
	assert_int_equal(sum.latencies, sum.outcomes[OUTCOME_OK]);
	return sum;
}

static void add_ranges(struct workload_sum *sum, const struct list *ranges, size_t member)
{
	LIST_EACH(*ranges, const struct id_range, range) {
		assert_true(range->first >= 1 && range->first <= range->last);
		assert_true(range->last < 4096);
		for (int64_t id = range->first; id <= range->last; id++)
			++*(int *)((char *)&sum->by_id[id] + member);
	}
}

struct workload_sum *harness_workload(const struct harness *harness, const char *workload)
{
	struct workload_sum *sum = calloc(1, sizeof(*sum));
	int64_t end_ns = 0;

	assert_non_null(sum);
	for (size_t i = 0; i < harness->note_count; i++) {
		struct workload_window window;
		struct fail fail = FAIL_INIT;
		size_t used = strlen(sum->errors);

		if (strcmp(harness->notes[i].method, "operations") != 0)
			continue;
		if (shape_decode(
			    &workload_window_shape, harness->notes[i].body, "", &window, &fail) < 0)
			fail_msg("operations: %s: %s", fail.path, fail.text);
		assert_string_equal(window.workload, workload);
		if (end_ns)
			assert_int_equal(window.start_ns, end_ns);
		end_ns = window.end_ns;
		add_ranges(sum, &window.attempted, offsetof(struct operation_lists, attempted));
		add_ranges(sum, &window.acked, offsetof(struct operation_lists, acked));
		add_ranges(sum, &window.failed, offsetof(struct operation_lists, failed));
		add_ranges(sum, &window.unknown, offsetof(struct operation_lists, unknown));
		LIST_EACH(window.attempted, const struct id_range, range) {
			sum->highest = range->last;
		}
		if (window.last_error)
			snprintf(sum->errors + used, sizeof(sum->errors) - used, "%s\n",
				window.last_error);
		shape_free(&workload_window_shape, &window);
	}
	return sum;
}

/* --- the probe "p" -------------------------------------------------------------------- */

int64_t harness_probe(struct harness *harness, double rate, const char *timeout, const char *rest)
{
	int64_t start_ns = harness_now_ns();

	cJSON_Delete(harness_ask(harness, "probe",
		"{\"id\":\"p\",\"rate\":%g,\"timeout\":\"%s\",\"start_ns\":\"%lld\","
		"\"window\":\"100ms\",\"classes\":[{\"slo\":\"all\"},{\"slo\":\"fast\","
		"\"latency_lt\":\"200ms\"}],%s}",
		rate, timeout, (long long)start_ns, rest));
	return start_ns;
}

static int has_events(const struct harness *harness, const void *count)
{
	return harness_sum(harness, "p").events >= *(const int64_t *)count;
}

void harness_await_events(struct harness *harness, int64_t count)
{
	harness_await(harness, has_events, &count);
}

struct probe_sum harness_stop(struct harness *harness)
{
	cJSON *result = harness_ask(harness, "stop", "{}");

	assert_true(json_i64(result, "stopped_ns", 0) > 0);
	cJSON_Delete(result);
	/* The reply comes after the last window: nothing follows it. */
	return harness_sum(harness, "p");
}

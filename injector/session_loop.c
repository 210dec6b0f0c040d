/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/session_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "contract/failpoint.h"
#include "contract/units.h"
#include "contract/wire.h"
#include "injector/host.h"
#include "injector/log.h"
#include "injector/session.h"

enum {
	READ_BYTES = 64 * 1024,
	HALT_LOOK_MS = 250 /* between looks for a halt: a run notices within half a second */
};

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
enum {
	SIGNAL_COUNT = sizeof(signals) / sizeof(signals[0])
};

struct loop {
	uv_loop_t uv;
	uv_poll_t input, output, links, names, gates;
	uv_timer_t timer, halts;
	uv_signal_t signals[SIGNAL_COUNT];
	struct session *session;
	struct wire_reader reader;
	int link_file;
	bool reading, writing, ended;
	int64_t progress_ns; /* when the outbox was last empty, or got shorter */
	enum session_exit reason;
	int signal;
};

static void end(struct loop *loop, enum session_exit reason)
{
	if (!loop->ended)
		loop->reason = reason;
	loop->ended = true;
	uv_stop(&loop->uv);
}

static void on_input(uv_poll_t *poll, int status, int events);
static void on_output(uv_poll_t *poll, int status, int events);

/* Reads only while the answers find room, writes only while there is something to say. */
static void update_polls(struct loop *loop)
{
	bool read = !outbox_is_full(&loop->session->out);
	bool write = !outbox_is_empty(&loop->session->out);

	if (read != loop->reading) {
		if (read)
			uv_poll_start(&loop->input, UV_READABLE, on_input);
		else
			uv_poll_stop(&loop->input);
		loop->reading = read;
	}
	if (write != loop->writing) {
		if (write)
			uv_poll_start(&loop->output, UV_WRITABLE, on_output);
		else
			uv_poll_stop(&loop->output);
		loop->writing = write;
	}
}

static void flush(struct loop *loop)
{
	size_t count;
	const char *bytes = outbox_peek(&loop->session->out, &count);

	while (count) {
		ssize_t written = write(STDOUT_FILENO, bytes, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN)
			return;
		if (written < 0) {
			end(loop, SESSION_EOF);
			return;
		}
		loop->progress_ns = host_now_ns();
		outbox_sent(&loop->session->out, (size_t)written);
		bytes = outbox_peek(&loop->session->out, &count);
	}
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct loop *loop)
{
	int64_t now_ns = host_now_ns();
	int64_t wait_ns = session_next_ns(loop->session, now_ns) - now_ns;

	if (outbox_is_empty(&loop->session->out))
		loop->progress_ns = now_ns;
	if (wait_ns < 0)
		wait_ns = 0;
	/* Rounded up: a timer that fires just before its time would have to fire again. */
	uv_update_time(&loop->uv);
	uv_timer_start(
		&loop->timer, on_timer, (uint64_t)((wait_ns + NS_PER_MS - 1) / NS_PER_MS), 0);
}

/* As long as the answers find room: a short line may ask for a long answer. */
static void take_lines(struct loop *loop)
{
	const char *line;
	size_t length;

	while (!loop->ended && !outbox_is_full(&loop->session->out)) {
		line = wire_reader_line(&loop->reader, &length);
		if (!line)
			return;
		session_line(loop->session, line, length);
	}
}

/*
 * After whatever happened: do what was asked, send what can be sent, and see when there is
 * something to do next.
 */
static void settle(struct loop *loop)
{
	bool was_full;

	do {
		take_lines(loop);
		was_full = outbox_is_full(&loop->session->out);
		if (!outbox_is_empty(&loop->session->out))
			flush(loop);
	} while (was_full && !loop->ended && !outbox_is_full(&loop->session->out));
	if (loop->ended)
		return;
	update_polls(loop);
	schedule(loop);
}

static void on_timer(uv_timer_t *timer)
{
	struct loop *loop = timer->data;
	int64_t now_ns = host_now_ns();

	if (!session_tick(loop->session, now_ns)) {
		FAILPOINT(lease_lost);
		log_line("the lease was not renewed");
		end(loop, SESSION_LEASE);
		return;
	}
	if (loop->session->greeted && !outbox_is_empty(&loop->session->out) &&
		now_ns - loop->progress_ns >= loop->session->lease_ns) {
		log_line("the controller read nothing for a whole lease");
		end(loop, SESSION_LEASE);
		return;
	}
	settle(loop);
}

static void on_input(uv_poll_t *poll, int status, int events)
{
	static char buffer[READ_BYTES];
	struct loop *loop = poll->data;
	struct fail fail = FAIL_INIT;
	ssize_t got;

	(void)events;
	if (status < 0) {
		end(loop, SESSION_BROKEN);
		return;
	}
	got = read(STDIN_FILENO, buffer, sizeof(buffer));
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		FAILPOINT(input_ended);
		end(loop, SESSION_EOF);
		return;
	}
	if (wire_reader_feed(&loop->reader, buffer, (size_t)got, &fail) < 0) {
		outbox_put(&loop->session->out, wire_error(0, &fail));
		flush(loop);
		log_line("%s", fail.text);
		end(loop, SESSION_BROKEN);
		return;
	}
	settle(loop);
}

static void on_output(uv_poll_t *poll, int status, int events)
{
	struct loop *loop = poll->data;

	(void)events;
	if (status < 0) {
		end(loop, SESSION_EOF);
		return;
	}
	settle(loop);
}

static void on_links(uv_poll_t *poll, int status, int events)
{
	struct loop *loop = poll->data;

	(void)status;
	(void)events;
	host_link_watch_drain(loop->link_file);
	session_links_changed(loop->session);
	settle(loop);
}

static void on_names(uv_poll_t *poll, int status, int events)
{
	struct loop *loop = poll->data;

	(void)status;
	(void)events;
	session_names_came(loop->session, host_now_ns());
	settle(loop);
}

/* Somebody stands at a gate: what watches it is called like everything that it is time for. */
static void on_gates(uv_poll_t *poll, int status, int events)
{
	struct loop *loop = poll->data;

	(void)status;
	(void)events;
	on_timer(&loop->timer);
}

static void on_halts(uv_timer_t *timer)
{
	struct loop *loop = timer->data;

	if (session_look_at_halts(loop->session))
		settle(loop);
}

static void on_signal(uv_signal_t *signal, int number)
{
	struct loop *loop = signal->data;

	loop->signal = number;
	end(loop, SESSION_SIGNAL);
}

static int start(struct loop *loop, struct fail *fail)
{
	int error, names, gates;

	fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
	fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
	error = uv_poll_init(&loop->uv, &loop->input, STDIN_FILENO);
	if (!error)
		error = uv_poll_init(&loop->uv, &loop->output, STDOUT_FILENO);
	if (error)
		return fail_set(fail, FAIL_USAGE,
			"standard input and output must be two pipes, sockets or terminals: %s",
			uv_strerror(error));
	if (host_link_watch(&loop->link_file, fail) < 0 || host_lookup_watch(&names, fail) < 0 ||
		host_gate_watch(&gates, fail) < 0)
		return -1;
	uv_poll_init(&loop->uv, &loop->links, loop->link_file);
	uv_poll_init(&loop->uv, &loop->names, names);
	uv_poll_init(&loop->uv, &loop->gates, gates);
	uv_timer_init(&loop->uv, &loop->timer);
	uv_timer_init(&loop->uv, &loop->halts);
	loop->input.data = loop->output.data = loop->links.data = loop->timer.data = loop;
	loop->names.data = loop->gates.data = loop->halts.data = loop;
	uv_poll_start(&loop->links, UV_READABLE, on_links);
	uv_poll_start(&loop->names, UV_READABLE, on_names);
	uv_poll_start(&loop->gates, UV_READABLE, on_gates);
	uv_timer_start(&loop->halts, on_halts, HALT_LOOK_MS, HALT_LOOK_MS);
	for (int i = 0; i < SIGNAL_COUNT; i++) {
		uv_signal_init(&loop->uv, &loop->signals[i]);
		loop->signals[i].data = loop;
		uv_signal_start(&loop->signals[i], on_signal, signals[i]);
	}
	settle(loop);
	return 0;
}

static void close_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

int session_loop(
	struct session *session, enum session_exit *out, int *out_signal, struct fail *fail)
{
	struct loop loop = {.session = session, .link_file = -1};
	int result;

	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&loop.uv);
	wire_reader_init(&loop.reader, WIRE_LINE_TO_INJECTOR_MAX);
	result = start(&loop, fail);
	if (result == 0) {
		uv_run(&loop.uv, UV_RUN_DEFAULT);
		*out = loop.reason;
		*out_signal = loop.signal;
	}
	uv_walk(&loop.uv, close_handle, NULL);
	uv_run(&loop.uv, UV_RUN_DEFAULT);
	uv_loop_close(&loop.uv);
	wire_reader_deinit(&loop.reader);
	host_file_close(loop.link_file);
	return result;
}

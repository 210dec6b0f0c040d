/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/run/link.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/failpoint.h"
#include "contract/list.h"
#include "contract/memory.h"
#include "contract/units.h"

enum {
	READ_BYTES = 65536,
	STDERR_LINE_MAX = 400,
	STDERR_LINES_MAX = 200
};

/* What may wait for a child that does not read: more than one arm order, less than trouble. */
#define LINK_QUEUE_MAX ((size_t)4 * 1024 * 1024)

struct pending {
	struct pending *next;
	uint64_t id;
	uint64_t expires; /* hrtime */
	link_reply *replied;
	void *context;
	char method[WIRE_METHOD_MAX + 1];
};

struct link {
	uv_process_t process;
	uv_pipe_t in, out, err;
	uv_timer_t timer;
	int handles; /* open ones: the link is freed with the last */
	bool spawned, exited, lost, closing;
	int64_t exit_status;
	int exit_signal;
	struct link_options options;
	char *label;
	struct wire_reader reader;
	struct pending *pending;
	uint64_t next_id;
	uint64_t second_began; /* hrtime, of the second in which `notices` came */
	size_t notices;
	uint64_t kill_at, drop_at; /* hrtime, 0 never: SIGKILL; stop waiting for end of stdout */
	char read_buffer[READ_BYTES];
	char err_buffer[512];
	char err_line[STDERR_LINE_MAX + 1];
	size_t err_used, err_lines;
	char last_said[STDERR_LINE_MAX + 1];
};

static size_t alive;

size_t links_alive(void)
{
	return alive;
}

/* --- the end --------------------------------------------------------------------------- */

static void handle_closed(uv_handle_t *handle)
{
	struct link *link = handle->data;

	if (--link->handles > 0)
		return;
	wire_reader_deinit(&link->reader);
	free(link->label);
	free(link);
	alive--;
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, handle_closed);
}

static void close_handles(struct link *link)
{
	close_handle((uv_handle_t *)&link->in);
	close_handle((uv_handle_t *)&link->out);
	close_handle((uv_handle_t *)&link->err);
	close_handle((uv_handle_t *)&link->timer);
	if (link->exited || !link->spawned)
		close_handle((uv_handle_t *)&link->process);
}

static void fail_pending(struct link *link, const struct fail *why)
{
	while (link->pending) {
		struct pending *pending = link->pending;

		link->pending = pending->next;
		pending->replied(pending->context, NULL, why);
		free(pending);
	}
}

/* The other side is of no use any more: say so once, then take everything down. */
static void lose(struct link *link, const struct fail *why)
{
	if (link->lost)
		return;
	link->lost = true;
	/* What it still says is nobody's business, and taking it in would cost time. */
	uv_read_stop((uv_stream_t *)&link->out);
	fail_pending(link, why);
	if (!link->closing)
		link->options.lost(link->options.context, why);
	if (link->spawned && !link->exited && !link->closing) {
		/* Its end of stdin makes a living injector heal; the kill is for one that is stuck.
		 */
		close_handle((uv_handle_t *)&link->in);
		link->closing = true;
		link->kill_at = uv_hrtime() + 10 * (uint64_t)NS_PER_SEC;
	}
	if (link->exited)
		close_handles(link);
}

static void describe_exit(const struct link *link, struct fail *fail)
{
	const char *said = link->last_said[0] ? ": " : "";

	if (link->exit_signal)
		fail_set(fail, FAIL_PEER, "the %s was ended by signal %d%s%s", link->label,
			link->exit_signal, said, link->last_said);
	else
		fail_set(fail, FAIL_PEER, "the %s exited with %lld%s%s", link->label,
			(long long)link->exit_status, said, link->last_said);
}

static void exited(uv_process_t *process, int64_t status, int signal_number)
{
	struct link *link = process->data;
	struct fail fail = FAIL_INIT;

	link->exited = true;
	link->exit_status = status;
	link->exit_signal = signal_number;
	close_handle((uv_handle_t *)process);
	/* What it still wrote before its death is read first: the end of stdout comes after it. */
	if (uv_is_closing((uv_handle_t *)&link->out) || link->lost) {
		describe_exit(link, &fail);
		lose(link, &fail);
		close_handles(link);
	}
	link->drop_at = uv_hrtime() + (uint64_t)NS_PER_SEC;
}

/* --- timers ---------------------------------------------------------------------------- */

static void expire(struct link *link, uint64_t now)
{
	struct pending **slot = &link->pending;

	while (*slot) {
		struct pending *pending = *slot;
		struct fail fail = FAIL_INIT;

		if (pending->expires > now) {
			slot = &pending->next;
			continue;
		}
		*slot = pending->next;
		fail_set(&fail, FAIL_PEER, "the %s did not answer %s in time", link->label,
			pending->method);
		pending->replied(pending->context, NULL, &fail);
		free(pending);
		slot = &link->pending;
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct link *link = timer->data;
	uint64_t now = uv_hrtime();

	expire(link, now);
	if (link->kill_at && now >= link->kill_at && !link->exited) {
		link->kill_at = 0;
		uv_process_kill(&link->process, SIGKILL);
	}
	/* A grandchild may hold the pipe open for ever. */
	if (link->drop_at && now >= link->drop_at) {
		struct fail fail = FAIL_INIT;

		link->drop_at = 0;
		describe_exit(link, &fail);
		lose(link, &fail);
		close_handles(link);
	}
}

/* --- reading --------------------------------------------------------------------------- */

static void answer(struct link *link, const struct wire_message *message)
{
	for (struct pending **slot = &link->pending; *slot; slot = &(*slot)->next) {
		struct pending *pending = *slot;

		if (pending->id != message->id)
			continue;
		*slot = pending->next;
		if (message->kind == WIRE_ERROR)
			pending->replied(pending->context, NULL, &message->error);
		else
			pending->replied(pending->context, message, NULL);
		free(pending);
		return;
	}
	/* A reply that came too late: its request has been answered by the clock. */
}

/* True when there are more than the other side has any reason to send. */
static bool is_flooded(struct link *link)
{
	uint64_t now = uv_hrtime();

	if (now - link->second_began >= (uint64_t)NS_PER_SEC) {
		link->second_began = now;
		link->notices = 0;
	}
	return ++link->notices > link->options.max_notices;
}

static void notify(struct link *link, const struct wire_message *message)
{
	struct fail fail = FAIL_INIT;

	if (link->closing)
		return;
	if (!is_flooded(link)) {
		link->options.notified(link->options.context, message);
		return;
	}
	fail_set(&fail, FAIL_PEER, "the %s sends more than %zu notifications a second", link->label,
		link->options.max_notices);
	lose(link, &fail);
}

static void take_lines(struct link *link)
{
	struct wire_message message;
	struct fail fail = FAIL_INIT;
	const char *line;
	size_t length;

	while (!link->lost && (line = wire_reader_line(&link->reader, &length))) {
		if (wire_parse(line, length, &message, &fail) < 0) {
			fail_context(&fail, "the %s", link->label);
			lose(link, &fail);
			return;
		}
		if (message.kind == WIRE_REPLY || message.kind == WIRE_ERROR)
			answer(link, &message);
		else if (message.kind == WIRE_NOTIFICATION)
			notify(link, &message);
		wire_message_deinit(&message);
	}
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct link *link = handle->data;

	(void)suggested;
	*out = handle == (uv_handle_t *)&link->err
		? uv_buf_init(link->err_buffer, sizeof(link->err_buffer))
		: uv_buf_init(link->read_buffer, sizeof(link->read_buffer));
}

static void on_stdout(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct link *link = stream->data;
	struct fail fail = FAIL_INIT;

	if (count < 0) {
		close_handle((uv_handle_t *)stream);
		if (link->exited) {
			describe_exit(link, &fail);
			lose(link, &fail);
			close_handles(link);
		}
		return;
	}
	if (link->lost)
		return;
	if (wire_reader_feed(&link->reader, buffer->base, (size_t)count, &fail) < 0) {
		fail_context(&fail, "the %s", link->label);
		lose(link, &fail);
		return;
	}
	take_lines(link);
}

static void say_line(struct link *link)
{
	link->err_line[link->err_used] = '\0';
	link->err_used = 0;
	if (!link->err_line[0])
		return;
	memcpy(link->last_said, link->err_line, sizeof(link->last_said));
	if (link->options.said && !link->closing && link->err_lines++ < STDERR_LINES_MAX)
		link->options.said(link->options.context, link->err_line);
}

static void on_stderr(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct link *link = stream->data;

	if (count < 0) {
		close_handle((uv_handle_t *)stream);
		return;
	}
	for (ssize_t i = 0; i < count; i++) {
		unsigned char c = (unsigned char)buffer->base[i];

		if (c == '\n')
			say_line(link);
		else if (link->err_used < STDERR_LINE_MAX)
			link->err_line[link->err_used++] = (char)(c < ' ' || c == 0x7f ? '?' : c);
	}
}

/* --- writing --------------------------------------------------------------------------- */

struct write {
	uv_write_t request;
	char *line;
};

static void written(uv_write_t *request, int status)
{
	struct write *write = (struct write *)request;

	(void)status; /* a broken pipe shows as the child's end */
	free(write->line);
	free(write);
}

static int send_line(struct link *link, char *line, struct fail *fail)
{
	struct write *write = must_alloc(sizeof(*write));
	uv_buf_t buffer = uv_buf_init(line, (unsigned)strlen(line));
	int outcome;

	write->line = line;
	if (uv_stream_get_write_queue_size((uv_stream_t *)&link->in) > LINK_QUEUE_MAX)
		outcome = UV_ENOBUFS;
	else
		outcome = uv_write(&write->request, (uv_stream_t *)&link->in, &buffer, 1, written);
	if (outcome == 0)
		return 0;
	free(line);
	free(write);
	return fail_set(
		fail, FAIL_PEER, "writing to the %s: %s", link->label, uv_strerror(outcome));
}

void link_request(struct link *link, const char *method, cJSON *body, const struct link_wait *wait)
{
	struct pending *pending;
	struct fail fail = FAIL_INIT;
	char *line;

	if (link->lost || link->closing || uv_is_closing((uv_handle_t *)&link->in)) {
		cJSON_Delete(body);
		fail_set(&fail, FAIL_PEER, "the %s is gone", link->label);
		wait->replied(wait->context, NULL, &fail);
		return;
	}
	line = wire_request(++link->next_id, method, body);
	if (send_line(link, line, &fail) < 0) {
		wait->replied(wait->context, NULL, &fail);
		return;
	}
	pending = must_alloc(sizeof(*pending));
	*pending = (struct pending){.next = link->pending,
		.id = link->next_id,
		.expires = uv_hrtime() + (uint64_t)wait->timeout_ns,
		.replied = wait->replied,
		.context = wait->context};
	snprintf(pending->method, sizeof(pending->method), "%s", method);
	link->pending = pending;
}

/* --- the beginning --------------------------------------------------------------------- */

static int spawn(struct link *link, uv_loop_t *loop, struct fail *fail)
{
	char **argv = list_vector(link->options.argv);
	uv_stdio_container_t stdio[] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
			.data.stream = (uv_stream_t *)&link->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&link->out},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&link->err},
	};
	/* An own session: Ctrl-C on the terminal is the controller's to turn into a heal. */
	uv_process_options_t options = {.exit_cb = exited,
		.file = argv[0],
		.args = argv,
		.flags = UV_PROCESS_DETACHED,
		.stdio = stdio,
		.stdio_count = 3};
	int outcome;

	if (FAILPOINT_ERROR(child_spawn))
		options.file =
			"/dev/null/none"; /* uv_spawn itself must fail: it makes the handle */
	outcome = uv_spawn(loop, &link->process, &options);

	if (outcome < 0)
		fail_set(fail, FAIL_REFUSED, "cannot start the %s (%s): %s", link->label, argv[0],
			uv_strerror(outcome));
	free(argv);
	link->spawned = outcome == 0;
	return outcome < 0 ? -1 : 0;
}

static void init_handles(struct link *link, uv_loop_t *loop)
{
	uv_pipe_init(loop, &link->in, 0);
	uv_pipe_init(loop, &link->out, 0);
	uv_pipe_init(loop, &link->err, 0);
	uv_timer_init(loop, &link->timer);
	link->in.data = link->out.data = link->err.data = link->timer.data = link;
	link->process.data = link;
	link->handles = 5;
	alive++;
}

struct link *link_open(uv_loop_t *loop, const struct link_options *options, struct fail *fail)
{
	struct link *link = must_alloc(sizeof(*link));

	link->options = *options;
	link->label = must_copy(options->label);
	wire_reader_init(&link->reader, options->max_line);
	init_handles(link, loop);
	if (spawn(link, loop, fail) < 0) {
		link->lost = true;
		close_handles(link);
		return NULL;
	}
	uv_read_start((uv_stream_t *)&link->out, allocate, on_stdout);
	uv_read_start((uv_stream_t *)&link->err, allocate, on_stderr);
	uv_timer_start(&link->timer, on_timer, 50, 50);
	return link;
}

void link_close(struct link *link, int64_t patience_ns)
{
	struct fail fail = FAIL_INIT;

	if (!link || link->closing)
		return;
	link->closing = true;
	fail_set(&fail, FAIL_PEER, "the %s is being closed", link->label);
	fail_pending(link, &fail);
	close_handle((uv_handle_t *)&link->in);
	link->kill_at = uv_hrtime() + (uint64_t)patience_ns;
}

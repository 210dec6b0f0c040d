/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/client.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "controller/prober/text.h"

enum {
	INPUT_QUEUE_MAX = 1024 * 1024,
	ERROR_LINE_MAX = 4096,
	READ_CHUNK = 64 * 1024,
	/* A grandchild may keep the pipes open: how long we wait for EOF after the exit. */
	DRAIN_MS = 250,
};

struct client {
	uv_process_t process;
	uv_pipe_t input, output, errors;
	uv_timer_t drain;
	int open_handles; /* the memory goes with the last one */
	bool exited, closing, output_ended, errors_ended, discarded, input_ended;
	pid_t pid; /* 0 once it has been reaped */
	const char *name;
	int64_t exit_status;
	int exit_signal;
	struct client_events events;
	struct line_cutter error_lines;
	char last_words[TEXT_ERROR_SIZE];
	char how[64];
	char chunk[READ_CHUNK];
};

/* --- ending ---------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;

	if (--client->open_handles == 0) {
		line_cutter_deinit(&client->error_lines);
		free(client);
	}
}

static void close_handles(struct client *client)
{
	uv_handle_t *handles[] = {(uv_handle_t *)&client->process, (uv_handle_t *)&client->input,
		(uv_handle_t *)&client->output, (uv_handle_t *)&client->errors,
		(uv_handle_t *)&client->drain};

	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		if (!uv_is_closing(handles[i]))
			uv_close(handles[i], on_closed);
}

static void finish(struct client *client)
{
	const struct client_end end = {.signal = client->exit_signal,
		.status = client->exit_status,
		.how = client->how,
		.last_words = client->last_words};

	if (client->closing)
		return;
	client->closing = true;
	if (!client->discarded)
		client->events.gone(client->events.context, &end);
	close_handles(client);
}

static bool has_said_all(const struct client *client)
{
	return (client->output_ended && client->errors_ended) || client->discarded;
}

static void on_drained(uv_timer_t *timer)
{
	finish(timer->data);
}

void client_kill(struct client *client)
{
	/* Not after it was reaped: the number may be somebody else's by then. */
	if (client->pid > 0)
		kill(-client->pid, SIGKILL);
}

static void on_exit_status(uv_process_t *process, int64_t status, int signal_number)
{
	struct client *client = process->data;

	client->exited = true;
	client->exit_status = status;
	client->exit_signal = signal_number;
	/*
	 * The group outlives its leader when the program left something behind. Nobody else can
	 * have the number yet: the kernel gives it out again only after a round of all others.
	 */
	client_kill(client);
	client->pid = 0;
	if (signal_number)
		snprintf(client->how, sizeof(client->how), "%s was killed by signal %d",
			client->name, signal_number);
	else
		snprintf(client->how, sizeof(client->how), "%s exited with status %lld",
			client->name, (long long)status);
	if (has_said_all(client))
		finish(client);
	else
		uv_timer_start(&client->drain, on_drained, DRAIN_MS, 0);
}

void client_discard(struct client *client)
{
	client->discarded = true;
	client_kill(client);
	if (client->exited)
		finish(client);
}

/* --- talking --------------------------------------------------------------------------- */

static void lend_chunk(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
	struct client *client = handle->data;

	(void)wanted;
	*buffer = uv_buf_init(client->chunk, sizeof(client->chunk));
}

static void on_output(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct client *client = stream->data;

	if (count > 0 && !client->discarded)
		client->events.bytes(client->events.context, buffer->base, (size_t)count);
	if (count >= 0)
		return;
	uv_read_stop(stream);
	client->output_ended = true;
	if (client->exited && has_said_all(client))
		finish(client);
}

static void on_error_line(void *context, const char *line, bool cut_off)
{
	struct client *client = context;

	(void)cut_off;
	if (*line)
		text_clean(client->last_words, sizeof(client->last_words), line);
}

static void on_errors(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct client *client = stream->data;

	if (count > 0)
		line_cutter_feed(
			&client->error_lines, buffer->base, (size_t)count, on_error_line, client);
	if (count >= 0)
		return;
	uv_read_stop(stream);
	client->errors_ended = true;
	if (client->exited && has_said_all(client))
		finish(client);
}

const char *client_last_words(const struct client *client)
{
	return client->last_words;
}

static void close_input_when_sent(struct client *client)
{
	uv_handle_t *input = (uv_handle_t *)&client->input;

	if (client->input_ended && !client->closing && !uv_is_closing(input) &&
		uv_stream_get_write_queue_size((uv_stream_t *)&client->input) == 0)
		uv_close(input, on_closed);
}

static void on_sent(uv_write_t *write, int status)
{
	struct client *client = write->handle->data;

	/* A client that no longer reads is about to be gone, or its operations time out. */
	(void)status;
	free(write);
	close_input_when_sent(client);
}

int client_send(struct client *client, const char *bytes, size_t count)
{
	uv_stream_t *stream = (uv_stream_t *)&client->input;
	uv_write_t *write;
	uv_buf_t buffer;

	if (client->closing || client->input_ended || client->exited ||
		uv_stream_get_write_queue_size(stream) + count > INPUT_QUEUE_MAX)
		return -1;
	write = must_alloc(sizeof(*write) + count);
	memcpy(write + 1, bytes, count);
	buffer = uv_buf_init((char *)(write + 1), (unsigned int)count);
	if (uv_write(write, stream, &buffer, 1, on_sent) < 0) {
		free(write);
		return -1;
	}
	return 0;
}

void client_close_input(struct client *client)
{
	client->input_ended = true;
	close_input_when_sent(client);
}

/* --- starting -------------------------------------------------------------------------- */

enum {
	FIXED_VARIABLES = 3
};

const char *client_search_path(void)
{
	const char *path = getenv("PATH");

	return path && *path ? path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
}

static char **make_environment(const struct list *given, char **path_variable)
{
	static char home[] = "HOME=/", language[] = "LANG=C.UTF-8";
	char **env = must_array(FIXED_VARIABLES + given->count + 1, sizeof(*env)), **next = env;

	if (asprintf(path_variable, "PATH=%s", client_search_path()) < 0)
		abort();
	*next++ = *path_variable;
	*next++ = home;
	*next++ = language;
	LIST_EACH(*given, char *, variable) {
		*next++ = *variable;
	}
	return env;
}

static int spawn(uv_loop_t *loop, struct client *client, const struct client_command *command)
{
	uv_stdio_container_t stdio[] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
			.data.stream = (uv_stream_t *)&client->input},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&client->output},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&client->errors},
	};
	char **argv = list_vector(command->argv);
	char *path_variable;
	char **env = make_environment(command->env, &path_variable);
	uv_process_options_t options = {
		.exit_cb = on_exit_status,
		.args = argv,
		.env = env,
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = 3,
		.stdio = stdio,
	};
	int outcome;

	if (command->no_input)
		stdio[0].flags = UV_IGNORE;
	if (!client->events.bytes)
		stdio[1].flags = UV_IGNORE;
	options.file = argv[0];
	outcome = uv_spawn(loop, &client->process, &options);
	free(path_variable);
	free(env);
	free(argv);
	return outcome;
}

int client_start(uv_loop_t *loop, const struct client_command *command,
	const struct client_events *events, struct client **out, struct fail *fail)
{
	struct client *client = must_alloc(sizeof(*client));
	const char *program = *LIST_AT(*command->argv, char *, 0);
	int outcome;

	client->events = *events;
	client->name = command->name;
	client->input_ended = command->no_input;
	client->output_ended = !events->bytes;
	line_cutter_init(&client->error_lines, ERROR_LINE_MAX);
	uv_pipe_init(loop, &client->input, 0);
	uv_pipe_init(loop, &client->output, 0);
	uv_pipe_init(loop, &client->errors, 0);
	uv_timer_init(loop, &client->drain);
	client->open_handles = 5;
	outcome = spawn(loop, client, command);
	client->process.data = client->input.data = client->output.data = client->errors.data =
		client->drain.data = client;
	if (outcome < 0) {
		client->closing = true;
		close_handles(client);
		return fail_errno(fail, outcome, "cannot start %s as user %u", program,
			(unsigned int)geteuid());
	}
	client->pid = client->process.pid;
	if (events->bytes)
		uv_read_start((uv_stream_t *)&client->output, lend_chunk, on_output);
	uv_read_start((uv_stream_t *)&client->errors, lend_chunk, on_errors);
	*out = client;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/output.h"

#include <stdlib.h>
#include <string.h>

#include "contract/memory.h"

struct queued_line {
	uv_write_t write;
	struct output *output;
	char *text;
};

int output_init(struct output *output, uv_loop_t *loop, int fd, struct fail *fail)
{
	int outcome;

	*output = (struct output){0};
	uv_pipe_init(loop, &output->pipe, 0);
	outcome = uv_pipe_open(&output->pipe, fd);
	if (outcome < 0)
		return fail_errno(fail, outcome, "standard output is not a pipe");
	return 0;
}

static void on_written(uv_write_t *write, int status)
{
	struct queued_line *line = write->data;

	if (status < 0)
		line->output->failed = true;
	free(line->text);
	free(line);
}

void output_send(struct output *output, char *text)
{
	struct queued_line *line;
	uv_buf_t buffer = uv_buf_init(text, (unsigned int)strlen(text));

	if (output->failed ||
		uv_stream_get_write_queue_size((uv_stream_t *)&output->pipe) + buffer.len >
			OUTPUT_QUEUE_MAX) {
		output->failed = true;
		free(text);
		return;
	}
	line = must_alloc(sizeof(*line));
	line->write.data = line;
	line->output = output;
	line->text = text;
	if (uv_write(&line->write, (uv_stream_t *)&output->pipe, &buffer, 1, on_written) < 0) {
		output->failed = true;
		free(text);
		free(line);
		return;
	}
	output->accepted += buffer.len;
}

bool output_is_dead(struct output *output, int64_t now_ns)
{
	size_t queued = uv_stream_get_write_queue_size((uv_stream_t *)&output->pipe);

	uint64_t taken = output->accepted - queued;

	if (queued == 0)
		output->waiting_since_ns = 0;
	else if (output->waiting_since_ns == 0 || taken > output->taken_before)
		output->waiting_since_ns = now_ns;
	output->taken_before = taken;
	return output->failed ||
		(output->waiting_since_ns && now_ns - output->waiting_since_ns > OUTPUT_STUCK_NS);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/push/remote.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "contract/memory.h"

enum {
	IN,
	OUT,
	ERR,
	STREAMS
};

struct conversation {
	const struct remote_call *call;
	pid_t pid;
	int fds[STREAMS];   /* our ends; -1: closed */
	int64_t ends_at_ms; /* of CLOCK_MONOTONIC */
	size_t sent;
	char *texts[STREAMS];
	size_t lengths[STREAMS];
};

/* Socket pairs, because a write to one can be told not to raise SIGPIPE. */
static int make_pairs(int ours[STREAMS], int theirs[STREAMS], struct fail *fail)
{
	for (int i = 0; i < STREAMS; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
			fail_errno(fail, errno, "socketpair");
			while (i-- > 0) {
				close(ours[i]);
				close(theirs[i]);
			}
			return -1;
		}
		ours[i] = pair[0];
		theirs[i] = pair[1];
	}
	return 0;
}

static char **argument_vector(const struct remote_call *call)
{
	size_t count = call->connect->count, words = 0;
	char **argv;

	while (call->words[words])
		words++;
	argv = must_alloc((count + words + 1) * sizeof(*argv));
	for (size_t i = 0; i < count; i++)
		argv[i] = *LIST_AT(*call->connect, char *, i);
	for (size_t i = 0; i < words; i++)
		argv[count + i] = (char *)call->words[i];
	return argv;
}

static int start(struct conversation *talk, struct fail *fail)
{
	char **argv = argument_vector(talk->call);
	posix_spawn_file_actions_t actions;
	int theirs[STREAMS], error;

	if (make_pairs(talk->fds, theirs, fail) < 0) {
		free(argv);
		return -1;
	}
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < STREAMS; i++)
		posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
	error = posix_spawnp(&talk->pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	for (int i = 0; i < STREAMS; i++) {
		close(theirs[i]);
		if (error)
			close(talk->fds[i]);
	}
	if (error)
		fail_errno(fail, error, "%s", argv[0]);
	free(argv);
	return error ? -1 : 0;
}

static void close_stream(struct conversation *talk, int stream)
{
	close(talk->fds[stream]);
	talk->fds[stream] = -1;
}

static void send_some(struct conversation *talk)
{
	const struct remote_call *call = talk->call;
	ssize_t sent = 0;

	if (talk->sent < call->input_size)
		sent = send(talk->fds[IN], (const char *)call->input + talk->sent,
			call->input_size - talk->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent > 0)
		talk->sent += (size_t)sent;
	/* Whoever reads no further has a reason, and says it on stderr. */
	if (talk->sent == call->input_size || (sent < 0 && errno != EAGAIN && errno != EINTR))
		close_stream(talk, IN);
}

static void receive_some(struct conversation *talk, int stream)
{
	char buffer[16 * 1024];
	ssize_t got = recv(talk->fds[stream], buffer, sizeof(buffer), MSG_DONTWAIT);
	size_t room = REMOTE_TEXT_MAX - talk->lengths[stream];

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		close_stream(talk, stream);
		return;
	}
	if ((size_t)got < room)
		room = (size_t)got;
	memcpy(talk->texts[stream] + talk->lengths[stream], buffer, room);
	talk->lengths[stream] += room;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Milliseconds that poll() may wait: what is left of the whole, and no longer than the patience. */
static int patience_ms(const struct conversation *talk)
{
	int64_t left = talk->ends_at_ms - now_ms(), patience = talk->call->patience_s * 1000LL;

	return (int)(left <= 0 ? 0 : left < patience ? left : patience);
}

/* Until both outputs have ended; -1: nothing moved for too long, or it took too long. */
static int converse(struct conversation *talk)
{
	while (talk->fds[OUT] >= 0 || talk->fds[ERR] >= 0) {
		struct pollfd pollers[STREAMS] = {{.fd = talk->fds[IN], .events = POLLOUT},
			{.fd = talk->fds[OUT], .events = POLLIN},
			{.fd = talk->fds[ERR], .events = POLLIN}};
		int ready = poll(pollers, STREAMS, patience_ms(talk));

		if (ready == 0 || now_ms() >= talk->ends_at_ms)
			return -1;
		if (ready < 0)
			continue; /* a signal */
		if (pollers[IN].revents)
			send_some(talk);
		for (int i = OUT; i <= ERR; i++)
			if (pollers[i].revents)
				receive_some(talk, i);
	}
	return 0;
}

/* Both outputs have ended, which is not yet an exit. */
static int await_exit(const struct conversation *talk)
{
	struct pollfd end = {.fd = pidfd_open(talk->pid, 0), .events = POLLIN};
	int ready;

	if (end.fd < 0)
		return -1;
	do
		ready = poll(&end, 1, patience_ms(talk));
	while (ready < 0 && errno == EINTR);
	close(end.fd);
	return ready > 0 ? 0 : -1;
}

static int reap(struct conversation *talk)
{
	int status = 0;

	while (waitpid(talk->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int remote_run(const struct remote_call *call, struct remote_answer *out, struct fail *fail)
{
	struct conversation talk = {.call = call};
	int outcome;

	if (start(&talk, fail) < 0)
		return -1;
	for (int i = OUT; i <= ERR; i++)
		talk.texts[i] = must_alloc(REMOTE_TEXT_MAX + 1);
	talk.ends_at_ms = now_ms() + call->longest_s * 1000LL;
	outcome = converse(&talk);
	if (outcome == 0)
		outcome = await_exit(&talk);
	if (outcome < 0)
		kill(talk.pid, SIGKILL);
	for (int i = 0; i < STREAMS; i++)
		if (talk.fds[i] >= 0)
			close(talk.fds[i]);
	*out = (struct remote_answer){
		.code = reap(&talk), .out = talk.texts[OUT], .err = talk.texts[ERR]};
	if (outcome == 0)
		return 0;
	remote_answer_deinit(out);
	if (now_ms() >= talk.ends_at_ms)
		fail_set(fail, FAIL_PEER, "%s: not done after %d s", call->words[0],
			call->longest_s);
	else
		fail_set(fail, FAIL_PEER, "%s: no sign of life for %d s", call->words[0],
			call->patience_s);
	return -1;
}

void remote_answer_deinit(struct remote_answer *answer)
{
	free(answer->out);
	free(answer->err);
	*answer = (struct remote_answer){0};
}

static const char *last_line(char *text)
{
	size_t length = strlen(text);
	char *line;

	while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		text[--length] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

int remote_must(const struct remote_call *call, struct remote_answer *out, struct fail *fail)
{
	if (remote_run(call, out, fail) < 0)
		return -1;
	if (out->code == 0)
		return 0;
	if (*out->err)
		fail_set(fail, FAIL_REFUSED, "%s: %.300s", call->words[0], last_line(out->err));
	else
		fail_set(fail, FAIL_REFUSED, "%s: ended with %d", call->words[0], out->code);
	remote_answer_deinit(out);
	return -1;
}

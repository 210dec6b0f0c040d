/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab_ready.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "controller/lab/lab_command.h"
#include "controller/lab/lab_paths.h"
#include "controller/lab/lab_time.h"
#include "controller/lab/netns.h"
#include "controller/lab/supervisor_client.h"

enum {
	TRY_TIMEOUT_MS = 1000,
	LOG_TAIL_BYTES = 500,
	LOG_TAIL_LINES = 5
};

/* One service that is being waited for, by a child of ours inside the node's namespace. */
struct check {
	size_t node;
	const struct lab_service *service;
	char *url;
	pid_t child; /* 0 once it has answered */
	int verdict; /* read end: nothing written means ready, else the last reason why not */
	int64_t began_ns;
};

/* --- the child ------------------------------------------------------------------------- */

static size_t swallow(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes;
	(void)context;
	return size * count;
}

static CURL *open_try(const struct check *check)
{
	CURL *curl = curl_easy_init();

	if (!curl)
		return NULL;
	curl_easy_setopt(curl, CURLOPT_URL, check->url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TRY_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
	if (check->service->ready->tcp)
		curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
	return curl;
}

static bool try_once(const struct check *check, char why[CURL_ERROR_SIZE])
{
	CURL *curl = open_try(check);
	long status = 0;
	CURLcode code;

	if (!curl) {
		snprintf(why, CURL_ERROR_SIZE, "curl does not start");
		return false;
	}
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK) {
		snprintf(why, CURL_ERROR_SIZE, "%s: %s", check->url, curl_easy_strerror(code));
		return false;
	}
	if (check->service->ready->tcp || (status >= 200 && status <= 299))
		return true;
	snprintf(why, CURL_ERROR_SIZE, "%s answers %ld", check->url, status);
	return false;
}

/*
 * A process of its own, because a thread's namespace is what its sockets live in. The verdict's
 * pipe is all that it keeps: the lab's lock must not outlive the one who holds it.
 */
__attribute__((noreturn)) static void run_check(
	const struct check *check, const struct lab_file *file, int verdict)
{
	int64_t give_up_ns = check->began_ns + check->service->ready->within_ns;
	char path[LAB_PATH_MAX], why[CURL_ERROR_SIZE] = "";
	struct fail fail;
	int home;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (verdict != 3 && dup2(verdict, 3) < 0)
		_exit(1);
	close_range(4, ~0U, 0);
	lab_path_netns(file->name, lab_file_node(file, check->node)->name, path);
	if (netns_enter(path, &home, &fail) < 0) {
		if (write(3, fail.text, strlen(fail.text)) < 0)
			_exit(1);
		_exit(1);
	}
	while (!try_once(check, why)) {
		if (lab_now_ns() > give_up_ns) {
			if (write(3, why, strlen(why)) < 0)
				_exit(1);
			_exit(1);
		}
		lab_sleep_ns(50 * NS_PER_MS);
	}
	_exit(0);
}

/* --- the one who waits ----------------------------------------------------------------- */

static int begin(struct check *check, const struct lab_file *file, struct fail *fail)
{
	const struct lab_service *service = check->service;
	const struct lab_ready *ready;
	char *target = NULL;
	int verdict[2];

	assert(service && service->ready); /* list_checks() takes only those that have one */
	ready = service->ready;
	if (lab_file_expand(file, check->node, ready->http ? ready->http->url : ready->tcp, &target,
		    fail) < 0)
		return -1;
	if (ready->http)
		check->url = target;
	else if (asprintf(&check->url, "http://%s", target) < 0)
		abort();
	if (!ready->http)
		free(target);
	if (pipe2(verdict, O_CLOEXEC) < 0)
		return fail_errno(fail, errno, "pipe");
	check->began_ns = lab_now_ns();
	check->child = fork();
	if (check->child == 0)
		run_check(check, file, verdict[1]);
	close(verdict[1]);
	check->verdict = verdict[0];
	if (check->child < 0) {
		check->child = 0;
		return fail_errno(fail, errno, "fork");
	}
	return 0;
}

static void finish(struct check *check)
{
	if (check->child > 0) {
		kill(check->child, SIGKILL);
		waitpid(check->child, NULL, 0);
	}
	if (check->verdict >= 0)
		close(check->verdict);
	free(check->url);
}

/* The last lines of the service's log, so that the error says why, not only that. */
static void log_tail(const struct lab_file *file, const struct check *check, char *out)
{
	struct fail ignored;
	int log = lab_log_open(file, check->node, check->service->name, &ignored);
	struct stat status;
	ssize_t count = 0;
	const char *from = out;

	if (log >= 0 && fstat(log, &status) == 0) {
		off_t skip = status.st_size > LOG_TAIL_BYTES ? status.st_size - LOG_TAIL_BYTES : 0;

		count = pread(log, out, LOG_TAIL_BYTES, skip);
	}
	if (log >= 0)
		close(log);
	out[count > 0 ? count : 0] = '\0';
	for (int lines = 0; count > 0; count--)
		if (out[count - 1] == '\n' && ++lines > LOG_TAIL_LINES) {
			from = out + count;
			break;
		}
	memmove(out, from, strlen(from) + 1);
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\n')
			*c = '?';
	while (*out && out[strlen(out) - 1] == '\n')
		out[strlen(out) - 1] = '\0';
}

static int not_ready(
	const struct lab_file *file, const struct check *check, const char *why, struct fail *fail)
{
	char tail[LOG_TAIL_BYTES + 1];

	log_tail(file, check, tail);
	return fail_set(fail, FAIL_REFUSED,
		"lab %s: service %s of node %s is not ready: %s\nits log ends:\n%s", file->name,
		check->service->name, lab_file_node(file, check->node)->name, why,
		tail[0] ? tail : "(empty)");
}

/* A verdict came: 1 ready, -1 not. */
static int conclude(struct check *check, const struct lab_file *file, struct fail *fail)
{
	char why[CURL_ERROR_SIZE + 64], within[DURATION_TEXT_MAX];
	ssize_t count = read(check->verdict, why, CURL_ERROR_SIZE);
	int status = 0;

	waitpid(check->child, &status, 0);
	check->child = 0;
	if (count <= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 1;
	if (count <= 0)
		return not_ready(file, check, "its check failed", fail);
	snprintf(why + count, sizeof(why) - (size_t)count, " (waited %s)",
		duration_format(check->service->ready->within_ns, within));
	return not_ready(file, check, why, fail);
}

static int look_for_dead(
	const struct lab_file *file, struct check *checks, size_t count, struct fail *fail)
{
	struct service_list list;
	int outcome = 0;

	if (supervisor_services(file->name, &list, fail) < 0)
		return -1;
	LIST_EACH(list.services, struct service_status, status) {
		for (size_t i = 0; i < count && outcome == 0; i++) {
			const struct check *check = &checks[i];

			if (check->child > 0 && status->state != SERVICE_RUNNING &&
				check->service->restart != LAB_RESTART_ALWAYS &&
				strcmp(check->service->name, status->service) == 0 &&
				strcmp(lab_file_node(file, check->node)->name, status->node) == 0)
				outcome = not_ready(file, check,
					status->last_exit ? status->last_exit : "it ended", fail);
		}
	}
	shape_free(&service_list_shape, &list);
	return outcome;
}

static bool interrupted(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
		sigismember(&pending, SIGHUP);
}

static void tell_ready(const struct lab_file *file, const struct check *check,
	lab_progress *progress, void *context)
{
	char text[128], took[DURATION_TEXT_MAX];

	snprintf(text, sizeof(text), "%s/%s is ready after %s",
		lab_file_node(file, check->node)->name, check->service->name,
		duration_human(lab_now_ns() - check->began_ns, took));
	progress(context, text);
}

struct wait {
	const struct lab_file *file;
	struct check *checks;
	struct pollfd *fds;
	size_t count, open;
	lab_progress *progress;
	void *context;
};

static int wait_round(struct wait *wait, struct fail *fail)
{
	for (size_t i = 0; i < wait->count; i++)
		wait->fds[i] =
			(struct pollfd){.fd = wait->checks[i].child ? wait->checks[i].verdict : -1,
				.events = POLLIN};
	if (poll(wait->fds, wait->count, 200) < 0 && errno != EINTR)
		return fail_errno(fail, errno, "poll");
	if (interrupted())
		return fail_set(
			fail, FAIL_REFUSED, "lab %s: interrupted by a signal", wait->file->name);
	for (size_t i = 0; i < wait->count; i++) {
		if (!wait->fds[i].revents)
			continue;
		if (conclude(&wait->checks[i], wait->file, fail) < 0)
			return -1;
		wait->open--;
		tell_ready(wait->file, &wait->checks[i], wait->progress, wait->context);
	}
	return look_for_dead(wait->file, wait->checks, wait->count, fail);
}

static size_t list_checks(const struct lab_file *file, struct check *checks)
{
	size_t count = 0;

	for (size_t node = 0; node < file->nodes.count; node++) {
		LIST_EACH(lab_file_node(file, node)->services, struct lab_service, service) {
			if (!service->ready)
				continue;
			if (checks)
				checks[count] = (struct check){
					.node = node, .service = service, .verdict = -1};
			count++;
		}
	}
	return count;
}

int lab_ready_wait(
	const struct lab_file *file, lab_progress *progress, void *context, struct fail *fail)
{
	struct wait wait = {.file = file,
		.count = list_checks(file, NULL),
		.progress = progress,
		.context = context};
	int outcome = 0;

	wait.open = wait.count;
	wait.checks = must_array(wait.count + 1, sizeof(*wait.checks));
	wait.fds = must_array(wait.count + 1, sizeof(*wait.fds));
	list_checks(file, wait.checks);
	for (size_t i = 0; i < wait.count && outcome == 0; i++)
		outcome = begin(&wait.checks[i], file, fail);
	while (wait.open > 0 && outcome == 0)
		outcome = wait_round(&wait, fail);
	for (size_t i = 0; i < wait.count; i++)
		finish(&wait.checks[i]);
	free(wait.checks);
	free(wait.fds);
	return outcome;
}

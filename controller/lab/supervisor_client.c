/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/supervisor_client.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "contract/json.h"
#include "contract/wire.h"
#include "controller/lab/lab_paths.h"

const char *const service_state_words[] = {
	[SERVICE_RUNNING] = "running",
	[SERVICE_EXITED] = "exited",
	[SERVICE_WAITING] = "waiting",
	NULL,
};

static const struct field status_fields[] = {
	{.key = "node",
		.kind = FIELD_NAME,
		.offset = offsetof(struct service_status, node),
		.required = true,
		.help = "The node it runs on."},
	{.key = "service",
		.kind = FIELD_NAME,
		.offset = offsetof(struct service_status, service),
		.required = true,
		.help = "Its name on that node."},
	{.key = "pid",
		.kind = FIELD_INTEGER,
		.offset = offsetof(struct service_status, pid),
		.help = "Its process, 0 unless running."},
	{.key = "state",
		.kind = FIELD_ENUM,
		.offset = offsetof(struct service_status, state),
		.words = service_state_words,
		.required = true,
		.help = "Whether it runs."},
	{.key = "restarts",
		.kind = FIELD_INTEGER,
		.offset = offsetof(struct service_status, restarts),
		.help = "How often it was started again."},
	{.key = "last_exit",
		.kind = FIELD_STRING,
		.offset = offsetof(struct service_status, last_exit),
		.help = "How it ended last."},
};
static const struct shape status_shape = {.name = "service status",
	.size = sizeof(struct service_status),
	SHAPE_FIELDS(status_fields),
	.help = "The state of one service."};

static const struct field list_fields[] = {
	{.key = "services",
		.kind = FIELD_LIST,
		.item = FIELD_OBJECT,
		.sub = &status_shape,
		.offset = offsetof(struct service_list, services),
		.required = true,
		.allow_empty = true,
		.help = "All services of the lab."},
};
const struct shape service_list_shape = {.name = "service list",
	.size = sizeof(struct service_list),
	SHAPE_FIELDS(list_fields),
	.help = "The services of a lab."};

static const struct field healed_fields[] = {
	{.key = "node",
		.kind = FIELD_NAME,
		.offset = offsetof(struct healed_params, node),
		.required = true,
		.help = "The node whose fault was healed."},
};
const struct shape healed_params_shape = {.name = "healed",
	.size = sizeof(struct healed_params),
	SHAPE_FIELDS(healed_fields),
	.help = "Tells that a fault on a node was healed."};

static int connect_to(const char *lab, struct fail *fail)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[LAB_PATH_MAX];
	int outcome;

	if (fd < 0)
		return fail_errno(fail, errno, "socket");
	lab_path_file(lab, LAB_FILE_SOCKET, path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	/* With a timeout on it, a socket's calls are interrupted even by handlers that restart. */
	do
		outcome = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	while (outcome < 0 && errno == EINTR);
	if (outcome < 0) {
		fail_errno(fail, errno, "supervisor of lab %s", lab);
		close(fd);
		return -1;
	}
	return fd;
}

static int read_reply(int fd, struct wire_message *out, struct fail *fail)
{
	struct wire_reader reader;
	const char *line = NULL;
	size_t length = 0;
	char buffer[4096];
	int outcome = -1;

	wire_reader_init(&reader, WIRE_LINE_TO_INJECTOR_MAX);
	while (!line) {
		ssize_t count = recv(fd, buffer, sizeof(buffer), 0);

		if (count < 0 && errno == EINTR)
			continue; /* a child of the caller's has ended */
		if (count <= 0) {
			fail_set(fail, FAIL_PEER, "the supervisor did not answer");
			goto out;
		}
		if (wire_reader_feed(&reader, buffer, (size_t)count, fail) < 0)
			goto out;
		line = wire_reader_line(&reader, &length);
	}
	outcome = wire_parse(line, length, out, fail);
out:
	wire_reader_deinit(&reader);
	return outcome;
}

/* *out is the reply's body, owned by the caller. */
static int ask(const char *lab, const char *method, cJSON *params, cJSON **out, struct fail *fail)
{
	char *line = wire_request(1, method, params);
	struct wire_message message;
	int fd = connect_to(lab, fail), outcome = -1;
	ssize_t sent;

	if (fd < 0) {
		free(line);
		return -1;
	}
	do
		sent = send(fd, line, strlen(line), MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		fail_errno(fail, errno, "supervisor of lab %s", lab);
	else
		outcome = read_reply(fd, &message, fail);
	free(line);
	close(fd);
	if (outcome < 0)
		return -1;
	if (message.kind == WIRE_REPLY) {
		*out = message.body;
		message.body = NULL;
	} else {
		*fail = message.error;
		outcome = -1;
	}
	wire_message_deinit(&message);
	return outcome;
}

bool supervisor_is_there(const char *lab)
{
	struct service_list list;
	struct fail fail;

	if (supervisor_services(lab, &list, &fail) < 0)
		return false;
	shape_free(&service_list_shape, &list);
	return true;
}

int supervisor_services(const char *lab, struct service_list *out, struct fail *fail)
{
	cJSON *body = NULL;
	int outcome;

	if (ask(lab, "services", NULL, &body, fail) < 0)
		return -1;
	outcome = shape_decode(&service_list_shape, body, "", out, fail);
	cJSON_Delete(body);
	return outcome;
}

int supervisor_healed(const char *lab, const char *node, struct fail *fail)
{
	cJSON *params = json_object(), *body = NULL;

	json_put_string(params, "node", node);
	if (ask(lab, "healed", params, &body, fail) < 0)
		return -1;
	cJSON_Delete(body);
	return 0;
}

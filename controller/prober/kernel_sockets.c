/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/kernel_sockets.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include "controller/prober/kernel_cgroup.h"

/* An attribute since Linux 5.8; headers may be older. */
#define CGROUP_ID_ATTRIBUTE 21

enum {
	ANSWER_BYTES = 32 * 1024, /* what the kernel fills at most for one recv() of a dump */
	TCP_ESTABLISHED_STATE = 1,
	PATIENCE_S = 1,
};

void round_trips_deinit(struct round_trips *trips)
{
	free(trips->usec);
	*trips = (struct round_trips){0};
}

static void add(struct round_trips *trips, uint32_t usec)
{
	if (trips->count == trips->capacity) {
		trips->capacity = trips->capacity ? trips->capacity * 2 : 64;
		trips->usec = reallocarray(trips->usec, trips->capacity, sizeof(*trips->usec));
		if (!trips->usec)
			abort();
	}
	trips->usec[trips->count++] = usec;
}

/* --- what the kernel answers ------------------------------------------------------------ */

static bool leads_to_itself(const struct inet_diag_msg *socket)
{
	size_t size =
		socket->idiag_family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	return memcmp(socket->id.idiag_src, socket->id.idiag_dst, size) == 0;
}

/* What one message tells of a connection. */
struct told {
	uint32_t usec; /* 0: the connection has not measured any yet */
	uint64_t cgroup;
	bool has_cgroup;
};

static void take_attribute(struct told *told, const char *value, size_t length, int type)
{
	struct tcp_info info;
	size_t wanted = offsetof(struct tcp_info, tcpi_rtt) + sizeof(info.tcpi_rtt);

	if (type == INET_DIAG_INFO && length >= wanted) {
		memcpy(&info, value, wanted);
		told->usec = info.tcpi_rtt;
	} else if (type == CGROUP_ID_ATTRIBUTE && length >= sizeof(told->cgroup)) {
		memcpy(&told->cgroup, value, sizeof(told->cgroup));
		told->has_cgroup = true;
	}
}

static struct told take_apart(const char *attributes, size_t length)
{
	struct told told = {0};
	struct nlattr head;

	while (length >= sizeof(head)) {
		memcpy(&head, attributes, sizeof(head));
		if (head.nla_len < sizeof(head) || head.nla_len > length)
			break;
		take_attribute(&told, attributes + sizeof(head), head.nla_len - sizeof(head),
			head.nla_type);
		if ((size_t)NLA_ALIGN(head.nla_len) >= length)
			break;
		attributes += NLA_ALIGN(head.nla_len);
		length -= NLA_ALIGN(head.nla_len);
	}
	return told;
}

static void take_socket(struct round_trips *trips, const char *payload, size_t length)
{
	struct inet_diag_msg socket;
	struct told told;

	if (length < sizeof(socket))
		return;
	memcpy(&socket, payload, sizeof(socket));
	if (socket.idiag_state != TCP_ESTABLISHED_STATE || leads_to_itself(&socket))
		return;
	told = take_apart(payload + sizeof(socket), length - sizeof(socket));
	if (trips->only && !told.has_cgroup)
		trips->cgroups_untold = true;
	if (told.usec && (!trips->only || cgroup_ids_have(trips->only, told.cgroup)))
		add(trips, told.usec);
}

static int error_of(const char *payload, size_t length)
{
	int error = -EIO;

	if (length >= sizeof(error))
		memcpy(&error, payload, sizeof(error));
	return error < 0 ? error : 1; /* 0 acknowledges: nothing follows */
}

int round_trips_take(struct round_trips *trips, const void *answer, size_t length)
{
	const char *at = answer;
	struct nlmsghdr head;

	while (length >= sizeof(head)) {
		memcpy(&head, at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > length)
			return -EIO;
		if (head.nlmsg_type == NLMSG_DONE)
			return 1;
		if (head.nlmsg_type == NLMSG_ERROR)
			return error_of(at + NLMSG_HDRLEN, head.nlmsg_len - sizeof(head));
		if (head.nlmsg_type == SOCK_DIAG_BY_FAMILY)
			take_socket(trips, at + NLMSG_HDRLEN, head.nlmsg_len - sizeof(head));
		if ((size_t)NLMSG_ALIGN(head.nlmsg_len) >= length)
			return 0;
		at += NLMSG_ALIGN(head.nlmsg_len);
		length -= NLMSG_ALIGN(head.nlmsg_len);
	}
	return 0;
}

/* --- asking it ---------------------------------------------------------------------------- */

static int ask(int fd, int family)
{
	const struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 request;
	} message = {
		.head = {.nlmsg_len = sizeof(message),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request = {.sdiag_family = (uint8_t)family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_ext = 1 << (INET_DIAG_INFO - 1),
			.idiag_states = 1 << TCP_ESTABLISHED_STATE},
	};

	return send(fd, &message, sizeof(message), 0) < 0 ? -errno : 0;
}

static int read_family(struct round_trips *trips, int fd, int family)
{
	char answer[ANSWER_BYTES];
	int outcome = ask(fd, family);

	while (outcome == 0) {
		ssize_t got = recv(fd, answer, sizeof(answer), 0);

		outcome = got < 0  ? -errno
			: got == 0 ? -EIO
				   : round_trips_take(trips, answer, (size_t)got);
	}
	/* A kernel without IPv6 has no sockets of it. */
	if (family == AF_INET6 && (outcome == -ENOENT || outcome == -EAFNOSUPPORT))
		return 0;
	return outcome < 0 ? outcome : 0;
}

int round_trips_read(struct round_trips *trips, struct fail *fail)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int error;

	if (fd < 0)
		return fail_set(fail, FAIL_UNSUPPORTED, "this kernel has no sock_diag: %s",
			strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	error = read_family(trips, fd, AF_INET);
	if (error == 0)
		error = read_family(trips, fd, AF_INET6);
	close(fd);
	if (error == -ENOENT)
		return fail_set(
			fail, FAIL_UNSUPPORTED, "this kernel tells nothing of TCP (tcp_diag)");
	if (error == 0 && trips->cgroups_untold)
		return fail_set(fail, FAIL_UNSUPPORTED,
			"this kernel does not tell the cgroups of connections");
	return error < 0 ? fail_errno(fail, error, "asking for TCP connections") : 0;
}

/* --- what is made of them ----------------------------------------------------------------- */

static int by_length(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double round_trips_of(struct round_trips *trips, const char *which)
{
	if (trips->count == 0)
		return NAN;
	qsort(trips->usec, trips->count, sizeof(*trips->usec), by_length);
	if (strcmp(which, "least") == 0)
		return trips->usec[0];
	return trips->usec[strcmp(which, "most") == 0 ? trips->count - 1 : trips->count / 2];
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <stdlib.h>

#include "contract/failpoint.h"

enum {
	DUMP_ATTEMPTS = 8
};

static struct nl_sock *connect_route(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (!sock)
		abort();
	if (nl_connect(sock, NETLINK_ROUTE) < 0) {
		nl_socket_free(sock);
		return NULL;
	}
	return sock;
}

struct nl_msg *netlink_message(int type, int flags, const void *header, size_t size)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, flags);

	if (!message || nlmsg_append(message, (void *)header, size, NLMSG_ALIGNTO) < 0)
		abort();
	return message;
}

/* libnl translates errno into numbers of its own; the kernel's is what callers can act on. */
static int keep_errno(struct sockaddr_nl *peer, struct nlmsgerr *error, void *context)
{
	(void)peer;
	*(int *)context = error->error;
	return NL_STOP;
}

static int acknowledged(struct nl_msg *message, void *context)
{
	(void)message;
	*(int *)context = 0;
	return NL_STOP;
}

int netlink_request(struct nl_msg *message)
{
	struct nl_sock *sock = connect_route();
	int result = -EIO, error, refused = FAILPOINT_ERROR(netlink_request);

	if (!sock || refused) {
		nl_socket_free(sock);
		nlmsg_free(message);
		return refused ? refused : -EPROTONOSUPPORT;
	}
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, keep_errno, &result);
	nl_socket_modify_cb(sock, NL_CB_ACK, NL_CB_CUSTOM, acknowledged, &result);
	error = nl_send_auto(sock, message);
	if (error >= 0)
		nl_recvmsgs_default(sock);
	nl_socket_free(sock);
	nlmsg_free(message);
	return result;
}

struct dump_state {
	const struct netlink_dump *dump;
	int error;
	bool interrupted, done;
};

static int dump_each(struct nl_msg *message, void *context)
{
	struct dump_state *state = context;
	const struct nlmsghdr *header = nlmsg_hdr(message);

	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		state->interrupted = true;
	netlink_each(state->dump, header);
	return NL_OK;
}

static int dump_error(struct sockaddr_nl *peer, struct nlmsgerr *error, void *context)
{
	struct dump_state *state = context;

	(void)peer;
	state->error = error->error;
	state->done = true;
	return NL_STOP;
}

static int dump_finish(struct nl_msg *message, void *context)
{
	struct dump_state *state = context;

	if (nlmsg_hdr(message)->nlmsg_flags & NLM_F_DUMP_INTR)
		state->interrupted = true;
	state->done = true;
	return NL_STOP;
}

static int dump_once(struct dump_state *state)
{
	const struct netlink_dump *dump = state->dump;
	struct nl_sock *sock = connect_route();
	struct nl_msg *message;
	int error;

	if (!sock)
		return -EPROTONOSUPPORT;
	nl_socket_disable_seq_check(sock);
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, dump_error, state);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, dump_each, state);
	nl_socket_modify_cb(sock, NL_CB_FINISH, NL_CB_CUSTOM, dump_finish, state);
	message = netlink_message(dump->type, NLM_F_REQUEST | NLM_F_DUMP, dump->header, dump->size);
	error = nl_send_auto(sock, message);
	nlmsg_free(message);
	while (error >= 0 && !state->done)
		error = nl_recvmsgs_default(sock);
	nl_socket_free(sock);
	/* libnl calls an interrupted dump an error of its own; that is what `interrupted` says. */
	if (error < 0 && !state->done && !state->interrupted)
		return -EIO;
	return state->error;
}

int netlink_dump(const struct netlink_dump *dump, struct fail *fail)
{
	for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
		struct dump_state state = {.dump = dump};
		int error = FAILPOINT_ERROR(netlink_dump);

		if (!error)
			error = dump_once(&state);

		if (error)
			return fail_errno(fail, error, "netlink dump %d", dump->type);
		if (!state.interrupted)
			return 0;
		if (dump->restart)
			dump->restart(dump->context);
	}
	return fail_set(fail, FAIL_SYSTEM, "netlink dump %d: interrupted %d times by changes",
		dump->type, DUMP_ATTEMPTS);
}

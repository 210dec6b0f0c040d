/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "contract/list.h"
#include "fuzz.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/lists.h"
#include "injector/netlink.h"

/* The kernel's side of netlink: every dump is answered with the input, cut into messages. */
static const uint8_t *answer;
static size_t answer_size;

int netlink_request(struct nl_msg *message)
{
	nlmsg_free(message);
	return -EIO;
}

struct nl_msg *netlink_message(int type, int flags, const void *header, size_t size)
{
	(void)header;
	(void)size;
	return nlmsg_alloc_simple(type, flags);
}

int netlink_dump(const struct netlink_dump *dump, struct fail *fail)
{
	/* A copy that is not one byte too long, and aligned. */
	struct nlmsghdr *message = malloc(answer_size + 1);
	int left = (int)answer_size;

	(void)fail;
	memcpy(message, answer, answer_size);
	for (struct nlmsghdr *each = message; nlmsg_ok(each, left); each = nlmsg_next(each, &left))
		netlink_each(dump, each);
	free(message);
	return 0;
}

/* The snapshot asks for one file, which is not here. */
bool host_file_exists(const char *path)
{
	(void)path;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct list links, addresses, filters, state = {0}, residue = {0};
	enum host_clsact clsact;
	struct fail fail = FAIL_INIT;

	answer = data;
	answer_size = size;
	if (host_links(&links, &fail) == 0) {
		LIST_EACH(links, const struct host_link, link)
			fuzz_require(memchr(link->name, '\0', sizeof(link->name)) != NULL);
		list_free(&links);
	}
	if (host_addresses(&addresses, &fail) == 0)
		list_free(&addresses);
	if (host_filter_list(1, BB_EGRESS, &filters, &fail) == 0)
		list_free(&filters);
	host_clsact_state(1, &clsact, &fail);
	host_snapshot(NULL, &state, &residue, &fail);
	list_free_texts(&state);
	list_free_texts(&residue);
	return 0;
}

/* ---- what the listings ask besides ---- */

int host_tcx_list(
	int ifindex, enum bb_direction direction, struct list *programs, struct fail *fail)
{
	(void)ifindex;
	(void)direction;
	(void)fail;
	*programs = (struct list){0};
	return 0;
}

int host_dir_list(const char *path, struct list *names, struct fail *fail)
{
	(void)path;
	(void)fail;
	*names = (struct list){0};
	return 0;
}

int real_matcher_program(const struct host_matcher *matcher, enum bb_direction direction)
{
	(void)matcher;
	(void)direction;
	return -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/verbs.h"
#include "injector/command.h"
#include "injector/log.h"
#include "injector/names.h"

/*
 * One name, as this host's resolver has it: a process of its own, since nobody knows how long that
 * takes, and what answers is outside. It has no powers, and ends with the session that started it.
 */
enum {
	ENDS_AFTER_S = 10, /* by itself, if nobody ends it before */
	FILES = 64,
	MEMORY_BYTES = 256 << 20
};

struct resolve {
	const char *name;
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct resolve *resolve = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (resolve->name || !form_matches(&host_name_form, argument))
			argp_error(state, "one host name is wanted");
		resolve->name = argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which name?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int limit(int resource, rlim_t value)
{
	return setrlimit(resource, &(struct rlimit){.rlim_cur = value, .rlim_max = value});
}

static int confine(struct fail *fail)
{
	if (geteuid() == 0 || getuid() == 0)
		return fail_set(fail, FAIL_REFUSED, "names are not resolved as root");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return fail_errno(fail, errno, "PR_SET_PDEATHSIG");
	if (limit(RLIMIT_CPU, ENDS_AFTER_S) < 0 || limit(RLIMIT_NOFILE, FILES) < 0 ||
		limit(RLIMIT_FSIZE, 0) < 0 || limit(RLIMIT_CORE, 0) < 0)
		return fail_errno(fail, errno, "setrlimit");
#ifndef __SANITIZE_ADDRESS__
	if (limit(RLIMIT_AS, MEMORY_BYTES) < 0)
		return fail_errno(fail, errno, "setrlimit");
#endif
	alarm(ENDS_AFTER_S);
	return 0;
}

static int print_all(const struct addrinfo *first)
{
	char text[NI_MAXHOST];
	int count = 0;

	for (const struct addrinfo *each = first; each && count < HOST_ADDRESSES_MAX;
		each = each->ai_next) {
		if (each->ai_family != AF_INET && each->ai_family != AF_INET6)
			continue;
		/* Without a scope: an address of one link names nobody from afar. */
		if (each->ai_family == AF_INET6 &&
			((const struct sockaddr_in6 *)(const void *)each->ai_addr)->sin6_scope_id)
			continue;
		if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof(text), NULL, 0,
			    NI_NUMERICHOST) == 0)
			count += printf("%s\n", text) > 0;
	}
	printf(count ? NAMES_END "\n" : NAMES_REASON "it has no address\n");
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int command_resolve(int argc, char **argv)
{
	static const struct argp parser = {
		.parser = take,
		.args_doc = "NAME",
		.doc = "Prints the addresses of a host as this host's resolver has them. An "
		       "injector "
		       "starts this by itself, as nobody.",
	};
	const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct resolve resolve = {0};
	struct fail fail = FAIL_INIT;
	struct addrinfo *found;
	int error, result;

	argp_parse(&parser, argc, argv, 0, NULL, &resolve);
	if (confine(&fail) < 0) {
		log_line("resolve: %s", fail.text);
		return EXIT_DEFECT;
	}
	error = getaddrinfo(resolve.name, NULL, &wanted, &found);
	if (error) {
		printf(NAMES_REASON "%s\n", gai_strerror(error));
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	result = print_all(found);
	freeaddrinfo(found);
	return result;
}

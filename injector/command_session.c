/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdlib.h>

#include "contract/failpoint.h"
#include "injector/command.h"
#include "injector/host.h"
#include "injector/log.h"
#include "injector/mechanisms/step_note.h"
#include "injector/session.h"
#include "injector/session_loop.h"

static const struct argp_option options[] = {
	{"cgroup", 'c', "PATH", 0,
		"confine faults on processes and on cgroups to this cgroup v2 directory", 0},
	{"policy", 'p', "FILE", 0,
		"a second policy beside " POLICY_PATH "; both must allow a fault", 0},
	{"runtime-dir", 'r', "DIR", 0, "where ledgers and locks lie (" RUNTIME_DIR ")", 0},
	{0},
};

static error_t take(int key, char *argument, struct argp_state *state)
{
	struct session_config *config = state->input;

	switch (key) {
	case 'c':
		if (!host_is_cgroup2(argument))
			argp_error(state, "%s is no cgroup v2 directory", argument);
		config->cgroup = argument;
		return 0;
	case 'p':
		config->extra_policy = argument;
		return 0;
	case 'r':
		config->runtime_dir = argument;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is \"%s\"?", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int exit_status(enum session_exit reason, int signal)
{
	switch (reason) {
	case SESSION_EOF:
		return EXIT_DONE;
	case SESSION_LEASE:
		return EXIT_LEASE;
	case SESSION_SIGNAL:
		return EXIT_BY_SIGNAL + signal;
	case SESSION_BROKEN:
		break;
	}
	return EXIT_DEFECT;
}

int command_session(int argc, char **argv)
{
	static const struct argp parser = {
		.options = options,
		.parser = take,
		.doc = "Serves one controller: JSON-RPC 2.0, one object a line. At the end of "
		       "standard input, on a signal, and when the lease runs out, everything is "
		       "healed. Exit status: 0 end of input, 3 lease lost, 5 something could not "
		       "be undone, 64 wrong use, 128+N signal N.",
	};
	struct session_config config = {
		.runtime_dir = RUNTIME_DIR, .state_dir = STATE_DIR, .policy_file = POLICY_PATH};
	struct fail fail = FAIL_INIT;
	enum session_exit reason;
	struct session *session;
	int signal, status;

	argp_parse(&parser, argc, argv, 0, NULL, &config);
	session = session_new(&config);
	if (session_loop(session, &reason, &signal, &fail) < 0) {
		log_line("%s", fail.text);
		session_free(session);
		return EXIT_BAD_USE;
	}
	status = exit_status(reason, signal);
	if (session_end(session, &fail) < 0) {
		log_line("%s; run backburn-injector recover", fail.text);
		status = EXIT_LEFT;
	}
	FAILPOINT(session_healed);
	session_free(session);
	return status;
}

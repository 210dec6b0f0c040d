/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CHAOS_PLAN_H
#define BACKBURN_CHAOS_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What is done to backburn during one run. */
enum kind {
	KIND_FAILPOINT,     /* a process is killed, stopped or refused something at a failpoint */
	KIND_KILL,          /* SIGKILL at a random moment */
	KIND_STOP,          /* SIGSTOP, and SIGCONT later */
	KIND_FULL_DISK,     /* run directory or runtime directory on a disk that gets full */
	KIND_READ_ONLY,     /* run directory or runtime directory on a read-only disk */
	KIND_DESCRIPTORS,   /* a small RLIMIT_NOFILE */
	KIND_TWO_RUNS,      /* a second run on the same lab */
	KIND_TWO_INJECTORS, /* a second injector in a node's namespace */
	KINDS
};

extern const char *const kind_words[KINDS + 1];

enum role {
	ROLE_CONTROLLER,
	ROLE_INJECTOR,
	ROLE_PROBER,
	ROLE_SUPERVISOR,
	ROLE_SERVICE,
	ROLES
};

extern const char *const role_words[ROLES + 1];

enum failpoint_action {
	ACTION_KILL,
	ACTION_STOP,
	ACTION_ERROR
};

/* What the scenario does to etcd. */
enum act {
	ACT_CUT,    /* its leader is cut off */
	ACT_KILL,   /* its leader is killed */
	ACT_TRAP,   /* its leader is killed at a call */
	ACT_PAUSE,  /* its leader stands still, by SIGSTOP */
	ACT_FREEZE, /* its first node stands still, by the freezer */
	ACT_SKEW,   /* its first node reads another time, and what is started there */
	ACTS
};
/* Also the names of the scenarios in tests/chaos/files. */
extern const char *const act_words[ACTS + 1];
/* It is done to a cgroup, whose name the scenario must be told. */
bool act_needs_cgroup(enum act act);

/* A signal from outside. `victim` ROLES: none. */
struct blow {
	enum role victim;
	int node;        /* which injector or service */
	int number;      /* SIGKILL or SIGSTOP */
	bool when_armed; /* the delay counts from the first armed fault, else from the start */
	int delay_ms;
};

struct chaos_plan {
	uint64_t seed;
	enum kind kind;
	enum act act;
	bool clsact;   /* else tcx */
	int lease_ms;  /* one of the two below */
	int failpoint; /* enum failpoint; FAILPOINTS: none */
	enum failpoint_action action;
	int nth;
	bool all;
	int stopped_ms; /* how long whoever is stopped stays so */
	struct blow blow;
	bool runtime_dir; /* the disk is the injectors', else that of the run directory */
	int limit;        /* KiB of the disk, or descriptors */
	bool other_runs;  /* the second run has another run directory, so another lock */
};

enum {
	PLAN_NODES = 4,             /* of the lab: three members and the client */
	PLAN_SHORT_LEASE_MS = 1000, /* a busy machine may be too slow for it */
	PLAN_LONG_LEASE_MS = 5000
};

/* The plan of a seed; the same for ever. Neighbouring seeds take the failpoints in turn. */
void plan_draw(uint64_t seed, struct chaos_plan *out);

void plan_print(const struct chaos_plan *plan, FILE *out);

/* What goes into BACKBURN_FAILPOINT; false: nothing. */
bool plan_order(const struct chaos_plan *plan, char *out, size_t size);

/* contract/failpoint.def, as seen from here; indexed by enum failpoint. */
struct failpoint_fact {
	const char *name, *text;
	enum role role;
	int error; /* 0: a step */
};
extern const struct failpoint_fact failpoint_facts[];

#endif

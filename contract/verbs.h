/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_VERBS_H
#define BACKBURN_VERBS_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/address.h"
#include "contract/processes.h"
#include "contract/shape.h"

/*
 * What controller and injector say to each other, verb by verb: one struct and one table for the
 * parameters and for the result of each. docs/protocol.md says the same in prose.
 *
 * Times that end in _ns are nanoseconds of the injector's CLOCK_MONOTONIC unless said otherwise.
 */
enum {
	CONTRACT_VERSION = 1
};

/* Where on the host a node lives. Every verb that touches something carries one; {} = the host. */
struct scope {
	char *netns;     /* path of a network namespace; later */
	char *cgroup;    /* path below the cgroup v2 mount; later */
	char *container; /* runtime://id; later */
};
extern const struct shape scope_shape;

/* One node (or outside party) as an address set. */
struct endpoint {
	char *node;           /* name for evidence: "etcd-1", or "everything" */
	struct list prefixes; /* of struct prefix: every address of the node */
	char *set;            /* or the name of a set that `peers` has filled; NULL */
	char *host;           /* or a host's name, which the injector resolves; NULL */
	/* The injector's own: where prefixes of a set or host are; borrowed, not on the wire. */
	const struct list *known;
};
extern const struct shape endpoint_shape;

static inline const struct list *endpoint_prefixes(const struct endpoint *endpoint)
{
	return endpoint->known ? endpoint->known : &endpoint->prefixes;
}

/* Of letters, digits, hyphens and dots, at most 253. */
extern const struct form host_name_form;

enum {
	HOSTS_MAX = 16,          /* names of a fault */
	HOST_ADDRESSES_MAX = 64, /* of a name, old and new ones */
	PEERS_MAX = 100000 /* prefixes in all sets of a session, and in a "from" of a scenario */
};

/* Adds to a set of the session, which begins with its first prefix and lasts as long as it. */
struct peers_params {
	char *set;
	struct list prefixes; /* of struct prefix */
};

struct peers_result {
	int64_t size;  /* of the set: what was named twice counts once */
	int64_t total; /* of all sets */
};

enum attach_mode {
	ATTACH_AUTO,
	ATTACH_TCX,
	ATTACH_CLSACT
};
extern const char *const attach_words[];

struct hello_params {
	int64_t version;  /* CONTRACT_VERSION */
	char *session;    /* the run's id; names the ledger's directory */
	char *controller; /* who asks, for locks and logs: "user@host pid 123" */
	int64_t lease_ns; /* all faults end when this long passes without a renew */
	int attach;       /* enum attach_mode: auto, or forced */
	bool looks;       /* arms nothing; greeted also while a halt is engaged */
};

/* The notification `halted`. */
struct halted_notice {
	char *text; /* by whom, and why; the session has healed all that it had */
};

struct capability {
	char *name; /* "partition", "tcx", "clsact", … */
	bool ok;
	char *reason; /* why not, or what was found; never NULL */
};

struct hello_result {
	int64_t version;
	char *tool;    /* "backburn-injector 0.1.0" */
	char *host;    /* uname nodename */
	char *kernel;  /* uname release */
	char *machine; /* uname machine */
	char *boot_id;
	int64_t netns_cookie;
	int64_t pid;
	char *cgroup;             /* confinement (--cgroup), or NULL */
	char *attach;             /* "tcx" or "clsact": what will be used */
	struct list capabilities; /* of struct capability */
	struct list addresses;    /* of struct prefix: global and unique-local addresses here */
	cJSON *policy;            /* the node's policy as read, or NULL when there is none */
};

struct ping_result {
	int64_t monotonic_ns;
};

/* inspect and arm carry the same description of a fault. */
enum fault_role {
	ROLE_ON,
	ROLE_FROM
};

struct fault_order {
	char *id;    /* the scenario's id of the fault, unique in the session */
	char *fault; /* its kind: "partition" */
	struct scope *scope;
	int role;       /* enum fault_role: which side of the fault this node is on */
	char *self;     /* this node's name among `on` and `from`; NULL from an older controller */
	cJSON *with;    /* the fault's own parameters, checked by the fault's table */
	struct list on; /* of struct endpoint */
	struct list from;                   /* of struct endpoint */
	struct process_selector *processes; /* NULL for a fault that hits no processes */
	int64_t seed; /* for what it draws: the same on every node of the fault (contract/seed.h) */
	int64_t start_ns;    /* 0 for inspect; else the instant from which the fault acts */
	int64_t deadline_ns; /* 0 for inspect; else the instant at which it has ended by itself */
};

struct foreign_program {
	char *interface;
	char *direction; /* "ingress" or "egress" */
	char *name;
	bool ahead; /* runs before ours, so it can hide packets from us */
};

struct connection {
	char *local, *remote; /* "10.0.0.1:2380", "[fd00::1]:2380" */
	char *peer;           /* node name of the matched endpoint */
	char *state;          /* "established", … */
	bool listens;  /* somebody listens on the local port here: this is the server's end */
	char *program; /* the name of the program that holds it here; NULL: can't be told */
	int64_t pid;   /* of that process; 0 likewise */
};

/* One way in which the fault acts on this node's packets, and against whom. */
struct matched_peers {
	int direction;     /* 0 ingress, 1 egress */
	struct list peers; /* of char *: node names of endpoints */
};

/* Connections of one address to one port that is served here, whether the fault hits them or not.
 */
struct served_client {
	int64_t port;
	char *program; /* who holds them here; NULL: can't be told */
	int64_t pid;   /* 0 likewise */
	char *address; /* the other end's, without its port */
	int64_t connections;
};

struct inspect_result {
	struct list effects;     /* of char *: what arm would do, in order */
	struct list undo;        /* of char *: what heal would do */
	struct list interfaces;  /* of char *: names that would be hooked */
	struct list foreign;     /* of struct foreign_program */
	struct list connections; /* of struct connection: matched now, at most 256 */
	int64_t connection_count;
	struct list processes; /* of struct process_target: hit now, in the order of hitting */
	struct list matches;   /* of struct matched_peers */
	struct list clients;   /* of struct served_client, most connections first; role `on` only */
	int64_t more_clients;  /* that there was no room for */
};

struct arm_result {
	int64_t armed_ns;       /* when everything was in place */
	int64_t late_ns;        /* how long after start_ns that was; 0 when in time */
	char *attach;           /* what carries it: "tcx", "clsact", "pidfd" */
	struct list interfaces; /* of char * */
};

/* Other values for parameters of a fault that is armed, which goes on. */
struct update_params {
	char *fault; /* its id */
	cJSON *with; /* those that change; each is one that its table calls live */
};

struct update_result {
	int64_t changed_ns; /* from here on for sure */
	int64_t change;     /* the how-manieth of this fault; counted from 1 */
};

struct renew_params {
	int64_t lease_ns;
};

struct renew_result {
	int64_t until_ns;
};

struct heal_params {
	struct list faults; /* of char *: ids; absent or empty: all */
};

struct counter {
	char *peer;       /* node name of the endpoint */
	int direction;    /* 0 ingress, 1 egress */
	int64_t packets;  /* skbs that the fault did something to */
	int64_t segments; /* the same, as gso_segs counts them */
	int64_t bytes;
	int64_t matched;  /* segments that the fault looked at, hit or not */
	int64_t first_ns; /* first and last hit; 0: never */
	int64_t last_ns;
};
extern const char *const direction_words[];

/* What a fault hit of one address, by the addresses that its packets had. */
struct touched {
	struct prefix address;
	char *peer;      /* the endpoint that names it; NULL: none does, which is spill */
	int64_t packets; /* as in struct counter, both directions */
	int64_t segments;
	int64_t connections; /* or pairs of ports, of protocols without */
	int64_t first_ns;    /* first and last hit */
	int64_t last_ns;
};
enum {
	TOUCHED_MAX = 128 /* addresses that are told of a fault: spill first, then the heaviest */
};
extern const struct shape touched_shape;

enum measure_unit {
	MEASURE_RATIO,    /* 0..1; `hits` of `count` trials */
	MEASURE_DURATION, /* nanoseconds */
	MEASURE_RATE,     /* bits a second */
	MEASURE_COUNT     /* packets */
};
extern const char *const measure_unit_words[];

enum measure_bound {
	BOUND_ABOUT,   /* achieved should be what was asked, within `tolerance` or by chance */
	BOUND_AT_MOST, /* achieved must not exceed what was asked by more than `tolerance` */
	BOUND_NONE     /* told for people; nothing was asked */
};
extern const char *const measure_bound_words[];

/*
 * What a fault was asked to do beside what it did, on one node and in one direction. Numbers of
 * different nodes and directions are told apart: they are different paths.
 */
struct measure {
	char *name;    /* "loss", "delay p99", "rate": unique within fault, node and direction */
	int direction; /* enum bb_direction */
	int unit;      /* enum measure_unit */
	int bound;     /* enum measure_bound */
	double asked, achieved; /* in the unit */
	double tolerance; /* in the unit; 0 for a ratio: only chance may part it from `asked` */
	int64_t count;    /* samples, or trials */
	int64_t hits;     /* MEASURE_RATIO */
	int64_t first_ns; /* when it came to be so; 0: not told */
};
extern const struct shape measure_shape;

/* One `update` of a fault. Measures of what was in effect after it end in "after change N". */
struct fault_change {
	int64_t at_ns;
	cJSON *with; /* what was changed */
};

/* What a name of a fault stands for on this node: all that it has stood for since it was armed. */
struct host_evidence {
	char *host;
	struct list addresses; /* of struct prefix */
	char *trouble;         /* why the last lookup gave nothing, or not all; NULL */
};
extern const struct shape host_evidence_shape;

struct fault_evidence {
	char *id;
	int64_t start_ns, deadline_ns;
	bool healed;
	int64_t healed_ns;     /* when the undo was complete; 0 before */
	struct list counters;  /* of struct counter */
	struct list processes; /* of struct process_evidence */
	struct list strikes;   /* of struct strike_evidence, in order */
	struct list measures;  /* of struct measure */
	struct list changes;   /* of struct fault_change, in order */
	struct list hosts;     /* of struct host_evidence */
	struct list touched;   /* of struct touched */
	int64_t touched_more;  /* addresses that are not told */
	int64_t untold;        /* segments of addresses that there was no room to tell apart */
};

/* The result of `heal` and `evidence`, and the params of the `evidence` notification. */
struct evidence {
	int64_t now_ns;
	struct list faults; /* of struct fault_evidence */
};

struct audit_params {
	int64_t page; /* from 0 */
};

/*
 * A normalised snapshot of the state that backburn may touch, one fact a line, sorted: two
 * snapshots are compared line by line. `residue` is what changes by itself (neighbours, …).
 */
struct audit_result {
	int64_t page, pages;
	struct list state;   /* of char * */
	struct list residue; /* of char * */
};

extern const struct shape halted_notice_shape;
extern const struct shape hello_params_shape, hello_result_shape, ping_result_shape,
	peers_params_shape, peers_result_shape, fault_order_shape, inspect_result_shape,
	arm_result_shape, update_params_shape, update_result_shape, fault_change_shape,
	renew_params_shape, renew_result_shape, heal_params_shape, evidence_shape,
	audit_params_shape, audit_result_shape, empty_shape;

#endif

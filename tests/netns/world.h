/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_WORLD_H
#define BACKBURN_TESTS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cjson/cJSON.h>

/*
 * A small network for tests: nodes in network namespaces, each with one eth0 on a bridge in a
 * hub's namespace (10.99.0.N, fd99::N), and real injectors inside them. Everything asserts: a
 * world that can't be built fails its test.
 */
enum {
	WORLD_NODES_MAX = 4,
	NODE_A = 0,
	NODE_B = 1,
	NODE_C = 2
};

struct world {
	int nodes;
	char prefix[32];                     /* of the namespaces' names */
	char netns[WORLD_NODES_MAX + 1][40]; /* the hub's is the last */
	char runtime_dir[64];
	const char *attach; /* "tcx" or "clsact" */
	char *before[WORLD_NODES_MAX];
	char *programs_before;
};

/* Before anything else in main(); 77 (skipped) is returned where the tests can't run, else 0. */
int world_init(void);

void world_up(struct world *world, int nodes, const char *attach);
/* Asserts that each node's network state and the list of our BPF programs are as in world_up(). */
void world_assert_unchanged(struct world *world);
/* Takes everything down; safe after a failed test too. */
void world_down(struct world *world);

/* "10.99.0.1" or "fd99::1". */
const char *world_address(int node, int family);
const char *world_netns(const struct world *world, int node);

/* Runs a program by its argument vector; asserts that it exits with 0. NULL ends the list. */
void world_run(const char *program, ...) __attribute__((sentinel));
/* The same, and returns what it printed (to be freed) and its exit status. */
char *world_output(int *out_status, const char *program, ...) __attribute__((sentinel));

/* ---- injectors ---- */

struct injector {
	pid_t pid;
	int to, from;
	uint64_t next_id;
	char *buffer;
	size_t used;
	cJSON *evidence; /* the last notification, or NULL */
};

/* Starts `backburn-injector session` in a node, as no child of ours; further options, NULL. */
struct injector *injector_start(struct world *world, int node, ...) __attribute__((sentinel));
/* injector_start and hello. */
struct injector *injector_greeted(struct world *world, int node, const char *lease);
/* Closes its standard input, and returns its exit status (128 + N for a signal). */
int injector_finish(struct injector *injector);
void injector_signal(const struct injector *injector, int signal);
/* The first of its children: keeper, guardian or resolver. 0: it has none now. */
pid_t injector_child(const struct injector *injector);
/* A line of its /proc/PID/status, as "VmRSS:", in kB; -1: there is none, or it is over. */
long injector_status_kb(const struct injector *injector, const char *key);
/* Its exit status, after it ended on its own account; closes nothing. Frees it. */
int injector_wait(struct injector *injector);

/* One request; `params` is printf-like JSON. Asserts success; the result is the caller's. */
cJSON *injector_call(struct injector *injector, const char *method, const char *params, ...)
	__attribute__((format(printf, 3, 4)));
/* The same in two halves, for several injectors at once. */
void injector_ask(struct injector *injector, const char *method, const char *params, ...)
	__attribute__((format(printf, 3, 4)));
cJSON *injector_answer(struct injector *injector);
/* The whole answer, whether it is a result or an error. */
cJSON *injector_reply(struct injector *injector);
/* The same, asserting an error; its text (to be freed) and, when wanted, its kind's word. */
char *injector_refusal(struct injector *injector, const char *method, const char *params, ...)
	__attribute__((format(printf, 3, 4)));

struct cut {
	const char *fault;     /* NULL: "partition" */
	const char *id, *with; /* with: JSON, NULL for {} */
	int64_t seed;
	const char *role;  /* NULL: "on" */
	int on, from;      /* nodes */
	const char *extra; /* a further prefix of the `from` node, or NULL */
	int64_t start_in_ms, for_ms;
};

/* Arms a fault on the network, and waits until its start has come. */
void injector_cut(struct injector *injector, const struct cut *cut);
/* The JSON of its order, counted from `base_ns`. To be freed. */
char *injector_cut_order(const struct cut *cut, int64_t base_ns);
void injector_heal(struct injector *injector, const char *id); /* NULL: all */
/* Sum of a fault's packets: direction "ingress", "egress", or NULL for both. */
int64_t injector_packets(struct injector *injector, const char *id, const char *direction);

/* Sums over all of a fault's counters. */
struct counted {
	int64_t packets, segments, matched;
};
struct counted injector_counted(struct injector *injector, const char *id, const char *direction);
/* One of the fault's measures, as JSON; to be freed. Asserts that it is there. */
cJSON *injector_measure(
	struct injector *injector, const char *id, const char *name, const char *direction);
/*
 * Segments that should have gone through the fault's lane, and did not: on a busy machine its
 * keeper may be late, and then packets pass.
 */
int64_t injector_passed_by(struct injector *injector, const char *id);

/* Runs `doctor` in a node: whether that is among what it says. */
bool world_doctor_tells(const struct world *world, int node, const char *part);
/* Runs `recover` in a node; asserts its exit status, and returns what it said. */
char *world_recover_saying(const struct world *world, int node, int expected, const char *option);
/* The same, and it must have undone all that was to be undone. */
void world_recover(const struct world *world, int node);

/* ---- traffic ---- */

int64_t now_ns(void);
void pause_ms(int ms); /* only between two looks at something that is awaited */

/* This process (its calling thread) steps into a node, and back home with what it got for it. */
int world_enter(const struct world *world, int node);
void world_leave(int home);

/* A socket that lives in a node. */
int world_socket(const struct world *world, int node, int family, int type);
/* The same of a protocol that not every kernel has: -1, with errno, where there is none. */
int world_socket_of(const struct world *world, int node, int family, int type, int protocol);

/* An address with a port; its length. */
socklen_t sockaddr_of(const char *address, int family, int port, struct sockaddr_storage *out);
/* That of a node. */
socklen_t world_sockaddr(int node, int family, int port, struct sockaddr_storage *out);

/* Sends one datagram and asserts that the sender hears of no error. True when it arrives. */
bool udp_passes(const struct world *world, int from, int to, int family, int port);
/* Waits up to `within_ms` until a datagram arrives. */
bool udp_passes_within(const struct world *world, int from, int to, int family, int within_ms);

/* One datagram to any address; the sender hears of no error. */
void udp_send(const struct world *world, int from, const char *ipv4, int port);

struct tcp_pair {
	int listener, client, server;
};
/* Listens on `to`, connects from `from`, and asserts that bytes go both ways. */
struct tcp_pair tcp_connect(const struct world *world, int from, int to, int family, int port);
void tcp_close(struct tcp_pair *pair);
/* Waits for `bytes` on a socket. */
bool tcp_receives(int sock, size_t bytes, int within_ms);
/* tcpi_backoff of TCP_INFO: how often the timeout was doubled. */
int tcp_backoff(int sock);

#endif

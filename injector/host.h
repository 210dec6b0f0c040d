/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_HOST_H
#define BACKBURN_INJECTOR_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/matcher.h"
#include "bpf/trap.h"
#include "contract/address.h"
#include "contract/fail.h"
#include "contract/shape.h"
#include "contract/verbs.h"

struct clock_control;
struct clock_moment;
struct lane_memory;
struct lane_spec;
struct machine_clock;

/*
 * The seam to the machine. Every effect, and every reading of clock, files, /proc, netlink and
 * BPF, goes through these functions, so that everything above them runs in a unit test.
 * Which side stands behind them, the real one (host_real_*.c) or the tests' fake, is chosen at
 * link time. Lists that are filled belong to the caller.
 */

/* ---- clock and identity ---- */

int64_t host_now_ns(void);   /* CLOCK_MONOTONIC */
void host_pause(int64_t ns); /* between two looks at something that is awaited */
int64_t host_wall_ns(void);  /* CLOCK_REALTIME: only for the hours of a policy */

struct host_facts {
	char host[65], kernel[65], machine[65];
	char boot_id[40];
	uint64_t netns_cookie; /* SO_NETNS_COOKIE: the one name of a namespace never used twice */
	int64_t pid;
	uint32_t uid;         /* effective */
	uint64_t start_ticks; /* of this process; pid and ticks together name a process */
};
int host_facts(struct host_facts *out, struct fail *fail);

/* ---- files ---- */

/* With its parents, mode 0700; one that exists is fine. */
int host_dir_make(const char *path, struct fail *fail);
/* Names inside, without "." and ".."; a directory that does not exist is empty. List of char *. */
int host_dir_list(const char *path, struct list *names, struct fail *fail);
/* Only when it is empty; otherwise, or when it is gone, nothing happens. */
void host_dir_remove(const char *path);
/* An absent file is removed already. */
int host_file_remove(const char *path, struct fail *fail);
/*
 * Opens (creating it, mode 0600) and locks for this process alone; FAIL_BUSY when somebody else
 * holds the lock. The lock lasts until host_file_close() or the death of the process.
 */
int host_file_lock(const char *path, int *out_file, struct fail *fail);
void host_file_close(int file);
/*
 * Adds at the end, and returns when it is on stable storage. On failure nothing of it is left: half
 * a line would spoil the next one.
 */
int host_file_append(int file, const char *text, size_t length, struct fail *fail);
int host_file_clear(int file, struct fail *fail);
/* NUL-terminated, to be freed; `error` ENOENT inside `fail` when there is none. */
int host_file_read(
	const char *path, size_t max_bytes, char **out_text, size_t *out_length, struct fail *fail);
bool host_file_exists(const char *path);

/* ---- processes ---- */

/* Start time in ticks since boot, 0 when there is no such process. */
uint64_t host_process_start(int64_t pid);
int64_t host_process_parent(int64_t pid); /* 0: none, or not visible */
/*
 * Inodes (uint64_t) of the sockets a process holds open. A process that is gone, or not ours to
 * look into, has none; that we lack descriptors or memory to look is a failure.
 */
int host_process_sockets(int64_t pid, struct list *inodes, struct fail *fail);
/* SIGCONT, for one that is stopped by a signal; `out_was`: it was. */
int host_process_resume(int64_t pid, uint64_t start_ticks, bool *out_was, struct fail *fail);
/* SIGTERM (and SIGCONT, for one that is stopped), then waits for its end. */
int host_process_stop(int64_t pid, uint64_t start_ticks, int64_t wait_ns, struct fail *fail);

/* ---- processes as targets ---- */

enum {
	PROCESS_NAME_MAX = 16
};

struct host_process {
	int64_t pid, parent;
	uint64_t start_ticks;
	int64_t uid;   /* effective */
	int64_t rss;   /* bytes of resident memory */
	bool kernel;   /* a thread of the kernel */
	bool dead;     /* has ended, and waits for its parent to ask */
	char *exe;     /* without " (deleted)"; NULL: can't be read */
	char *cmdline; /* arguments joined by one blank, "" for none; NULL: can't be read */
	char name[PROCESS_NAME_MAX]; /* of its first thread, as it calls itself; never more than 15
					bytes */
	char *cgroup;                /* below the cgroup v2 mount; NULL: in none */
};
/* List of int64_t, all that are visible here. */
int host_process_list(struct list *pids, struct fail *fail);
/* The program, without " (deleted)", to be freed; NULL: none, or it can't be read. */
char *host_process_exe(int64_t pid);
/* False when there is none. What it fills in may be of two processes if the pid is reused. */
bool host_process_read(int64_t pid, struct host_process *out);
void host_process_deinit(struct host_process *process);
/* A pidfd, for host_file_close(). `error` ESRCH inside `fail` when there is none. */
int host_process_open(int64_t pid, int *out_file, struct fail *fail);
/* `error` ESRCH inside `fail` when it has ended. */
int host_process_signal(int file, int number, struct fail *fail);
bool host_process_has_exited(int file);
/* CLOCK_REALTIME of an instant in ticks since boot, as the clock stands now. */
int64_t host_ticks_wall_ns(uint64_t ticks);

struct host_pidfile {
	int64_t pid;
	int64_t uid;        /* whose file it is */
	int64_t written_ns; /* CLOCK_REALTIME */
};
/* Regular files only; never waits for one. */
int host_pidfile_read(const char *path, struct host_pidfile *out, struct fail *fail);

/* ---- cgroups (v2) ---- */

/* True for a directory on a cgroup v2 file system. */
bool host_is_cgroup2(const char *path);
/* A directory's path below the cgroup v2 mount, as host_process.cgroup has it. To be freed. */
int host_cgroup_below(const char *directory, char **out_path, struct fail *fail);
/*
 * The kernel's number of a cgroup, above 0, which no other has while it exists; one that is made
 * anew at the same place has another. FAIL_REFUSED when there is none.
 */
int host_cgroup_id(const char *cgroup, uint64_t *out_id, struct fail *fail);
/* Where it is mounted, to be freed. FAIL_REFUSED when no mount shows it. */
int host_cgroup_directory(const char *cgroup, char **out_path, struct fail *fail);
/* Whether it was frozen by its own cgroup.freeze. One that is gone, or another by now, was not. */
int host_cgroup_thaw(const char *cgroup, uint64_t id, bool *out_was, struct fail *fail);
/*
 * SIGKILL to all in it and below, also to what they fork meanwhile. `error` ESRCH inside `fail`
 * when it is gone, or another by now.
 */
int host_cgroup_kill(const char *cgroup, uint64_t id, struct fail *fail);
/* Removes one that is empty; one that is gone is success. */
int host_cgroup_remove(const char *directory, struct fail *fail);

/* ---- names ---- */

/* A name on its way through this host's resolver, in a process of its own. */
struct host_lookup;
enum host_lookup_state {
	LOOKUP_RUNS,
	LOOKUP_DONE,
	LOOKUP_FAILED
};
int host_lookup_start(const char *name, struct host_lookup **out, struct fail *fail);
/*
 * Never waits. Fills `addresses` (struct prefix, some of them, in any order) when it is done, and
 * `fail` when it failed. To be ended in any case.
 */
enum host_lookup_state host_lookup_look(
	struct host_lookup *lookup, struct list *addresses, struct fail *fail);
/* Ends it, wherever it is; NULL is fine. */
void host_lookup_end(struct host_lookup *lookup);
/* Borrowed: a descriptor that is readable when a lookup may have got on. */
int host_lookup_watch(int *out_file, struct fail *fail);

/* ---- links ---- */

struct host_link {
	int ifindex;
	char name[16];
	bool loopback;
	bool ethernet; /* its packets have an Ethernet header */
	bool stacked;  /* what it carries, another link of this namespace carries too */
};
/* List of struct host_link, all links of this network namespace. */
int host_links(struct list *links, struct fail *fail);
/* A descriptor that becomes readable when links may have changed; drain, then list again. */
int host_link_watch(int *out_file, struct fail *fail);
void host_link_watch_drain(int file);
/* Prefixes (struct prefix) of global scope, unique-local ones included; loopback is not. */
int host_addresses(struct list *prefixes, struct fail *fail);

/* ---- the packet matcher (bpf/matcher.bpf.c) ---- */

struct host_matcher;
struct host_matcher_sizes {
	uint32_t addresses, prefixes, counters;
	uint32_t new_flows; /* connections that are remembered as new; the oldest go first */
};
int host_matcher_load(
	const struct host_matcher_sizes *sizes, struct host_matcher **out, struct fail *fail);
void host_matcher_free(struct host_matcher *matcher);
/* The page that the programs read while they run. */
struct bb_control *host_matcher_control(struct host_matcher *matcher);
/* The program's tag: a hash of its instructions, 16 hexadecimal digits. */
const char *host_matcher_tag(const struct host_matcher *matcher, enum bb_direction direction);
int host_matcher_put(struct host_matcher *matcher, const struct prefix *prefix,
	const struct bb_entry *entry, struct fail *fail);
int host_matcher_remove(
	struct host_matcher *matcher, const struct prefix *prefix, struct fail *fail);
/* Starts a counter at zero; one that exists stays as it is. */
int host_matcher_count(
	struct host_matcher *matcher, const struct bb_counter_key *key, struct fail *fail);
/* Zeroes when there is no such counter. */
void host_matcher_read(
	struct host_matcher *matcher, const struct bb_counter_key *key, struct bb_counter *out);
void host_matcher_uncount(struct host_matcher *matcher, const struct bb_counter_key *key);
int host_matcher_protect(
	struct host_matcher *matcher, const struct bb_flow *flow, struct fail *fail);
void host_matcher_unprotect(struct host_matcher *matcher, const struct bb_flow *flow);

/* Who a rule hit (bb_touched_key.rule). */
struct host_touched {
	struct prefix address;
	struct bb_touched counts;
};
/* Adds struct host_touched to `hits`, in no order. */
void host_matcher_touched(struct host_matcher *matcher, uint32_t rule, struct list *hits);
void host_matcher_forget(struct host_matcher *matcher, uint32_t rule);

/* A link that packets may come back to from a lane; `number` names it in their label. */
int host_matcher_link(
	struct host_matcher *matcher, int ifindex, uint32_t number, struct fail *fail);
void host_matcher_link_gone(struct host_matcher *matcher, int ifindex);
/* Packets that come from this link have been seen by the matcher already. */
int host_matcher_lane_end(struct host_matcher *matcher, int ifindex, struct fail *fail);
void host_matcher_lane_gone(struct host_matcher *matcher, int ifindex);

/* ---- lanes (injector/mechanisms/lanes.h) ---- */

/* 0 when no link has that name. */
int host_link_named(const char *name, int *out_ifindex, struct fail *fail);

/*
 * A pair of veth links that are up, carry no address and ask for none. As a wire the first takes
 * packets apart: one segment each, with a checksum that is right.
 */
struct host_pair {
	const char *entry, *exit;
	bool as_wire;
	int entry_index, exit_index; /* set on success */
};
/* FAIL_BUSY when somebody has one of the names: then nothing was made. */
int host_pair_add(struct host_pair *pair, struct fail *fail);
/* With its other end. One that is gone is success; one that is no veth and no TAP stays. */
int host_lane_delete(const char *name, struct fail *fail);
/* Where a lane ends; `out_link` is for host_tcx_detach(), or -1 when it goes with the link. */
int host_exit_attach(struct host_matcher *matcher, int ifindex, enum attach_mode mode,
	int *out_link, struct fail *fail);
/* netem and tbf at the root of one of our own links. FAIL_UNSUPPORTED: the kernel lacks it. */
int host_shape(int ifindex, const struct lane_spec *spec, struct fail *fail);

/*
 * A TAP and the process that keeps it. The link ends with the process, and it with this one.
 * FAIL_BUSY when somebody has the name.
 */
struct host_keeper;
int host_keeper_start(struct host_matcher *matcher, const char *name, struct host_keeper **out,
	struct fail *fail);
int host_keeper_link(const struct host_keeper *keeper); /* ifindex */
/* False when its process has ended, and its link with it. */
bool host_keeper_lives(const struct host_keeper *keeper);
struct lane_memory *host_keeper_memory(const struct host_keeper *keeper);
/* It lets go all that waits, and ends; one that does not is killed. NULL is fine. */
void host_keeper_stop(struct host_keeper *keeper);
/* Frees memory only, as when this process dies. */
void host_keeper_forget(struct host_keeper *keeper);

/* ---- the guardian ---- */

/*
 * A process that holds others still (injector/guard/guard.h), and that outlives this one for as
 * long as it takes to let them go and to replay the ledgers in `runtime_dir`. `cgroup`: a directory
 * that is made for it, or NULL; without it works too.
 */
struct host_guardian;
/*
 * Where such a directory may be made: in the highest cgroup above this process's own that it may
 * write to, so that what ends the own one does not end the guardian. NULL: nowhere.
 */
char *host_guardian_cgroup(void);
int host_guardian_start(
	const char *runtime_dir, const char *cgroup, struct host_guardian **out, struct fail *fail);
struct guard_memory *host_guardian_memory(const struct host_guardian *guardian);
/* Says that something in the memory has changed. */
void host_guardian_wake(const struct host_guardian *guardian);
bool host_guardian_lives(const struct host_guardian *guardian);
/*
 * It lets go all, and ends; one that does not is killed. `in_order`: nothing is left to be undone,
 * else it replays the ledger, whose lock must be free by then. NULL is fine.
 */
void host_guardian_stop(struct host_guardian *guardian, bool in_order);
/* Frees memory only, as when this process dies. */
void host_guardian_forget(struct host_guardian *guardian);

/* ---- traps: processes that are killed at a call (bpf/trap.bpf.c) ---- */

struct host_trap;
enum host_trap_side {
	TRAP_BEFORE, /* the call is refused: it has not taken effect */
	TRAP_AFTER   /* it has, or has failed by itself */
};
/*
 * Loads and attaches; nobody is in it yet. The pid namespace is filled in here. It ends with
 * host_trap_close() or with this process. FAIL_UNSUPPORTED: not on that side, on this kernel.
 */
int host_trap_open(const struct bb_trap *rule, enum host_trap_side side, struct host_trap **out,
	struct fail *fail);
int host_trap_add(struct host_trap *trap, int64_t pid, uint64_t start_ticks, struct fail *fail);
void host_trap_lease(struct host_trap *trap, int64_t until_ns);
/* Zeroes for one that is not in it. */
void host_trap_read(const struct host_trap *trap, int64_t pid, struct bb_trapped *out);
/* NULL is fine. */
void host_trap_close(struct host_trap *trap);
/* The file or directory of that path, as that process sees it: the numbers that the kernel keeps.
 */
int host_path_identity(int64_t pid, const char *path, uint64_t *out_inode, uint32_t *out_device,
	struct fail *fail);

/* ---- clocks of processes (injector/clock/) ---- */

/* What this host's clocks say now. */
void host_clocks_now(struct clock_moment *out);

/* A process whose clock is led through a stub of ours: it shares a control page with this one. */
struct host_clock;
struct host_clock_order {
	int64_t pid;
	uint64_t start_ticks;
	uint64_t key; /* by which it is found again; unique in this boot */
};
/*
 * Says the true time until the control page is switched on, and again when this process dies.
 * FAIL_REFUSED with a reason where it can't be done; `error` ESRCH inside `fail` when it is gone.
 * On failure nothing is left.
 */
int host_clock_attach(
	const struct host_clock_order *order, struct host_clock **out, struct fail *fail);
/* Borrowed. What the target makes of it may be nonsense: nothing in it is believed. */
struct clock_control *host_clock_control(const struct host_clock *clock);
uint64_t host_clock_calls(const struct host_clock *clock);
size_t host_clock_threads(const struct host_clock *clock); /* when it was attached */
/* Frees memory only: the target says the true time from then on. NULL is fine. */
void host_clock_free(struct host_clock *clock);
/*
 * Whoever has the pages of that attachment, the process itself and those that it has forked, is as
 * before. Nobody is success.
 */
int host_clock_heal(uint64_t key, size_t *out_healed, struct fail *fail);

/* ---- gates: programs that are stopped as they are started (bpf/gate.bpf.c) ---- */

struct host_gate;
struct host_newcomer {
	int64_t pid;
	uint64_t start_ticks;
};
/*
 * From here on whatever is started in that cgroup (below the cgroup v2 mount) or below it stands
 * before its first instruction until host_gate_pass(). Nobody is stopped from `until_ns` on,
 * nor after host_gate_close(), nor once this process is dead.
 */
int host_gate_open(const char *cgroup, int64_t until_ns, struct host_gate **out, struct fail *fail);
void host_gate_until(struct host_gate *gate, int64_t until_ns);
/* Takes one that stands; false: there is none. */
bool host_gate_next(struct host_gate *gate, struct host_newcomer *out);
/* Whether the next one is there already, without a look into the kernel. */
bool host_gate_waits(const struct host_gate *gate);
/* It goes on, also when it has not come to stand yet. One that has ended is success. */
int host_gate_pass(const struct host_newcomer *newcomer, struct fail *fail);
/* How many passed unseen, since too many came at once. */
int64_t host_gate_missed(const struct host_gate *gate);
/* Those that stand stay so. NULL is fine. */
void host_gate_close(struct host_gate *gate);
/* A file that is readable while there is somebody to be taken, at whatever gate. */
int host_gate_watch(int *out_file, struct fail *fail);
/*
 * Whoever stands stopped before its first instruction in the cgroup of that number goes on. What
 * was stopped in the midst of its work stays.
 */
int host_gate_release(const char *cgroup, uint64_t id, size_t *out_count, struct fail *fail);

/* ---- the clock of the machine (injector/clock/step.h) ---- */

/*
 * FAIL_REFUSED with a reason where this process does not live in the machine's own namespaces, so
 * that others would be hit than those it was asked for; or where it may not set the clock.
 */
int host_machine_check(struct fail *fail);
/* How its clocks stand at one instant, to within some microseconds, and what steers them. */
int host_machine_clock(struct machine_clock *out, struct fail *fail);
/* Moves the wall clock by so much, on or back. The kernel then calls it unsynchronised. */
int host_machine_step(int64_t ns, struct fail *fail);
/* Frequency, tick, status and errors become those of `as`. */
int host_machine_steer(const struct machine_clock *as, struct fail *fail);

/* ---- where programs hang ---- */

struct host_program {
	char name[16], tag[17];
};
/* True when this kernel has tcx; asks, and changes nothing. */
bool host_tcx_present(char reason[static 128]);
/* At the head of the chain; it ends with host_tcx_detach() or with this process. */
int host_tcx_attach(struct host_matcher *matcher, int ifindex, enum bb_direction direction,
	int *out_link, struct fail *fail);
void host_tcx_detach(int link);
/* List of struct host_program in the order in which they run; empty where tcx does not exist. */
int host_tcx_list(
	int ifindex, enum bb_direction direction, struct list *programs, struct fail *fail);

struct host_filter {
	uint32_t pref;
	uint32_t handle;
	uint16_t protocol; /* ETH_P_…, host order */
	char kind[16];     /* "bpf" */
	char name[64];     /* of a bpf filter */
	char tag[17];      /* of a bpf filter's program */
};
enum host_clsact {
	CLSACT_NONE,
	CLSACT_PRESENT,
	CLSACT_INGRESS_ONLY
};
int host_clsact_state(int ifindex, enum host_clsact *out, struct fail *fail);
int host_clsact_add(int ifindex, struct fail *fail);
/* A link or qdisc that is gone is success. */
int host_clsact_delete(int ifindex, struct fail *fail);
/* List of struct host_filter by rising pref; a link without clsact, or no link, has none. */
int host_filter_list(
	int ifindex, enum bb_direction direction, struct list *filters, struct fail *fail);
/* FAIL_BUSY when the pref is taken. */
int host_filter_add(struct host_matcher *matcher, int ifindex, enum bb_direction direction,
	uint32_t pref, struct fail *fail);
/* A link or filter that is gone is success. */
int host_filter_delete(int ifindex, enum bb_direction direction, uint32_t pref, struct fail *fail);

/* ---- snapshots and trials ---- */

/* Lines (char *) of the state that we may touch, and of what changes by itself. Not sorted. */
int host_snapshot(const char *cgroup, struct list *state, struct list *residue, struct fail *fail);

/*
 * Tries what this kernel can do, in a child inside a network namespace of its own, so that
 * nothing of this one is touched. List of struct capability (contract/verbs.h).
 * `deep` tries everything that `doctor` reports; otherwise only what a session needs to know.
 */
int host_try_capabilities(bool deep, struct list *capabilities, struct fail *fail);

/* ---- other network namespaces ---- */

struct host_netns {
	uint64_t cookie;
	char path[64]; /* /proc/123/ns/net, /run/netns/db1 */
};
/* List of struct host_netns: every namespace that a process or a mount keeps alive. */
int host_netns_list(struct list *namespaces, struct fail *fail);
/* Runs `work` in a child inside that namespace; its result (0..255) comes back. */
int host_netns_run(const char *path, int (*work)(void *context), void *context, int *result,
	struct fail *fail);

#endif

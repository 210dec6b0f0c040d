/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_HOST_FAKE_H
#define BACKBURN_TESTS_HOST_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/shape.h"
#include "injector/host.h"

/*
 * A machine in memory behind injector/host.h: links, qdiscs, filters, tcx links, one packet
 * matcher, a file system with locks. Its state can be looked at, and any effect made to fail.
 */
struct fake_attachment {
	int ifindex;
	enum bb_direction direction;
	uint32_t pref; /* 0: by tcx */
	bool foreign;  /* somebody else's */
	char name[16], tag[17];
};

struct fake_file {
	char path[256];
	char *text;
	size_t length;
	bool locked, directory;
	bool given; /* by fake_write() */
	int descriptor;
};

struct fake_entry {
	struct prefix prefix;
	struct bb_entry entry;
};

struct fake_counter {
	struct bb_counter_key key;
	struct bb_counter counter;
};

struct fake_touched {
	uint32_t rule;
	struct host_touched hit;
};

struct fake_process {
	int64_t pid, parent;
	uint64_t start_ticks;
	int64_t uid, rss;
	bool kernel, dead;
	const char *exe, *cmdline, *cgroup; /* borrowed */
	const char *name;                   /* borrowed; NULL: that of a child of the tests */
	uint64_t socket;                    /* inode of the one that it holds open; 0: none */
	bool survives;                      /* signals do not end it */
	bool ends_when_opened;              /* and so can't be */
	bool reused_when_opened;            /* its pid is another process's just before */
	int signal;                         /* the last one it got */
};

struct fake_number {
	int ifindex;
	uint32_t number;
};

struct fake_handle {
	int file;
	int64_t pid;
	uint64_t start_ticks;
};

/* What the resolver says of a name. */
struct fake_name {
	const char *name;      /* borrowed */
	const char *addresses; /* parted by blanks, borrowed; NULL: there is no such name */
	bool hangs;            /* it never says it */
};

/* How the machine's clock is steered, and how far it is off. */
struct fake_steering {
	int64_t stepped_ns;
	int64_t slewed_ns; /* that its steady clocks are ahead of the raw one */
	int64_t freq, status;
};

struct fake {
	int64_t now_ns, wall_ns;
	int64_t boot_ns; /* when it was wall_ns, on the steady clocks: the wall clock goes on */
	struct fake_steering steering;
	const char *machine_refusal; /* why this is not the machine's own injector; NULL: it is */
	bool has_tcx;
	struct list links;           /* of struct host_link */
	struct list attachments;     /* of struct fake_attachment */
	struct list clsacts;         /* of int: ifindex */
	struct list files;           /* of struct fake_file * */
	struct list entries;         /* of struct fake_entry */
	struct list counters;        /* of struct fake_counter */
	struct list flows;           /* of struct bb_flow */
	struct list touched;         /* of struct fake_touched */
	struct list processes;       /* of struct fake_process */
	struct list handles;         /* of struct fake_handle: pidfds that are open */
	struct host_pidfile pidfile; /* whose pid is in the file */
	uint64_t cgroups_made_anew;  /* added to the numbers that they had before */
	struct list names;           /* of struct fake_name */
	int lookups;                 /* that run */
	bool loaded;
	struct bb_control control;
	struct list numbered;      /* of struct fake_number: links that packets come back to */
	struct list lane_ends;     /* of int: ifindex */
	int lane_links;            /* how many were made so far */
	int keeper;                /* its link's ifindex; 0: none lives */
	int hold_error;            /* errno for which the guardian refuses all; 0: it does not */
	struct list clocks;        /* of uint64_t: keys of processes that are led through a stub */
	const char *clock_refusal; /* why none can be; NULL: all can */
	struct host_gate *gate;    /* the one that is open; NULL: none is */
	struct list standing;      /* of struct host_newcomer: stopped at it, and not let go */
	bool has_lsm;              /* calls can be refused */
	struct host_trap *trap;    /* the one that is set; NULL: none */
	bool guardian_dies;        /* it does not answer any more */
	bool frozen;               /* by cgroup.freeze, or a process by SIGSTOP */
	bool keeper_sleeps;        /* it takes no orders while the injector waits for that */
	char boot_id[40];
	int64_t pid;
	uint32_t uid; /* 0: root, as an injector must be */
	int last_descriptor;

	int effects;             /* how many were asked for */
	int fail_at;             /* this one fails (counted from 1); 0: none */
	int fail_more;           /* and this many behind it */
	int fail_error;          /* with this errno; 0: EIO */
	bool fail_late;          /* what netlink is asked for happens, and then it says no */
	bool dies;               /* there the process dies: nothing that it does counts any more */
	bool dead;               /* it did */
	const char *failed_name; /* what the one was */
	const char *fail_name;   /* every effect of this name fails; NULL: none */
	/* Is told of each effect that is asked for; NULL: nobody is. */
	void (*asked)(const char *name, int number);
};
extern struct fake fake;

/* A fresh machine with lo, eth0 and eth1, tcx, and no files. */
void fake_reset(void);
/* All attachments, qdiscs, lanes and the matcher are gone. */
bool fake_is_clean(void);
/* How many files (not directories) there are. */
size_t fake_file_count(void);
/* Of these, what no test has written itself. */
size_t fake_left_count(void);
void fake_write(const char *path, const char *text);
/* NULL when there is none. */
const char *fake_text(const char *path);
/*
 * The process dies: locks, tcx links and the matcher go; filters, qdiscs and files stay. The next
 * one finds a machine on which nothing fails.
 */
void fake_kill(void);
/* What a run must leave as it found it, as a JSON list; to be freed. */
char *fake_describe(bool with_files);
/* Files that are open and locked, and pidfds. */
size_t fake_open_count(void);
/* The slots that the kernel would find for a packet of this address. */
uint64_t fake_lookup(const char *address);
/* Beside pid 1, and 42 (the injector) below 41 (sshd). */
/* The process makes one of the calls that a trap is set for. */
void fake_call(int64_t pid);
/* A program is started in that process; it stands if a gate is open. */
void fake_exec(int64_t pid);
void fake_forget_gate(void);
/* What the trap that is set was told; NULL: none is. */
const struct bb_trap *fake_trap(void);
void fake_forget_trap(void);
void fake_add_process(const struct fake_process *process);
/* NULL: there is none. */
struct fake_process *fake_find_process(int64_t pid);
/* 0: none. */
int fake_last_signal(int64_t pid);
/* From now on; instead of what it said before. */
void fake_name(const char *name, const char *addresses);
void fake_hang(const char *name);
void fake_add_link(int ifindex, const char *name);
/* Another tool's filter (with clsact, if there is none), or its tcx program for pref 0. */
void fake_add_foreign(int ifindex, enum bb_direction direction, uint32_t pref);
void fake_remove_link(int ifindex);
/* 0: none. */
int fake_link_named(const char *name);
/* What the keeper shares with the injector; NULL: none lives. */
struct lane_memory *fake_keeper_memory(void);
/* The keeper has seen all its orders, as it would within some milliseconds. */
void fake_keeper_looks(void);
/* It dies, and its link with it. */
void fake_end_keeper(void);
/* The guardian does what it is time for; its clock is the only thing that it really holds. */
void fake_guardian_looks(void);
/* A packet of the peer with this prefix's entry is counted, as the kernel would. */
void fake_hit(const char *address, int slot, enum bb_direction direction);

/* What the last process that is led through a stub shares; NULL: none is. */
struct clock_control;
const struct clock_control *fake_clock_control(void);

/* ---- between the files of the fake ---- */

void fake_remove_at(struct list *list, size_t size, size_t index);
/* True when this effect, or this reading, is to fail. */
bool fake_fails(const char *name);
int fake_refuse(struct fail *fail, const char *name);
/* Of one that fails: it happens all the same. */
bool fake_happens(void);
void fake_unload(void);
/* The rule in that slot has hit so many packets of the address. */
void fake_touch(int slot, const char *address, uint64_t packets);
void fake_forget_tcx(void);
void fake_reset_processes(void);
void fake_close_process(int file);

#endif

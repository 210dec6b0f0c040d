/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause) */
#ifndef BACKBURN_MAPS_BPF_H
#define BACKBURN_MAPS_BPF_H

#include "bpf/vmlinux_min.h"

#include <bpf/bpf_helpers.h>

#include "bpf/matcher.h"

struct bb_control bb_control;

/*
 * No preallocation: only user space inserts, and max_entries then costs next to nothing. The
 * sizes here are placeholders; the plan sets them before the object is loaded.
 */
#define BB_MAP(name, map_type, flags, key_type, value_type, entries)                               \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(map_flags, flags);                                                          \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
		__uint(max_entries, entries);                                                      \
	} name SEC(".maps")

/* clang-format off */
BB_MAP(bb_addresses, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct bb_address, struct bb_entry, 1024);
BB_MAP(bb_prefixes, BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC, struct bb_prefix, struct bb_entry, 1024);
BB_MAP(bb_counters, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct bb_counter_key, struct bb_counter, 1024);
BB_MAP(bb_protected, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct bb_flow, __u8, BB_PROTECTED_FLOWS);
/* By ifindex: the number of each link that packets can come back to, and 1 for each lane's end. */
BB_MAP(bb_link_numbers, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, __u32, __u32, BB_LABEL_LINKS);
BB_MAP(bb_lanes, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, __u32, __u32, BB_LANES + 2);
/* Connections whose SYN was seen. The oldest go first. */
BB_MAP(bb_new_flows, BPF_MAP_TYPE_LRU_HASH, 0, struct bb_flow, __u64, 1);
/* Ports of packets whose later fragments are still to come. */
BB_MAP(bb_fragments, BPF_MAP_TYPE_LRU_HASH, 0, struct bb_fragment, struct bb_ports, BB_FRAGMENTS);
/* Who was hit, and by which connections (touched.bpf.h). What is full takes no more. */
BB_MAP(bb_touched, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct bb_touched_key, struct bb_touched, BB_TOUCHED);
BB_MAP(bb_touched_flows, BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, struct bb_touched_flow, __u8, BB_TOUCHED_FLOWS);
BB_MAP(bb_pulse, BPF_MAP_TYPE_ARRAY, BPF_F_MMAPABLE, __u32, struct bb_pulse, 1);
/* clang-format on */

#endif

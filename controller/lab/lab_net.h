/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LAB_NET_H
#define BACKBURN_LAB_NET_H

#include "contract/fail.h"
#include "controller/lab/lab_file.h"

/*
 * The lab's network: a hub namespace with a bridge, and a namespace for each node whose eth0 is
 * one end of a veth pair, the other end being a port of the bridge. The machine's own namespace
 * gets nothing.
 */

/* Creates the hub and its bridge. */
int lab_net_make_hub(const struct lab_file *file, struct fail *fail);

/* Creates a node's namespace, wires it to the hub and gives it its addresses. */
int lab_net_make_node(const struct lab_file *file, size_t index, struct fail *fail);

/* Removes every namespace of the lab, found by name; its links go with them. */
int lab_net_destroy(const char *lab, struct fail *fail);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_PLANNED_H
#define BACKBURN_TEST_PLANNED_H

#include "controller/predict/predicted.h"
#include "given.h"

/*
 * Records of plans. n1 to n3 (role etcd, in the zones a, b and b) have 10.0.0.1 to .3 and fd00::1
 * to
 * ::3, and client has 10.0.0.9.
 */

/* `on` would be cut off from `from`: lists as JSON, without brackets. */
struct record planned_cut(const char *on, const char *from);
/* What a node has answered, as JSON without braces. */
void planned_inspected(struct record *record, const char *at, const char *members);

#define CONNECTION(local, remote, peer, rest)                                                      \
	"{'local':'" local "','remote':'" remote "','peer':'" peer "','state':'established'" rest  \
	"}"
#define SERVES ",'listens':true,'program':'etcd','pid':7"
#define OPENED ",'program':'etcd','pid':7"
#define BOTH_WAYS(peers)                                                                           \
	"'matches':[{'direction':'ingress','peers':[" peers                                        \
	"]},{'direction':'egress','peers':[" peers "]}]"

/* Two connections from n2 to n1, seen from both; one from n1 to n3, of which only n1 has told. */
struct record planned_and_seen(void);

/* Consumes the record. */
struct predicted planned_radius(struct record record);

#endif

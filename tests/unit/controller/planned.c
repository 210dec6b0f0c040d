/* SPDX-License-Identifier: Apache-2.0 */
#include "planned.h"

static void node(struct record *record, const char *name, int address, const char *labels)
{
	given_event(record, "node", 0,
		"'node':'%s','host':'%s','kernel':'6.1','tool':'t','attach':'tcx','addresses':["
		"'10.0.0.%d','fd00::%d'],'labels':{%s}",
		name, name, address, address, labels);
}

/* n1 leads and would be cut off from n2 and n3. */
struct record planned_cut(const char *on, const char *from)
{
	struct record record = given_record(given_tree());

	node(&record, "n1", 1, "'role':'etcd','zone':'a'");
	node(&record, "n2", 2, "'role':'etcd','zone':'b'");
	node(&record, "n3", 3, "'role':'etcd','zone':'b'");
	node(&record, "client", 9, "'role':'client'");
	given_event(&record, "group_resolved", 0, "'group':'members','nodes':['n1','n2','n3']");
	given_event(&record, "group_resolved", 0, "'group':'leader','nodes':[%s]", on);
	given_event(&record, "fault_planned", 0, "'fault':'cut-leader','on':[%s],'from':[%s]", on,
		from);
	return record;
}

void planned_inspected(struct record *record, const char *at, const char *members)
{
	given_event(record, "fault_inspected", 0,
		"'fault':'cut-leader','node':'%s','result':{'effects':[],'undo':[],"
		"'interfaces':[],'foreign':[],%s}",
		at, members);
}

struct record planned_and_seen(void)
{
	struct record record = planned_cut("'n1'", "'n2','n3'");

	planned_inspected(&record, "n1",
		"'connections':[" CONNECTION("10.0.0.1:2380", "10.0.0.2:4001", "n2",
			SERVES) "," CONNECTION("10.0.0.1:2380", "10.0.0.2:4002", "n2",
			SERVES) "," CONNECTION("[fd00::1]:5001", "[fd00::3]:2380", "n3",
			OPENED) "],'connection_count':3," BOTH_WAYS("'n2','n3'") ",'clients':[{'"
										 "port':2379,'"
										 "program':'etcd','"
										 "pid':7,'address':"
										 "'10.0.0.9',"
										 "'connections':5},"
										 "{'port':2380,'"
										 "program':'etcd','"
										 "pid':7,'address':"
										 "'10.0.0.2',"
										 "'connections':2},"
										 "{'port':22,'"
										 "address':'192.0."
										 "2.7','"
										 "connections':1}"
										 "]");
	planned_inspected(&record, "n2",
		"'connections':[" CONNECTION("10.0.0.2:4001", "10.0.0.1:2380", "n1",
			OPENED) "," CONNECTION("10.0.0.2:4002", "10.0.0.1:2380", "n1",
			OPENED) "],'connection_count':2," BOTH_WAYS("'n1'"));
	planned_inspected(
		&record, "n3", "'connections':[],'connection_count':0," BOTH_WAYS("'n1'"));
	return record;
}

struct predicted planned_radius(struct record record)
{
	struct predicted predicted;

	predict(&record, &predicted);
	record_deinit(&record);
	return predicted;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "contract/json.h"
#include "contract/units.h"
#include "contract/verbs.h"
#include "tests/unit/contract/quoted.h"

/* Every verb's struct goes over the wire and comes back the same. */

static const struct {
	const struct shape *shape;
	const char *json;
} verbs[] = {
	{&empty_shape, "{}"},
	{&scope_shape, "{'netns':'/run/netns/a','cgroup':'/x','container':'containerd://1'}"},
	{&endpoint_shape, "{'node':'n1','prefixes':['10.0.0.1','fd00::1']}"},
	{&endpoint_shape, "{'node':'alone'}"},
	{&endpoint_shape, "{'node':'cdn','set':'cdn'}"},
	{&endpoint_shape, "{'node':'s3','host':'s3.example.com'}"},
	{&host_evidence_shape, "{'host':'s3.example.com','addresses':['10.0.0.1'],'trouble':'no'}"},
	{&host_evidence_shape, "{'host':'s3.example.com','addresses':[]}"},
	{&peers_params_shape, "{'set':'cdn','prefixes':['10.0.0.1','fd00::/64']}"},
	{&peers_result_shape, "{'size':2,'total':3}"},
	{&hello_params_shape,
		"{'version':1,'session':'run-1','controller':'me@here pid 3','lease':'5s',"
		"'attach':'clsact','looks':true}"},
	{&hello_result_shape,
		"{'version':1,'tool':'backburn-injector 0.1.0','host':'h','kernel':'6.1',"
		"'machine':'x86_64','boot_id':'b','netns_cookie':'18014398509481985','pid':42,"
		"'cgroup':'/"
		"lab','attach':'tcx','capabilities':[{'name':'tcx','ok':true,'reason':''},"
		"{'name':'lane','ok':false,'reason':'no netem'}],'addresses':['10.0.0.1'],"
		"'policy':{'max_fault':'5m'}}"},
	{&ping_result_shape, "{'monotonic_ns':'9007199254740993'}"},
	{&fault_order_shape,
		"{'id':'cut','fault':'partition','scope':{},'role':'from','with':{'direction':'"
		"both'},"
		"'on':[{'node':'n1','prefixes':['10.0.0.1']}],'from':[{'node':'n2'}],"
		"'self':'n2','seed':'7','start_ns':'9007199254740993','deadline_ns':'"
		"9007199254740995'}"},
	{&fault_order_shape,
		"{'id':'k','fault':'kill','scope':{},'role':'on','with':{},'on':[{'node':'n1'}],"
		"'from':[],'processes':{'exe':'/bin/x','cmdline':'x *','pidfile':"
		"'/run/x.pid','cgroup':'/"
		"a','unit':'db@1.service','port':2379,'count':2,'largest':'memory'},'seed':'0','"
		"start_ns':'1','deadline_ns':'2'}"},
	/* Without a count: all of them. */
	{&fault_order_shape,
		"{'id':'k','fault':'kill','scope':{},'role':'on','with':{},'on':[{'node':'n1'}],"
		"'from':[],'processes':{'exe':'/bin/x'},'seed':'3','start_ns':'1',"
		"'deadline_ns':'2'}"},
	{&inspect_result_shape,
		"{'effects':['a'],'undo':['b'],'interfaces':['eth0'],'foreign':[{'interface':'eth0'"
		","
		"'direction':'ingress','name':'','ahead':true}],'connections':[{'local':'1','"
		"remote':"
		"'2','peer':'n2','state':'established','listens':true,'program':'etcd','pid':7}],"
		"'connection_count':1,'processes':[{'pid':"
		"7,'start_ticks':'12','exe':'/bin/x',"
		"'cmdline':'x -v','uid':0,'cgroup':'/a'}],'matches':[{'direction':'egress',"
		"'peers':['n2']}],'clients':[{'port':2379,'program':'etcd','pid':7,'address':"
		"'10.0.0.9','connections':3}],'more_clients':2}"},
	{&inspect_result_shape,
		"{'effects':[],'undo':[],'interfaces':[],'foreign':[],'connections':[],"
		"'connection_count':0,'more_clients':0}"},
	{&arm_result_shape,
		"{'armed_ns':'12','late_ns':'0','attach':'tcx','interfaces':['eth0','lo']}"},
	{&update_params_shape, "{'fault':'x','with':{'ratio':0.5}}"},
	{&update_result_shape, "{'changed_ns':'9007199254740993','change':2}"},
	{&fault_change_shape, "{'at_ns':'7','with':{'ratio':0.5}}"},
	{&renew_params_shape, "{'lease':'200ms'}"},
	{&renew_result_shape, "{'until_ns':'77'}"},
	{&heal_params_shape, "{'faults':['a','b']}"},
	{&heal_params_shape, "{}"},
	{&evidence_shape,
		"{'now_ns':'5','faults':[{'id':'cut','start_ns':'1','deadline_ns':'2','healed':"
		"true,"
		"'healed_ns':'3','counters':[{'peer':'n2','direction':'egress','packets':'7',"
		"'segments':'9','bytes':'1000','matched':'11','first_ns':'1','last_ns':'2'}],"
		"'measures':[{'name':'loss','direction':'egress','unit':'ratio','bound':'about',"
		"'asked':0.5,'achieved':0.25,'tolerance':0.125,'count':'4','hits':'1','first_ns':'"
		"5'}],'changes':["
		"{'at_ns':'4','with':{'ratio':0.5}}],'touched':[{'address':'10.0.0.3','packets':"
		"'4','segments':'5','connections':'2','first_ns':'1','last_ns':'2'},{'address':"
		"'fd00::2','peer':'n2','packets':'1','segments':'1','connections':'0','first_ns':"
		"'1','last_ns':'1'}],'touched_more':'3','untold':'6'}]}"},
	{&evidence_shape,
		"{'now_ns':'5','faults':[{'id':'k','start_ns':'1','deadline_ns':'2','healed':true,"
		"'healed_ns':'3','counters':[],'processes':[{'pid':7,'start_ticks':'12',"
		"'cmdline':'','signal':'KILL','age_ns':'9','must_exit':true,'sent_ns':'2',"
		"'exited_ns':'0','result':'failed','reason':'no','trap':'after its sync number "
		"5','calls':'4','how':'trace','times':'2','held_"
		"ns':'5','threads':'3'}],'touched_more':'0','untold':'0'}]}"},
	{&evidence_shape,
		"{'now_ns':'5','faults':[{'id':'k','start_ns':'1','deadline_ns':'2','healed':true,"
		"'healed_ns':'3','counters':[],'processes':[{'pid':7,'start_ticks':'12',"
		"'cmdline':'','signal':'KILL','age_ns':'9','must_exit':true,'sent_ns':'2',"
		"'exited_ns':'3','result':'sent','calls':'0','strike':2,'times':'0','held_ns':'0','"
		"threads':'0'}]"
		",'strikes':["
		"{'at_ns':'1','whole':false,'chosen':0,'sent':0,'exited':0,'wanted':0,'back':0,"
		"'back_ns':'0','looked_ns':'0','trouble':'nobody'},"
		"{'at_ns':'2','whole':true,'chosen':1,'sent':1,'exited':1,'wanted':1,'back':1,"
		"'back_pid':8,'back_ns':'4','looked_ns':'5'}],'touched_more':'0','untold':'0'}]}"},
	{&evidence_shape, "{'now_ns':'5','faults':[]}"},
	{&audit_params_shape, "{'page':3}"},
	{&audit_result_shape, "{'page':0,'pages':2,'state':['a','b'],'residue':[]}"},
};

static void every_struct_goes_round(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		cJSON *value = quoted_json(verbs[i].json), *again;
		void *decoded = calloc(1, verbs[i].shape->size + 1);
		struct fail fail = FAIL_INIT;

		if (shape_decode(verbs[i].shape, value, "", decoded, &fail) < 0)
			fail_msg("%s: %s: %s", verbs[i].json, fail.path, fail.text);
		again = shape_encode(verbs[i].shape, decoded);
		if (!cJSON_Compare(value, again, true))
			fail_msg("%s became %s", verbs[i].json, cJSON_PrintUnformatted(again));
		cJSON_Delete(again);
		cJSON_Delete(value);
		shape_free(verbs[i].shape, decoded);
		free(decoded);
	}
}

static void every_required_key_is_required(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct shape *shape = verbs[i].shape;

		for (size_t j = 0; j < shape->count; j++) {
			cJSON *value = quoted_json(verbs[i].json);
			struct fail fail = FAIL_INIT;

			cJSON_DeleteItemFromObject(value, shape->fields[j].key);
			assert_int_equal(shape_decode(shape, value, "", NULL, &fail),
				shape->fields[j].required ? -1 : 0);
			cJSON_Delete(value);
		}
	}
}

static void a_lease_has_bounds(void **state)
{
	(void)state;
	static const char *const bad[] = {"{'lease':'199ms'}", "{'lease':'301s'}"};

	for (size_t i = 0; i < 2; i++) {
		cJSON *value = quoted_json(bad[i]);
		struct fail fail = FAIL_INIT;

		assert_int_equal(shape_decode(&renew_params_shape, value, "", NULL, &fail), -1);
		assert_string_equal(fail.path, "lease");
		cJSON_Delete(value);
	}
}

static void presets_of_an_order(void **state)
{
	(void)state;
	cJSON *value = quoted_json("{'id':'a','fault':'p','scope':{},'role':'on','with':{},"
				   "'on':[{'node':'n','prefixes':[]}],'from':[]}");
	struct fault_order order;
	struct fail fail = FAIL_INIT;

	assert_int_equal(shape_decode(&fault_order_shape, value, "", &order, &fail), 0);
	assert_int_equal(order.start_ns, 0);
	assert_int_equal(order.deadline_ns, 0);
	assert_int_equal(order.role, ROLE_ON);
	assert_null(order.scope->netns);
	shape_free(&fault_order_shape, &order);
	cJSON_Delete(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_struct_goes_round),
		cmocka_unit_test(every_required_key_is_required),
		cmocka_unit_test(a_lease_has_bounds),
		cmocka_unit_test(presets_of_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

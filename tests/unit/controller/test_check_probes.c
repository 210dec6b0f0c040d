/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "controller/plan/check.h"
#include "given.h"

/* What a probe's own keys ask of one another: each case is the whole probe. */
struct refused {
	const char *probe; /* without the members that all have */
	const char *path;  /* below "probes.put" */
	const char *text;
};

static const struct refused tls_cases[] = {
	{"'type':'http','url':'https://x/','tls':{'cert':'a.pem'}", ".tls.cert",
		"\"cert\" needs the key \"key\" beside it"},
	{"'type':'http','url':'https://x/','tls':{'key':'a.key'}", ".tls.key",
		"\"key\" needs the key \"cert\" beside it"},
	{"'type':'http','url':'http://x/','tls':{'ca':'a.pem'}", ".tls",
		"needs a \"url\" that begins with https://, not http://"},
	{"'type':'http','url':'https://x/','tls':{'ca':'a.pem','verify':false}", ".tls.ca",
		"with \"verify\": false nobody would look at it"},
	{"'type':'http','url':'https://x/','tls':{'cert':'a.pem','key':{'secret':'tokn'}}",
		".tls.key", "no secret named \"tokn\" (did you mean \"token\"?)"},
	{"'type':'http','url':'https://x/','tls':{'server_name':'{node.name}'}", ".tls.server_name",
		"unknown placeholder {node.name}; known here: {n}, {uuid}, {group.NAME.addrs} of a "
		"group that exists, {var.NAME}"},
	{"'type':'tcp','address':'x:1','tls':{'ca':'a.pem'}", ".tls",
		"does not belong to type \"tcp\", which has: address, send, inside_radius"},
};

static const struct refused dns_cases[] = {
	{"'type':'dns'", "", "type \"dns\" needs the key \"name\""},
	{"'type':'dns','name':'x','server':'ns.example:53'", ".server",
		"must be ADDRESS:PORT, like \"10.0.0.2:53\" or \"[fd00::2]:53\": a name would "
		"need a server itself"},
	{"'type':'dns','name':'x','server':'10.0.0.2'", ".server",
		"must be ADDRESS:PORT, like \"10.0.0.2:53\" or \"[fd00::2]:53\": a name would "
		"need a server itself"},
	{"'type':'dns','name':'x','expect':{'rcode':'NXDOMAIN','answer':{'contains':'1'}}",
		".expect.answer", "only NOERROR has an answer, not NXDOMAIN"},
	{"'type':'dns','name':'x','expect':{'status':200}", ".expect.status",
		"does not belong to type \"dns\", which has: answer, rcode"},
	{"'type':'dns','name':'x','record':'CNAME'", ".record",
		"\"CNAME\" is not one of A, AAAA, MX, NS, SRV, TXT"},
	{"'type':'dns','name':'{node.name}.x'", ".name",
		"unknown placeholder {node.name}; known here: {n}, {uuid}, {group.NAME.addrs} of a "
		"group that exists, {var.NAME}"},
	{"'type':'dns','name':'x','to':{'group':'members','policy':'any'}", ".to",
		"the events go to the nodes of a group, but nothing in the probe depends on the "
		"node: use {node.addr} or {node.name}"},
};

#define READ(read) "'type':'metric','rate':5,'read':{" read "}"
static const struct refused value_cases[] = {
	{"'type':'metric'", "", "type \"metric\" needs the key \"read\""},
	{"'type':'prometheus','url':'http://x/'", "",
		"type \"prometheus\" needs the key \"query\""},
	{"'type':'metric','read':{'exec':['depth']},'rate':101", ".rate",
		"a probe that reads numbers asks for a whole answer each time: at most 100 a "
		"second"},
	{"'type':'metric','read':{'exec':['depth']},'rate':51", ".rate",
		"a process is started for each event: at most 50 a second"},
	{READ("'url':'http://x/'"), ".read",
		"with \"url\" it needs exactly one of \"metric\" and \"pointer\""},
	{READ("'url':'http://x/','metric':'m','pointer':'/a'"), ".read",
		"with \"url\" it needs exactly one of \"metric\" and \"pointer\""},
	{READ("'url':'x','metric':'m'"), ".read.url", "must begin with http:// or https://"},
	{READ("'url':'http://x/','metric':'m{}'"), ".read.metric",
		"\"m{}\" is not the name of a metric: letters, digits, _ and :"},
	{READ("'url':'http://x/','pointer':'/a','labels':{'a':'b'}"), ".read.labels",
		"\"labels\" needs the key \"metric\" beside it"},
	{READ("'exec':['depth','{node.addr}']"), ".read.exec[1]",
		"unknown placeholder {node.addr}; known here: {n}, {uuid}, {group.NAME.addrs} of a "
		"group that exists, {var.NAME}"},
	{READ("'exec':['depth']") ",'tls':{'ca':'a.pem'}", ".tls",
		"a program is run, and no URL is asked"},
	{READ("'url':'http://{node.addr}/','metric':'m'") ",'per_second':true,'to':{'group':"
							  "'members','policy':'any'}",
		".per_second",
		"each event would read another node's counter: use the policy \"each\""},
};

#define KERNEL(read) READ("'kernel':" read)
static const struct refused kernel_cases[] = {
	{READ("'kernel':'tcp_connects','exec':['x']"), ".read",
		"read needs exactly one of \"url\", \"exec\" and \"kernel\""},
	{READ("'exec':['x'],'per':'tcp_connects'"), ".read.per",
		"\"per\" needs the key \"kernel\" beside it"},
	{READ("'exec':['x'],'cgroup':'/a'"), ".read.cgroup",
		"\"cgroup\" needs the key \"kernel\" beside it"},
	{KERNEL("'processes','cgroup':'a'"), ".read.cgroup",
		"\"a\" is not a cgroup below the cgroup v2 mount, like "
		"\"/system.slice/web.service\""},
	{KERNEL("'processes','cgroup':'/a/../b'"), ".read.cgroup",
		"\"/a/../b\" is not a cgroup below the cgroup v2 mount, like "
		"\"/system.slice/web.service\""},
	{KERNEL("'processes','cgroup':'/{node.name}'"), ".read.cgroup",
		"unknown placeholder {node.name}; known here: {group.NAME.addrs} of a group that "
		"exists, {var.NAME}"},
	{KERNEL("'tcp_connects','cgroup':'/a'"), ".read.cgroup",
		"tcp_connects is of the network namespace, not of a cgroup"},
	{KERNEL("'host_cpu_seconds','cgroup':'/a'"), ".read.cgroup",
		"host_cpu_seconds is of the whole machine, not of a cgroup"},
	{KERNEL("'tcp_connects'") ",'to':{'group':'members','policy':'each'}", ".to",
		"a kernel is asked at the node that probes: name the nodes in \"from\""},
	{KERNEL("'tcp_connects'") ",'headers':{'a':'b'}", ".headers",
		"a kernel is asked, and no URL"},
	{KERNEL("'memory_bytes'") ",'per_second':true", ".per_second",
		"memory_bytes is no counter: how it changes says nothing"},
	{KERNEL("'tcp_rtt_most_seconds','per':'tcp_connects'"), ".read.per",
		"tcp_rtt_most_seconds is no counter: how it changes says nothing"},
	{KERNEL("'tcp_connects','per':'tcp_connections'"), ".read.per",
		"tcp_connections is no counter"},
	{KERNEL("'tcp_connects','per':'tcp_connects'"), ".read.per",
		"tcp_connects is divided by itself"},
	{KERNEL("'cpu_seconds','per':'tcp_connects'"), ".read.per",
		"cpu_seconds is of a cgroup, but tcp_connects of the network namespace"},
	{KERNEL("'tcp_connect_failures','per':'tcp_connects'") ",'per_second':true", ".read.per",
		"the growth is divided by another counter's, or by time: \"per\" or "
		"\"per_second\""},
};

static int outcome_of(const char *probe, struct fail *fail)
{
	struct catalogue *catalogue = given_kept_catalogue();
	cJSON *tree = given_tree();
	struct scenario scenario;
	char text[1024];
	int outcome;

	snprintf(text, sizeof(text), "{'from':'client',%s'timeout':'300ms',%s}",
		strstr(probe, "'rate'") ? "" : "'rate':50,", probe);
	given_set(tree, "secrets", "{'token':{'env':'TOKEN'}}");
	given_set(tree, "probes.put", text);
	if (scenario_from_merged(&scenario, tree, fail) < 0)
		return -1;
	outcome = scenario_check(&scenario, catalogue, fail);
	scenario_deinit(&scenario);
	return outcome;
}

static void assert_refused(const struct refused *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fail fail = FAIL_INIT;
		char path[FAIL_PATH_MAX];

		snprintf(path, sizeof(path), "probes.put%s", cases[i].path);
		assert_int_equal(outcome_of(cases[i].probe, &fail), -1);
		if (strcmp(fail.path, path) != 0 || strcmp(fail.text, cases[i].text) != 0)
			fail_msg("%s\n is refused with %s: %s", cases[i].probe, fail.path,
				fail.text);
	}
}

static void assert_taken(const char *const *probes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fail fail = FAIL_INIT;

		if (outcome_of(probes[i], &fail) < 0 && strncmp(fail.path, "probes", 6) == 0)
			fail_msg("%s\n is refused with %s: %s", probes[i], fail.path, fail.text);
	}
}

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void tls_belongs_to_https(void **state)
{
	static const char *const taken[] = {
		"'type':'http','url':'https://x/','tls':{}",
		"'type':'http','url':'{var.shop}/x','tls':{'ca':'a.pem'}",
		"'type':'http','url':'https://x/','tls':{'verify':false,'cert':'a.pem','key':"
		"{'secret':'token'}}",
		"'type':'http','to':{'group':'members','policy':'each'},'url':"
		"'https://{node.addr}/','tls':{'server_name':'{node.name}.example'}",
	};

	(void)state;
	assert_refused(tls_cases, COUNT_OF(tls_cases));
	assert_taken(taken, COUNT_OF(taken));
}

static void dns_asks_an_address_for_a_name(void **state)
{
	static const char *const taken[] = {
		"'type':'dns','name':'{n}.{uuid}.example','record':'TXT'",
		"'type':'dns','name':'x','server':'{var.dns}','expect':{'rcode':'NODATA'}",
		"'type':'dns','name':'x','server':'[fd00::2]:53','expect':{'answer':{'equals':"
		"'10.0.0.1'}}",
		"'type':'dns','name':'x','to':{'group':'members','policy':'each'},'server':"
		"'{node.addr}:53'",
	};

	(void)state;
	assert_refused(dns_cases, COUNT_OF(dns_cases));
	assert_taken(taken, COUNT_OF(taken));
}

static void numbers_are_read_in_one_way(void **state)
{
	static const char *const taken[] = {
		READ("'url':'http://x/','metric':'m:rate_5m','labels':{'a':'b'},'aggregate':'sum'"),
		(READ("'url':{'secret':'token'},'pointer':'/a/b'") ",'headers':{'A':'b'}"),
		(READ("'url':'https://{node.addr}/','metric':'m'") ",'tls':{'verify':false},'per_"
								   "second':"
								   "true,'to':{'group':'members',"
								   "'policy':'each'}"),
		READ("'exec':['depth','{n}']"),
		"'type':'prometheus','rate':5,'url':'http://prom:9090','query':'sum(rate(x[1m]))',"
		"'per_second':true",
		"'type':'prometheus','rate':5,'url':'{var.prom}','query':{'secret':'token'}",
	};

	(void)state;
	assert_refused(value_cases, COUNT_OF(value_cases));
	assert_taken(taken, COUNT_OF(taken));
}

static int good_of(const char *probe, const char *good, struct fail *fail)
{
	cJSON *tree = given_tree();
	struct scenario scenario;
	int outcome;

	if (probe)
		given_set(tree, "probes.put", probe);
	given_set(tree, "slos.avail.good", good);
	if (scenario_from_merged(&scenario, tree, fail) < 0)
		return -1;
	outcome = scenario_check(&scenario, given_kept_catalogue(), fail);
	scenario_deinit(&scenario);
	return outcome;
}

static void kernels_are_asked_where_the_probe_runs(void **state)
{
	static const char *const taken[] = {
		KERNEL("'tcp_retransmits','per':'tcp_segments_sent'"),
		KERNEL("'tcp_retransmits','per':'none'") ",'per_second':true",
		KERNEL("'tcp_timeouts','per':'tcp_segments_sent'"),
		KERNEL("'cpu_pressure_seconds','cgroup':'/{var.slice}/web.service'"),
		KERNEL("'tcp_rtt_most_seconds'"),
		KERNEL("'tcp_rtt_most_seconds','cgroup':'/system.slice/web.service'"),
	};
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_refused(kernel_cases, COUNT_OF(kernel_cases));
	assert_taken(taken, COUNT_OF(taken));
	assert_int_equal(outcome_of(KERNEL("'tcp_retransmit'"), &fail), -1);
	assert_string_equal(fail.path, "probes.put.read.kernel");
	assert_non_null(strstr(fail.text, "\"tcp_retransmit\" is not one of tcp_connects, "));
	assert_non_null(strstr(fail.text, "(did you mean \"tcp_retransmits\"?)"));
}

static void bounds_are_for_probes_that_read_numbers(void **state)
{
	static const char metric[] = "{'type':'metric','from':'client','read':{'exec':['depth']},"
				     "'rate':50,'timeout':'300ms'}";
	static const struct {
		const char *probe, *good, *path, *text;
	} cases[] = {
		{NULL, "{'outcome':'ok','value_lt':5}", "slos.avail.good.value_lt",
			"probe \"put\" reads no number: only types \"metric\" and "
			"\"prometheus\" do"},
		{NULL, "{}", "slos.avail.good",
			"good needs at least one of \"outcome\", \"latency_lt\", \"value_lt\", "
			"\"value_le\", \"value_gt\", \"value_ge\" and \"attempts_le\""},
		{metric, "{'value_lt':1,'value_ge':1}", "slos.avail.good",
			"no value can keep these bounds"},
		{metric, "{'value_le':0,'value_gt':5}", "slos.avail.good",
			"no value can keep these bounds"},
		{metric, "{'value_le':'1'}", "slos.avail.good.value_le",
			"must be a number, not a string"},
	};
	static const char *const taken[] = {"{'value_le':1,'value_ge':1}", "{'value_gt':0}",
		"{'outcome':'ok','value_lt':-5,'value_gt':-6,'latency_lt':'1s'}"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fail fail = FAIL_INIT;

		assert_int_equal(good_of(cases[i].probe, cases[i].good, &fail), -1);
		assert_string_equal(fail.path, cases[i].path);
		assert_string_equal(fail.text, cases[i].text);
	}
	for (size_t i = 0; i < COUNT_OF(taken); i++) {
		struct fail fail = FAIL_INIT;

		if (good_of(metric, taken[i], &fail) < 0 && strncmp(fail.path, "slos", 4) == 0)
			fail_msg("%s is refused: %s", taken[i], fail.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_belongs_to_https),
		cmocka_unit_test(dns_asks_an_address_for_a_name),
		cmocka_unit_test(numbers_are_read_in_one_way),
		cmocka_unit_test(kernels_are_asked_where_the_probe_runs),
		cmocka_unit_test(bounds_are_for_probes_that_read_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

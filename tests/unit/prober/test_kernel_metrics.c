/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>

#include <cmocka.h>

#include "controller/prober/kernel_cgroup.h"
#include "controller/prober/kernel_metrics.h"
#include "controller/prober/kernel_sockets.h"
#include "controller/prober/kernel_texts.h"

/* NULL: none of that name. */
static const struct kernel_metric *kernel_metric(const char *name)
{
	for (size_t i = 0; i < kernel_metric_count; i++)
		if (strcmp(kernel_metrics[i].name, name) == 0)
			return &kernel_metrics[i];
	return NULL;
}

static const char snmp[] = "Ip: Forwarding DefaultTTL\n"
			   "Ip: 1 64\n"
			   "Tcp: RtoMin MaxConn OutSegs RetransSegs\n"
			   "Tcp: 200 -1 1300363 431\n"
			   "Udp: InDatagrams OutSegs\n"
			   "Udp: 7 9\n";

static void test_a_field_is_found_by_its_name_and_group(void **state)
{
	double value;

	(void)state;
	assert_int_equal(kernel_table_value(snmp, "Tcp", "RetransSegs", &value), 0);
	assert_true(value == 431);
	assert_int_equal(kernel_table_value(snmp, "Tcp", "MaxConn", &value), 0);
	assert_true(value == -1);
	/* Not that of another group, nor one whose name only begins like it. */
	assert_int_equal(kernel_table_value(snmp, "Udp", "OutSegs", &value), 0);
	assert_true(value == 9);
	assert_int_equal(kernel_table_value(snmp, "Tcp", "Retrans", &value), -1);
	assert_int_equal(kernel_table_value(snmp, "TcpExt", "RetransSegs", &value), -1);
}

static void test_tables_that_are_torn_or_no_tables_have_no_value(void **state)
{
	static const char *const torn[] = {"", "\n", "Tcp:", "Tcp: A", "Tcp: A\n",
		"Tcp: A\nTcp:", "Tcp: A\nTcp: ", "Tcp: A\nUdp: 1\n", "Tcp: B A\nTcp: 1\n",
		"Tcp: A\nTcp: x\n", "Tcp: A\nTcp: 1x\n", "Tcp: A\nTcp: 99999999999999999999\n"};
	double value;

	(void)state;
	for (size_t i = 0; i < sizeof(torn) / sizeof(torn[0]); i++)
		if (kernel_table_value(torn[i], "Tcp", "A", &value) != -1)
			fail_msg("\"%s\" has a value", torn[i]);
}

static void test_keyed_and_single_values(void **state)
{
	double value;

	(void)state;
	assert_int_equal(
		kernel_keyed_value("user_usec 5\nusage_usec 17\n", "usage_usec", &value), 0);
	assert_true(value == 17);
	assert_int_equal(kernel_keyed_value("usage_usecs 17\n", "usage_usec", &value), -1);
	assert_int_equal(kernel_keyed_value("usage_usec\n", "usage_usec", &value), -1);
	assert_int_equal(kernel_single_value("4096\n", &value), 0);
	assert_true(value == 4096);
	assert_int_equal(kernel_single_value("max\n", &value), 0);
	assert_true(isinf(value));
	assert_int_equal(kernel_single_value("maximum\n", &value), -1);
	assert_int_equal(kernel_single_value("", &value), -1);
}

static void test_pressure_and_words(void **state)
{
	static const char pressure[] = "some avg10=1.00 avg60=0.00 avg300=0.00 total=1234\n"
				       "full avg10=0.00 avg60=0.00 avg300=0.00 total=56\n";
	double value;

	(void)state;
	assert_int_equal(kernel_pressure_total(pressure, "some", &value), 0);
	assert_true(value == 1234);
	assert_int_equal(kernel_pressure_total(pressure, "full", &value), 0);
	assert_true(value == 56);
	assert_int_equal(kernel_pressure_total(pressure, "so", &value), -1);
	assert_int_equal(kernel_pressure_total("some avg10=1.00\n", "some", &value), -1);
	assert_int_equal(kernel_pressure_total("some total=x\n", "some", &value), -1);
	assert_int_equal(kernel_word_value("10 20 30\n99", 0, &value), 0);
	assert_true(value == 10);
	assert_int_equal(kernel_word_value("10 20 30\n99", 2, &value), 0);
	assert_true(value == 30);
	assert_int_equal(kernel_word_value("10 20 30\n99", 3, &value), -1);
	assert_int_equal(kernel_word_value("", 0, &value), -1);
}

/* What this kernel says of the namespace and of the machine that we are in. */
static void test_this_kernel_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < kernel_metric_count; i++) {
		struct fail fail = FAIL_INIT;
		double value = -1;

		if (kernel_metric_cgroup(&kernel_metrics[i]) == KERNEL_CGROUP_MUST)
			continue;
		if (kernel_metric_read(&kernel_metrics[i], NULL, &value, &fail) < 0)
			fail_msg("%s", fail.text);
		/* Round trips: there may be no connection. */
		assert_true(kernel_metrics[i].source == KERNEL_SOCKETS ? !(value < 0) : value >= 0);
	}
}

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void remove_files(const char *directory, const char *const *names)
{
	char path[128];

	for (; *names; names++) {
		snprintf(path, sizeof(path), "%s/%s", directory, *names);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(directory), 0);
}

static void test_a_cgroup_is_read_in_units_of_the_name(void **state)
{
	char directory[] = "/tmp/backburn-cgroup-XXXXXX";
	struct fail fail = FAIL_INIT;
	double value;

	(void)state;
	assert_non_null(mkdtemp(directory));
	write_file(directory, "cpu.stat", "usage_usec 2500000\nthrottled_usec 500000\n");
	write_file(directory, "io.pressure", "some avg10=0.00 total=1500000\n");
	write_file(directory, "memory.current", "4096\n");
	if (kernel_metric_read(kernel_metric("cpu_seconds"), directory, &value, &fail) < 0)
		fail_msg("%s", fail.text);
	assert_true(value == 2.5);
	assert_int_equal(kernel_metric_read(
				 kernel_metric("cpu_throttled_seconds"), directory, &value, &fail),
		0);
	assert_true(value == 0.5);
	assert_int_equal(
		kernel_metric_read(kernel_metric("io_pressure_seconds"), directory, &value, &fail),
		0);
	assert_true(value == 1.5);
	assert_int_equal(
		kernel_metric_read(kernel_metric("memory_bytes"), directory, &value, &fail), 0);
	assert_true(value == 4096);
	remove_files(directory,
		(const char *const[]){"cpu.stat", "io.pressure", "memory.current", NULL});
}

static void assert_not_there(
	const char *metric, const char *directory, enum fail_kind kind, const char *text)
{
	struct fail fail = FAIL_INIT;
	double value;

	assert_int_equal(kernel_metric_read(kernel_metric(metric), directory, &value, &fail), -1);
	if (!strstr(fail.text, text) || (directory && !strstr(fail.text, directory)))
		fail_msg("%s", fail.text);
	assert_int_equal(fail.kind, kind);
}

/* Without a controller its file is not there, or a line of another. */
static void test_what_a_cgroup_does_not_count_is_told(void **state)
{
	char directory[] = "/tmp/backburn-cgroup-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(directory));
	write_file(directory, "cpu.stat", "usage_usec 2500000\n");
	assert_not_there("cpu_throttled_seconds", directory, FAIL_UNSUPPORTED,
		"/cpu.stat has no throttled_usec that could be read");
	assert_not_there("memory_bytes", directory, FAIL_UNSUPPORTED, "/memory.current here");
	assert_not_there(
		"processes", directory, FAIL_SYSTEM, "/cgroup.procs: No such file or directory");
	assert_not_there("processes", NULL, FAIL_REFUSED,
		"processes is of a cgroup, and the node has none: say which, as \"cgroup\" of the "
		"node or of \"read\"");
	remove_files(directory, (const char *const[]){"cpu.stat", NULL});
}

/* Of the cgroup itself and of those below it; of us twice, as a page that is shared. */
static void test_processes_are_added_up(void **state)
{
	char directory[] = "/tmp/backburn-cgroup-XXXXXX", below[128], own[32];
	struct cgroup_sum sum;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(below, sizeof(below), "%s/below", directory);
	snprintf(own, sizeof(own), "%d\n", (int)getpid());
	write_file(directory, "cgroup.procs", "");
	assert_int_equal(cgroup_sum_read(directory, &sum), 0);
	assert_true(sum.processes == 0 && sum.resident_bytes == 0);
	write_file(directory, "cgroup.procs", own);
	assert_int_equal(mkdir(below, 0755), 0);
	write_file(below, "cgroup.procs", own);
	assert_int_equal(cgroup_sum_read(directory, &sum), 0);
	assert_int_equal(sum.processes, 2);
	assert_true(sum.resident_bytes > 100 * 1024);
	remove_files(below, (const char *const[]){"cgroup.procs", NULL});
	remove_files(directory, (const char *const[]){"cgroup.procs", NULL});
}

/* --- answers of sock_diag ------------------------------------------------------------------ */

struct diag_answer {
	struct nlmsghdr head;
	struct inet_diag_msg socket;
	struct nlattr attribute;
	struct tcp_info info;
} __attribute__((packed, aligned(4)));

static struct diag_answer answer_of(uint32_t usec, uint32_t from, uint32_t to)
{
	struct diag_answer answer = {
		.head = {.nlmsg_len = sizeof(answer), .nlmsg_type = SOCK_DIAG_BY_FAMILY},
		.socket = {.idiag_family = AF_INET, .idiag_state = 1},
		.attribute = {.nla_len = sizeof(answer.attribute) + sizeof(answer.info),
			.nla_type = INET_DIAG_INFO},
		.info = {.tcpi_rtt = usec}};

	answer.socket.id.idiag_src[0] = from;
	answer.socket.id.idiag_dst[0] = to;
	return answer;
}

static void test_round_trips_of_connections_to_others(void **state)
{
	struct diag_answer answers[] = {answer_of(300, 1, 2), answer_of(100, 1, 3),
		answer_of(7, 1, 1), answer_of(0, 1, 2), answer_of(200, 1, 2)};
	const struct nlmsghdr done = {.nlmsg_len = sizeof(done), .nlmsg_type = NLMSG_DONE};
	struct round_trips trips = {0};

	(void)state;
	assert_true(isnan(round_trips_of(&trips, "median")));
	assert_int_equal(round_trips_take(&trips, answers, sizeof(answers)), 0);
	assert_int_equal(round_trips_take(&trips, &done, sizeof(done)), 1);
	assert_int_equal(trips.count, 3);
	assert_true(round_trips_of(&trips, "least") == 100);
	assert_true(round_trips_of(&trips, "median") == 200);
	assert_true(round_trips_of(&trips, "most") == 300);
	round_trips_deinit(&trips);
}

struct diag_of_cgroup {
	struct nlmsghdr head;
	struct inet_diag_msg socket;
	struct nlattr attribute;
	struct tcp_info info;
	struct nlattr whose;
	uint64_t cgroup;
} __attribute__((packed, aligned(4)));

static struct diag_of_cgroup answer_with(uint32_t usec, uint64_t cgroup)
{
	const struct diag_answer plain = answer_of(usec, 1, 2);
	struct diag_of_cgroup answer = {
		.whose = {.nla_len = sizeof(answer.whose) + sizeof(answer.cgroup),
			.nla_type = 21}, /* INET_DIAG_CGROUP_ID of newer headers */
		.cgroup = cgroup};

	memcpy(&answer, &plain, sizeof(plain));
	answer.head.nlmsg_len = sizeof(answer);
	return answer;
}

static void test_round_trips_of_one_cgroup(void **state)
{
	struct diag_of_cgroup answers[] = {
		answer_with(100, 7), answer_with(200, 8), answer_with(300, 9)};
	struct diag_answer untold = answer_of(300, 1, 2);
	uint64_t wanted[] = {9, 7};
	const struct cgroup_ids ids = {.items = wanted, .count = 2};
	struct round_trips trips = {.only = &ids};

	(void)state;
	assert_int_equal(round_trips_take(&trips, answers, sizeof(answers)), 0);
	assert_false(trips.cgroups_untold);
	assert_int_equal(trips.count, 2);
	assert_true(round_trips_of(&trips, "least") == 100);
	assert_true(round_trips_of(&trips, "most") == 300);
	assert_int_equal(round_trips_take(&trips, &untold, sizeof(untold)), 0);
	assert_true(trips.cgroups_untold);
	assert_int_equal(trips.count, 2);
	round_trips_deinit(&trips);
}

/* Whatever is cut off, and whatever length is a lie, nothing is read beyond the end. */
static void test_torn_answers_of_the_kernel(void **state)
{
	struct diag_answer answer = answer_of(300, 1, 2);
	const struct {
		struct nlmsghdr head;
		int error;
	} refused = {.head = {.nlmsg_len = sizeof(refused), .nlmsg_type = NLMSG_ERROR},
		.error = -ENOENT};
	struct round_trips trips = {0};

	(void)state;
	assert_int_equal(round_trips_take(&trips, &refused, sizeof(refused)), -ENOENT);
	for (size_t length = 0; length < sizeof(answer); length++) {
		char *exact = malloc(length + 1);

		assert_non_null(exact);
		memcpy(exact, &answer, length);
		round_trips_take(&trips, exact, length);
		answer.head.nlmsg_len = (uint32_t)length;
		memcpy(exact, &answer, length);
		round_trips_take(&trips, exact, length);
		answer.head.nlmsg_len = sizeof(answer);
		free(exact);
	}
	/* The round trip is there long before the end of what newer kernels tell. */
	for (size_t i = 0; i < trips.count; i++)
		assert_int_equal(trips.usec[i], 300);
	answer.attribute.nla_len = UINT16_MAX;
	assert_int_equal(round_trips_take(&trips, &answer, sizeof(answer)), 0);
	round_trips_deinit(&trips);
}

/* --- the table ----------------------------------------------------------------------------- */

/* A row of docs/kernel.md for each, and no row besides. */
static void test_the_page_has_all_of_them(void **state)
{
	FILE *file = fopen(KERNEL_PAGE, "re");
	static char page[32768];
	char row[512];
	size_t rows = 0;

	(void)state;
	assert_non_null(file);
	page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
	fclose(file);
	for (size_t i = 0; i < kernel_metric_count; i++) {
		const struct kernel_metric *metric = &kernel_metrics[i];

		snprintf(row, sizeof(row), "\n| `%s` | %s | %s |\n", metric->name,
			metric->counter ? "counter" : "now", metric->remark);
		if (!strstr(page, row))
			fail_msg("the page lacks%s", row);
	}
	for (const char *at = page; (at = strstr(at, "\n| `")); at++)
		rows++;
	assert_int_equal(rows, kernel_metric_count);
}

/* The words that files and orders are decoded by stand beside the rows that they mean. */
static void test_words_and_rows_go_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < kernel_metric_count; i++) {
		assert_string_equal(kernel_metric_words[i], kernel_metrics[i].name);
		assert_string_equal(kernel_per_words[i + KERNEL_PER_FIRST], kernel_metrics[i].name);
	}
	assert_null(kernel_metric_words[kernel_metric_count]);
	assert_null(kernel_per_words[kernel_metric_count + KERNEL_PER_FIRST]);
	assert_string_equal(kernel_per_words[KERNEL_PER_NONE], "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_field_is_found_by_its_name_and_group),
		cmocka_unit_test(test_tables_that_are_torn_or_no_tables_have_no_value),
		cmocka_unit_test(test_keyed_and_single_values),
		cmocka_unit_test(test_pressure_and_words),
		cmocka_unit_test(test_this_kernel_counts),
		cmocka_unit_test(test_a_cgroup_is_read_in_units_of_the_name),
		cmocka_unit_test(test_what_a_cgroup_does_not_count_is_told),
		cmocka_unit_test(test_processes_are_added_up),
		cmocka_unit_test(test_round_trips_of_connections_to_others),
		cmocka_unit_test(test_round_trips_of_one_cgroup),
		cmocka_unit_test(test_torn_answers_of_the_kernel),
		cmocka_unit_test(test_the_page_has_all_of_them),
		cmocka_unit_test(test_words_and_rows_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

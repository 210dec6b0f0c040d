/* SPDX-License-Identifier: Apache-2.0 */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"
#include "tests/e2e/host_state.h"
#include "tests/programs.h"
#include "tests/unit/prober/openssl_program.h"

/*
 * A lab with one server, which is asked for names, numbers and a certificate of its clients, while
 * it is cut off. The key of the client's certificate stands in no file of the run.
 */
struct stage {
	struct cli cli;
	char scenario[512], environment[512];
	char *host_before, *programs_before;
};

/* Words after "openssl"; "@" stands for the stage's folder. */
static void openssl(const struct stage *stage, const char *words)
{
	char text[1024] = "", *argv[40] = {(char[]){"openssl"}}, *rest = text;
	size_t count = 1, used = 0;

	for (; *words; words++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s%s",
			*words == '@' ? 0 : 1, words, *words == '@' ? stage->cli.dir : "");
	while ((argv[count] = strsep(&rest, " ")))
		assert_true(++count < 40);
	openssl_run(argv);
}

static void issue(const struct stage *stage, const char *name, const char *subject)
{
	char words[512];

	snprintf(words, sizeof(words),
		"req -newkey rsa:2048 -nodes -subj /CN=%s -addext subjectAltName=DNS:%s -keyout "
		"@/%s.key -out @/%s.csr",
		subject, subject, name, name);
	openssl(stage, words);
	snprintf(words, sizeof(words),
		"x509 -req -in @/%s.csr -copy_extensions copy -days 2 -CA @/ca.pem -CAkey @/ca.key "
		"-CAcreateserial -out @/%s.pem",
		name, name);
	openssl(stage, words);
}

static void write_lab(struct stage *stage)
{
	const char *dir = stage->cli.dir;
	char *text;

	assert_true(asprintf(&text,
			    "{\"backburn_lab\":1,\"name\":\"kinds\",\"subnet\":\"10.83.0.0/24\","
			    "\"nodes\":{\"s1\":{\"labels\":{\"role\":\"server\"},\"services\":{"
			    "\"page\":{\"argv\":[\"openssl\",\"s_server\",\"-accept\",\"8443\","
			    "\"-cert\",\"%s/server.pem\",\"-key\",\"%s/server.key\",\"-CAfile\","
			    "\"%s/"
			    "ca.pem\",\"-Verify\",\"2\",\"-verify_return_error\",\"-www\"],"
			    "\"user\":\"root\"},"
			    "\"role\":{\"argv\":[\"openssl\",\"s_server\",\"-accept\",\"8444\","
			    "\"-cert\",\"%s/server.pem\",\"-key\",\"%s/server.key\",\"-CAfile\","
			    "\"%s/ca.pem\",\"-Verify\",\"2\",\"-verify_return_error\",\"-WWW\"],"
			    "\"files\":{\"role\":\"leader 1\\n\"},\"user\":\"root\"},"
			    "\"kinds\":{\"argv\":[\"%s\",\"{node.addr}\"],\"ready\":{\"tcp\":"
			    "\"{node.addr}:9100\"}}}},\"client\":{}}}",
			    dir, dir, dir, dir, dir, dir, KINDS_SERVER) > 0);
	cli_write(&stage->cli, "lab.json", text);
	free(text);
	snprintf(stage->environment, sizeof(stage->environment), "%s",
		cli_write(&stage->cli, "env.json",
			"{\"backburn_environment\":1,\"name\":\"kinds\",\"class\":\"lab\","
			"\"lab\":\"lab.json\"}"));
}

static void stage_begin(struct stage *stage)
{
	char *scenario;

	stage->host_before = host_state("kinds");
	stage->programs_before = programs_list();
	cli_begin(&stage->cli);
	openssl(stage,
		"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca -keyout @/ca.key -out "
		"@/ca.pem");
	issue(stage, "server", "api.example");
	issue(stage, "client", "prober.example");
	write_lab(stage);
	scenario = cli_read(cli_file("tests/e2e/files/kinds.json"));
	snprintf(stage->scenario, sizeof(stage->scenario), "%s",
		cli_write(&stage->cli, "kinds.json", scenario));
	free(scenario);
}

static void stage_end(struct stage *stage)
{
	assert_no_new_programs(stage->programs_before);
	assert_host_state("kinds", stage->host_before);
	cli_end(&stage->cli);
}

/* --- looking ------------------------------------------------------------------------------ */

static char secret[65]; /* a line of the key */
static int files_seen;

static int look_into(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	char *text;

	(void)status;
	(void)walk;
	if (type != FTW_F)
		return 0;
	text = cli_read(path);
	files_seen++;
	if (strstr(text, secret))
		fail_msg("the key stands in %s", path);
	free(text);
	return 0;
}

static void remember_key(const struct stage *stage)
{
	char path[128], *text, *line;

	snprintf(path, sizeof(path), "%s/client.key", stage->cli.dir);
	text = cli_read(path);
	line = strchr(text, '\n');
	assert_non_null(line);
	snprintf(secret, sizeof(secret), "%.64s", line + 1);
	free(text);
}

static const cJSON *probe_of(const cJSON *summary, const char *name)
{
	return cli_item(cJSON_GetObjectItem(summary, "probes"), "probe", name);
}

static double count_of(const cJSON *summary, const char *name, const char *outcome)
{
	return cli_number(cJSON_GetObjectItem(probe_of(summary, name), "outcomes"), outcome);
}

static const cJSON *values_of(const cJSON *summary, const char *name, const char *phase)
{
	return cli_item(cJSON_GetObjectItem(probe_of(summary, name), "values"), "phase", phase);
}

static void what_was_read_is_told(const cJSON *summary)
{
	const cJSON *depth = values_of(summary, "depth", "before");

	assert_true(cli_number(depth, "count") >= 70);
	assert_true(cli_number(depth, "min") == 3 && cli_number(depth, "max") == 3);
	assert_true(cli_number(values_of(summary, "query", "before"), "median") == 7);
	/* 45 requests a second come there, each of which adds 2. */
	assert_true(cli_number(values_of(summary, "asked", "before"), "median") > 30);
	assert_true(cli_number(values_of(summary, "asked", "before"), "median") < 300);
	assert_true(count_of(summary, "depth", "timeout") > 30);
	assert_true(count_of(summary, "name", "timeout") > 30);
	assert_true(count_of(summary, "name", "ok") > 100);
	assert_true(count_of(summary, "page", "ok") > 40);
	assert_true(count_of(summary, "stranger", "ok") == 0);
}

static void numbers_names_and_certificates(void **state)
{
	struct stage stage;
	struct cli_result result;
	cJSON *summary;

	(void)state;
	stage_begin(&stage);
	remember_key(&stage);
	cli_run_steady(&stage.cli,
		(const char *[]){"run", stage.scenario, "--on", stage.environment, "--runs",
			stage.cli.runs, NULL},
		&result);
	if (result.code != 0)
		fail_msg("exit %d\n%s\n%s", result.code, result.err, result.out);
	assert_non_null(strstr(result.out, "depth from client to s1, before: least 3, median 3"));
	nftw(stage.cli.runs, look_into, 16, FTW_PHYS);
	assert_true(files_seen >= 8);
	summary = cli_summary(&stage.cli);
	what_was_read_is_told(summary);
	cJSON_Delete(summary);
	cli_result_free(&result);
	stage_end(&stage);
}

static int labs_down(void **state)
{
	(void)state;
	return cli_labs_down((const char *[]){"kinds", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_names_and_certificates),
	};
	int unavailable = cli_unavailable();

	if (unavailable)
		return unavailable;
	return cmocka_run_group_tests(tests, NULL, labs_down);
}

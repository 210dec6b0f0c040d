/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/file.h"
#include "contract/json.h"
#include "controller/prober/tls.h"
#include "harness.h"
#include "http_server.h"
#include "openssl_program.h"

/*
 * https with authorities, certificates and names of one's own, against openssl's test server, which
 * demands a certificate of its clients. The files are made once: keys take their time.
 */
enum {
	PATH_SIZE = 96
};

static struct {
	char dir[PATH_SIZE];
	uint16_t port;
	pid_t pid;
} ground = {.dir = "/tmp/backburn-tls-XXXXXX"};

static const char *in_dir(const char *name, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%.40s/%.40s", ground.dir, name);
	return out;
}

/* Words after "openssl", to its end; names of files have the folder in front: "@ca.pem". */
static void run(const char *words)
{
	char text[512], paths[16][PATH_SIZE];
	char *argv[32] = {(char[]){"openssl"}}, *word, *rest = text;
	size_t count = 1, path = 0;

	snprintf(text, sizeof(text), "%s", words);
	while ((word = strsep(&rest, " "))) {
		assert_true(count < 31);
		argv[count++] = *word == '@' ? (char *)in_dir(word + 1, paths[path++]) : word;
	}
	openssl_run(argv);
}

/* A certificate of that name, signed by that authority. */
static void issue(const char *name, const char *authority, const char *subject)
{
	char words[512];

	snprintf(words, sizeof(words),
		"req -newkey rsa:2048 -nodes -subj /CN=%s -addext subjectAltName=DNS:%s -keyout "
		"@%s.key -out @%s.csr",
		subject, subject, name, name);
	run(words);
	snprintf(words, sizeof(words),
		"x509 -req -in @%s.csr -copy_extensions copy -days 2 -CA @%s.pem -CAkey @%s.key "
		"-CAcreateserial -out @%s.pem",
		name, authority, authority, name);
	run(words);
}

static void found_authority(const char *name)
{
	char words[512];

	snprintf(words, sizeof(words),
		"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=%s -keyout @%s.key -out "
		"@%s.pem",
		name, name, name);
	run(words);
}

static int set_up(void **state)
{
	char port[16], cert[PATH_SIZE], key[PATH_SIZE], ca[PATH_SIZE];
	char *const argv[] = {(char[]){"openssl"}, (char[]){"s_server"}, (char[]){"-accept"}, port,
		(char[]){"-cert"}, cert, (char[]){"-key"}, key, (char[]){"-CAfile"}, ca,
		(char[]){"-Verify"}, (char[]){"2"}, (char[]){"-verify_return_error"},
		(char[]){"-www"}, NULL};

	(void)state;
	assert_non_null(mkdtemp(ground.dir));
	found_authority("ca");
	found_authority("stranger");
	issue("server", "ca", "api.example");
	issue("client", "ca", "prober.example");
	issue("other", "stranger", "prober.example");
	run("rsa -in @client.key -aes128 -passout pass:moon -out @locked.key");
	ground.port = unused_port();
	snprintf(port, sizeof(port), "%u", ground.port);
	in_dir("server.pem", cert);
	in_dir("server.key", key);
	in_dir("ca.pem", ca);
	ground.pid = openssl_start(argv);
	return 0;
}

static int tear_down(void **state)
{
	char *const argv[] = {(char[]){"rm"}, (char[]){"-r"}, ground.dir, NULL};

	(void)state;
	kill(ground.pid, SIGKILL);
	waitpid(ground.pid, NULL, 0);
	openssl_run(argv);
	return 0;
}

static char *text_of(const char *name)
{
	char path[PATH_SIZE], *text;
	struct fail fail = FAIL_INIT;
	size_t length;

	assert_int_equal(file_read(in_dir(name, path), 65536, &text, &length, &fail), 0);
	return text;
}

static void put_file(cJSON *tls, const char *key, const char *name)
{
	char *text = name ? text_of(name) : NULL;

	if (text)
		json_put_string(tls, key, text);
	free(text);
}

/* The `tls` of an order; NULL leaves a key out. */
struct given {
	const char *ca, *cert, *key, *server_name;
	bool blind;
};

static char *order_of(const struct given *given)
{
	cJSON *tls = json_object();
	char *text, *rest;

	put_file(tls, "ca", given->ca);
	put_file(tls, "cert", given->cert);
	put_file(tls, "key", given->key);
	if (given->server_name)
		json_put_string(tls, "server_name", given->server_name);
	if (given->blind)
		cJSON_AddFalseToObject(tls, "verify");
	text = json_print(tls);
	assert_true(asprintf(&rest,
			    "\"targets\":[{\"node\":\"api\"}],\"http\":{\"url\":"
			    "\"https://127.0.0.1:%u/\",\"connection\":\"fresh\",\"expect_body\":"
			    "{\"contains\":\"s_server\"},\"tls\":%s}",
			    ground.port, text) > 0);
	free(text);
	cJSON_Delete(tls);
	return rest;
}

/* Until the server listens events are refused, whatever is given: three of another kind decide. */
static int has_decided(const struct harness *harness, const void *unused)
{
	struct probe_sum sum = harness_sum(harness, "p");

	(void)unused;
	return sum.outcomes[OUTCOME_OK] + sum.outcomes[OUTCOME_BROKEN] >= 3 ||
		(sum.outcomes[OUTCOME_CONNECT] >= 3 &&
			!strstr(sum.last_error, "Connection refused"));
}

static struct probe_sum ask(const struct given *given)
{
	struct harness *harness = harness_new(0);
	char *rest = order_of(given);
	struct probe_sum sum;

	harness_probe(harness, 1, "20s", rest);
	harness_await(harness, has_decided, NULL);
	sum = harness_stop(harness);
	assert_int_equal(harness_end(harness), 0);
	free(rest);
	return sum;
}

static void assert_bad(const struct given *given, const char *error)
{
	struct probe_sum sum = ask(given);

	assert_int_equal(sum.outcomes[OUTCOME_OK], 0);
	if (!strstr(sum.last_error, error))
		fail_msg("\"%s\" does not say \"%s\"", sum.last_error, error);
}

static void both_sides_show_who_they_are(void **state)
{
	struct probe_sum sum;

	(void)state;
	sum = ask(&(struct given){"ca.pem", "client.pem", "client.key", "api.example", false});
	assert_true(sum.outcomes[OUTCOME_OK] >= 3);
	assert_int_equal(sum.outcomes[OUTCOME_BROKEN], 0);
}

static void another_authority_is_not_trusted(void **state)
{
	(void)state;
	assert_bad(
		&(struct given){"stranger.pem", "client.pem", "client.key", "api.example", false},
		"certificate");
	/* The host's own authorities know nothing of ours. */
	assert_bad(&(struct given){NULL, "client.pem", "client.key", "api.example", false},
		"certificate");
	assert_true(ask(&(struct given){NULL, "client.pem", "client.key", NULL, true})
			    .outcomes[OUTCOME_OK] >= 3);
}

static void the_name_must_be_right(void **state)
{
	(void)state;
	assert_bad(&(struct given){"ca.pem", "client.pem", "client.key", "db.example", false},
		"db.example");
	assert_bad(&(struct given){"ca.pem", "client.pem", "client.key", NULL, false}, "127.0.0.1");
}

static void a_server_that_asks_gets_a_certificate_or_no_request(void **state)
{
	(void)state;
	assert_bad(&(struct given){"ca.pem", NULL, NULL, "api.example", false},
		"api: the server asks for a client certificate");
	assert_bad(&(struct given){"ca.pem", "other.pem", "other.key", "api.example", false},
		"api: the server does not know who signed the client certificate");
}

static void texts_that_are_none_are_refused(void **state)
{
	static const struct {
		struct given given;
		const char *error;
	} cases[] = {
		{{"client.key", NULL, NULL, NULL, false},
			"probe p: tls: ca: has no certificate in PEM form"},
		{{NULL, "client.key", "client.key", NULL, false},
			"probe p: tls: cert: has no certificate in PEM form"},
		{{NULL, "client.pem", "client.pem", NULL, false},
			"probe p: tls: key: has no private key in PEM form"},
		{{NULL, "client.pem", "server.key", NULL, false},
			"probe p: tls: key: does not belong to the certificate of \"cert\""},
		{{NULL, "client.pem", "locked.key", NULL, false},
			"probe p: tls: key: has a passphrase: a key without one is needed"},
		{{"ca.pem", NULL, NULL, "no such/name", false},
			"probe p: tls.server_name: \"no such/name\" can't be the name of a server"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct harness *harness = harness_new(0);
		char *rest = order_of(&cases[i].given);
		struct wire_message reply = harness_call(harness, "probe",
			"{\"id\":\"p\",\"rate\":1,\"timeout\":\"1s\",\"start_ns\":\"%lld\","
			"\"window\":\"100ms\",%s}",
			(long long)harness_now_ns(), rest);

		assert_int_equal(reply.kind, WIRE_ERROR);
		assert_string_equal(reply.error.text, cases[i].error);
		wire_message_deinit(&reply);
		assert_int_equal(harness_end(harness), 0);
		free(rest);
	}
}

/* A chain that is cut off would be half of what was meant. */
static void a_broken_certificate_behind_a_whole_one(void **state)
{
	char *text = text_of("ca.pem"), *both, *middle;
	struct fail fail = FAIL_INIT;

	(void)state;
	assert_true(asprintf(&both, "%s%s", text, text) > 0);
	assert_int_equal(tls_check(both, NULL, NULL, &fail), 0);
	middle = both + strlen(text) + 100;
	*middle = '!';
	assert_int_equal(tls_check(both, NULL, NULL, &fail), -1);
	assert_string_equal(fail.text, "ca: a certificate in it is broken");
	free(both);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_show_who_they_are),
		cmocka_unit_test(another_authority_is_not_trusted),
		cmocka_unit_test(the_name_must_be_right),
		cmocka_unit_test(a_server_that_asks_gets_a_certificate_or_no_request),
		cmocka_unit_test(texts_that_are_none_are_refused),
		cmocka_unit_test(a_broken_certificate_behind_a_whole_one),
	};

	if (access("/usr/bin/openssl", X_OK) < 0) {
		print_message("needs openssl\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

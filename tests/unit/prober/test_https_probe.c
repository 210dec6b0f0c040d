/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness.h"
#include "http_server.h"
#include "openssl_program.h"

/*
 * https against openssl's own test server. Its certificate is trusted in a mount namespace of this
 * test only, where it stands among the system's authorities.
 */
#define AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

struct server {
	char dir[64], cert[96], key[96];
	uint16_t port;
	pid_t pid;
};

static void make_certificate(struct server *server)
{
	char *const argv[] = {(char[]){"openssl"}, (char[]){"req"}, (char[]){"-x509"},
		(char[]){"-newkey"}, (char[]){"rsa:2048"}, (char[]){"-nodes"}, (char[]){"-days"},
		(char[]){"2"}, (char[]){"-subj"}, (char[]){"/CN=localhost"}, (char[]){"-addext"},
		(char[]){"subjectAltName=DNS:localhost"}, (char[]){"-keyout"}, server->key,
		(char[]){"-out"}, server->cert, NULL};

	openssl_run(argv);
}

static struct server server_begin(void)
{
	struct server server = {.dir = "/tmp/backburn-tls-XXXXXX", .port = unused_port()};
	char port[16];
	char *const argv[] = {(char[]){"openssl"}, (char[]){"s_server"}, (char[]){"-accept"}, port,
		(char[]){"-cert"}, server.cert, (char[]){"-key"}, server.key, (char[]){"-www"},
		NULL};

	assert_non_null(mkdtemp(server.dir));
	snprintf(server.cert, sizeof(server.cert), "%s/cert.pem", server.dir);
	snprintf(server.key, sizeof(server.key), "%s/key.pem", server.dir);
	snprintf(port, sizeof(port), "%u", server.port);
	make_certificate(&server);
	server.pid = openssl_start(argv);
	return server;
}

static void server_end(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	unlink(server->cert);
	unlink(server->key);
	rmdir(server->dir);
}

static struct harness *ask(const struct server *server, const char *host)
{
	struct harness *harness = harness_new(0);
	char rest[256];

	snprintf(rest, sizeof(rest),
		"\"targets\":[{}],\"http\":{\"url\":\"https://%s:%u/\",\"connection\":\"fresh\","
		"\"expect_body\":{\"contains\":\"s_server\"}}",
		host, server->port);
	/* Each fresh connection reads all authorities, which takes long under a sanitizer. */
	harness_probe(harness, 1, "10s", rest);
	return harness;
}

static int has_ok(const struct harness *harness, const void *unused)
{
	(void)unused;
	return harness_sum(harness, "p").outcomes[OUTCOME_OK] >= 3;
}

static int has_untrusted(const struct harness *harness, const void *word)
{
	struct probe_sum sum = harness_sum(harness, "p");

	return sum.outcomes[OUTCOME_CONNECT] >= 3 && strstr(sum.last_error, word) != NULL;
}

static void trust(const struct server *server)
{
	char path[96], command[4096];
	FILE *out, *cert = fopen(server->cert, "r"), *known = fopen(AUTHORITIES, "r");
	size_t count;

	assert_non_null(cert);
	assert_non_null(known);
	snprintf(path, sizeof(path), "%s/authorities.pem", server->dir);
	out = fopen(path, "w");
	assert_non_null(out);
	while ((count = fread(command, 1, sizeof(command), known)) > 0)
		assert_int_equal(fwrite(command, 1, count, out), count);
	while ((count = fread(command, 1, sizeof(command), cert)) > 0)
		assert_int_equal(fwrite(command, 1, count, out), count);
	fclose(known);
	fclose(cert);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(mount(path, AUTHORITIES, NULL, MS_BIND, NULL), 0);
	unlink(path); /* the mount holds it */
}

static void only_a_trusted_certificate_will_do(void **state)
{
	(void)state;
	struct server server = server_begin();
	struct harness *harness;
	struct probe_sum sum;

	/* Until the server listens events are refused; what comes then is no better. */
	harness = ask(&server, "localhost");
	harness_await(harness, has_untrusted, "certificate");
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], 0);
	assert_int_equal(harness_end(harness), 0);

	trust(&server);
	harness = ask(&server, "localhost");
	harness_await(harness, has_ok, NULL);
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_CONNECT], 0);
	assert_int_equal(harness_end(harness), 0);

	/* Trusted, but another's name. */
	harness = ask(&server, "127.0.0.1");
	harness_await(harness, has_untrusted, "certificate");
	sum = harness_stop(harness);
	assert_int_equal(sum.outcomes[OUTCOME_OK], 0);
	assert_int_equal(harness_end(harness), 0);
	server_end(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_trusted_certificate_will_do),
	};

	if (access("/usr/bin/openssl", X_OK) < 0 || access(AUTHORITIES, R_OK) < 0 ||
		unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		print_message("needs root, openssl and " AUTHORITIES "\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

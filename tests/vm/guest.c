/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vm/guest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	SKIPPED = 77,
	BOOT_WITHIN_S = 240,
	QMP_WITHIN_S = 20
};

/* --- kernels --------------------------------------------------------------------------- */

static const char *const series[GUESTS] = {"6.1", "6.12"};
static char kernels[GUESTS][PATH_MAX];

int guests_available(void)
{
	char kept[PATH_MAX];

	if (geteuid() != 0 || access("/usr/bin/qemu-system-x86_64", X_OK) < 0) {
		print_message("skipped: needs root, to read all files, and qemu-system-x86_64\n");
		return SKIPPED;
	}
	snprintf(kept, sizeof(kept), "%s", cli_file("build/vm"));
	for (int i = 0; i < GUESTS; i++) {
		struct cli_result result;
		int code;

		cli_run_program(
			(const char *[]){cli_file("tests/vm/kernel"), series[i], kept, NULL},
			&result);
		code = result.code;
		snprintf(kernels[i], PATH_MAX, "%.*s", (int)strcspn(result.out, "\n"), result.out);
		if (code != 0)
			print_message("%s", result.err);
		cli_result_free(&result);
		if (code != 0)
			return code;
	}
	return 0;
}

/* --- keys ------------------------------------------------------------------------------ */

static void make_key(const char *path)
{
	struct cli_result result;

	cli_run_program((const char *[]){"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C",
				"test", "-f", path, NULL},
		&result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
}

static int unused_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(sock, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(sock, (struct sockaddr *)&address, &size), 0);
	close(sock);
	return ntohs(address.sin_port);
}

/* Nothing of this user's own configuration of ssh has a say. */
static void write_config(struct guests *guests)
{
	char text[2048];
	int used = snprintf(text, sizeof(text),
		"BatchMode yes\nIdentitiesOnly yes\nIdentityAgent none\nIdentityFile %s/id\n"
		"User root\nHostName 127.0.0.1\nGlobalKnownHostsFile /dev/null\n"
		"UserKnownHostsFile /dev/null\nStrictHostKeyChecking no\nLogLevel ERROR\n"
		"ConnectTimeout 15\n",
		guests->cli->dir);

	for (int i = 0; i < GUESTS; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "Host %s\n\tPort %d\n",
			guests->guest[i].name, guests->guest[i].ssh_port);
	snprintf(guests->config, sizeof(guests->config), "%s",
		cli_write(guests->cli, "ssh_config", text));
}

static void furnish(struct guests *guests, struct guest *guest)
{
	char path[256], id[256], *key;
	FILE *file;

	snprintf(guest->dir, sizeof(guest->dir), "%s/%s", guests->cli->dir, guest->name);
	assert_int_equal(mkdir(guest->dir, 0755), 0);
	snprintf(path, sizeof(path), "%s/key", guest->dir);
	make_key(path);
	snprintf(id, sizeof(id), "%s/id.pub", guests->cli->dir);
	key = cli_read(id);
	snprintf(path, sizeof(path), "%s/authorized_keys", guest->dir);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(key, file) >= 0);
	assert_int_equal(fclose(file), 0);
	free(key);
	guest->ssh_port = unused_port();
}

/* --- the machine ----------------------------------------------------------------------- */

static void become_guest(const struct guests *guests, const struct guest *guest)
{
	const struct guest *other = &guests->guest[guest == guests->guest];
	char user[160], link[256], nic[128], rtc[64], build[PATH_MAX], here[32];
	int index = (int)(guest - guests->guest);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* No address of theirs is another's too: a partition is by address. */
	snprintf(here, sizeof(here), "10.0.%d.15", 8 + index);
	snprintf(user, sizeof(user),
		"user,id=ssh,restrict=on,ipv6=off,net=10.0.%d.0/24,hostfwd=tcp:127.0.0.1:%d-%s:22",
		8 + index, guest->ssh_port, here);
	snprintf(link, sizeof(link),
		"dgram,id=link,local.type=unix,local.path=link,remote.type=unix,remote.path=../%s/"
		"link",
		other->name);
	snprintf(nic, sizeof(nic), "virtio-net-pci,netdev=link,romfile=,mac=52:54:00:00:09:%02d",
		index + 1);
	snprintf(rtc, sizeof(rtc), "base=%s", guest->date);
	snprintf(build, sizeof(build), "%s", getenv("BACKBURN_BUILD"));
	execl(cli_file("tests/vm/boot"), "boot", kernels[index], guest->dir, "-netdev", user,
		"-device", "virtio-net-pci,netdev=ssh,romfile=,mac=52:54:00:00:08:01", "-netdev",
		link, "-device", nic, "-rtc", rtc, "-object",
		"filter-dump,id=dump,netdev=link,file=link.pcap", "--",
		cli_file("tests/vm/guest_host"), build, here, guest->address, NULL);
	_exit(127);
}

static void start_guest(struct guests *guests, struct guest *guest)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/link", guest->dir);
	unlink(path);
	guest->qmp = -1;
	guest->pid = fork();
	assert_true(guest->pid >= 0);
	if (guest->pid == 0)
		become_guest(guests, guest);
}

static void fail_with_console(const struct guest *guest, const char *said)
{
	char path[256], *console;

	snprintf(path, sizeof(path), "%s/console", guest->dir);
	console = cli_read(path);
	fail_msg("guest %s is not reached: %s\nits console:\n%s", guest->name, said, console);
}

static void await_ssh(const struct guests *guests, const struct guest *guest)
{
	int64_t until_ms = cli_now_ms() + BOOT_WITHIN_S * INT64_C(1000);
	struct cli_result result;

	for (;;) {
		bool up;

		guest_run(guests, guest, "true", &result);
		up = result.code == 0;
		if (!up && (cli_now_ms() > until_ms || waitpid(guest->pid, NULL, WNOHANG) != 0))
			fail_with_console(guest, result.err);
		cli_result_free(&result);
		if (up)
			return;
		cli_pause_ms(500);
	}
}

void guest_boot(struct guests *guests, struct guest *guest)
{
	start_guest(guests, guest);
	await_ssh(guests, guest);
}

void guest_cut_power(struct guest *guest)
{
	if (guest->pid <= 0)
		return;
	kill(guest->pid, SIGKILL);
	waitpid(guest->pid, NULL, 0);
	if (guest->qmp >= 0)
		close(guest->qmp);
	guest->pid = 0;
}

void guests_up(struct guests *guests, const struct cli *cli)
{
	static const struct guest plan[GUESTS] = {
		{.name = "a", .address = "10.9.0.1", .date = "2021-03-04T05:06:07"},
		{.name = "b", .address = "10.9.0.2", .date = "2031-03-04T05:06:07"},
	};
	char id[256];

	*guests = (struct guests){.cli = cli};
	snprintf(id, sizeof(id), "%s/id", cli->dir);
	make_key(id);
	for (int i = 0; i < GUESTS; i++) {
		guests->guest[i] = plan[i];
		guests->guest[i].series = series[i];
		furnish(guests, &guests->guest[i]);
	}
	write_config(guests);
	for (int i = 0; i < GUESTS; i++)
		start_guest(guests, &guests->guest[i]);
	for (int i = 0; i < GUESTS; i++)
		await_ssh(guests, &guests->guest[i]);
}

void guests_down(struct guests *guests)
{
	for (int i = 0; i < GUESTS; i++)
		guest_cut_power(&guests->guest[i]);
}

/* --- QEMU's monitor -------------------------------------------------------------------- */

/* One line; the monitor also tells of events, which nobody here waits for. */
static void qmp_read(int qmp, const char *until)
{
	char line[4096] = "";
	size_t used = 0;

	while (!strstr(line, until)) {
		ssize_t got = recv(qmp, line + used, sizeof(line) - 1 - used, 0);

		assert_true(got > 0);
		used += (size_t)got;
		line[used] = '\0';
		if (strstr(line, "\"error\""))
			fail_msg("QEMU: %s", line);
	}
}

static void qmp_tell(struct guest *guest, const char *line, const char *until)
{
	assert_int_equal(send(guest->qmp, line, strlen(line), MSG_NOSIGNAL), strlen(line));
	qmp_read(guest->qmp, until);
}

static void qmp_open(struct guest *guest)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = QMP_WITHIN_S};

	assert_true((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s/qmp",
			    guest->dir) < sizeof(address.sun_path));
	guest->qmp = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(guest->qmp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(guest->qmp, (struct sockaddr *)&address, sizeof(address)), 0);
	qmp_read(guest->qmp, "QMP");
	qmp_tell(guest, "{\"execute\":\"qmp_capabilities\"}\n", "\"return\"");
}

void guest_set_ssh_link(struct guest *guest, bool up)
{
	char line[128];

	if (guest->qmp < 0)
		qmp_open(guest);
	snprintf(line, sizeof(line),
		"{\"execute\":\"set_link\",\"arguments\":{\"name\":\"ssh\",\"up\":%s}}\n",
		up ? "true" : "false");
	qmp_tell(guest, line, "\"return\"");
}

/* --- inside ---------------------------------------------------------------------------- */

/* Over one connection for all: a key exchange takes an emulated processor a second or two. */
void guest_run(const struct guests *guests, const struct guest *guest, const char *command,
	struct cli_result *result)
{
	char path[128];

	snprintf(path, sizeof(path), "-oControlPath=%s/%s.ssh", guests->cli->dir, guest->name);
	cli_run_program((const char *[]){"ssh", "-F", guests->config, "-oControlMaster=auto",
				"-oControlPersist=yes", path, guest->name, "--", command, NULL},
		result);
}

char *guest_audit(const struct guests *guests, const struct guest *guest)
{
	static const char session[] =
		"printf '%s\\n' "
		"'{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"hello\",\"params\":{\"version\":1,"
		"\"session\":\"audit\",\"controller\":\"the test\",\"lease\":\"60s\"}}' "
		"'{\"jsonrpc\":\"2.0\",\"id\":\"2\",\"method\":\"audit\",\"params\":{\"page\":0}}' "
		"| backburn-injector session | grep '\"id\":\"2\"'";
	struct cli_result result;
	char *text;
	cJSON *reply;

	guest_run(guests, guest, session, &result);
	reply = cJSON_Parse(result.out);
	if (result.code != 0 || !reply)
		fail_msg("audit of %s: %d\n%s\n%s", guest->name, result.code, result.out,
			result.err);
	text = cJSON_Print(cJSON_GetObjectItem(cJSON_GetObjectItem(reply, "result"), "state"));
	assert_non_null(text);
	cJSON_Delete(reply);
	cli_result_free(&result);
	return text;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/ssh_host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/cli.h"

#define HOST_DIR "/run/host"

enum {
	USER_ID = 64001,
	LISTENING_WITHIN_S = 30,
	GONE_WITHIN_S = 20
};

static const char sshd_config[] = "Port 22\n"
				  "HostKey " HOST_DIR "/key\n"
				  "AuthorizedKeysFile " HOST_DIR "/authorized_keys\n"
				  "PidFile none\n"
				  "UsePAM no\n"
				  "PasswordAuthentication no\n"
				  "KbdInteractiveAuthentication no\n"
				  "PermitRootLogin prohibit-password\n"
				  "MaxStartups 100\n";

/* What sudo needs for a run, and nothing else, as docs/hosts.md says. */
static const char sudoers[] = "root ALL=(ALL:ALL) ALL\n" SSH_HOST_USER
			      " ALL=(root) NOPASSWD: /usr/local/bin/backburn-injector, "
			      "/usr/local/bin/backburn\n";

/* --- in the child, before it becomes sshd ---------------------------------------------- */

static bool trouble(const char *what)
{
	fprintf(stderr, "ssh host: %s: %s\n", what, strerror(errno));
	return false;
}

static bool write_file(const char *path, mode_t mode, const char *first, const char *second)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	bool done = fd >= 0 && dprintf(fd, "%s%s", first, second ? second : "") >= 0 &&
		fchmod(fd, mode) == 0;

	if (fd >= 0)
		close(fd);
	return done || trouble(path);
}

static bool copy_program(const char *name)
{
	char target[256];
	int from = open(cli_program(name), O_RDONLY | O_CLOEXEC), to;
	struct stat status = {0};
	bool done;

	snprintf(target, sizeof(target), "/usr/local/bin/%s", name);
	to = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	done = from >= 0 && to >= 0 && fstat(from, &status) == 0 && fchmod(to, 0755) == 0;
	for (off_t at = 0; done && at < status.st_size;)
		done = sendfile(to, from, &at, (size_t)(status.st_size - at)) > 0;
	close(from);
	close(to);
	return done || trouble(name);
}

/* The files in HOST_DIR take the places of the machine's own. */
static bool cover(const char *name)
{
	char from[256], over[256];

	snprintf(from, sizeof(from), HOST_DIR "/%s", name);
	snprintf(over, sizeof(over), "/etc/%s", name);
	return mount(from, over, NULL, MS_BIND, NULL) == 0 || trouble(over);
}

static bool write_users(const struct ssh_host_options *options)
{
	char user[256];

	snprintf(user, sizeof(user), SSH_HOST_USER ":*:%d:%d::" HOST_DIR "/home:/bin/sh\n", USER_ID,
		USER_ID);
	return write_file(HOST_DIR "/passwd", 0644,
		       "root:*:0:0:root:" HOST_DIR "/home:/bin/sh\n"
		       "sshd:*:64000:65534::/run/sshd:/usr/sbin/nologin\n"
		       "nobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
		       user) &&
		write_file(HOST_DIR "/group", 0644, "root:x:0:\nnogroup:x:65534:\n",
			SSH_HOST_USER ":x:64001:\n") &&
		write_file(HOST_DIR "/shadow", 0600, "root:*:19000::::::\n",
			SSH_HOST_USER ":*:19000::::::\n") &&
		write_file(HOST_DIR "/sudoers", 0440, sudoers, options->sudoers) &&
		cover("passwd") && cover("group") && cover("shadow") && cover("sudoers");
}

static bool make_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return trouble("mount namespace");
	if (mount("tmpfs", "/run", "tmpfs", MS_NODEV, "mode=755") < 0 ||
		mount("tmpfs", "/usr/local", "tmpfs", MS_NODEV, "mode=755") < 0 ||
		mount("tmpfs", "/etc/sudoers.d", "tmpfs", MS_NODEV, "mode=755") < 0)
		return trouble("tmpfs");
	if (mkdir("/run/sshd", 0755) < 0 || mkdir(HOST_DIR, 0755) < 0 ||
		mkdir(HOST_DIR "/home", 0755) < 0 || mkdir("/usr/local/bin", 0755) < 0)
		return trouble("mkdir");
	return true;
}

static bool furnish(const struct ssh_host_options *options, const char *host_key)
{
	static const char *const programs[] = {"backburn", "backburn-injector", "etcd-set-client"};
	size_t count = options->bare ? 0 : sizeof(programs) / sizeof(programs[0]);

	umask(022);
	if (!make_mounts() || !write_users(options) ||
		!write_file(HOST_DIR "/key", 0600, host_key, NULL) ||
		!write_file(HOST_DIR "/sshd_config", 0644, sshd_config, NULL) ||
		!write_file(HOST_DIR "/authorized_keys", 0644, options->client_key, NULL))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!copy_program(programs[i]))
			return false;
	return true;
}

static void become_sshd(const struct ssh_host_options *options, const char *host_key, pid_t parent)
{
	int netns = open(options->netns, O_RDONLY | O_CLOEXEC);
	int log = open(options->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	/* The listener ends with the test that died; who is logged in ends with the namespace. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	if (setsid() < 0 || netns < 0 || setns(netns, CLONE_NEWNET) < 0)
		trouble(options->netns);
	else if (furnish(options, host_key))
		execl("/usr/sbin/sshd", "/usr/sbin/sshd", "-D", "-e", "-f", HOST_DIR "/sshd_config",
			NULL);
	_exit(1);
}

/* --- up -------------------------------------------------------------------------------- */

static char *read_text(const char *path)
{
	char *text = calloc(1, 64 * 1024);
	FILE *file = fopen(path, "re");
	size_t used = file ? fread(text, 1, 64 * 1024 - 1, file) : 0;

	if (file)
		fclose(file);
	text[used] = '\0';
	return text;
}

/* Made beside the log, read, and removed: they live on only where the host sees them. */
static char *make_key(struct ssh_host *host, const char *beside)
{
	char path[256], public[272], *secret, *text;
	struct cli_result result;

	snprintf(path, sizeof(path), "%s.key", beside);
	snprintf(public, sizeof(public), "%s.pub", path);
	cli_run_program((const char *[]){"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "",
				"-f", path, NULL},
		&result);
	assert_int_equal(result.code, 0);
	cli_result_free(&result);
	secret = read_text(path);
	text = read_text(public);
	assert_true(sscanf(text, "%127[^\n]", host->key) == 1);
	free(text);
	unlink(path);
	unlink(public);
	return secret;
}

static void await_listening(const struct ssh_host *host, const char *log)
{
	int64_t until_ms = cli_now_ms() + LISTENING_WITHIN_S * INT64_C(1000);

	for (;;) {
		char *text = read_text(log);
		bool listening = strstr(text, "Server listening on") != NULL;

		if (!listening &&
			(waitpid(host->pid, NULL, WNOHANG) != 0 || cli_now_ms() > until_ms))
			fail_msg("sshd does not listen:\n%s", text);
		free(text);
		if (listening)
			return;
		cli_pause_ms(20);
	}
}

static ino_t mounts_of(pid_t pid)
{
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return stat(path, &status) == 0 ? status.st_ino : 0;
}

void ssh_host_up(struct ssh_host *host, const struct ssh_host_options *options)
{
	pid_t parent = getpid();
	char *secret = make_key(host, options->log);

	host->netns = options->netns;
	host->pid = fork();
	assert_true(host->pid >= 0);
	if (host->pid == 0)
		become_sshd(options, secret, parent);
	free(secret);
	await_listening(host, options->log);
	host->mounts = mounts_of(host->pid);
	assert_true(host->mounts != 0 && host->mounts != mounts_of(parent));
}

/* --- who lives there ------------------------------------------------------------------- */

void ssh_host_each(
	const struct ssh_host *host, void (*visit)(void *context, pid_t pid), void *context)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	assert_non_null(proc);
	while ((entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && pid != host->pid && mounts_of(pid) == host->mounts)
			visit(context, pid);
	}
	closedir(proc);
}

static void end_one(void *context, pid_t pid)
{
	const struct ssh_host *host = context;
	int file = pidfd_open(pid, 0);

	if (file < 0)
		return;
	/* Looked at again with the descriptor in hand: its number may be another's by now. */
	if (mounts_of(pid) == host->mounts)
		pidfd_send_signal(file, SIGKILL, NULL, 0);
	close(file);
}

static void add_one(void *context, pid_t pid)
{
	(void)pid;
	++*(size_t *)context;
}

void ssh_host_down(struct ssh_host *host)
{
	int64_t until_ms = cli_now_ms() + GONE_WITHIN_S * INT64_C(1000);
	size_t left;

	kill(host->pid, SIGKILL);
	waitpid(host->pid, NULL, 0);
	do {
		left = 0;
		ssh_host_each(host, end_one, host);
		ssh_host_each(host, add_one, &left);
		if (left)
			cli_pause_ms(20);
	} while (left && cli_now_ms() < until_ms);
	assert_int_equal(left, 0);
}

static void add_ours(void *context, pid_t pid)
{
	char path[64], target[256];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return;
	target[length] = '\0';
	if (strstr(target, "/backburn"))
		++*(size_t *)context;
}

void ssh_host_assert_quiet(const struct ssh_host *host, int within_s)
{
	int64_t until_ms = cli_now_ms() + within_s * INT64_C(1000);
	size_t ours;

	do {
		ours = 0;
		ssh_host_each(host, add_ours, &ours);
		if (ours)
			cli_pause_ms(20);
	} while (ours && cli_now_ms() < until_ms);
	assert_int_equal(ours, 0);
}

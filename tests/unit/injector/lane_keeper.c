/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/injector/lane_keeper.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "contract/memory.h"
#include "contract/units.h"
#include "injector/lane/keeper.h"

int64_t keeper_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NS_PER_SEC + time.tv_nsec;
}

static void *shared(size_t size, int *file)
{
	void *memory;

	*file = memfd_create("lane", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(*file >= 0);
	assert_int_equal(ftruncate(*file, (off_t)size), 0);
	assert_int_equal(fcntl(*file, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *file, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

/* In the child: far away first, so that no descriptor takes another's number. */
static void place(const int files[4], int standard_error)
{
	enum {
		AWAY = 20
	};

	for (int i = 0; i < 4; i++)
		if (files[i] >= 0)
			dup2(files[i], AWAY + i);
	if (standard_error >= 0)
		dup2(standard_error, STDERR_FILENO);
	for (int i = 0; i < 4; i++) {
		close(LANE_FILE_TAP + i);
		if (files[i] >= 0)
			dup2(AWAY + i, LANE_FILE_TAP + i);
	}
}

pid_t keeper_spawn(const int files[4], int standard_error)
{
	char path[4096];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/bin/backburn-injector", getenv("BACKBURN_BUILD"));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		place(files, standard_error);
		execl(path, path, "lane", NULL);
		_exit(127);
	}
	return pid;
}

struct lane_keeper *keeper_new(void)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};
	struct lane_keeper *keeper = must_alloc(sizeof(*keeper));
	int files[4], pair[2], ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	keeper->packets = pair[0];
	keeper->alive = ends[1];
	keeper->said = -1;
	keeper->pulse = shared(sizeof(*keeper->pulse), &files[1]);
	keeper->memory = shared(sizeof(*keeper->memory), &files[2]);
	keeper->memory->until_ns = keeper_now() + 3600 * NS_PER_SEC;
	files[0] = pair[1];
	files[3] = ends[0];
	keeper->pid = keeper_spawn(files, -1);
	for (int i = 0; i < 4; i++)
		close(files[i]);
	for (int64_t until_ns = keeper_now() + PATIENCE_S * NS_PER_SEC;
		!__atomic_load_n(&keeper->pulse->alive_until_ns, __ATOMIC_ACQUIRE);) {
		assert_true(keeper_now() < until_ns);
		usleep(1000);
	}
	return keeper;
}

int keeper_await(struct lane_keeper *keeper)
{
	int status;

	assert_int_equal(waitpid(keeper->pid, &status, 0), keeper->pid);
	keeper->pid = 0;
	return status;
}

void keeper_free(struct lane_keeper *keeper)
{
	if (!keeper)
		return;
	if (keeper->pid) {
		kill(keeper->pid, SIGKILL);
		keeper_await(keeper);
	}
	close(keeper->packets);
	if (keeper->alive >= 0)
		close(keeper->alive);
	munmap(keeper->memory, sizeof(*keeper->memory));
	munmap(keeper->pulse, sizeof(*keeper->pulse));
	free(keeper);
}

void keeper_order(struct lane_keeper *keeper, size_t lane, const struct lane_spec *spec)
{
	struct lane *each = &keeper->memory->lanes[lane];

	each->spec[!each->current] = *spec;
	each->active = 1;
	__atomic_store_n(&each->current, !each->current, __ATOMIC_RELEASE);
	__atomic_store_n(&each->version, each->version + 1, __ATOMIC_RELEASE);
	/* Whatever it does it looks at its orders now and then. */
	for (int64_t until_ns = keeper_now() + PATIENCE_S * NS_PER_SEC;
		__atomic_load_n(&each->taken, __ATOMIC_ACQUIRE) != each->version;) {
		assert_true(keeper_now() < until_ns);
		usleep(1000);
	}
}

void packet_make(uint8_t *packet, size_t length, size_t lane, uint64_t mark)
{
	unsigned int label = BB_LABEL((unsigned int)(BB_LANE_FIRST + lane), BB_EGRESS, 1);

	assert_true(length >= PACKET_MIN);
	for (size_t i = 0; i < length; i++)
		packet[i] = (uint8_t)(i * 7 + mark);
	memset(packet, 0, LANE_HEADER_BYTES);
	packet[LANE_HEADER_BYTES + 12] = 0x81;
	packet[LANE_HEADER_BYTES + 13] = 0x00;
	packet[LANE_HEADER_BYTES + 14] = (uint8_t)(label >> 8);
	packet[LANE_HEADER_BYTES + 15] = (uint8_t)label;
	memcpy(packet + PACKET_MIN - sizeof(mark), &mark, sizeof(mark));
}

uint64_t packet_mark(const uint8_t *packet)
{
	uint64_t mark;

	memcpy(&mark, packet + PACKET_MIN - sizeof(mark), sizeof(mark));
	return mark;
}

void keeper_send(struct lane_keeper *keeper, size_t lane, size_t length, uint64_t mark)
{
	static uint8_t packet[LANE_FRAME_MAX];

	packet_make(packet, length, lane, mark);
	assert_int_equal(send(keeper->packets, packet, length, 0), length);
}

uint64_t keeper_receive(struct lane_keeper *keeper, size_t *length)
{
	static uint8_t packet[LANE_FRAME_MAX + 1], sent[LANE_FRAME_MAX];
	ssize_t size = recv(keeper->packets, packet, sizeof(packet), 0);
	unsigned int slot;

	assert_true(size >= PACKET_MIN);
	slot = BB_LABEL_SLOT((unsigned int)(packet[LANE_HEADER_BYTES + 14] << 8 |
		packet[LANE_HEADER_BYTES + 15]));
	packet_make(sent, (size_t)size, slot - BB_LANE_FIRST, packet_mark(packet));
	assert_memory_equal(packet, sent, (size_t)size);
	if (length)
		*length = (size_t)size;
	return packet_mark(packet);
}

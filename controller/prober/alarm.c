/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/alarm.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "contract/memory.h"
#include "contract/units.h"

struct alarm {
	uv_poll_t poll;
	int timer_fd;
	void (*ring)(void *context);
	void *context;
};

int64_t clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static void on_ring(uv_poll_t *poll, int status, int events)
{
	struct alarm *alarm = poll->data;
	uint64_t expirations;

	(void)status;
	(void)events;
	/* Set anew between expiry and now: then nothing is there to be read. */
	if (read(alarm->timer_fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		alarm->ring(alarm->context);
}

int alarm_new(uv_loop_t *loop, void (*ring)(void *context), void *context, struct alarm **out,
	struct fail *fail)
{
	int timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct alarm *alarm;
	int outcome;

	if (timer_fd < 0)
		return fail_errno(fail, errno, "cannot make a timer");
	alarm = must_alloc(sizeof(*alarm));
	alarm->timer_fd = timer_fd;
	alarm->ring = ring;
	alarm->context = context;
	alarm->poll.data = alarm;
	outcome = uv_poll_init(loop, &alarm->poll, timer_fd);
	if (outcome < 0) {
		close(timer_fd);
		free(alarm);
		return fail_errno(fail, outcome, "cannot watch a timer");
	}
	uv_poll_start(&alarm->poll, UV_READABLE, on_ring);
	*out = alarm;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct alarm *alarm = handle->data;

	close(alarm->timer_fd);
	free(alarm);
}

void alarm_free(struct alarm *alarm)
{
	if (alarm)
		uv_close((uv_handle_t *)&alarm->poll, on_closed);
}

void alarm_set(struct alarm *alarm, int64_t at_ns)
{
	struct itimerspec when = {0};

	if (at_ns != INT64_MAX) {
		/* Zero would disarm. */
		if (at_ns < 1)
			at_ns = 1;
		when.it_value.tv_sec = at_ns / NS_PER_SEC;
		when.it_value.tv_nsec = at_ns % NS_PER_SEC;
	}
	timerfd_settime(alarm->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

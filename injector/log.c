/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A pipe that is ready takes a write of up to PIPE_BUF (4096) bytes without blocking. */
enum {
	LINE_MAX_BYTES = 2048
};

void log_line(const char *format, ...)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
	char line[LINE_MAX_BYTES] = "backburn-injector: ";
	size_t used = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	used = strlen(line);
	line[used++] = '\n';
	if (poll(&ready, 1, 0) == 1 && ready.revents & POLLOUT &&
		write(STDERR_FILENO, line, used) < 0)
		return;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_LOG_H
#define BACKBURN_INJECTOR_LOG_H

/*
 * A line to standard error, for people. Never blocks: when nobody reads, the line is lost.
 * A blocked log would keep a fault in force.
 */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_HOST_PORT_H
#define BACKBURN_HOST_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "contract/fail.h"

/* "10.0.0.5:80", "db.example:5432", "[fd00::1]:80": where a service is reached. */
struct host_port {
	char host[256]; /* without brackets */
	uint16_t port;  /* host order, never 0 */
};

/* FAIL_BAD_FILE, without a path, and without quoting the text. */
int host_port_parse(const char *text, struct host_port *out, struct fail *fail);

/* The host of "http://USER@HOST:PORT/PATH", in the same form; "" where there is none. */
void url_host(const char *url, char *out, size_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_REPORTER_H
#define BACKBURN_PROBER_REPORTER_H

#include <uv.h>

#include <cjson/cJSON.h>

/* What a probe or a workload needs of the process it runs in. */
struct reporter {
	uv_loop_t *loop;
	/* Sends a notification; takes `body` over. */
	void (*notify)(void *context, const char *method, cJSON *body);
	/* A probe or workload that was told to stop has reported its last window. */
	void (*finished)(void *context);
	void *context;
};

#endif

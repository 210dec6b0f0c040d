/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_HANG_H
#define BACKBURN_TESTS_HANG_H

#include <stdint.h>

#include "tests/netns/world.h"

/* Programs of others on a node's eth0, hung there as users hang theirs. */

enum {
	HANG_TCX_INGRESS = 46,
	HANG_TCX_EGRESS = 47
};

/* By tcx, behind what hangs there, or in front of it. The link; -1: this kernel has no tcx. */
int hang_tcx(const struct world *world, int node, int program, int hook);
int hang_tcx_in_front(const struct world *world, int node, int program, int hook);

/* As a filter of a clsact, which is made where there is none. Asserts that it hangs. */
struct filter_place {
	bool egress;
	uint32_t pref;
};
void hang_filter(const struct world *world, int node, int program, struct filter_place place);
/* Takes the clsact away, with all filters. */
void hang_no_filters(const struct world *world, int node);

#endif

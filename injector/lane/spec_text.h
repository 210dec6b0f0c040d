/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_SPEC_TEXT_H
#define BACKBURN_LANE_SPEC_TEXT_H

#include "injector/lane/lane.h"

enum {
	SPEC_TEXT_MAX = 256
};

/*
 * What a lane does to packets that are named in between, for people:
 *
 *   "delay packets " PEERS " by 50ms ± 10ms (normal)"
 *   "pass packets " PEERS " at 1Mbit a second, of which 128KiB may wait"
 *   "let 10 % of the packets " PEERS " ahead of the others, which wait 10ms"
 *
 * `after` begins with a blank.
 */
struct spec_text {
	char before[SPEC_TEXT_MAX], after[SPEC_TEXT_MAX];
};
void spec_describe(const struct lane_spec *spec, struct spec_text *out);

#endif

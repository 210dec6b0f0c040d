/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/chaos/draw.h"

uint64_t draw_next(struct draw *draw)
{
	uint64_t z = draw->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

int draw_between(struct draw *draw, int low, int high)
{
	return low + (int)(draw_next(draw) % (uint64_t)(high - low + 1));
}

bool draw_percent(struct draw *draw, int percent)
{
	return draw_between(draw, 1, 100) <= percent;
}

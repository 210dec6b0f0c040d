/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/bucket.h"

#include "contract/units.h"

__extension__ typedef unsigned __int128 wide; /* a burst in ns exceeds 64 bits on its way */

int64_t bucket_pass(
	struct bucket *bucket, const struct lane_spec *spec, int64_t now_ns, uint64_t bytes)
{
	int64_t credit_ns;
	wide cost;

	if (!spec->rate_bytes)
		return now_ns;
	credit_ns = (int64_t)((wide)spec->burst_bytes * NS_PER_SEC / spec->rate_bytes);
	if (bucket->sent_ns < now_ns - credit_ns)
		*bucket = (struct bucket){.sent_ns = now_ns - credit_ns};
	cost = (wide)bytes * NS_PER_SEC + bucket->rest;
	bucket->sent_ns += (int64_t)(cost / spec->rate_bytes);
	bucket->rest = (uint64_t)(cost % spec->rate_bytes);
	return bucket->sent_ns > now_ns ? bucket->sent_ns : now_ns;
}

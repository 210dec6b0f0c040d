/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/faults/offset.h"

#include "contract/units.h"

const struct form offset_form = {
	.pattern = "^[+-][0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h|d)$",
	.says = "a sign, a number and a unit, as \"+30s\" or \"-2h\"",
};

int offset_take(const char *text, int64_t *out_ns, struct fail *fail)
{
	*out_ns = 0;
	if (text && offset_parse(text, out_ns) < 0)
		return fail_set(fail, FAIL_USAGE, "offset: %.40s is more than ten years", text);
	return 0;
}

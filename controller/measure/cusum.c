/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/measure/cusum.h"

#include <math.h>

struct cusum_test cusum_test(double p0, double p1, double alpha, double beta)
{
	return (struct cusum_test){
		.bad_step = log(p1 / p0),
		.good_step = log1p(-p1) - log1p(-p0),
		.limit = log((1 - beta) / alpha),
	};
}

double cusum_next(const struct cusum_test *test, double sum, bool bad)
{
	return fmax(0, sum + (bad ? test->bad_step : test->good_step));
}

int64_t cusum_least_bad(const struct cusum_test *test)
{
	return (int64_t)ceil(test->limit / test->bad_step - 1e-9);
}

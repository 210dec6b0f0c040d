/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_CUSUM_RULE_H
#define BACKBURN_CUSUM_RULE_H

#include "controller/files/scenario.h"
#include "controller/measure/cusum.h"

/*
 * What a stop rule of the kind `cusum` asks: has the share of bad events grown from what the
 * objective allows to `rate` times that? A sum that may begin anew at each of n events is as many
 * tests as there are events: each gets the n-th part of `false_stop`, which then bounds the chance
 * that any of them errs (Boole's inequality), whatever the objective. Wald's beta is 5 %.
 */
struct cusum_test cusum_rule_test(const struct scenario *scenario, const struct stop_rule *rule);

/* From a sum of 0 on, with nothing but bad events. */
int64_t cusum_fires_ns(const struct scenario *scenario, const struct stop_rule *rule);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_REPORT_WORDS_PREDICTED_H
#define BACKBURN_REPORT_WORDS_PREDICTED_H

#include "controller/predict/predicted.h"
#include "controller/report/words.h"

/* The predicted radius in words, and what came of it. */

/* "1 of 3 hit, 33 % (at most 34 %); 2 stay, the quorum of 2 is kept". */
void words_share(const struct predicted_phase *phase, const struct predicted_share *share,
	char buffer[SENTENCE_MAX]);
/* What it is a share of, as people say it: "members", "role=etcd". */
const char *words_share_of(const struct predicted_share *share);

/* "n2 etcd to n1 etcd:2380", "n1 and n2" where who opened it can't be told. */
void words_flow(const struct predicted_flow *flow, char buffer[SENTENCE_MAX]);

/*
 * One link of a fault between nodes, both ways together: "n1 – n2"; "6 live connections: …";
 * "77 packets dropped to n2, 66 from there"; and what parts the two.
 */
struct link_words {
	char link[WORDS_MAX];
	char predicted[SENTENCE_MAX], measured[SENTENCE_MAX], difference[SENTENCE_MAX];
	enum tone tone;
};
/* `ways`: the pair's way and the way back. `predicted` may be NULL: nobody was asked. */
void words_link(const struct effect_judgement *own, const struct predicted_fault *predicted,
	const struct pair_effect ways[2], struct link_words *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TEST_MUTATIONS_H
#define BACKBURN_TEST_MUTATIONS_H

#include <stddef.h>

/* A good scenario with one change, and what is said of it. */
struct mutation {
	const char *path, *json; /* as of given_set() */
	const char *fail_path, *text;
};

/* Each change alone; it must be refused at that place, with these words. */
void mutations_are_refused(const struct mutation *table, size_t count);

/* What several tables write. */
#define KILL(more, which, with)                                                                    \
	"{'id':'cut-leader','fault':'kill'," more "'on':{'nodes':'leader','processes':{" which     \
	"}},'with':{" with "}}"

#define TCP(address) "{'type':'tcp','from':'client','rate':10,'timeout':'1s','address':" address "}"
#define EXEC(rate, exec)                                                                           \
	"{'type':'exec','from':'client','timeout':'1s','rate':" #rate ",'exec':" exec "}"

#define COMPARE(with, worse, more)                                                                 \
	"{'id':'c','in':'cut','compare':{'slo':'avail','with':{" with                              \
	"},'worse_by_at_most':" worse "}" more "}"
#define RATIO(to, bound) "{'id':'c','in':'cut','ratio':{'slo':'avail','to':{" to "}," bound "}}"
#define BURN(keys) "{'id':'burn','slo':'avail','burn':{" keys "}}"

#endif

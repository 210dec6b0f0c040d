/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/plan/counterparts.h"

#include <stdio.h>
#include <string.h>

#include "contract/address.h"
#include "contract/list.h"

#define SET_WORDS "prefixes of "

bool counterpart_is_set(const struct fault_spec *fault)
{
	return fault->from->prefixes.count > COUNTERPARTS_EACH_MAX;
}

const char *counterpart_set_name(const struct fault_spec *fault, char buffer[COUNTERPART_NAME_MAX])
{
	snprintf(buffer, COUNTERPART_NAME_MAX, SET_WORDS "%.63s", fault->id);
	return buffer;
}

void counterpart_add_names(const struct fault_spec *fault, struct list *out)
{
	char text[PREFIX_TEXT_MAX], name[COUNTERPART_NAME_MAX];

	if (counterpart_is_set(fault))
		list_push_text(out, counterpart_set_name(fault, name));
	else
		LIST_EACH(fault->from->prefixes, struct prefix, prefix)
			list_push_text(out, prefix_format(prefix, text));
	LIST_EACH(fault->from->hosts, char *, host)
		list_push_text(out, *host);
	if (fault->from->everything)
		list_push_text(out, "everything");
}

const struct fault_spec *counterpart_set_of(const struct scenario *scenario, const char *name)
{
	if (strncmp(name, SET_WORDS, strlen(SET_WORDS)) != 0)
		return NULL;
	LIST_EACH(scenario->phases, struct phase_spec, phase)
		LIST_EACH(phase->faults, struct fault_spec, fault)
			if (strcmp(fault->id, name + strlen(SET_WORDS)) == 0 &&
				counterpart_is_set(fault))
				return fault;
	return NULL;
}

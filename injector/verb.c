/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/verb.h"

#include <string.h>

#include "contract/verbs.h"

static const struct verb verbs[] = {
	{"hello", &hello_params_shape, &hello_result_shape, verb_hello},
	{"ping", &empty_shape, &ping_result_shape, verb_ping},
	{"peers", &peers_params_shape, &peers_result_shape, verb_peers},
	{"inspect", &fault_order_shape, &inspect_result_shape, verb_inspect},
	{"arm", &fault_order_shape, &arm_result_shape, verb_arm},
	{"update", &update_params_shape, &update_result_shape, verb_update},
	{"renew", &renew_params_shape, &renew_result_shape, verb_renew},
	{"heal", &heal_params_shape, &evidence_shape, verb_heal},
	{"evidence", &heal_params_shape, &evidence_shape, verb_evidence},
	{"audit", &audit_params_shape, &audit_result_shape, verb_audit},
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

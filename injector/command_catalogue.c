/* SPDX-License-Identifier: Apache-2.0 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "injector/command.h"
#include "injector/registry.h"

int command_catalogue(int argc, char **argv)
{
	static const struct argp parser = {
		.doc = "Prints the catalogue: every fault with its parameters, as JSON.",
	};
	cJSON *catalogue;
	char *text;

	argp_parse(&parser, argc, argv, 0, NULL, NULL);
	catalogue = registry_catalogue();
	text = cJSON_Print(catalogue);
	cJSON_Delete(catalogue);
	if (!text)
		abort();
	puts(text);
	cJSON_free(text);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_DEFECT;
}

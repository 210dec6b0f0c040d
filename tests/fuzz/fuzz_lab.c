/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/lab/lab_file.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct fail fail = FAIL_INIT;
	struct lab_file file;

	if (lab_file_parse(text, size, "lab.json", &file, &fail) < 0) {
		fuzz_require(*fail.text);
		free(text);
		return 0;
	}
	/* What passed can be expanded for every service of every node. */
	for (size_t i = 0; i < file.nodes.count; i++)
		LIST_EACH(lab_file_node(&file, i)->services, struct lab_service, service)
			LIST_EACH(service->argv, char *, word) {
				char *expanded;

				fuzz_require(
					lab_file_expand(&file, i, *word, &expanded, &fail) == 0);
				free(expanded);
			}
	lab_file_deinit(&file);
	free(text);
	return 0;
}

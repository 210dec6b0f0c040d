/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/address.h"
#include "contract/verbs.h"
#include "fuzz.h"
#include "injector/names.h"

/* What the process says that asks the resolver. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct fail fail = FAIL_INIT;
	struct list addresses;

	if (names_read(text, size, &addresses, &fail) == 0)
		fuzz_require(addresses.count > 0 && addresses.count <= HOST_ADDRESSES_MAX);
	else
		fuzz_require(!addresses.items && *fail.text);
	LIST_EACH(addresses, struct prefix, address) {
		fuzz_require(prefix_is_address(address));
	}
	free(addresses.items);
	free(text);
	return 0;
}

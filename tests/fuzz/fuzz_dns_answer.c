/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/dns_answer.h"
#include "fuzz.h"

/* Replies of a DNS server that lies: the first byte says which records were asked for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	int rcode;

	if (size == 0)
		return 0;
	if (dns_answer_read(data + 1, size - 1, data[0] % (DNS_TXT + 1), &rcode, &text) < 0)
		return 0;
	fuzz_require(rcode >= 0);
	fuzz_require(rcode == DNS_NOERROR ? size > 12 : *text == '\0');
	free(text);
	return 0;
}

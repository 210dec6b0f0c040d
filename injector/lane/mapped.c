/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/mapped.h"

#include <errno.h>
#include <sys/mman.h>

void *mapped_new(size_t size, struct fail *fail)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	/* cppcheck-suppress invalidFunctionArg ; so "no file" is said */
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);

	if (memory == MAP_FAILED) {
		fail_errno(fail, errno, "memory for the packets that wait");
		return NULL;
	}
	return memory;
}

void mapped_free(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}

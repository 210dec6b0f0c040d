/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/exit_code.h"

int exit_code_of(enum fail_kind kind)
{
	switch (kind) {
	case FAIL_USAGE:
		return EXIT_USAGE;
	case FAIL_BAD_FILE:
		return EXIT_BAD_FILE;
	case FAIL_REFUSED:
	case FAIL_UNSUPPORTED:
	case FAIL_PEER:
		return EXIT_REFUSED;
	case FAIL_BUSY:
		return EXIT_LOCKED;
	case FAIL_NONE:
	case FAIL_SYSTEM:
	case FAIL_INTERNAL:
	case FAIL_KINDS:
		break;
	}
	return EXIT_TROUBLE;
}

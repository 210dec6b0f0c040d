/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/exit_code.h"

int exit_code_of(enum fail_kind kind)
{
	switch (kind) {
	case FAIL_USAGE:
		return 64;
	case FAIL_BAD_FILE:
		return 65;
	case FAIL_REFUSED:
	case FAIL_UNSUPPORTED:
	case FAIL_PEER:
		return 4;
	case FAIL_BUSY:
		return 75;
	default:
		return 70;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/prober/prober.h"

int main(void)
{
	return prober_main();
}

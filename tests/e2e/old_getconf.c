/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

/* Stands in for getconf on a host with an old C library. */
int main(void)
{
	puts("glibc 2.17");
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_WIRE_H
#define BACKBURN_TESTS_WIRE_H

/*
 * What was on the wire between two guests that both send ticks (ticker.c), as their QEMU wrote it
 * down by one clock that is neither's.
 */
struct wire_cut {
	double spread_s; /* between the last ticks of both directions before the longest silence */
	double error_s;  /* the cuts may lie that much further apart: ticks come at intervals */
};

/* Reads a file of QEMU's filter-dump; asserts that both directions were silent at once. */
void wire_read(const char *path, const char *one, const char *other, struct wire_cut *out);

#endif

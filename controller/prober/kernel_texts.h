/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_KERNEL_TEXTS_H
#define BACKBURN_KERNEL_TEXTS_H

/*
 * Numbers out of texts that the kernel writes. Pure. -1: there is no such field, or no number in
 * its place. All numbers are decimal integers.
 */

/*
 * /proc/net/snmp and its like: pairs of lines with the same first word, names in the first and
 * numbers in the second.
 */
int kernel_table_value(const char *text, const char *group, const char *field, double *out);
/* Lines of a name and a number, as cpu.stat and /proc/meminfo ("MemTotal:") have them. */
int kernel_keyed_value(const char *text, const char *key, double *out);
/* A text of one number; "max" is +infinity. */
int kernel_single_value(const char *text, double *out);
/* "some avg10=0.00 … total=1234": the microseconds behind "total=" in the line that begins so. */
int kernel_pressure_total(const char *text, const char *kind, double *out);
/* The number at that place, from 0, of a line of numbers with blanks between them. */
int kernel_word_value(const char *line, unsigned int index, double *out);

#endif

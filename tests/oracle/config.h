/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A golden's first record, as a table of the library.
 */
#ifndef ORACLE_CONFIG_H
#define ORACLE_CONFIG_H

#include <conntrack/conntrack.h>
#include <jansson.h>

/*
 * Make the table that a scenario asks for: the Linux profile, its sysctls, its
 * limits.  NULL with a line on stderr.
 *
 * => What is no parameter of the library yet is told on stderr and otherwise
 *    shows as differences.
 */
struct ct_table *config_table(const json_t *scenario);

#endif /* ORACLE_CONFIG_H */

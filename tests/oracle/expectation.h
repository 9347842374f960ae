/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An expectation as a golden has it.
 */
#ifndef ORACLE_EXPECTATION_H
#define ORACLE_EXPECTATION_H

#include <conntrack/expect.h>
#include <jansson.h>

/* Everything but its name and its master's. */
json_t *expectation_make(const struct ct_expect_view *view);

/* Leave what the kernel sends when it ends. */
void expectation_strip(json_t *event);

#endif /* ORACLE_EXPECTATION_H */

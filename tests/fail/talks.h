/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A helper that expects something for each packet, and keeps what is said.
 */
#ifndef TALKS_H
#define TALKS_H

#include <conntrack/helper.h>

extern const struct ct_helper_ops fail_talks;

#endif /* TALKS_H */

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unkeyed.h - what an attacker would aim at, if the hash had no secret
 */
#ifndef UNKEYED_H
#define UNKEYED_H

#include <conntrack/types.h>

/* => XXH3 with a secret of zeroes, of the bytes that the library hashes. */
uint64_t unkeyed_hash(const struct ct_tuple *tuple);

#endif /* UNKEYED_H */

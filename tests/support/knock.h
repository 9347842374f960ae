/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first segment of a connection that a helper may expect.
 */
#ifndef CT_TEST_KNOCK_H
#define CT_TEST_KNOCK_H

#include "parley.h"

/* Where it came from and went to, "10.0.0.2:5000" or "[2001:db8::2]:5000". */
struct ct_knock {
	const char *from;
	const char *to;
};

/*
 * A SYN goes through the router, by the parley's rules.
 *
 * => What it is to its connection.
 * => arrives: where the segment goes to then, and whom it seems to come from;
 *    NULL: nobody asks.
 */
enum ct_state ct_knock(struct ct_parley *parley, const struct ct_knock *knock,
		       const struct ct_knock *arrives);

#endif /* CT_TEST_KNOCK_H */

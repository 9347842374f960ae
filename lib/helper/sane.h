/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of SANE's network protocol that a scan's data connection needs.
 *
 *	request	 32 bits: 7, NET_START	32 bits: handle
 *	answer	 32 bits: 0, success	32 bits: port	...
 */
#ifndef HELPER_SANE_H
#define HELPER_SANE_H

#include <conntrack/cursor.h>

enum ct_sane_request {
	CT_SANE_PART,  /* not a whole request of this size */
	CT_SANE_OTHER, /* another one */
	CT_SANE_START  /* NET_START */
};

enum ct_sane_request ct_sane_parse_request(struct ct_cursor bytes);

/* Whether an answer to NET_START names a port. */
bool ct_sane_parse_answer(struct ct_cursor bytes, ct_be16 *port);

#endif /* HELPER_SANE_H */

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IRC's offers of a direct connection (DCC).
 *
 *	PRIVMSG friend :<1>DCC SEND file 167772162 5000 2048<1>
 *					 ^^^^^^^^^^^^^^
 * Underlined: what NAT replaces.  The address is one decimal number.
 */
#ifndef HELPER_IRC_H
#define HELPER_IRC_H

#include <conntrack/cursor.h>

enum ct_irc_found {
	CT_IRC_NOTHING,    /* no offer */
	CT_IRC_UNFINISHED, /* an offer whose line feed is missing */
	CT_IRC_OFFER
};

struct ct_irc_offer {
	uint32_t off;  /* what NAT replaces, from the text's first byte */
	uint32_t len;  /* how long that is */
	uint32_t addr; /* host order; modulo 2^32 */
	uint16_t port; /* host order; modulo 2^16 */
};

/*
 * What a text offers that begins, blanks and line ends aside, with PRIVMSG.
 *
 * => Only the first message in it is looked at.
 */
enum ct_irc_found ct_irc_parse(struct ct_cursor text,
			       struct ct_irc_offer *offer);

#endif /* HELPER_IRC_H */

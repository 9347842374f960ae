/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IRC's offers.  What a kernel does with the same texts stands in the golden
 * probe_irc_offers.
 */
#include "helper/irc.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	enum ct_irc_found found;
	uint32_t addr;
	uint16_t port;
	const char *part; /* what NAT replaces */
} offers[] = {
	{ "PRIVMSG friend :\1DCC SEND file 167772162 5000 2048\1\r\n",
	  CT_IRC_OFFER, 167772162, 5000, "167772162 5000" },
	{ "PRIVMSG friend :\1DCC CHAT chat 167772162 5000\1\n", CT_IRC_OFFER,
	  167772162, 5000, "167772162 5000" },
	{ "privmsg #x :\1DCC TSEND f 167772162   5000 1\1\n", CT_IRC_OFFER,
	  167772162, 5000, "167772162   5000" },
	{ " \r\nPRIVMSG x :\1DCC SCHAT c 4462739458 65616\1\n", CT_IRC_OFFER,
	  167772162, 80, "4462739458 65616" },
	{ "PRIVMSG x y :\1DCC MOVE  167772162 0 22\1\r\n", CT_IRC_OFFER,
	  167772162, 0, "167772162 0" },
	{ "PRIVMSG x :\1DCC SEND f   167772162 5000 22\1\r\n", CT_IRC_OFFER, 0,
	  2, "  167772162" },
	{ "PRIVMSG x :\1DCC SEND f 10.0.0.2 5000 22\1\r\n", CT_IRC_OFFER, 10, 0,
	  "10" },
	{ "PRIVMSG x :\1DCC SEND t 167772162 5\1\n", CT_IRC_OFFER, 167772162, 5,
	  "167772162 5" },
	{ "PRIVMSG x :\1DCC SEND t 167772162 5\n", CT_IRC_NOTHING, 0, 0, "" },
	{ "PRIVMSG x :\1DCC SEND f 167772162 5000 22\1\r", CT_IRC_UNFINISHED, 0,
	  0, "" },
	{ "PRIVMSG x :\1DCC SEND f 1", CT_IRC_UNFINISHED, 0, 0, "" },
	{ "PRIVMSG x :\1DCC SEND f ", CT_IRC_NOTHING, 0, 0, "" },
	{ "PRIVMSG x :\1DCC SE", CT_IRC_NOTHING, 0, 0, "" },
	{ "PRIVMSG x :\1DCC RESUME f 167772162 5000\1\r\n", CT_IRC_NOTHING, 0,
	  0, "" },
	{ "PRIVMSG x :\1DCC send f 167772162 5000\1\r\n", CT_IRC_NOTHING, 0, 0,
	  "" },
	{ "PRIVMSG :\1DCC SEND f 167772162 5000 22\1\r\n", CT_IRC_NOTHING, 0, 0,
	  "" },
	{ "PRIVMSG x :see :\1DCC SEND f 167772162 5000\1\r\n", CT_IRC_NOTHING,
	  0, 0, "" },
	{ "NOTICE x :\1DCC SEND f 167772162 5000 22\1\r\n", CT_IRC_NOTHING, 0,
	  0, "" },
	{ "NICK me\r\nPRIVMSG x :\1DCC SEND f 167772162 5000 2\1\r\n",
	  CT_IRC_NOTHING, 0, 0, "" },
	{ "", CT_IRC_NOTHING, 0, 0, "" },
};

START_TEST(a_client_offers)
{
	size_t len = strlen(offers[_i].text);
	char *exact = malloc(len ? len : 1);
	struct ct_irc_offer offer;
	enum ct_irc_found found;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, offers[_i].text, len);
	found = ct_irc_parse(ct_cursor_of(exact, len), &offer);
	free(exact);
	ck_assert_msg(found == offers[_i].found, "%s", offers[_i].text);
	if (found != CT_IRC_OFFER)
		return;
	ck_assert_uint_eq(offer.addr, offers[_i].addr);
	ck_assert_uint_eq(offer.port, offers[_i].port);
	ck_assert_uint_eq(offer.len, strlen(offers[_i].part));
	ck_assert(!strncmp(offers[_i].text + offer.off, offers[_i].part,
			   offer.len));
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("helper/irc");
	TCase *tcase = tcase_create("offers");

	tcase_add_loop_test(tcase, a_client_offers, 0,
			    sizeof(offers) / sizeof(offers[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of FTP.  What a kernel does with the same texts stands in the
 * goldens probe_ftp_commands and probe_ftp_answers.
 */
#include "helper/ftp.h"
#include "suite.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct said {
	const char *text;
	enum ct_ftp_found found;
	const char *addr; /* "": the speaker's own */
	uint16_t port;
	const char *part; /* what NAT replaces */
};

/* Parses exactly these bytes: a sanitizer sees one more being read. */
static enum ct_ftp_found parse(const char *text, uint8_t l3, enum ct_dir dir,
			       struct ct_ftp_word *word)
{
	size_t len = strlen(text);
	char *exact = malloc(len ? len : 1);
	enum ct_ftp_found found;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, text, len);
	found = ct_ftp_parse(ct_cursor_of(exact, len), l3, dir, word);
	free(exact);
	return found;
}

static void check(const struct said *said, uint8_t l3, enum ct_dir dir)
{
	struct ct_ftp_word word;
	char addr[INET6_ADDRSTRLEN] = "";

	ck_assert_msg(parse(said->text, l3, dir, &word) == said->found, "%s",
		      said->text);
	if (said->found != CT_FTP_SAID)
		return;
	if (word.has_addr)
		inet_ntop(word.l3 == CT_L3_IPV6 ? AF_INET6 : AF_INET,
			  &word.addr, addr, sizeof(addr));
	ck_assert_str_eq(addr, said->addr);
	ck_assert_uint_eq(ntohs(word.port), said->port);
	ck_assert_uint_eq(word.len, strlen(said->part));
	ck_assert(!strncmp(said->text + word.off, said->part, word.len));
}

static const struct said commands[] = {
	{ "PORT 10,0,0,2,19,136\r\n", CT_FTP_SAID, "10.0.0.2", 5000,
	  "10,0,0,2,19,136" },
	{ "pOrT 10,0,0,2,19,136\r\n", CT_FTP_SAID, "10.0.0.2", 5000,
	  "10,0,0,2,19,136" },
	{ "PORT 10,0,0,2,0,5000\r\n", CT_FTP_SAID, "10.0.0.2", 5000,
	  "10,0,0,2,0,5000" },
	{ "PORT 10,0,0,258,19,136\r\n", CT_FTP_SAID, "10.0.1.2", 5000,
	  "10,0,0,258,19,136" },
	{ "PORT 010,00,,02,,80\r", CT_FTP_SAID, "10.0.0.2", 80,
	  "010,00,,02,,80" },
	{ "PORTX 10,0,0,2,0,0\r\n", CT_FTP_SAID, "10.0.0.2", 0,
	  "10,0,0,2,0,0" },
	{ "EPRT |1|10.0.0.2|5000|\r\n", CT_FTP_SAID, "10.0.0.2", 5000,
	  "|1|10.0.0.2|5000|" },
	{ "EPRT !1!10.0.0.2!71536!", CT_FTP_SAID, "10.0.0.2", 6000,
	  "!1!10.0.0.2!71536!" },
	{ "P", CT_FTP_BROKEN, "", 0, "" },
	{ "PORT", CT_FTP_BROKEN, "", 0, "" },
	{ "PORTABLE\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "PORT ", CT_FTP_BROKEN, "", 0, "" },
	{ "PORT 10,0,0,2,19,136\n", CT_FTP_BROKEN, "", 0, "" },
	{ "PORT 10,0,0,2,19,136", CT_FTP_BROKEN, "", 0, "" },
	{ "PORT 10,0,0,2,19,136,7\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "PORT 10,0,0,2,19\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "PORT  10,0,0,2,19,136\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "EPRT |1|10.0.0.2|0|\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "EPRT |1|10.0.0.2|65536|\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "EPRT |1|10.0.0.2|5000\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "EPRT |1|10.0.0.2|5000x|\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "EPRT .1.10.0.0.2.5000.\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "EPRT 1110.0.0.2150001\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "EPRT |2|2001:db8::2|5000|\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "EPRT |1|", CT_FTP_BROKEN, "", 0, "" },
	{ "XPORT 10,0,0,2,19,136\r\n", CT_FTP_NOTHING, "", 0, "" },
	{ "NOOP\r\n", CT_FTP_NOTHING, "", 0, "" },
	{ "227 (10,0,0,2,19,136)\r\n", CT_FTP_NOTHING, "", 0, "" },
};

START_TEST(a_client_says)
{
	check(&commands[_i], CT_L3_IPV4, CT_DIR_ORIG);
}
END_TEST

static const struct said answers[] = {
	{ "227 Entering (198,51,100,5,23,112).\r\n", CT_FTP_SAID,
	  "198.51.100.5", 6000, "198,51,100,5,23,112" },
	{ "227 =198,51,100,5,23,112\n", CT_FTP_SAID, "198.51.100.5", 6000,
	  "198,51,100,5,23,112" },
	{ "229 Entering (|||6000|)\r\n", CT_FTP_SAID, "", 6000, "|||6000|" },
	{ "229 (!!!6000!", CT_FTP_SAID, "", 6000, "!!!6000!" },
	{ "22", CT_FTP_BROKEN, "", 0, "" },
	{ "227 ", CT_FTP_BROKEN, "", 0, "" },
	{ "227 none\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "227 (198,51,100,5,23,112", CT_FTP_BROKEN, "", 0, "" },
	{ "227 (198,51,100,5,23,112,1)\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "227 66 (198,51,100,5,23,112)\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "229 (", CT_FTP_BROKEN, "", 0, "" },
	{ "229 |||6000|\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "229 (|||0|)\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "229 (|1|198.51.100.5|6000|)\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "229 (|!|6000|)\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "227\r\n", CT_FTP_NOTHING, "", 0, "" },
	{ "227-x\r\n", CT_FTP_NOTHING, "", 0, "" },
	{ "228 (10,0,0,2,19,136)\r\n", CT_FTP_NOTHING, "", 0, "" },
	{ "PORT 10,0,0,2,19,136\r\n", CT_FTP_NOTHING, "", 0, "" },
};

START_TEST(a_server_answers)
{
	check(&answers[_i], CT_L3_IPV4, CT_DIR_REPLY);
}
END_TEST

static const struct said commands6[] = {
	{ "EPRT |2|2001:DB8:0:0::2|5000|\r\n", CT_FTP_SAID, "2001:db8::2", 5000,
	  "|2|2001:DB8:0:0::2|5000|" },
	{ "EPRT |2|2001:db8::2::|5000|\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "EPRT |1|10.0.0.2|5000|\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "EPRT |2||5000|\r\n", CT_FTP_BROKEN, "", 0, "" },
	{ "PORT 10,0,0,2,19,136\r\n", CT_FTP_SAID, "10.0.0.2", 5000,
	  "10,0,0,2,19,136" },
};

START_TEST(a_client_says_over_ipv6)
{
	check(&commands6[_i], CT_L3_IPV6, CT_DIR_ORIG);
}
END_TEST

/* A line that is not finished: how far it must be to be held back. */
START_TEST(where_an_address_begins_is_known_early)
{
	struct ct_ftp_word word;

	ck_assert_int_eq(parse("PORT", CT_L3_IPV4, CT_DIR_ORIG, &word),
			 CT_FTP_BROKEN);
	ck_assert_uint_eq(word.off, 0);
	ck_assert_int_eq(parse("PORT 1", CT_L3_IPV4, CT_DIR_ORIG, &word),
			 CT_FTP_BROKEN);
	ck_assert_uint_eq(word.off, 5);
	ck_assert_int_eq(parse("227 Entering", CT_L3_IPV4, CT_DIR_REPLY, &word),
			 CT_FTP_BROKEN);
	ck_assert_uint_eq(word.off, 0);
	ck_assert_int_eq(parse("229 (|", CT_L3_IPV4, CT_DIR_REPLY, &word),
			 CT_FTP_BROKEN);
	ck_assert_uint_eq(word.off, 5);
}
END_TEST

static const struct {
	enum ct_ftp_form form;
	uint8_t l3;
	const char *addr;
	const char *text;
} printed[] = {
	{ CT_FTP_PORT, CT_L3_IPV4, "203.0.113.1", "203,0,113,1,19,136" },
	{ CT_FTP_227, CT_L3_IPV4, "203.0.113.1", "203,0,113,1,19,136" },
	{ CT_FTP_EPRT, CT_L3_IPV4, "203.0.113.1", "|1|203.0.113.1|5000|" },
	{ CT_FTP_EPRT, CT_L3_IPV6, "2001:db8:ff::1",
	  "|2|2001:0db8:00ff:0000:0000:0000:0000:0001|5000|" },
	{ CT_FTP_229, CT_L3_IPV6, "2001:db8:ff::1", "|||5000|" },
};

START_TEST(an_announcement_is_written)
{
	struct ct_ftp_word word = { .form = printed[_i].form,
				    .l3 = printed[_i].l3,
				    .port = htons(5000) };
	char text[CT_FTP_TEXT_SIZE];

	inet_pton(word.l3 == CT_L3_IPV6 ? AF_INET6 : AF_INET, printed[_i].addr,
		  &word.addr);
	ck_assert_uint_eq(ct_ftp_print(text, &word), strlen(printed[_i].text));
	ck_assert_str_eq(text, printed[_i].text);
}
END_TEST

#define N(array) (int)(sizeof(array) / sizeof((array)[0]))

Suite *ct_suite(void)
{
	Suite *suite = suite_create("helper/ftp");
	TCase *tcase = tcase_create("words");

	tcase_add_loop_test(tcase, a_client_says, 0, N(commands));
	tcase_add_loop_test(tcase, a_server_answers, 0, N(answers));
	tcase_add_loop_test(tcase, a_client_says_over_ipv6, 0, N(commands6));
	tcase_add_test(tcase, where_an_address_begins_is_known_early);
	tcase_add_loop_test(tcase, an_announcement_is_written, 0, N(printed));
	suite_add_tcase(suite, tcase);
	return suite;
}

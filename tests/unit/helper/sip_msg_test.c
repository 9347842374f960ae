/* SPDX-License-Identifier: BSD-2-Clause */
/* SIP messages: where what stands. */
#include "helper/sip_msg.h"
#include "suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const char invite[] =
	"INVITE sip:bob@198.51.100.5 SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 10.0.0.2:5061;branch=z9;maddr=10.0.0.2;rport=5061\r\n"
	"Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z8\r\n"
	"From: \"Alice\" <sip:alice@10.0.0.2>;tag=1\r\n"
	"To: <sip:bob@198.51.100.5:6060>\r\n"
	"CSeq: 42 INVITE\r\n"
	"Contact: <sip:a@10.0.0.2:5062>;expires=60, <sip:10.0.0.3>\r\n"
	"Contact: <sip:b@10.0.0.4:5064;transport=tcp>\r\n"
	"Content-Length: 107\r\n"
	"\r\n";

static struct ct_say say(const char *text)
{
	struct ct_say msg = { .l3 = CT_L3_IPV4, .l4 = IPPROTO_UDP };

	msg.bytes = ct_cursor_of(text, strlen(text));
	return msg;
}

static struct ct_say say6(const char *text)
{
	struct ct_say msg = say(text);

	msg.l3 = CT_L3_IPV6;
	return msg;
}

/* The text at a place is this. */
static void is(const struct ct_say *msg, struct ct_span at, const char *text)
{
	struct ct_cursor cur = ct_say_from(msg, at.off);

	ck_assert_uint_eq(at.len, strlen(text));
	ck_assert(ct_word_begins(&cur, text));
}

static void finds(const struct ct_say *msg, enum ct_sip_hdr hdr,
		  const char *text)
{
	struct ct_span at;

	ck_assert_int_eq(ct_sip_find(msg, 0, hdr, &at), CT_FOUND);
	is(msg, at, text);
}

static void lacks(const char *text, enum ct_sip_hdr hdr, enum ct_found found)
{
	struct ct_say msg = say(text);
	struct ct_span at;

	ck_assert_int_eq(ct_sip_find(&msg, 0, hdr, &at), found);
}

START_TEST(each_header_has_its_place)
{
	struct ct_say msg = say(invite);

	finds(&msg, CT_SIP_CSEQ, "42");
	finds(&msg, CT_SIP_FROM, "10.0.0.2");
	finds(&msg, CT_SIP_TO, "198.51.100.5:6060");
	finds(&msg, CT_SIP_VIA_UDP, "10.0.0.2:5061");
	finds(&msg, CT_SIP_CONTACT, "10.0.0.2:5062");
	finds(&msg, CT_SIP_LENGTH, "107");
	lacks(invite, CT_SIP_EXPIRES, CT_FOUND_NONE);
	lacks(invite, CT_SIP_VIA_TCP, CT_FOUND_BAD);
}
END_TEST

START_TEST(compact_names_spacing_and_folds_do_not_matter)
{
	struct ct_say msg = say("SIP/2.0 200 OK\r\n"
				"v : SIP/2.0/UDP\r\n 10.0.0.2\r\n"
				"F:sip:a@10.0.0.2\r\n"
				"t:\r\n\t <sip:10.0.0.3>\r\n"
				"cseq:  7 BYE\r\n"
				"l:0\r\n\r\n");

	finds(&msg, CT_SIP_FROM, "10.0.0.2");
	finds(&msg, CT_SIP_TO, "10.0.0.3");
	finds(&msg, CT_SIP_CSEQ, "7");
	finds(&msg, CT_SIP_LENGTH, "0");
	ck_assert(ct_sip_is_answer(&msg));
}
END_TEST

START_TEST(a_compact_name_is_no_prefix)
{
	lacks("A sip:b SIP/2.0\r\nfoo: sip:a@10.0.0.2\r\n", CT_SIP_FROM,
	      CT_FOUND_NONE);
	lacks("A sip:b SIP/2.0\r\n Via: x\r\n", CT_SIP_VIA_UDP, CT_FOUND_NONE);
}
END_TEST

START_TEST(an_address_must_be_one)
{
	lacks("\nFrom: <sip:a@host.example>\n", CT_SIP_FROM, CT_FOUND_BAD);
	lacks("\nFrom: <tel:1>\n", CT_SIP_FROM, CT_FOUND_BAD);
	lacks("\nCSeq: x\n", CT_SIP_CSEQ, CT_FOUND_BAD);
	lacks("\nCSeq\n", CT_SIP_CSEQ, CT_FOUND_NONE);
	lacks("\nCSeq:", CT_SIP_CSEQ, CT_FOUND_NONE);
	lacks("", CT_SIP_CSEQ, CT_FOUND_NONE);
}
END_TEST

START_TEST(a_walk_meets_every_contact)
{
	static const struct {
		const char *text;
		uint16_t port;
	} wanted[] = { { "10.0.0.2:5062", 5062 },
		       { "10.0.0.3", 5060 },
		       { "10.0.0.4:5064", 5064 } };
	struct ct_sip_walk walk = { .hdr = CT_SIP_CONTACT };
	struct ct_say msg = say(invite);
	struct ct_sip_uri uri;

	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(ct_sip_uri_next(&msg, &walk, &uri), CT_FOUND);
		is(&msg, uri.at, wanted[i].text);
		ck_assert_uint_eq(ntohs(uri.port), wanted[i].port);
	}
	ck_assert_int_eq(ct_sip_uri_next(&msg, &walk, &uri), CT_FOUND_NONE);
}
END_TEST

START_TEST(a_walk_passes_over_names_and_ends_at_a_bad_port)
{
	struct ct_say msg = say("\nContact: <sip:10.0.0.2>, <sip:b.example>,"
				" <sip:10.0.0.3>, <sip:10.0.0.4:99>\n");
	struct ct_sip_walk walk = { .hdr = CT_SIP_CONTACT };
	struct ct_sip_uri uri;

	ck_assert_int_eq(ct_sip_uri_next(&msg, &walk, &uri), CT_FOUND);
	is(&msg, uri.at, "10.0.0.2");
	ck_assert_int_eq(ct_sip_uri_next(&msg, &walk, &uri), CT_FOUND);
	is(&msg, uri.at, "10.0.0.3");
	ck_assert_int_eq(ct_sip_uri_next(&msg, &walk, &uri), CT_FOUND_BAD);
	ck_assert_int_eq(ct_sip_uri_next(&msg, &walk, &uri), CT_FOUND_BAD);
}
END_TEST

START_TEST(a_walk_over_too_many_values_ends)
{
	struct ct_sip_walk walk = { .hdr = CT_SIP_CONTACT };
	struct ct_sip_uri uri;
	char text[4096] = "\nContact: ";
	struct ct_say msg;
	unsigned n = 0;

	for (unsigned i = 0; i < 100; i++)
		strcat(text, "<sip:10.0.0.2>,");
	strcat(text, "\n");
	msg = say(text);
	while (ct_sip_uri_next(&msg, &walk, &uri) == CT_FOUND)
		n++;
	ck_assert_uint_le(n, CT_SIP_VALUES_MAX);
	ck_assert_uint_gt(n, CT_SIP_VALUES_MAX / 2);
}
END_TEST

START_TEST(a_request_names_whom_it_is_for)
{
	struct ct_say msg = say(invite);
	struct ct_sip_uri uri;

	ck_assert(!ct_sip_is_answer(&msg));
	ck_assert_int_eq(ct_sip_request_uri(&msg, &uri), CT_FOUND);
	is(&msg, uri.at, "198.51.100.5");
	ck_assert_uint_eq(ntohs(uri.port), 5060);

	msg = say("REGISTER sip:10.0.0.2:7000 SIP/2.0\r\n");
	ck_assert_int_eq(ct_sip_request_uri(&msg, &uri), CT_FOUND);
	is(&msg, uri.at, "10.0.0.2:7000");
	msg = say("INVITE tel:5 SIP/2.0\r\nTo: sip:10.0.0.2\r\n");
	ck_assert_int_eq(ct_sip_request_uri(&msg, &uri), CT_FOUND_NONE);
	msg = say("INVITE sip:10.0.0.2:80 SIP/2.0\r\n");
	ck_assert_int_eq(ct_sip_request_uri(&msg, &uri), CT_FOUND_BAD);
}
END_TEST

START_TEST(parameters_belong_to_their_value)
{
	struct ct_say msg = say(invite);
	struct ct_sip_walk walk = { .hdr = CT_SIP_VIA_UDP };
	struct ct_sip_uri via, maddr;
	struct ct_span at;
	uint32_t number;

	ck_assert_int_eq(ct_sip_uri_next(&msg, &walk, &via), CT_FOUND);
	ck_assert(ct_sip_param_addr(&msg, walk.off, "maddr=", CT_SAY_URI,
				    &maddr));
	is(&msg, maddr.at, "10.0.0.2");
	ck_assert(!ct_sip_param_addr(&msg, walk.off, "received=", CT_SAY_URI,
				     &maddr));
	ck_assert_int_eq(
		ct_sip_param_number(&msg, walk.off, "rport=", &number, &at),
		CT_FOUND);
	is(&msg, at, "5061");

	/* The first contact expires, the second one has nothing to say. */
	walk = (struct ct_sip_walk){ .hdr = CT_SIP_CONTACT };
	ct_sip_uri_next(&msg, &walk, &via);
	ck_assert_int_eq(
		ct_sip_param_number(&msg, walk.off, "expires=", &number, NULL),
		CT_FOUND);
	ck_assert_uint_eq(number, 60);
	ct_sip_uri_next(&msg, &walk, &via);
	ck_assert_int_eq(
		ct_sip_param_number(&msg, walk.off, "expires=", &number, NULL),
		CT_FOUND_NONE);
	ck_assert(!ct_sip_other_transport(&msg, walk.off));
	ct_sip_uri_next(&msg, &walk, &via);
	ck_assert(ct_sip_other_transport(&msg, walk.off));
	msg.l4 = IPPROTO_TCP;
	ck_assert(!ct_sip_other_transport(&msg, walk.off));
}
END_TEST

START_TEST(ipv6_stands_in_brackets)
{
	struct ct_say msg = say6("INVITE sip:b@[2001:db8::5] SIP/2.0\r\n"
				 "From: <sip:a@[2001:db8::2]:5070>\r\n"
				 "To: <sip:a@2001:db8::2>\r\n"
				 "v: SIP/2.0/UDP [2001:db8::2];received="
				 "2001:db8::2\r\n\r\n");
	struct ct_sip_walk walk = { .hdr = CT_SIP_VIA_UDP };
	struct ct_sip_uri uri;
	struct ct_span at;

	finds(&msg, CT_SIP_FROM, "[2001:db8::2]:5070");
	ck_assert_int_eq(ct_sip_find(&msg, 0, CT_SIP_TO, &at), CT_FOUND_BAD);
	ck_assert_int_eq(ct_sip_request_uri(&msg, &uri), CT_FOUND);
	is(&msg, uri.at, "[2001:db8::5]");
	ck_assert_int_eq(ct_sip_uri_next(&msg, &walk, &uri), CT_FOUND);
	ck_assert(ct_sip_param_addr(&msg, walk.off, "received=", CT_SAY_PLAIN,
				    &uri));
	is(&msg, uri.at, "2001:db8::2");
}
END_TEST

/* Every prefix, on the heap: a read behind its end is seen. */
START_TEST(a_message_may_end_anywhere)
{
	for (size_t len = 0; len < strlen(invite); len++) {
		char *copy = malloc(len + 1);
		struct ct_say msg = { .l3 = CT_L3_IPV4, .l4 = IPPROTO_UDP };
		struct ct_sip_uri uri;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, invite, len);
		msg.bytes = ct_cursor_of(copy, len);
		for (unsigned hdr = 0; hdr < CT_SIP_HDR_MAX; hdr++) {
			struct ct_span at = { 0, 0 };

			ct_sip_find(&msg, 0, (enum ct_sip_hdr)hdr, &at);
			ck_assert_uint_le(at.off + at.len, len);
		}
		ct_sip_request_uri(&msg, &uri);
		free(copy);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("sip_msg");
	TCase *tcase = tcase_create("sip_msg");

	tcase_add_test(tcase, each_header_has_its_place);
	tcase_add_test(tcase, compact_names_spacing_and_folds_do_not_matter);
	tcase_add_test(tcase, a_compact_name_is_no_prefix);
	tcase_add_test(tcase, an_address_must_be_one);
	tcase_add_test(tcase, a_walk_meets_every_contact);
	tcase_add_test(tcase, a_walk_passes_over_names_and_ends_at_a_bad_port);
	tcase_add_test(tcase, a_walk_over_too_many_values_ends);
	tcase_add_test(tcase, a_request_names_whom_it_is_for);
	tcase_add_test(tcase, parameters_belong_to_their_value);
	tcase_add_test(tcase, ipv6_stands_in_brackets);
	tcase_add_test(tcase, a_message_may_end_anywhere);
	suite_add_tcase(suite, tcase);
	return suite;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Session descriptions: where what stands. */
#include "helper/sdp.h"
#include "suite.h"

#include <string.h>

static const char offer[] = "INVITE sip:b SIP/2.0\r\n"
			    "\r\n"
			    "v=0\r\n"
			    "o=- 1 1 IN IP4 10.0.0.2\r\n"
			    "s=c=IN IP4 1.1.1.1\r\n"
			    "c=IN IP4 10.0.0.3\r\n"
			    "t=0 0\r\n"
			    "m=audio 4000 RTP/AVP 0\r\n"
			    "a=rtcp:4001\r\n"
			    "m=data 1 x\r\n"
			    "m=video 0 RTP/AVP 31\r\n"
			    "c=IN IP4 10.0.0.4\r\n"
			    "m=image 6000 udptl t38\r\n";

static struct ct_say say(const char *text, uint8_t l3)
{
	struct ct_say msg = { .l3 = l3 };

	msg.bytes = ct_cursor_of(text, strlen(text));
	return msg;
}

static void is(const struct ct_say *msg, struct ct_span at, const char *text)
{
	struct ct_cursor cur = ct_say_from(msg, at.off);

	ck_assert_uint_eq(at.len, strlen(text));
	ck_assert(ct_word_begins(&cur, text));
}

START_TEST(the_session_part_ends_before_the_media)
{
	struct ct_say msg = say(offer, CT_L3_IPV4);
	union ct_addr addr;
	struct ct_span at;

	ck_assert_int_eq(ct_sdp_find(&msg, 0, CT_SDP_VERSION, CT_SDP_ANY, &at),
			 CT_FOUND);
	is(&msg, at, "0");
	ck_assert_int_eq(ct_sdp_addr(&msg, at.off, CT_SDP_OWNER, CT_SDP_MEDIA,
				     &at, &addr),
			 CT_FOUND);
	is(&msg, at, "10.0.0.2");
	ck_assert_int_eq(ct_sdp_addr(&msg, at.off, CT_SDP_CONNECTION,
				     CT_SDP_MEDIA, &at, &addr),
			 CT_FOUND);
	is(&msg, at, "10.0.0.3");
	ck_assert_uint_eq(addr.bytes[3], 3);
	ck_assert_int_eq(
		ct_sdp_find(&msg, at.off, CT_SDP_CONNECTION, CT_SDP_MEDIA, &at),
		CT_FOUND_NONE);
}
END_TEST

START_TEST(media_come_one_by_one)
{
	struct ct_say msg = say(offer, CT_L3_IPV4);
	struct ct_sdp_media media;
	struct ct_span at;

	ck_assert(ct_sdp_media_next(&msg, 0, &media));
	ck_assert(media.known);
	ck_assert_int_eq(media.kind, CT_SDP_AUDIO);
	ck_assert_uint_eq(media.port, 4000);
	is(&msg, media.at, "audio 4000");
	is(&msg, media.port_at, "4000");
	ck_assert_int_eq(
		ct_sdp_find(&msg, media.at.off, CT_SDP_RTCP, CT_SDP_MEDIA, &at),
		CT_FOUND);
	is(&msg, at, "4001");

	ck_assert(ct_sdp_media_next(&msg, media.at.off, &media));
	ck_assert(!media.known);
	ck_assert(ct_sdp_media_next(&msg, media.at.off, &media));
	ck_assert_int_eq(media.kind, CT_SDP_VIDEO);
	ck_assert_uint_eq(media.port, 0);
	ck_assert_int_eq(ct_sdp_find(&msg, media.at.off, CT_SDP_CONNECTION,
				     CT_SDP_MEDIA, &at),
			 CT_FOUND);
	is(&msg, at, "10.0.0.4");
	ck_assert(ct_sdp_media_next(&msg, media.at.off, &media));
	ck_assert_int_eq(media.kind, CT_SDP_IMAGE);
	ck_assert(!ct_sdp_media_next(&msg, media.at.off, &media));
}
END_TEST

START_TEST(an_address_of_the_other_family_is_bad)
{
	struct ct_say msg = say(offer, CT_L3_IPV6);
	struct ct_span at;

	ck_assert_int_eq(ct_sdp_find(&msg, 0, CT_SDP_OWNER, CT_SDP_ANY, &at),
			 CT_FOUND_BAD);
	msg = say("\r\nc=IN IP6 2001:db8::2\r\n", CT_L3_IPV6);
	ck_assert_int_eq(
		ct_sdp_find(&msg, 0, CT_SDP_CONNECTION, CT_SDP_ANY, &at),
		CT_FOUND);
	is(&msg, at, "2001:db8::2");
	msg = say("\r\nc=IN IP4 host\r\n", CT_L3_IPV4);
	ck_assert_int_eq(
		ct_sdp_find(&msg, 0, CT_SDP_CONNECTION, CT_SDP_ANY, &at),
		CT_FOUND_BAD);
}
END_TEST

START_TEST(a_media_line_needs_kind_and_space)
{
	struct ct_say msg = say("\nm=audio\nm=video 2\n", CT_L3_IPV4);
	struct ct_sdp_media media;

	ck_assert(!ct_sdp_media_next(&msg, 0, &media));
	msg = say("\nm=audio 99999999999\n", CT_L3_IPV4);
	ck_assert(ct_sdp_media_next(&msg, 0, &media));
	msg = say("\nm=audio x\n", CT_L3_IPV4);
	ck_assert(ct_sdp_media_next(&msg, 0, &media));
	ck_assert_uint_eq(media.port, 0);
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("sdp");
	TCase *tcase = tcase_create("sdp");

	tcase_add_test(tcase, the_session_part_ends_before_the_media);
	tcase_add_test(tcase, media_come_one_by_one);
	tcase_add_test(tcase, an_address_of_the_other_family_is_bad);
	tcase_add_test(tcase, a_media_line_needs_kind_and_space);
	suite_add_tcase(suite, tcase);
	return suite;
}

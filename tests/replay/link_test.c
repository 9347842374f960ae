/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The link-layer decoders of ct-replay, one frame per story.
 *
 * A frame is written as hex, with "45" or "60" where the IP header begins;
 * LINK_IP stories end there.  Every frame is also tried at every shorter
 * length, in memory of exactly that length.
 */
#include "../../examples/replay/link.h"
#include "suite.h"

#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#define MAC  "020000000101020000000102"
#define SLL  "0000000100060200000001020000"
#define SLL2 "000000000001000100060200000001020000"

/* One frame and what is in it. */
struct story {
	const char *title;
	int dlt;
	const char *hex;
	enum link_answer answer;
	size_t off; /* of the IP packet */
	uint8_t l3;
};

/* clang-format off */
static const struct story stories[] = {
	{ "ethernet, IPv4", DLT_EN10MB, MAC "080045", LINK_IP, 14, 4 },
	{ "ethernet, IPv6", DLT_EN10MB, MAC "86dd60", LINK_IP, 14, 6 },
	{ "ethernet, ARP", DLT_EN10MB, MAC "08060001", LINK_OTHER, 0, 0 },
	{ "ethernet, VLAN", DLT_EN10MB, MAC "81000005080045", LINK_IP, 18, 4 },
	{ "ethernet, QinQ", DLT_EN10MB,
	  MAC "88a8000581000006" "86dd60", LINK_IP, 22, 6 },
	{ "ethernet, old QinQ", DLT_EN10MB,
	  MAC "9100000581000006" "080045", LINK_IP, 22, 4 },
	{ "ethernet, nine tags", DLT_EN10MB,
	  MAC "810000018100000281000003810000048100000581000006"
	  "810000078100000881000009" "080045", LINK_IP, 50, 4 },
	{ "ethernet, SNAP", DLT_EN10MB,
	  MAC "0026" "aaaa03000000" "080045", LINK_IP, 22, 4 },
	{ "ethernet, spanning tree", DLT_EN10MB,
	  MAC "0026" "424203000000", LINK_OTHER, 0, 0 },
	{ "ethernet, MPLS", DLT_EN10MB,
	  MAC "8847" "0001003f" "0001013f" "45", LINK_IP, 22, 4 },
	{ "MPLS to something else", DLT_EN10MB,
	  MAC "8847" "0001013f" "00000000", LINK_OTHER, 0, 0 },
	{ "MPLS without an end", DLT_EN10MB,
	  MAC "8847" "0001003f" "0001003f", LINK_BROKEN, 0, 0 },
	{ "PPPoE", DLT_EN10MB,
	  MAC "8864" "110000010016" "0021" "45", LINK_IP, 22, 4 },
	{ "PPPoE in a VLAN, compressed protocol", DLT_EN10MB,
	  MAC "81000007" "8864" "110000010016" "57" "60", LINK_IP, 25, 6 },
	{ "PPPoE, LCP", DLT_EN10MB,
	  MAC "8864" "110000010016" "c021" "0101", LINK_OTHER, 0, 0 },
	{ "PPPoE discovery inside a session", DLT_EN10MB,
	  MAC "8864" "110900010016" "0021" "45", LINK_OTHER, 0, 0 },
	{ "PPPoE without ethernet", DLT_PPP_ETHER,
	  "110000010016" "0021" "45", LINK_IP, 8, 4 },
	{ "PPP", DLT_PPP, "0021" "45", LINK_IP, 2, 4 },
	{ "PPP with framing", DLT_PPP, "ff03" "0057" "60", LINK_IP, 4, 6 },
	{ "PPP with MPLS", DLT_PPP,
	  "ff03" "0281" "0001013f" "45", LINK_IP, 8, 4 },
	{ "PPP with direction", DLT_PPP_WITH_DIR,
	  "01" "ff03" "0021" "45", LINK_IP, 5, 4 },
	{ "PPP over HDLC", DLT_PPP_SERIAL, "ff03" "0021" "45", LINK_IP, 4, 4 },
	{ "Cisco HDLC", DLT_PPP_SERIAL, "0f00" "86dd" "60", LINK_IP, 4, 6 },
	{ "Cisco HDLC by its own type", DLT_C_HDLC,
	  "8f00" "0800" "45", LINK_IP, 4, 4 },
	{ "Cisco HDLC, keep-alive", DLT_C_HDLC,
	  "8f00" "8035" "00000002", LINK_OTHER, 0, 0 },
	{ "cooked", DLT_LINUX_SLL, SLL "0800" "45", LINK_IP, 16, 4 },
	{ "cooked, VLAN", DLT_LINUX_SLL,
	  SLL "8100" "000586dd" "60", LINK_IP, 20, 6 },
	{ "cooked 2", DLT_LINUX_SLL2, "86dd" SLL2 "60", LINK_IP, 20, 6 },
	{ "cooked 2, VLAN", DLT_LINUX_SLL2,
	  "8100" SLL2 "00050800" "45", LINK_IP, 24, 4 },
	{ "cooked 2, ARP", DLT_LINUX_SLL2, "0806" SLL2 "0001", LINK_OTHER,
	  0, 0 },
	{ "raw, IPv4", DLT_RAW, "45", LINK_IP, 0, 4 },
	{ "raw, IPv6", DLT_RAW, "60", LINK_IP, 0, 6 },
	{ "raw, neither", DLT_RAW, "50", LINK_OTHER, 0, 0 },
	{ "raw IPv4, believed", DLT_IPV4, "60", LINK_IP, 0, 4 },
	{ "raw IPv6, believed", DLT_IPV6, "45", LINK_IP, 0, 6 },
	{ "null, little endian", DLT_NULL, "02000000" "45", LINK_IP, 4, 4 },
	{ "null, big endian", DLT_NULL, "00000002" "45", LINK_IP, 4, 4 },
	{ "null, IPv6 of Linux", DLT_NULL, "0a000000" "60", LINK_IP, 4, 6 },
	{ "null, IPv6 of NetBSD", DLT_NULL, "18000000" "60", LINK_IP, 4, 6 },
	{ "null, IPv6 of FreeBSD", DLT_NULL, "0000001c" "60", LINK_IP, 4, 6 },
	{ "null, IPv6 of macOS", DLT_NULL, "1e000000" "60", LINK_IP, 4, 6 },
	{ "null, something else", DLT_NULL, "17000000" "60", LINK_OTHER, 0, 0 },
	{ "loop", DLT_LOOP, "00000018" "60", LINK_IP, 4, 6 },
	{ "MPLS alone", DLT_MPLS, "0001013f" "60", LINK_IP, 4, 6 },
	{ "no decoder", DLT_USB_LINUX, "4500", LINK_UNKNOWN, 0, 0 },
};
/* clang-format on */

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* => The caller frees; the memory ends with the last byte. */
static uint8_t *bytes_of(const char *hex, size_t *len)
{
	uint8_t *bytes;

	*len = strlen(hex) / 2;
	bytes = malloc(*len ? *len : 1);
	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < *len; i++)
		bytes[i] = (uint8_t)(digit(hex[2 * i]) << 4 |
				     digit(hex[2 * i + 1]));
	return bytes;
}

static enum link_answer decode(int dlt, const char *hex, struct link_ip *ip)
{
	enum link_answer answer;
	size_t len;
	uint8_t *bytes = bytes_of(hex, &len);
	struct link_frame frame = { bytes, len, len };

	answer = link_decode(dlt, &frame, ip);
	free(bytes);
	return answer;
}

START_TEST(every_link_layer_leads_to_its_ip_packet)
{
	const struct story *story = &stories[_i];
	struct link_ip ip = { 0 };

	ck_assert_msg(decode(story->dlt, story->hex, &ip) == story->answer,
		      "%s: wrong answer", story->title);
	ck_assert_int_eq(link_known(story->dlt), story->answer != LINK_UNKNOWN);
	if (story->answer != LINK_IP)
		return;
	ck_assert_msg(ip.off == story->off, "%s: at %zu", story->title, ip.off);
	ck_assert_msg(ip.l3 == story->l3, "%s: IPv%u", story->title, ip.l3);
	ck_assert_uint_eq(ip.len, strlen(story->hex) / 2 - story->off);
	ck_assert_uint_eq(ip.wire_len, ip.len);
}
END_TEST

/* The header is whole at off bytes; what is shorter is no IP packet. */
START_TEST(frame_that_is_cut_anywhere_is_broken)
{
	const struct story *story = &stories[_i];
	char hex[256];

	if (story->answer != LINK_IP)
		return;
	for (size_t len = 0; len < story->off; len++) {
		struct link_ip ip;
		enum link_answer answer;

		memcpy(hex, story->hex, 2 * len);
		hex[2 * len] = '\0';
		answer = decode(story->dlt, hex, &ip);
		ck_assert_msg(answer == LINK_BROKEN || answer == LINK_OTHER,
			      "%s: an IP packet in %zu bytes", story->title,
			      len);
	}
}
END_TEST

START_TEST(what_was_cut_on_recording_is_part_of_the_wire_length)
{
	size_t len;
	uint8_t *bytes = bytes_of(MAC "080045000028", &len);
	struct link_frame frame = { bytes, len, 60 };
	struct link_ip ip;

	ck_assert_int_eq(link_decode(DLT_EN10MB, &frame, &ip), LINK_IP);
	ck_assert_uint_eq(ip.len, 4);
	ck_assert_uint_eq(ip.wire_len, 46);
	free(bytes);
}
END_TEST

START_TEST(frame_that_claims_less_than_it_has_is_believed_its_bytes)
{
	size_t len;
	uint8_t *bytes = bytes_of(MAC "080045000028", &len);
	struct link_frame frame = { bytes, len, 3 };
	struct link_ip ip;

	ck_assert_int_eq(link_decode(DLT_EN10MB, &frame, &ip), LINK_IP);
	ck_assert_uint_eq(ip.wire_len, 4);
	free(bytes);
}
END_TEST

/* An NFLOG record; numbers of attributes are in this machine's order. */
struct record {
	uint8_t bytes[128];
	size_t len;
};

static void begin(struct record *rec, uint8_t family)
{
	memset(rec, 0, sizeof(*rec));
	rec->bytes[0] = family;
	rec->len = 4;
}

static void attribute(struct record *rec, uint16_t type, uint16_t len,
		      const char *payload)
{
	size_t payload_len = strlen(payload);

	memcpy(rec->bytes + rec->len, &len, 2);
	memcpy(rec->bytes + rec->len + 2, &type, 2);
	memcpy(rec->bytes + rec->len + 4, payload, payload_len);
	rec->len += 4 + payload_len;
}

static enum link_answer nflog(const struct record *rec, size_t len,
			      struct link_ip *ip)
{
	struct link_frame frame = { NULL, len, rec->len };
	uint8_t *exact = malloc(len ? len : 1);
	enum link_answer answer;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, rec->bytes, len);
	frame.bytes = exact;
	answer = link_decode(DLT_NFLOG, &frame, ip);
	free(exact);
	return answer;
}

START_TEST(nflog_payload_ends_before_what_follows)
{
	struct link_ip ip;
	struct record rec;

	begin(&rec, 2);
	attribute(&rec, 1, 8, "abcd");
	attribute(&rec, 10, 5, "prefix"); /* 1 byte and 3 of padding */
	rec.len -= 2;
	attribute(&rec, 9, 6, "E...");
	attribute(&rec, 3, 8, "abcd");
	ck_assert_int_eq(nflog(&rec, rec.len, &ip), LINK_IP);
	ck_assert_uint_eq(ip.off, 4 + 8 + 8 + 4);
	ck_assert_uint_eq(ip.len, 2);
	ck_assert_uint_eq(ip.wire_len, 2);
	ck_assert_uint_eq(ip.l3, 4);
}
END_TEST

START_TEST(nflog_payload_that_was_cut_keeps_its_length)
{
	struct link_ip ip;
	struct record rec;

	begin(&rec, 10);
	attribute(&rec, 9, 4 + 40, "`.......................................");
	ck_assert_int_eq(nflog(&rec, 4 + 4 + 8, &ip), LINK_IP);
	ck_assert_uint_eq(ip.len, 8);
	ck_assert_uint_eq(ip.wire_len, 40);
	ck_assert_uint_eq(ip.l3, 6);
}
END_TEST

START_TEST(nflog_without_payload_is_broken)
{
	struct link_ip ip;
	struct record rec;

	begin(&rec, 2);
	ck_assert_int_eq(nflog(&rec, rec.len, &ip), LINK_BROKEN);
	attribute(&rec, 1, 8, "abcd");
	ck_assert_int_eq(nflog(&rec, rec.len, &ip), LINK_BROKEN);
}
END_TEST

/* Such a length would keep a trusting reader in one place for ever. */
START_TEST(nflog_attribute_of_no_length_ends_the_record)
{
	struct link_ip ip;
	struct record rec;

	begin(&rec, 2);
	attribute(&rec, 1, 0, "");
	attribute(&rec, 9, 8, "E...");
	ck_assert_int_eq(nflog(&rec, rec.len, &ip), LINK_BROKEN);
}
END_TEST

START_TEST(nflog_of_a_bridge_is_not_ip)
{
	struct link_ip ip;
	struct record rec;

	begin(&rec, 7);
	attribute(&rec, 9, 8, "E...");
	ck_assert_int_eq(nflog(&rec, rec.len, &ip), LINK_OTHER);
}
END_TEST

Suite *ct_suite(void)
{
	const int n = (int)(sizeof(stories) / sizeof(stories[0]));
	Suite *suite = suite_create("replay link");
	TCase *layers = tcase_create("layers");
	TCase *records = tcase_create("nflog");

	tcase_add_loop_test(layers, every_link_layer_leads_to_its_ip_packet, 0,
			    n);
	tcase_add_loop_test(layers, frame_that_is_cut_anywhere_is_broken, 0, n);
	tcase_add_test(layers,
		       what_was_cut_on_recording_is_part_of_the_wire_length);
	tcase_add_test(
		layers,
		frame_that_claims_less_than_it_has_is_believed_its_bytes);
	tcase_add_test(records, nflog_payload_ends_before_what_follows);
	tcase_add_test(records, nflog_payload_that_was_cut_keeps_its_length);
	tcase_add_test(records, nflog_without_payload_is_broken);
	tcase_add_test(records, nflog_attribute_of_no_length_ends_the_record);
	tcase_add_test(records, nflog_of_a_bridge_is_not_ip);
	suite_add_tcase(suite, layers);
	suite_add_tcase(suite, records);
	return suite;
}

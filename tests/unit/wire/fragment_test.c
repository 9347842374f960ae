/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Headers of fragments: what is read is what was written, and nothing is read
 * that is not there.
 */
#include "wire/fragment.h"

#include "packet.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { V4 = 20, V6 = 40 };

static struct ct_test_packet p;
static const struct ct_test_flow *const flows[] = { &ct_test_flow4,
						    &ct_test_flow6 };

/* A piece of a datagram of 100 bytes: => its length. */
static uint32_t cut(int family, uint32_t off, uint32_t len, uint8_t *to)
{
	struct ct_cut c = { .hdr = p.bytes,
			    .id = 0x12345678,
			    .off = off,
			    .len = len,
			    .l3 = flows[family]->l3,
			    .more = off + len < 100 };

	ct_test_udp(&p, flows[family], CT_DIR_ORIG, 92);
	c.hdr_len = V4;
	if (family)
		c.hdr_len = ct_ip6_unfragmentable(p.bytes, p.len, &c.next_at);
	ct_cut_write(&c, to);
	memcpy(to + ct_cut_hdr(&c), p.bytes + c.hdr_len + off, len);
	return ct_cut_hdr(&c) + len;
}

START_TEST(what_was_written_is_read)
{
	uint8_t bytes[200];
	uint32_t len = cut(_i, 16, 64, bytes);
	struct ct_fragment frag;

	ck_assert(ct_fragment_read(bytes, len, flows[_i]->l3, &frag));
	ck_assert_uint_eq(frag.off, 16);
	ck_assert_uint_eq(frag.len, 64);
	ck_assert(frag.more);
	ck_assert_uint_eq(frag.next, 17);
	ck_assert_uint_eq(frag.hdr, _i ? V6 + 8 : V4);
	ck_assert_mem_eq(frag.key.src.bytes, flows[_i]->src, _i ? 16 : 4);
	ck_assert_mem_eq(&frag.key.src_id, _i ? "\x12\x34" : "\x56\x78", 2);
}
END_TEST

START_TEST(no_byte_is_read_that_is_not_there)
{
	uint8_t bytes[200];
	uint32_t len = cut(_i, 0, 64, bytes);
	struct ct_fragment frag;

	for (uint32_t n = 0; n < len; n++) {
		uint8_t *copy = malloc(n ? n : 1);

		memcpy(copy, bytes, n);
		if (ct_fragment_read(copy, n, flows[_i]->l3, &frag)) {
			ck_assert_uint_ge(n, _i ? V6 + 8u : V4);
			ck_assert(!_i || n >= V6 + 16u ||
				  ct_fragment_chain_cut(copy, n, &frag));
		}
		free(copy);
	}
}
END_TEST

START_TEST(a_whole_packet_is_no_fragment)
{
	struct ct_fragment frag;

	ct_test_udp(&p, flows[_i], CT_DIR_ORIG, 92);
	ck_assert(!ct_fragment_read(p.bytes, p.len, flows[_i]->l3, &frag));
	ck_assert(!ct_fragment_read(p.bytes, p.len, 99, &frag));
}
END_TEST

START_TEST(extension_headers_are_repeated_up_to_the_routing_header)
{
	static const struct {
		uint8_t types[4];
		uint32_t len;
	} chains[] = {
		{ { 17 }, V6 },
		{ { 0, 17 }, V6 + 8 },
		{ { 0, 43, 17 }, V6 + 16 },
		{ { 60, 43, 17 }, V6 + 16 },
		{ { 43, 60, 17 }, V6 + 8 },
		{ { 0, 60, 17 }, V6 + 16 },
	};
	uint32_t next_at;

	for (unsigned i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		const uint8_t *type = chains[i].types;
		uint32_t at = V6;

		ct_test_udp(&p, flows[1], CT_DIR_ORIG, 92);
		p.bytes[6] = *type;
		for (; *type != 17; type++, at += 8) {
			p.bytes[at] = type[1];
			p.bytes[at + 1] = 0;
		}
		ck_assert_uint_eq(
			ct_ip6_unfragmentable(p.bytes, p.len, &next_at),
			chains[i].len);
	}
}
END_TEST

Suite *ct_suite(void)
{
	Suite *suite = suite_create("fragment");
	TCase *tc = tcase_create("fragment");

	tcase_add_loop_test(tc, what_was_written_is_read, 0, 2);
	tcase_add_loop_test(tc, no_byte_is_read_that_is_not_there, 0, 2);
	tcase_add_loop_test(tc, a_whole_packet_is_no_fragment, 0, 2);
	tcase_add_test(tc,
		       extension_headers_are_repeated_up_to_the_routing_header);
	suite_add_tcase(suite, tc);
	return suite;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The first segment of a connection; see knock.h. */
#include "knock.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An end, read from its text.  => Its family. */
static uint8_t read_end(const char *text, uint8_t addr[16], uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	bool six = text[0] == '[';
	char copy[64];

	ck_assert_ptr_nonnull(colon);
	snprintf(copy, sizeof(copy), "%.*s",
		 (int)(colon - text) - (six ? 2 : 0), text + six);
	ck_assert_int_eq(inet_pton(six ? AF_INET6 : AF_INET, copy, addr), 1);
	*port = (uint16_t)strtoul(colon + 1, NULL, 10);
	return six ? CT_L3_IPV6 : CT_L3_IPV4;
}

static void write_end(uint8_t l3, const union ct_addr *addr, ct_be16 port,
		      char text[80])
{
	bool six = l3 == CT_L3_IPV6;
	char digits[INET6_ADDRSTRLEN];

	inet_ntop(six ? AF_INET6 : AF_INET, addr, digits, sizeof(digits));
	snprintf(text, 80, six ? "[%s]:%u" : "%s:%u", digits, ntohs(port));
}

static void check_arrival(const struct ct_test_packet *p,
			  const struct ct_knock *arrives)
{
	struct ct_tuple t = ct_nat_tuple(p);
	char text[80];

	write_end(t.l3, &t.src, t.src_id, text);
	ck_assert_str_eq(text, arrives->from);
	write_end(t.l3, &t.dst, t.dst_id, text);
	ck_assert_str_eq(text, arrives->to);
}

enum ct_state ct_knock(struct ct_parley *parley, const struct ct_knock *knock,
		       const struct ct_knock *arrives)
{
	const struct ct_test_segment syn = { .flags = CT_TEST_SYN,
					     .seq = 1,
					     .win = 8192 };
	struct ct_world *w = parley->w;
	struct ct_test_flow flow = { 0 };
	struct ct_pkt pkt;

	flow.l3 = read_end(knock->from, flow.src, &flow.sport);
	ck_assert_uint_eq(read_end(knock->to, flow.dst, &flow.dport), flow.l3);
	ct_test_tcp(&w->p, &flow, CT_DIR_ORIG, &syn);
	pkt = ct_nat_pass(w, &w->p, &parley->def.rules);
	if (arrives)
		check_arrival(&w->p, arrives);
	return (enum ct_state)pkt.state;
}

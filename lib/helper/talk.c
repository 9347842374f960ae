/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet of a text protocol while its helper has it; see the header. */
#include "helper/talk.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

void ct_talk_begin(struct ct_talk *talk, struct ct_thread *thr,
		   struct ct_pkt *pkt, struct ct_speech *speech)
{
	memset(talk, 0, sizeof(*talk));
	talk->thr = thr;
	talk->pkt = pkt;
	talk->speech = speech;
	ct_conn_tuple(pkt->conn, pkt->dir ? CT_DIR_REPLY : CT_DIR_ORIG,
		      &talk->own);
	ct_conn_tuple(pkt->conn, ct_talk_back(talk), &talk->peer);
	talk->nat = ct_conn_status(pkt->conn) & (CT_S_SRC_NAT | CT_S_DST_NAT);
}

bool ct_talk_next(struct ct_talk *talk)
{
	return talk->says++ < CT_TALK_SAYS_MAX;
}

enum ct_dir ct_talk_back(const struct ct_talk *talk)
{
	return talk->pkt->dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
}

struct ct_say ct_talk_say(const struct ct_talk *talk)
{
	struct ct_cursor all =
		ct_cursor_of(talk->speech->bytes, talk->speech->len);
	struct ct_say msg = { .l3 = talk->own.l3, .l4 = talk->own.l4 };

	ct_cursor_skip(&all, talk->base);
	msg.bytes = ct_cursor_of(all.at, talk->len);
	return msg;
}

/* Whether the text stands there already. */
static bool stands(const struct ct_talk *talk, struct ct_span at,
		   const char *text)
{
	struct ct_say msg = ct_talk_say(talk);
	struct ct_cursor cur = ct_say_from(&msg, at.off);

	return strlen(text) == at.len && ct_word_begins(&cur, text);
}

bool ct_talk_edit(struct ct_talk *talk, struct ct_span at, const char *text)
{
	uint32_t len = (uint32_t)strlen(text);

	if (stands(talk, at, text) ||
	    talk->base + at.off < talk->speech->fresh ||
	    talk->base + at.off < talk->floor || (talk->fixed && len != at.len))
		return true;
	if (talk->edits++ >= CT_TALK_EDITS_MAX)
		return false;
	if (ct_help_replace(talk->thr, talk->pkt, talk->speech,
			    talk->base + at.off, at.len, text, len))
		return false;
	talk->len += len - at.len;
	return true;
}

bool ct_talk_edit_addr(struct ct_talk *talk, struct ct_span at,
		       enum ct_say_style style, const union ct_addr *addr)
{
	bool brackets = talk->own.l3 == CT_L3_IPV6 && style == CT_SAY_URI;
	char name[CT_WORD_ADDR_SIZE];
	char text[CT_TALK_END_SIZE];

	ct_word_print_addr(name, talk->own.l3, addr);
	snprintf(text, sizeof(text), brackets ? "[%s]" : "%s", name);
	return ct_talk_edit(talk, at, text);
}

bool ct_talk_edit_end(struct ct_talk *talk, struct ct_span at,
		      const union ct_addr *addr, ct_be16 port)
{
	char name[CT_WORD_ADDR_SIZE];
	char text[CT_TALK_END_SIZE];

	ct_word_print_addr(name, talk->own.l3, addr);
	snprintf(text, sizeof(text),
		 talk->own.l3 == CT_L3_IPV6 ? "[%s]:%u" : "%s:%u", name,
		 ntohs(port));
	return ct_talk_edit(talk, at, text);
}

bool ct_talk_edit_number(struct ct_talk *talk, struct ct_span at,
			 uint32_t value)
{
	char text[CT_TALK_END_SIZE];

	snprintf(text, sizeof(text), "%u", value);
	return ct_talk_edit(talk, at, text);
}

bool ct_talk_addr_equal(const union ct_addr *a, const union ct_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

union ct_addr ct_talk_reachable(const struct ct_talk *talk,
				const union ct_addr *addr)
{
	if (ct_talk_addr_equal(&talk->own.src, &talk->peer.dst))
		return *addr;
	return talk->peer.dst;
}

struct ct_expect_def ct_talk_expect(const struct ct_talk *talk, bool direct,
				    const union ct_addr *addr, ct_be16 port)
{
	struct ct_expect_def def = { .size = sizeof(def) };

	def.tuple.l3 = talk->peer.l3;
	def.tuple.l4 = IPPROTO_UDP;
	def.tuple.zone = ct_conn_zone(talk->pkt->conn);
	def.tuple.dst = *addr;
	def.tuple.dst_id = port;
	if (direct) {
		def.tuple.src = talk->peer.src;
		memset(&def.src_mask, 0xff,
		       def.tuple.l3 == CT_L3_IPV6 ? 16 : 4);
	}
	return def;
}

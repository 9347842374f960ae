/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h323.c - addresses of H.323: read, expected, translated; see h323.h
 *
 * Whoever speaks announces its own addresses: another one is passed over, but
 * for those that are meant to be (a gatekeeper's, a forwarded call's).  When
 * NAT changes the speaker's address, the peer is told the address and port that
 * it may knock at, and what comes there is sent on.
 */
#include "helper/h323.h"

#include <conntrack/tracker_call.h>

enum { TCP = 6, UDP = 17, PORT_LEN = 2 };

static uint32_t addr_len(const struct ct_per_found *found)
{
	return found->mark == CT_H323_IP4 ? 4 : 16;
}

static bool is_address(const struct ct_per_found *found)
{
	return found->mark == CT_H323_IP4 || found->mark == CT_H323_IP6;
}

void ct_h323_look(struct ct_h323_look *look, struct ct_thread *thr,
		  struct ct_pkt *pkt, struct ct_speech *speech)
{
	enum ct_dir dir = (enum ct_dir)pkt->dir;

	look->thr = thr;
	look->pkt = pkt;
	look->speech = speech;
	look->state = ct_helper_state(ct_thread_table(thr), pkt->conn);
	look->off = 0;
	look->len = 0;
	ct_conn_tuple(pkt->conn, dir, &look->own);
	ct_conn_tuple(pkt->conn,
		      dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG,
		      &look->peer);
}

/* --- Addresses ---------------------------------------------------------- */

bool ct_h323_same(const union ct_addr *a, const union ct_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool ct_h323_translated(const struct ct_h323_look *look)
{
	return ct_conn_status(look->pkt->conn) & (CT_S_SRC_NAT | CT_S_DST_NAT);
}

bool ct_h323_hidden(const struct ct_h323_look *look)
{
	return ct_h323_translated(look) &&
	       !ct_h323_same(&look->own.src, &look->peer.dst);
}

bool ct_h323_read(const struct ct_h323_look *look,
		  const struct ct_per_found *found, struct ct_h323_addr *at)
{
	uint8_t l3 = found->mark == CT_H323_IP4   ? CT_L3_IPV4
		     : found->mark == CT_H323_IP6 ? CT_L3_IPV6
						  : 0;
	struct ct_cursor cur =
		ct_cursor_of(look->speech->bytes + look->off, look->len);
	uint32_t end = look->off + found->off + addr_len(found) + PORT_LEN;

	memset(at, 0, sizeof(*at));
	if (l3 != look->own.l3 || l3 != look->peer.l3)
		return false;
	if (look->speech->streamed && end <= look->speech->fresh)
		return false;
	ct_cursor_skip(&cur, found->off);
	ct_cursor_copy(&cur, at->addr.bytes, addr_len(found));
	at->port = ct_cursor_be16(&cur);
	return ct_cursor_good(&cur);
}

uint32_t ct_h323_begun(const struct ct_h323_look *look)
{
	const struct ct_per_finds *finds = &look->finds;
	uint32_t at = finds->cut;

	if (finds->end != CT_PER_CUT || !ct_h323_translated(look))
		return 0;
	if (finds->n && is_address(&finds->at[finds->n - 1])) {
		const struct ct_per_found *last = &finds->at[finds->n - 1];

		if (last->off + addr_len(last) + PORT_LEN > look->len)
			at = last->off;
	}
	return look->off + at >= look->speech->fresh ? look->len - at : 0;
}

/* What was sent on before stays as it is: nothing more can be done for it. */
enum ct_help ct_h323_put(const struct ct_h323_look *look,
			 const struct ct_per_found *found,
			 const union ct_addr *addr, ct_be16 port)
{
	uint32_t n = addr_len(found);
	uint8_t bytes[16 + PORT_LEN];

	memcpy(bytes, addr->bytes, n);
	memcpy(bytes + n, &port, sizeof(port));
	n += PORT_LEN;
	return ct_help_replace(look->thr, look->pkt, look->speech,
			       look->off + found->off, n, bytes,
			       n) == CT_E_NOSPC
		       ? ct_help_drop(look->thr, look->pkt,
				      "No room for an address.")
		       : CT_HELP_OK;
}

/* Whether it can still be translated, where it must be. */
static bool in_time(const struct ct_h323_look *look,
		    const struct ct_per_found *found)
{
	return look->off + found->off >= look->speech->fresh;
}

/* --- Expectations ------------------------------------------------------- */

struct ct_expect_def ct_h323_def(const struct ct_h323_look *look,
				 enum ct_h323_who who, uint8_t l4)
{
	struct ct_expect_def def = {
		.size = sizeof(def),
		.tuple = look->peer,
	};

	def.tuple.l4 = l4;
	def.tuple.src_id = 0;
	def.tuple.dst_id = 0;
	def.nat_dir =
		look->pkt->dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	if (who == CT_H323_PEER)
		memset(&def.src_mask, 0xff,
		       look->peer.l3 == CT_L3_IPV4 ? 4 : 16);
	else
		memset(&def.tuple.src, 0, sizeof(def.tuple.src));
	return def;
}

void ct_h323_nat_onward(struct ct_thread *thr, struct ct_pkt *pkt,
			const struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct ct_nat_range range = {
		.size = sizeof(range),
		.flags = CT_NAT_ADDR | CT_NAT_IDS,
	};

	if (ct_expect_view(thr, exp, &view))
		return;
	range.min_addr = view.def.nat_addr;
	range.max_addr = view.def.nat_addr;
	range.min_id = ct_load_u16((const uint8_t *)&view.def.nat_id);
	range.max_id = range.min_id;
	ct_nat_setup(thr, pkt, CT_NAT_DST, &range);
	ct_nat_setup(thr, pkt, CT_NAT_SRC, NULL);
}

static enum ct_help refused(const struct ct_h323_look *look)
{
	return ct_help_drop(look->thr, look->pkt,
			    "An announced address cannot be expected.");
}

static enum ct_help add(const struct ct_h323_look *look,
			const struct ct_expect_def *def)
{
	return ct_expect_add(look->thr, look->pkt->conn, def, NULL)
		       ? refused(look)
		       : CT_HELP_OK;
}

/*
 * With the next free port when it is taken; when all are, the message passes
 * untranslated, as in Linux.
 */
enum ct_help ct_h323_expect_near(const struct ct_h323_look *look,
				 const struct ct_per_found *found,
				 const struct ct_h323_addr *at,
				 struct ct_expect_def *def)
{
	ct_be16 *known = look->state->signal_port;

	if (!in_time(look, found))
		return CT_HELP_OK;
	def->flags |= CT_EXPECT_NAT;
	def->nat_addr = at->addr;
	def->nat_id = at->port;
	if (known[look->pkt->dir] == at->port)
		def->tuple.dst_id = known[!look->pkt->dir];
	if (ct_expect_add_near(look->thr, look->pkt->conn, def, NULL))
		return CT_HELP_OK;
	known[look->pkt->dir] = at->port;
	known[!look->pkt->dir] = def->tuple.dst_id;
	return ct_h323_put(look, found, &look->peer.dst, def->tuple.dst_id);
}

/* => The speaker announces itself, and may. */
static bool announced(const struct ct_h323_look *look,
		      const struct ct_per_found *found, struct ct_h323_addr *at)
{
	return ct_h323_read(look, found, at) && at->port &&
	       ct_h323_same(&at->addr, &look->own.src) &&
	       ct_help_allowed(look->thr, look->pkt, &at->addr, at->port);
}

enum ct_help ct_h323_expect_tcp(const struct ct_h323_look *look,
				const struct ct_per_found *found,
				const char *helper, uint32_t flags)
{
	struct ct_expect_def def = ct_h323_def(look, CT_H323_PEER, TCP);
	struct ct_h323_addr at;

	if (!announced(look, found, &at))
		return CT_HELP_OK;
	def.tuple.dst_id = at.port;
	def.helper = helper;
	def.flags = flags;
	return ct_h323_hidden(look)
		       ? ct_h323_expect_near(look, found, &at, &def)
		       : add(look, &def);
}

enum ct_help ct_h323_expect_forward(const struct ct_h323_look *look,
				    const struct ct_per_found *found)
{
	struct ct_expect_def def = ct_h323_def(look, CT_H323_PEER, TCP);
	struct ct_h323_addr at;

	if (!ct_h323_read(look, found, &at) || !at.port ||
	    ct_h323_same(&at.addr, &look->peer.src) ||
	    !ct_help_allowed(look->thr, look->pkt, &at.addr, at.port))
		return CT_HELP_OK;
	def.tuple.dst_id = at.port;
	def.helper = "Q.931";
	if (ct_h323_hidden(look)) {
		def.nat = ct_h323_nat_onward;
		return ct_h323_expect_near(look, found, &at, &def);
	}
	def.tuple.dst = at.addr;
	return add(look, &def);
}

/* --- Media -------------------------------------------------------------- */

static ct_be16 port_plus(ct_be16 port, unsigned n)
{
	uint16_t sum = (uint16_t)(ct_load_u16((const uint8_t *)&port) + n);
	uint8_t bytes[PORT_LEN] = { (uint8_t)(sum >> 8), (uint8_t)sum };
	ct_be16 value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static bool is_odd(ct_be16 port)
{
	return ((const uint8_t *)&port)[1] & 1;
}

/* Where this RTP port is remembered, or could be; NULL when all are in use. */
static ct_be16 *channel(const struct ct_h323_look *look, ct_be16 rtp)
{
	ct_be16(*ports)[CT_DIR_MAX] = look->state->media_port;

	for (unsigned i = 0; i < CT_H323_CHANNELS; i++)
		if (ports[i][look->pkt->dir] == rtp)
			return ports[i];
	for (unsigned i = 0; i < CT_H323_CHANNELS; i++)
		if (!ports[i][CT_DIR_ORIG] && !ports[i][CT_DIR_REPLY])
			return ports[i];
	return NULL;
}

static enum ct_help media_near(const struct ct_h323_look *look,
			       const struct ct_per_found *found,
			       const struct ct_h323_addr *at,
			       struct ct_expect_def pair[2])
{
	ct_be16 rtp = pair[0].tuple.dst_id;
	ct_be16 *known = channel(look, rtp);
	unsigned dir = look->pkt->dir;

	if (!known || !in_time(look, found))
		return CT_HELP_OK;
	for (unsigned i = 0; i < 2; i++) {
		pair[i].flags = CT_EXPECT_NAT;
		pair[i].nat_addr = at->addr;
		pair[i].nat_id = port_plus(rtp, i);
		if (known[dir] == rtp)
			pair[i].tuple.dst_id = port_plus(known[!dir], i);
	}
	if (ct_expect_add_pair(look->thr, look->pkt->conn, pair))
		return CT_HELP_OK;
	known[dir] = rtp;
	known[!dir] = pair[0].tuple.dst_id;
	return ct_h323_put(look, found, &look->peer.dst,
			   pair[is_odd(at->port)].tuple.dst_id);
}

static enum ct_help media_here(const struct ct_h323_look *look,
			       struct ct_expect_def pair[2])
{
	struct ct_expect *rtp;

	if (ct_expect_add(look->thr, look->pkt->conn, &pair[0], &rtp))
		return refused(look);
	if (!ct_expect_add(look->thr, look->pkt->conn, &pair[1], NULL))
		return CT_HELP_OK;
	ct_expect_remove(look->thr, rtp);
	return refused(look);
}

/* RTP's port is even, RTCP's the next one (RFC 3550 11), whichever is named. */
enum ct_help ct_h323_expect_media(const struct ct_h323_look *look,
				  const struct ct_per_found *found)
{
	struct ct_expect_def pair[2];
	struct ct_h323_addr at;

	if (!announced(look, found, &at))
		return CT_HELP_OK;
	for (unsigned i = 0; i < 2; i++) {
		pair[i] = ct_h323_def(look, CT_H323_PEER, UDP);
		pair[i].tuple.dst_id =
			port_plus(at.port, i - (is_odd(at.port) ? 1u : 0u));
	}
	return ct_h323_hidden(look) ? media_near(look, found, &at, pair)
				    : media_here(look, pair);
}

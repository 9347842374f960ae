/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cross.c - a packet from IPv6 to IPv4 or back (RFC 7915)
 *
 * It leaves as the inverse of the other direction's tuple, which is of the
 * other network layer.  The last transport header stays where it is; what is
 * in front of it is put there anew, and reaches into the headroom where it has
 * become longer:
 *
 *	[ IPv6       ][ L4 ][ payload		[ IPv6     ][ ICMP ][ IPv6     ][ L4
 *	     [ IPv4  ][ L4 ][ payload		        [ IPv4 ][ ICMP ][ IPv4 ][ L4
 *
 * First everything is worked out, with the old headers in their places; then
 * the new ones are written.  L4 headers are written by their trackers.
 *
 * Of an error the outer source is a router's: it becomes the router's address
 * in the prefix, or, where IPv4 has none for it, the connection's outside one.
 */
#include "nat/cross.h"

#include "core/table.h"
#include "wire/csum.h"
#include "wire/hdr.h"
#include "wire/iphead.h"
#include "wire/pref64.h"

/* One header that goes over. */
struct crossing {
	struct ct_thread *thr;
	struct ct_pkt *pkt;    /* as it came */
	struct ct_tuple to;    /* what it is to be; of an error, no ids */
	uint32_t l4_old;       /* bytes of L4, as its header says */
	uint32_t l4_len;       /* that it will have */
	struct ct_iphead head; /* the old one, then the new one */
	struct ct_rewrite how; /* its transport's */
	uint32_t len;          /* of the new header */
	uint8_t bytes[CT_IPHEAD_MAX];
};

/* Bytes of a quoted transport header that a tracker may write. */
enum { QUOTE_SUMMED = 64 };

/* => The tuple that a packet of the direction opposite to other leaves as. */
static bool leaves_as(const struct ct_table *tbl, const struct ct_conn *conn,
		      enum ct_dir other, struct ct_tuple *to)
{
	struct ct_tuple t;

	ct_conn_tuple(conn, other, &t);
	return ct_l4_invert(ct_registry_l4(tbl, t.l4), &t, to);
}

static uint8_t twin_of(const struct ct_l4_ops *ops, uint8_t l4)
{
	return ops->twin ? ops->twin : l4;
}

/* --- Headers ------------------------------------------------------------ */

static bool read_head(struct crossing *c)
{
	struct ct_cursor cur = ct_cursor_of(c->pkt->data, c->pkt->len);

	return ct_iphead_read(&c->head, c->pkt->l3, &cur) && !c->head.bound;
}

/* => The sum over the new pseudo header. */
static uint32_t fresh_pseudo(struct crossing *c)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(c->thr->tbl, c->to.l3);
	struct ct_pkt front = { .data = c->bytes, .len = c->len };

	return l3->pseudo_sum(&front, c->to.l4, c->l4_len);
}

/*
 * Make the new header of the one that was read.
 *
 * => False when the packet is longer than the other layer can say.
 */
static bool make_head(struct crossing *c)
{
	const struct ct_table *tbl = c->thr->tbl;
	const struct ct_pkt *pkt = c->pkt;
	const struct ct_l3_ops *old = ct_registry_l3(tbl, pkt->l3);
	uint32_t most = UINT16_MAX;

	if (c->to.l3 == CT_L3_IPV4)
		most -= CT_IPV4_HDR_LEN;
	if (c->l4_len > most && !pkt->gso_size)
		return false;
	c->how.l3 = c->to.l3;
	c->how.src_id = c->to.src_id;
	c->how.dst_id = c->to.dst_id;
	c->how.pseudo = ct_csum_fold(old->pseudo_sum(pkt, pkt->l4, c->l4_old));
	c->head.src = c->to.src;
	c->head.dst = c->to.dst;
	c->head.l4 = c->to.l4;
	c->head.payload = c->l4_len;
	c->len = ct_iphead_write(&c->head, c->to.l3, c->bytes);
	c->how.fresh = fresh_pseudo(c);
	c->how.pseudo = ct_csum_both(c->how.pseudo, c->how.fresh);
	return true;
}

/* Write the transport's header in its old place. */
static bool write_l4(struct crossing *c)
{
	const struct ct_l4_ops *ops = ct_registry_l4(c->thr->tbl, c->pkt->l4);

	if (ops->cross)
		return ops->cross(c->pkt, &c->how);
	if (!ops->rewrite)
		return false;
	c->how.end = CT_NAT_SRC;
	if (!ops->rewrite(c->pkt, &c->how))
		return false;
	c->how.end = CT_NAT_DST;
	c->how.pseudo = 0;
	return ops->rewrite(c->pkt, &c->how);
}

/* --- Where it all goes -------------------------------------------------- */

/*
 * Have len bytes in front of offset off, by moving the packet if need be.
 *
 * => False when there is no room for that either.
 */
static bool make_room(struct ct_pkt *pkt, uint32_t off, uint32_t len)
{
	uint32_t need;

	if (len <= off + pkt->headroom)
		return true;
	need = len - off - pkt->headroom;
	if (need > pkt->tailroom || pkt->frame_len > pkt->len)
		return false;
	memmove(pkt->data + need, pkt->data, pkt->len);
	pkt->data += need;
	pkt->headroom += need;
	pkt->tailroom -= need;
	return true;
}

/* The packet begins so many bytes before offset off. */
static void begin_at(struct ct_pkt *pkt, uint32_t off, uint32_t len)
{
	uint8_t *start = pkt->data + off - len;

	pkt->len = pkt->len - off + len;
	if (pkt->frame_len)
		pkt->frame_len = pkt->frame_len - off + len;
	pkt->headroom = pkt->headroom + off - len;
	pkt->data = start;
}

static void become(struct crossing *c)
{
	struct ct_pkt *pkt = c->pkt;

	memcpy(pkt->data, c->bytes, c->len);
	pkt->l3 = c->to.l3;
	pkt->l4 = c->to.l4;
	pkt->l4_off = (uint16_t)c->len;
	pkt->l4_len = c->l4_len;
}

/* --- A packet ----------------------------------------------------------- */

/* An IPv4 header gets an id that nobody can foretell (RFC 7739). */
static void new_id(struct crossing *c)
{
	if (!c->head.fragment)
		c->head.id = ct_random(c->thr);
}

static enum ct_reason cross_packet(struct crossing *c)
{
	struct ct_pkt *pkt = c->pkt;
	uint32_t off = pkt->l4_off;

	c->l4_old = pkt->l4_len;
	c->l4_len = pkt->l4_len;
	if (!read_head(c))
		return CT_R_NAT_UNTRANSLATABLE;
	new_id(c);
	if (!make_head(c))
		return CT_R_NAT_UNTRANSLATABLE;
	if (!make_room(pkt, off, c->len))
		return CT_R_NAT_NO_ROOM;
	if (!write_l4(c))
		return CT_R_NAT_UNTRANSLATABLE;
	begin_at(pkt, off, c->len);
	become(c);
	return CT_R_NONE;
}

/*
 * A later fragment: it has no transport header.  Nor is a first one of ICMP
 * translated alone, since only one of both has its length in its checksum
 * (RFC 7915 4.2, 5.2).
 */
static enum ct_reason cross_later(struct crossing *c)
{
	struct ct_pkt *pkt = c->pkt;
	uint32_t off = pkt->l4_off;

	c->l4_old = pkt->l4_len;
	c->l4_len = pkt->l4_len;
	if (pkt->l4 != c->to.l4 || !read_head(c) || !make_head(c))
		return CT_R_NAT_UNTRANSLATABLE;
	if (!make_room(pkt, off, c->len))
		return CT_R_NAT_NO_ROOM;
	begin_at(pkt, off, c->len);
	become(c);
	return CT_R_NONE;
}

/* --- An error ----------------------------------------------------------- */

/* The quoted packet, as one of its own. */
static bool unquote(const struct ct_table *tbl, const struct ct_pkt *pkt,
		    const struct ct_quote *quote, struct ct_pkt *inner)
{
	const struct ct_l3_ops *l3 = ct_registry_l3(tbl, quote->l3);
	struct ct_cursor whole = ct_l4_cursor(pkt);
	uint32_t len = pkt->l4_off + (uint32_t)ct_cursor_left(&whole);
	struct ct_tuple t;

	if (quote->l3 != pkt->l3 || quote->off >= len)
		return false;
	*inner = (struct ct_pkt){
		.data = pkt->data + quote->off,
		.len = len - quote->off,
		.l3 = quote->l3,
	};
	return l3->parse_quoted(inner, &t);
}

/*
 * Work out the quoted packet: what it was when its sender had it, the other
 * direction's own tuple (RFC 7915 4.3, 5.3).
 *
 * => What a sum over the error's body changes by, in the outer one.
 */
static bool cross_quote(struct crossing *in, struct crossing *out)
{
	struct ct_pkt *pkt = in->pkt;
	uint8_t *l4 = pkt->data + pkt->l4_off;
	uint32_t len = pkt->len - pkt->l4_off;
	uint32_t before, after;

	if (len > QUOTE_SUMMED)
		len = QUOTE_SUMMED;
	if (!read_head(in))
		return false;
	/* Not all of it need be quoted. */
	in->l4_old = in->head.payload;
	in->l4_len = in->head.payload;
	in->how.quoted = 1;
	before = ct_csum_add(0, pkt->data, pkt->l4_off + len);
	if (!make_head(in) || !write_l4(in))
		return false;
	after = ct_csum_add(0, l4, len);
	out->how.body = ct_csum_both(ct_csum_add(after, in->bytes, in->len),
				     ct_csum_fold(before));
	return true;
}

/* Of a connection that crosses: its IPv6 tuple, whose destination lies in the
 * prefix. */
static void prefixed(const struct ct_conn *conn, union ct_addr *addr)
{
	struct ct_tuple t;

	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	if (t.l3 == CT_L3_IPV4)
		ct_conn_tuple(conn, CT_DIR_REPLY, &t);
	*addr = t.dst;
}

/* Who the sender of an error is, where the packet goes. */
static void cross_router(struct crossing *out)
{
	const struct ct_conn *conn = out->pkt->conn;
	unsigned len = ct_conn_far(conn)->prefix_len;
	const union ct_addr *router = &out->head.src;
	union ct_addr prefix;
	struct ct_tuple own;

	ct_conn_tuple(conn, (enum ct_dir)out->pkt->dir, &own);
	if (memcmp(router, &own.src, sizeof(own.src)) == 0)
		return; /* it is the peer */
	prefixed(conn, &prefix);
	if (out->to.l3 == CT_L3_IPV6)
		ct_pref64_embed(&prefix, len, router, &out->to.src);
	else if (ct_pref64_has(&prefix, len, router))
		ct_pref64_extract(len, router, &out->to.src);
}

/* Everything up to the quoted transport is written anew. */
static bool lay_out_error(struct crossing *out, const struct crossing *in)
{
	struct ct_pkt *pkt = out->pkt;
	uint32_t off = (uint32_t)(in->pkt->data - pkt->data) + in->pkt->l4_off;
	uint32_t len = out->len + CT_ICMP_HDR_LEN + in->len;
	uint8_t icmp[CT_ICMP_HDR_LEN];

	if (!make_room(pkt, off, len))
		return false;
	memcpy(icmp, pkt->data + pkt->l4_off, sizeof(icmp));
	begin_at(pkt, off, len);
	memcpy(pkt->data + out->len, icmp, sizeof(icmp));
	memcpy(pkt->data + out->len + sizeof(icmp), in->bytes, in->len);
	become(out);
	return true;
}

static enum ct_reason cross_error(struct crossing *out, enum ct_dir other,
				  const struct ct_quote *quote)
{
	struct ct_thread *thr = out->thr;
	struct ct_pkt *pkt = out->pkt;
	struct ct_pkt inner;
	struct crossing in = { .thr = thr, .pkt = &inner };

	if (quote->redirects || quote->off - pkt->l4_off != CT_ICMP_HDR_LEN ||
	    !unquote(thr->tbl, pkt, quote, &inner) || !read_head(out))
		return CT_R_NAT_UNTRANSLATABLE;
	ct_conn_tuple(pkt->conn, other, &in.to);
	if (!cross_quote(&in, out))
		return CT_R_NAT_UNTRANSLATABLE;
	cross_router(out);
	out->to.l4 = twin_of(ct_registry_l4(thr->tbl, pkt->l4), pkt->l4);
	out->l4_old = pkt->l4_len;
	out->l4_len = pkt->l4_len + in.len - inner.l4_off;
	new_id(out);
	if (!make_head(out) || !write_l4(out))
		return CT_R_NAT_UNTRANSLATABLE;
	return lay_out_error(out, &in) ? CT_R_NONE : CT_R_NAT_NO_ROOM;
}

/* --- The verb ----------------------------------------------------------- */

enum ct_reason ct_nat_cross(struct ct_thread *thr, struct ct_pkt *pkt)
{
	const struct ct_l4_ops *ops = ct_registry_l4(thr->tbl, pkt->l4);
	enum ct_dir other =
		pkt->dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
	struct crossing c = { .thr = thr, .pkt = pkt };
	struct ct_quote quote;

	if (!leaves_as(thr->tbl, pkt->conn, other, &c.to))
		return CT_R_NAT_UNTRANSLATABLE;
	if (pkt->l3 == c.to.l3)
		return CT_R_NONE; /* at an earlier hook */
	if (pkt->flags & CT_PKT_LATER)
		return cross_later(&c);
	if ((pkt->flags & CT_PKT_FIRST) && pkt->l4 != c.to.l4)
		return CT_R_NAT_UNTRANSLATABLE;
	if (pkt->state == CT_RELATED && ops->quote && ops->quote(pkt, &quote))
		return cross_error(&c, other, &quote);
	return cross_packet(&c);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SIP helper: media.
 *
 * For each medium that a session description announces its sender expects RTP
 * at an even port and RTCP one above (RFC 3550 11).  Behind NAT both get a
 * pair of ports outside, the description names that one, and the message's
 * Content-Length follows.
 */
#include "helper/sdp.h"
#include "helper/sip.h"

#include <arpa/inet.h>

/* Media of one description that are looked at, as Linux: one of each kind. */
enum { MEDIA_MAX = 3 };

/* Translations that are followed to find out where a medium really goes. */
enum { HOPS_MAX = 8 };

/* --- Text --- */

/* The announced port of the medium that begins there. */
static bool put_port(struct ct_sip *sip, const struct ct_sdp_media *media,
		     uint16_t port)
{
	uint32_t len = sip->talk.len;
	struct ct_say msg;
	struct ct_span at;
	uint32_t next;

	if (!ct_talk_edit_number(&sip->talk, media->port_at, port))
		return false;
	if (!sip->thorough || media->port == port)
		return true;
	next = media->port_at.off + media->port_at.len + sip->talk.len - len;
	msg = ct_talk_say(&sip->talk);
	if (ct_sdp_find(&msg, next, CT_SDP_RTCP, CT_SDP_MEDIA, &at) != CT_FOUND)
		return true;
	return ct_talk_edit_number(&sip->talk, at, port + 1u);
}

/* Content-Length is what there is, and what will come. */
static bool put_length(struct ct_sip *sip)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_span body, at;

	if (sip->talk.fixed)
		return true;
	if (ct_sdp_find(&msg, 0, CT_SDP_VERSION, CT_SDP_ANY, &body) != CT_FOUND)
		return false;
	/* Over UDP it may be left out (RFC 3261 18.3). */
	if (ct_sip_find(&msg, 0, CT_SIP_LENGTH, &at) != CT_FOUND)
		return sip->thorough;
	return ct_talk_edit_number(&sip->talk, at,
				   sip->talk.len - body.off +
					   (uint32_t)strlen("v=") +
					   sip->missing);
}

/* An address of the session's own part. */
static enum ct_found put_addr(struct ct_sip *sip, uint32_t from,
			      enum ct_sdp_line line, const union ct_addr *addr)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_span at;
	union ct_addr old;

	if (ct_sdp_addr(&msg, from, line, CT_SDP_MEDIA, &at, &old) != CT_FOUND)
		return CT_FOUND_NONE;
	/* Nobody else's: a call on hold announces 0.0.0.0. */
	if (sip->thorough && !ct_talk_addr_equal(&old, &sip->talk.own.src))
		return CT_FOUND;
	return ct_talk_edit_addr(&sip->talk, at, CT_SAY_PLAIN, addr)
		       ? CT_FOUND
		       : CT_FOUND_BAD;
}

/* --- Expectations --- */

static enum ct_sip_class class_of(enum ct_sdp_kind kind)
{
	return (enum ct_sip_class)(CT_SIP_AUDIO + (unsigned)kind);
}

/*
 * Whether another connection announced the same medium already: several phones
 * may get the same call.
 *
 * => Behind NAT follows the other's translation: *direct is set, and t leads
 *    to the end itself.  Both are behind the same NAT and need no detour.
 */
static bool announced(struct ct_sip *sip, struct ct_tuple *t,
		      enum ct_sip_class class_, bool *direct)
{
	for (unsigned hop = 0; hop < HOPS_MAX; hop++) {
		struct ct_expect_view view = { .size = sizeof(view) };
		struct ct_expect *exp = ct_expect_find(sip->talk.thr, t);

		if (!exp || ct_expect_view(sip->talk.thr, exp, &view) ||
		    view.master == sip->talk.pkt->conn || !view.master_helper ||
		    strcmp(view.master_helper, ct_sip_helper.name) != 0 ||
		    view.def.class_ != class_)
			return false;
		if (*direct || !sip->talk.nat ||
		    !(view.def.flags & CT_EXPECT_NAT))
			return true;
		if (ct_talk_addr_equal(&view.def.nat_addr, &t->dst) &&
		    view.def.nat_id == t->dst_id)
			return true;
		*direct = true;
		t->dst = view.def.nat_addr;
		t->dst_id = view.def.nat_id;
	}
	return true;
}

static bool same_end(const struct ct_expect_def *a,
		     const struct ct_expect_def *b)
{
	return !memcmp(&a->tuple, &b->tuple, sizeof(a->tuple)) &&
	       ct_talk_addr_equal(&a->src_mask, &b->src_mask) &&
	       a->src_id_mask == b->src_id_mask;
}

/* Expect, or be content that the very same is expected already: audio and video
 * may share a port (RFC 8843), and calls may share a medium. */
static int expect(struct ct_sip *sip, const struct ct_expect_def *def,
		  struct ct_expect **exp)
{
	int error = ct_expect_add(sip->talk.thr, sip->talk.pkt->conn, def, exp);
	struct ct_expect_view view = { .size = sizeof(view) };
	struct ct_expect *other;

	if (!error)
		return 0;
	*exp = NULL;
	if (error != CT_E_EXIST)
		return error;
	other = ct_expect_find(sip->talk.thr, &def->tuple);
	if (other && !ct_expect_view(sip->talk.thr, other, &view) &&
	    same_end(&view.def, def))
		return 0;
	return error;
}

static bool expect_pair(struct ct_sip *sip, const struct ct_expect_def pair[2])
{
	struct ct_expect *rtp, *rtcp;

	if (expect(sip, &pair[0], &rtp))
		return false;
	if (!expect(sip, &pair[1], &rtcp))
		return true;
	if (rtp)
		ct_expect_remove(sip->talk.thr, rtp);
	return false;
}

/* What the search for a shared port is about. */
struct share {
	struct ct_thread *thr;
	const struct ct_expect_def *def; /* wanted */
	ct_be16 id;                      /* found, or 0 */
};

static bool shared(void *user, struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct share *share = user;

	if (!ct_expect_view(share->thr, exp, &view) &&
	    view.def.flags & CT_EXPECT_NAT &&
	    view.def.class_ != share->def->class_ &&
	    view.def.nat_dir == share->def->nat_dir &&
	    view.def.nat_id == share->def->nat_id &&
	    ct_talk_addr_equal(&view.def.nat_addr, &share->def->nat_addr))
		share->id = view.def.tuple.dst_id;
	return !share->id;
}

/* Expect both through NAT.
 *
 * => Returns the port outside, or 0. */
static uint16_t expect_outside(struct ct_sip *sip, struct ct_expect_def pair[2],
			       const union ct_addr *addr)
{
	struct share share = { .thr = sip->talk.thr, .def = &pair[0] };

	for (unsigned i = 0; i < 2; i++) {
		ct_talk_through_nat(&sip->talk, &pair[i], addr);
		pair[i].function = ct_sip_helper.name;
	}
	if (sip->thorough)
		ct_expect_walk(sip->talk.thr, sip->talk.pkt->conn, shared,
			       &share);
	if (share.id)
		return ntohs(share.id);
	if (ct_expect_add_pair(sip->talk.thr, sip->talk.pkt->conn, pair))
		return 0;
	return ntohs(pair[0].tuple.dst_id);
}

/* => A medium there does not come through us. */
static bool goes_past(const struct ct_sip *sip, const union ct_addr *addr)
{
	const struct ct_talk *talk = &sip->talk;

	if (ct_sip_get(sip, CT_SIP_P_DIRECT_MEDIA))
		return !ct_talk_addr_equal(addr, &talk->own.src);
	return ct_sip_get(sip, CT_SIP_P_EXTERNAL_MEDIA) &&
	       ct_help_leaves_with(talk->thr, talk->pkt, addr);
}

/*
 * Expect a medium at addr.
 *
 * => *addr is then what the description shall name.
 */
static const char *expect_media(struct ct_sip *sip,
				const struct ct_sdp_media *media,
				union ct_addr *addr)
{
	bool direct_media = ct_sip_get(sip, CT_SIP_P_DIRECT_MEDIA);
	enum ct_sip_class class_ = class_of(media->kind);
	uint16_t port = (uint16_t)media->port;
	struct ct_expect_def pair[2];
	bool direct = false;
	struct ct_tuple t;

	if (goes_past(sip, addr))
		return NULL;
	if (!ct_help_allowed(sip->talk.thr, sip->talk.pkt, addr, htons(port)))
		return NULL;
	t = ct_talk_expect(&sip->talk, direct_media, addr, htons(port)).tuple;
	if (announced(sip, &t, class_, &direct) && !direct)
		return NULL;
	*addr = t.dst;
	port = ntohs(t.dst_id) & 0xfffe;
	if (direct && !put_port(sip, media, port))
		return "SIP: a media port cannot be rewritten";

	for (unsigned i = 0; i < 2; i++) {
		pair[i] = ct_talk_expect(&sip->talk, direct_media, addr,
					 htons((uint16_t)(port + i)));
		pair[i].class_ = (uint8_t)class_;
	}
	if (!sip->talk.nat || direct)
		return expect_pair(sip, pair) ? NULL
					      : "SIP: media cannot be expected";
	port = expect_outside(sip, pair, addr);
	if (!port)
		return "SIP: no ports are left for media";
	*addr = pair[0].tuple.dst;
	if (pair[0].nat_id != htons(port) && !put_port(sip, media, port))
		return "SIP: a media port cannot be rewritten";
	return NULL;
}

/* --- Descriptions --- */

/* The addresses of a description. */
struct session {
	uint32_t off;       /* where it begins */
	bool has_addr;      /* it names an address of its own */
	bool used;          /* some medium has one */
	bool part;          /* there is more of it elsewhere */
	union ct_addr addr; /* its own */
	union ct_addr last; /* the last medium's, as it is called outside */
};

/* One medium. */
static const char *medium(struct ct_sip *sip, struct session *session,
			  const struct ct_sdp_media *media)
{
	uint32_t from = media->port_at.off;
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_span at;
	const char *why;
	bool own;

	own = ct_sdp_addr(&msg, from, CT_SDP_CONNECTION, CT_SDP_MEDIA, &at,
			  &session->last) == CT_FOUND;
	if (!own && !session->has_addr)
		return session->part ? NULL
				     : "SIP: a medium without an address";
	if (!own)
		session->last = session->addr;
	session->used = true;
	why = expect_media(sip, media, &session->last);
	if (why || !own || !sip->talk.nat)
		return why;
	if (put_addr(sip, from, CT_SDP_CONNECTION, &session->last) ==
		    CT_FOUND_BAD ||
	    !put_length(sip))
		return "SIP: a medium's address cannot be rewritten";
	return NULL;
}

/* The session's owner and address, when all media are known. */
static const char *translate(struct ct_sip *sip, const struct session *session)
{
	enum ct_found owner =
		put_addr(sip, session->off, CT_SDP_OWNER, &session->last);

	if (owner == CT_FOUND_BAD ||
	    (owner == CT_FOUND_NONE && !sip->thorough) ||
	    put_addr(sip, session->off, CT_SDP_CONNECTION, &session->last) ==
		    CT_FOUND_BAD ||
	    !put_length(sip))
		return "SIP: the session's address cannot be rewritten";
	return NULL;
}

/* The media of a description, and of those in front of them. */
static const char *each_medium(struct ct_sip *sip, struct session *session)
{
	uint32_t from = session->off;

	for (unsigned n = 0; n < MEDIA_MAX;) {
		struct ct_say msg = ct_talk_say(&sip->talk);
		struct ct_sdp_media media;
		const char *why;

		if (!ct_sdp_media_next(&msg, from, &media))
			break;
		from = media.known ? media.port_at.off : media.at.off;
		/* Port 0: not wanted (RFC 3264 6). */
		if (!media.known || !media.port)
			continue;
		if (media.port < 1024 || media.port > UINT16_MAX)
			return "SIP: a media port that none may have";
		why = medium(sip, session, &media);
		if (why)
			return why;
		n++;
	}
	return NULL;
}

/* The session part of a description; false when there is none. */
static bool begin(const struct ct_sip *sip, struct session *session)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct ct_span at;

	if (ct_sdp_find(&msg, 0, CT_SDP_VERSION, CT_SDP_ANY, &at) != CT_FOUND)
		return false;
	session->off = at.off;
	session->has_addr =
		ct_sdp_addr(&msg, at.off, CT_SDP_CONNECTION, CT_SDP_MEDIA, &at,
			    &session->addr) == CT_FOUND;
	return true;
}

const char *ct_sip_media(struct ct_sip *sip)
{
	struct session session = { 0 };
	const char *why;

	sip->described = true;
	if (!begin(sip, &session))
		return NULL;
	session.part = sip->missing > 0;
	why = each_medium(sip, &session);
	if (why || !sip->talk.nat)
		return why;
	/* Its media are still to come, and its address goes out now. */
	if (!session.used && sip->thorough && sip->missing) {
		session.last =
			ct_talk_reachable(&sip->talk, &sip->talk.own.src);
		session.used = true;
	}
	return session.used ? translate(sip, &session) : NULL;
}

void ct_sip_media_begin(const struct ct_sip *sip, struct ct_sip_side *side)
{
	struct session session = { 0 };

	begin(sip, &session);
	side->has_addr = session.has_addr;
	side->addr = session.addr;
}

const char *ct_sip_media_more(struct ct_sip *sip, struct ct_sip_side *side)
{
	struct ct_say msg = ct_talk_say(&sip->talk);
	struct session session = { .part = true };
	struct ct_span at;

	if (!side->has_addr)
		side->has_addr =
			ct_sdp_addr(&msg, 0, CT_SDP_CONNECTION, CT_SDP_MEDIA,
				    &at, &side->addr) == CT_FOUND;
	session.has_addr = side->has_addr;
	session.addr = side->addr;
	return each_medium(sip, &session);
}

/* A connection's media; as many as its classes allow. */
struct ending {
	struct ct_sip *sip;
	unsigned n;
	struct ct_expect *exps[16];
};

static bool note(void *user, struct ct_expect *exp)
{
	struct ct_expect_view view = { .size = sizeof(view) };
	struct ending *ending = user;

	if (!ct_expect_view(ending->sip->talk.thr, exp, &view) &&
	    view.def.class_ != CT_SIP_SIGNALLING)
		ending->exps[ending->n++] = exp;
	return ending->n < sizeof(ending->exps) / sizeof(ending->exps[0]);
}

/* The last one first, as Linux. */
void ct_sip_media_end(struct ct_sip *sip)
{
	struct ending ending = { .sip = sip };

	ct_expect_walk(sip->talk.thr, sip->talk.pkt->conn, note, &ending);
	while (ending.n)
		ct_expect_remove(sip->talk.thr, ending.exps[--ending.n]);
}

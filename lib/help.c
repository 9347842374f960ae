/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * help.c - running a packet's helper
 *
 *	payload -> view of the stream -> help(), once or twice -> length of the
 *	stream has changed? -> sequence numbers
 *
 * One packet of a connection at a time is in its helper, under a lock of the
 * connection's own that nobody else takes.  What the helper makes happen is
 * told when that is released (core/help.h).
 */
#include "help.h"

#include "nat/reserve.h"
#include "process.h"
#include "stream.h"
#include "syn.h"
#include "wire/hdr.h"

#include <arpa/inet.h>
#include <conntrack/cursor.h>

/* What is shown, and how. */
struct show {
	struct ct_thread *thr;
	struct ct_pkt *pkt;
	struct ct_helped *help;
	const struct ct_helper_ops *ops;
	struct ct_stream *view; /* or NULL: each segment by itself */
	uint32_t off;           /* of the payload, from pkt->data */
	uint32_t len;           /* of it, as far as it is there */
	uint32_t seq;           /* of its first byte */
	/* Of the call after which the helper wanted the packet dropped. */
	bool too_late;
	uint32_t last_seq;
	int32_t grown;
};

/* --- Payload ------------------------------------------------------------ */

static uint32_t header_len(const struct ct_pkt *pkt)
{
	const uint8_t *l4 = pkt->data + pkt->l4_off;

	if (pkt->l4 == CT_IPPROTO_TCP)
		return (uint32_t)(l4[CT_TCP_OFFSET_OFF] >> 4) * 4;
	return pkt->l4 == CT_IPPROTO_UDP ? CT_UDP_HDR_LEN : 0;
}

static uint32_t fixed_len(const struct ct_pkt *pkt)
{
	if (pkt->l4 == CT_IPPROTO_TCP)
		return CT_TCP_HDR_LEN;
	return pkt->l4 == CT_IPPROTO_UDP ? CT_UDP_HDR_LEN : 0;
}

/* => False when there is none. */
static bool find_payload(struct show *show)
{
	const struct ct_pkt *pkt = show->pkt;
	struct ct_cursor cur = ct_l4_cursor(pkt);
	uint32_t have = (uint32_t)ct_cursor_left(&cur);
	uint32_t header;

	if (have < fixed_len(pkt))
		return false;
	header = header_len(pkt);
	if (header >= have)
		return false;
	show->off = pkt->l4_off + header;
	show->len = have - header;
	if (pkt->l4 == CT_IPPROTO_TCP) {
		const uint8_t *tcp = pkt->data + pkt->l4_off;

		/* A SYN takes a number of its own (RFC 9293, 3.4). */
		show->seq = ct_load_u32(tcp + CT_TCP_SEQ_OFF) +
			    (tcp[CT_TCP_FLAGS_OFF] >> 1 & 1);
	}
	return true;
}

/* --- One call ----------------------------------------------------------- */

/* The stream is longer or shorter from this part on. */
static void note_change(const struct show *show, uint32_t seq, int32_t grown)
{
	struct ct_conn *conn = show->pkt->conn;

	if (!grown || show->pkt->l4 != CT_IPPROTO_TCP)
		return;
	ct_spin_lock(&conn->lock);
	ct_seqadj_change(&show->help->adj[show->pkt->dir], seq, grown,
			 ct_core_param(show->thr->tbl, CT_P_SEQADJ_STEPS));
	ct_conn_set(conn, CT_S_SEQ_ADJUST);
	ct_spin_unlock(&conn->lock);
}

/*
 * Show a part of the payload, which begins at off of it.
 *
 * => False when the helper wants the packet dropped.
 * => The payload is longer by call->grown.
 */
static bool call(struct show *show, struct ct_speech *speech,
		 struct ct_help_call *call)
{
	uint32_t seq = speech->seq;

	*call = (struct ct_help_call){
		.pkt = show->pkt,
		.off = call->off,
		.joined = call->joined,
		.size = call->size,
	};
	speech->priv[0] = call;
	speech->used = UINT32_MAX;
	show->pkt->reason = CT_R_HELPER_REFUSED;
	ct_help_enter(show->thr);
	if (show->ops->help(show->thr, show->pkt, speech) != CT_HELP_OK) {
		ct_help_leave(show->thr);
		show->too_late = call->too_late;
		show->last_seq = seq;
		show->grown = call->grown;
		return false;
	}
	ct_help_leave(show->thr);
	if (speech->used > speech->len)
		speech->used = speech->len;
	/* What comes again has been counted, where there is a view. */
	if (!speech->again)
		note_change(show, seq, call->grown);
	return true;
}

/* What was said before. */
static bool show_again(struct show *show, uint32_t len, int32_t *grown)
{
	struct ct_speech speech = {
		.bytes = show->pkt->data + show->off,
		.len = len,
		.seq = show->seq,
		.streamed = 1,
		.again = 1,
	};
	struct ct_help_call one = { .off = show->off };
	bool good = call(show, &speech, &one);

	*grown = one.grown;
	return good;
}

/* What is kept leaves as it was replaced when it comes again. */
static void write_again(struct show *show)
{
	const struct ct_stream_part part =
		ct_stream_written(show->view, show->seq, show->len);
	struct ct_help_call one = { .pkt = show->pkt, .off = show->off };
	struct ct_speech speech = {
		.bytes = show->pkt->data + show->off,
		.len = show->len,
		.priv = { &one },
	};

	if (part.len &&
	    memcmp(speech.bytes + part.off, part.bytes, part.len) != 0)
		(void)ct_help_replace(show->thr, show->pkt, &speech, part.off,
				      part.len, part.bytes, part.len);
}

/* => A FIN would take the number of what is cut off. */
static bool can_be_cut(const struct ct_pkt *pkt)
{
	enum { FIN = 1 };

	return !(pkt->data[pkt->l4_off + CT_TCP_FLAGS_OFF] & FIN);
}

/*
 * The helper holds some of the last bytes back.
 *
 * => False when the packet has no others: it is to be dropped.
 * => The stream is no shorter: they come again.
 */
static bool hold(struct show *show, struct ct_speech *speech)
{
	uint32_t own = speech->len - speech->fresh;
	uint32_t n = speech->hold < own ? speech->hold : own;
	struct ct_help_call *one = speech->priv[0];

	if (!can_be_cut(show->pkt) || !ct_stream_cut(show->view, n))
		return true;
	if (one->off + own - n == show->off)
		return false;
	one->joined = NULL;
	if (ct_help_replace(show->thr, show->pkt, speech, speech->len - n, n,
			    NULL, 0))
		return false;
	one->grown += (int32_t)n;
	return true;
}

/* What the helper leaves is kept; it may have been rewritten, byte for byte. */
static void keep(struct show *show, const struct ct_speech *speech)
{
	const struct ct_help_call *one = speech->priv[0];
	struct ct_stream *view = show->view;

	if (speech->used >= speech->fresh || one->grown)
		view->flags &= ~(uint32_t)CT_STREAM_WRITTEN;
	if (one->written > speech->used && !one->grown)
		view->flags |= CT_STREAM_WRITTEN;
	ct_stream_keep(show->thr, view, speech->bytes + speech->used,
		       speech->len - speech->used,
		       ct_core_param(show->thr->tbl, CT_P_HELPER_STREAM));
}

/* What is new, behind what is kept. */
static bool show_next(struct show *show, uint32_t off, uint32_t len,
		      uint32_t seq)
{
	uint32_t limit = ct_core_param(show->thr->tbl, CT_P_HELPER_STREAM);
	struct ct_stream *view = show->view;
	uint8_t *bytes = show->pkt->data + off;
	struct ct_help_call one = { .off = off };
	struct ct_speech speech = {
		.bytes = ct_stream_join(view, bytes, len, limit),
		.seq = seq,
		.streamed = 1,
	};

	if (speech.bytes) {
		one.joined = view->kept;
		one.size = view->size;
		speech.fresh = view->n_kept;
	} else {
		speech.bytes = bytes;
	}
	speech.len = speech.fresh + len;
	if (!call(show, &speech, &one))
		return false;
	if (speech.hold && !hold(show, &speech))
		return false;
	keep(show, &speech);
	return true;
}

static bool show_alone(struct show *show)
{
	struct ct_speech speech = {
		.bytes = show->pkt->data + show->off,
		.len = show->len,
		.seq = show->seq,
	};
	struct ct_help_call one = { .off = show->off };

	return call(show, &speech, &one);
}

static bool show_planned(struct show *show, const struct ct_stream_plan *plan)
{
	uint32_t front = plan->again + plan->skip;
	int32_t grown = 0;

	if (plan->again && !show_again(show, plan->again, &grown))
		return false;
	if (!plan->fresh)
		return true;
	if (!plan->streamed)
		return show_alone(show);
	return show_next(show, show->off + front + (uint32_t)grown, plan->fresh,
			 show->seq + front);
}

/* => True the second time that a segment comes for which it is too late. */
static bool comes_again(struct ct_stream *view, uint32_t seq)
{
	if ((view->flags & CT_STREAM_LOST) && view->lost == seq) {
		view->flags &= ~(uint32_t)CT_STREAM_LOST;
		return true;
	}
	view->flags |= CT_STREAM_LOST;
	view->lost = seq;
	return false;
}

static bool show_stream(struct show *show)
{
	struct ct_stream *view = show->view;
	const struct ct_stream was = *view;
	struct ct_stream_plan plan;

	write_again(show);
	plan = ct_stream_place(view, show->seq, show->pkt->data + show->off,
			       show->len);
	if (plan.overtakes)
		return ct_help_drop(show->thr, show->pkt,
				    "It overtakes what was cut off.") ==
		       CT_HELP_OK;
	if (show_planned(show, &plan))
		return true;
	if (show->too_late && comes_again(view, show->seq)) {
		view->n_kept = 0;
		note_change(show, show->last_seq, show->grown);
		return true;
	}
	/* It has not been said: its sender will say it again. */
	ct_stream_unsay(view, &was);
	return false;
}

/* --- A packet ----------------------------------------------------------- */

/* Whether it is the connection's own, and not an error about it; over TCP, one
 * that both ends take part in. */
static bool is_for_helper(const struct ct_helper_ops *ops,
			  const struct ct_pkt *pkt)
{
	struct ct_tuple t;

	ct_conn_tuple(pkt->conn, CT_DIR_ORIG, &t);
	if (t.l4 != pkt->l4 || (ops->l3 && ops->l3 != pkt->l3))
		return false;
	return pkt->l4 != CT_IPPROTO_TCP || pkt->state == CT_ESTABLISHED;
}

static bool help(struct show *show)
{
	uint16_t reason = show->pkt->reason;
	bool good;

	ct_spin_lock(&show->help->busy);
	if ((show->ops->flags & CT_HELPER_STREAM) &&
	    show->pkt->l4 == CT_IPPROTO_TCP)
		show->view = ct_stream_get(show->thr, show->help,
					   (enum ct_dir)show->pkt->dir);
	good = show->view ? show_stream(show) : show_alone(show);
	ct_spin_unlock(&show->help->busy);
	if (good)
		show->pkt->reason = reason;
	return good;
}

static enum ct_verdict refuse(struct ct_thread *thr, struct ct_pkt *pkt,
			      enum ct_reason reason)
{
	ct_answer(thr, pkt, reason);
	return CT_DROP;
}

static bool shift(struct ct_pkt *pkt, const struct ct_helped *help)
{
	struct ct_seqadj adj[CT_DIR_MAX];

	ct_spin_lock(&pkt->conn->lock);
	memcpy(adj, help->adj, sizeof(adj));
	ct_spin_unlock(&pkt->conn->lock);
	return ct_seqadj_write(pkt, &adj[pkt->dir], &adj[!pkt->dir]);
}

/* => False: the numbers of a segment cannot be made what they must be. */
static bool renumber(struct ct_thread *thr, struct ct_pkt *pkt,
		     struct ct_helped *help)
{
	if (pkt->l4 != CT_IPPROTO_TCP)
		return true;
	if (ct_unlikely(help->is_proxied) && !ct_syn_leave(thr, pkt, help))
		return false;
	return !(ct_conn_word(pkt->conn) & CT_S_SEQ_ADJUST) || shift(pkt, help);
}

enum ct_verdict ct_help_run(struct ct_thread *thr, struct ct_pkt *pkt)
{
	uint32_t status = ct_conn_word(pkt->conn);
	struct show show = {
		.thr = thr,
		.pkt = pkt,
		.help = ct_help_of(thr->tbl, pkt->conn),
	};

	/* A later fragment has nothing that could be read or shifted. */
	if (!show.help || (pkt->flags & CT_PKT_LATER))
		return CT_ACCEPT;
	/* A first one is alone only if its helper was not known when it came. */
	if (!ct_conn_crosses(pkt->conn, status) && !(pkt->flags & CT_PKT_FIRST))
		show.ops = ct_help_ops(thr->tbl, show.help);
	if (show.ops && is_for_helper(show.ops, pkt) && find_payload(&show) &&
	    !help(&show))
		return refuse(thr, pkt, (enum ct_reason)pkt->reason);
	if (!renumber(thr, pkt, show.help))
		return refuse(thr, pkt, CT_R_HELPER_SHIFT);
	return CT_ACCEPT;
}

/* --- What helpers call -------------------------------------------------- */

enum ct_help ct_help_drop(struct ct_thread *thr, struct ct_pkt *pkt,
			  const char *text)
{
	pkt->reason = CT_R_HELPER_REFUSED;
	if (ct_traced(thr))
		ct_trace(thr, "helper", "%s", text);
	return CT_HELP_DROP;
}

void ct_help_refresh(struct ct_thread *thr, struct ct_conn *conn,
		     uint32_t seconds)
{
	ct_spin_lock(&conn->lock);
	if (!(ct_conn_word(conn) & CT_S_DYING))
		ct_conn_refresh(thr, conn, seconds);
	ct_spin_unlock(&conn->lock);
}

static bool is_end(const struct ct_conn *conn, const union ct_addr *addr)
{
	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++) {
		struct ct_tuple t;

		ct_conn_tuple(conn, (enum ct_dir)dir, &t);
		if (memcmp(addr, &t.src, sizeof(*addr)) == 0 ||
		    memcmp(addr, &t.dst, sizeof(*addr)) == 0)
			return true;
	}
	return false;
}

bool ct_help_allowed(struct ct_thread *thr, const struct ct_pkt *pkt,
		     const union ct_addr *addr, ct_be16 port)
{
	enum { PRIVILEGED = 1024 }; /* and below */

	if (!ct_core_param(thr->tbl, CT_P_HELPER_STRICT))
		return true;
	if (ntohs(port) >= PRIVILEGED && is_end(pkt->conn, addr))
		return true;
	ct_count(thr, CT_R_HELPER_STRICT);
	if (ct_traced(thr))
		ct_trace(thr, "helper", "%s",
			 ct_reason_text(CT_R_HELPER_STRICT)->text);
	return false;
}

bool ct_help_leaves_with(struct ct_thread *thr, const struct ct_pkt *pkt,
			 const union ct_addr *addr)
{
	const struct ct_host *host = &thr->tbl->mem.host;

	return host->leaves_with(host->user, pkt, addr);
}

/* --- Ids that are free -------------------------------------------------- */

/* So many are tried: as one after the other is taken, the table is full. */
enum { TRIES = 1024 };

/*
 * Expect what a pool has reserved; => the pool's error, or that of expecting.
 *
 * Nobody meets it before the helper returns: so what it keeps may be said
 * afterwards.
 */
static int add_reserved(struct ct_thread *thr, struct ct_conn *master,
			struct ct_expect_def *def, enum ct_row row,
			struct ct_expect **exp)
{
	const unsigned n = ct_row_len(row);
	struct ct_binding_ref ref[2];
	int error = ct_reserve(thr, master, def, row, ref);
	unsigned i;

	if (error)
		return error;
	for (i = 0; i < n && !error; i++) {
		error = ct_expect_add(thr, master, &def[i], &exp[i]);
		if (error == CT_E_EXIST)
			error = CT_E_FULL; /* it has no other id */
		if (error)
			break;
		exp[i]->mapping = ref[i].unit;
		exp[i]->mapping_key = ref[i].key;
	}
	for (unsigned j = i; j < n; j++)
		ct_reserve_end(thr, ref[j].unit, ref[j].key);
	if (error && i)
		ct_expect_remove(thr, exp[0]);
	return error;
}

int ct_expect_add_near(struct ct_thread *thr, struct ct_conn *master,
		       struct ct_expect_def *def, struct ct_expect **exp)
{
	uint32_t id = ntohs(def->tuple.dst_id);
	struct ct_expect *made;
	int reserved = add_reserved(thr, master, def, CT_ROW_ONE, &made);

	if (reserved != CT_E_NOENT) {
		if (!reserved && exp)
			*exp = made;
		return reserved;
	}
	for (unsigned i = 0; i < TRIES && id <= UINT16_MAX; i++, id++) {
		int error;

		def->tuple.dst_id = htons((uint16_t)id);
		error = ct_expect_add(thr, master, def, exp);
		if (error != CT_E_EXIST)
			return error;
	}
	return CT_E_FULL;
}

/* Both or none, at these two ids. */
static int add_both(struct ct_thread *thr, struct ct_conn *master,
		    struct ct_expect_def pair[2])
{
	struct ct_expect *first;
	int error = ct_expect_add(thr, master, &pair[0], &first);

	if (error)
		return error;
	error = ct_expect_add(thr, master, &pair[1], NULL);
	if (error)
		ct_expect_remove(thr, first);
	return error;
}

int ct_expect_add_pair(struct ct_thread *thr, struct ct_conn *master,
		       struct ct_expect_def pair[2])
{
	uint32_t id = ntohs(pair[0].tuple.dst_id);
	struct ct_expect *made[2];
	int reserved = add_reserved(thr, master, pair,
				    id % 2 ? CT_ROW_TWO : CT_ROW_PAIR, made);

	if (reserved != CT_E_NOENT)
		return reserved;
	for (unsigned i = 0; i < TRIES && id < UINT16_MAX; i++, id += 2) {
		int error;

		pair[0].tuple.dst_id = htons((uint16_t)id);
		pair[1].tuple.dst_id = htons((uint16_t)(id + 1));
		error = add_both(thr, master, pair);
		if (error != CT_E_EXIST)
			return error;
	}
	return CT_E_FULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the sequence fuzzer hears and reads of connections; see world.h.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { UNKNOWN, ALIVE, ENDED };
enum { TEXT_EVERY = 16 };

/* => How far this connection's life is. */
static uint8_t *life(struct world *w, const struct ct_conn *conn)
{
	uint64_t number = ct_conn_id(w->tbl, conn) >> 32;

	/* Each handle takes some hundred numbers at a time. */
	if (!number || number >= IDS)
		fuzz_wrong("an id out of its order");
	return &w->life[number];
}

/* Their masters may have ended, but never before they began. */
static void watch_expect(struct world *w, const struct ct_event_info *ev)
{
	struct ct_expect_view view = { .size = sizeof(view) };

	if (ct_expect_view(ev->thr, ev->exp, &view) || view.master != ev->conn)
		fuzz_wrong("an expectation that cannot be read");
	if (ev->events == CT_EV_EXPECT_NEW) {
		if (*life(w, ev->conn) == ENDED)
			fuzz_wrong("an expectation after its master's end");
		w->n_expected++;
	} else if (ev->events == CT_EV_EXPECT_DESTROY) {
		if (!w->n_expected--)
			fuzz_wrong("an expectation ends that has not begun");
	} else {
		fuzz_wrong("an expectation's event is not alone");
	}
}

void watch(void *user, const struct ct_event_info *ev)
{
	struct world *w = user;
	uint8_t *at = life(w, ev->conn);

	if (ev->exp) {
		watch_expect(w, ev);
		return;
	}

	if (!ev->events || (ev->events & ~(uint32_t)CT_EV_ALL))
		fuzz_wrong("an event without a name");
	if (*at == ENDED)
		fuzz_wrong("an event after DESTROY");
	if (*at == UNKNOWN && !(ev->events & (CT_EV_NEW | CT_EV_RELATED)))
		fuzz_wrong("an event before NEW");
	if (*at == ALIVE && (ev->events & (CT_EV_NEW | CT_EV_RELATED)))
		fuzz_wrong("NEW twice");
	if (ev->events & CT_EV_DESTROY) {
		if (ev->events != CT_EV_DESTROY)
			fuzz_wrong("DESTROY is not alone");
		if (ct_reason_text(ev->reason)->class_ != CT_RC_E)
			fuzz_wrong("ended for a reason that is none");
		*at = ENDED;
		w->n_alive--;
	} else if (*at == UNKNOWN) {
		*at = ALIVE;
		w->n_alive++;
	}
	read_conn(w, ev->thr, ev->conn);
}

void meddle(void *user, const struct ct_event_info *ev)
{
	static const uint8_t labels[16] = { 0xff };
	struct world *w = user;
	char line[1024];

	for (enum ct_text_style style = CT_TEXT_LIST; style <= CT_TEXT_JSON;
	     style++) {
		int len = ct_event_text(ev, style, line, sizeof(line));

		if (style == CT_TEXT_PROC ? len != CT_E_INVAL
					  : len <= 0 || !line[len - 1])
			fuzz_wrong("an event that makes no line");
	}
	ct_conn_put(w->tbl, ct_conn_get(ev->conn));
	ct_conn_mark_set(ev->thr, ev->conn, 0x1234);
	ct_conn_labels_set(ev->thr, ev->conn, labels);
	ct_conn_cookie_set(ev->thr, ev->conn, 99);
}

static void read_text(const struct ct_thread *thr, const struct ct_conn *conn,
		      enum ct_text_style style)
{
	enum { LITTLE = 40 };
	char line[1024];
	char *little;
	int len = ct_conn_text(thr, conn, style, line, sizeof(line));

	if (len <= 0 || (size_t)len != strlen(line) || strchr(line, '\n'))
		fuzz_wrong("a connection that makes no line");
	little = malloc(LITTLE);
	if (!little)
		fuzz_wrong("the fuzzer itself is out of memory");
	if (ct_conn_text(thr, conn, style, little, LITTLE) != CT_E_NOSPC ||
	    !memchr(little, 0, LITTLE))
		fuzz_wrong("a line that fits where it does not");
	free(little);
}

void read_conn(struct world *w, const struct ct_thread *thr,
	       const struct ct_conn *conn)
{
	struct ct_tuple orig, reply;
	struct ct_counter counter;
	uint64_t start, stop;
	uint8_t labels[16];
	uint32_t status;

	ct_conn_tuple(conn, CT_DIR_ORIG, &orig);
	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	status = ct_conn_status(conn);
	/* Two layers: NAT64, of both ends. */
	if (orig.l3 != reply.l3 && (~status & (CT_S_SRC_NAT | CT_S_DST_NAT)))
		fuzz_wrong("the tuples are of two network layers");
	if ((orig.l3 == reply.l3 && orig.l4 != reply.l4) ||
	    (!(status & CT_S_SRC_NAT) &&
	     memcmp(&orig.src, &reply.dst, sizeof(orig.src)) != 0) ||
	    (!(status & CT_S_DST_NAT) &&
	     memcmp(&orig.dst, &reply.src, sizeof(orig.dst)) != 0))
		fuzz_wrong("the tuples do not belong together");
	if (ct_conn_status(conn) & ~(0x7ffu | CT_S_HELPER))
		fuzz_wrong("a status bit that nobody knows");
	if (!(status & CT_S_EXPECTED) != !ct_conn_master(w->tbl, conn))
		fuzz_wrong("an expected connection without its master");
	(void)ct_conn_helper(w->tbl, conn);
	(void)ct_conn_state_name(w->tbl, conn);
	(void)ct_conn_mark(conn);
	(void)ct_conn_cookie(w->tbl, conn);
	ct_conn_labels(w->tbl, conn, labels);
	if (!ct_conn_times(w->tbl, conn, &start, &stop) && stop && stop < start)
		fuzz_wrong("it stopped before it began");
	if (!ct_conn_counter(w->tbl, conn, CT_DIR_ORIG, &counter) &&
	    counter.packets > IDS)
		fuzz_wrong("more packets than there were");
	/* Text takes longer than all the rest. */
	if (w->n_reads++ % TEXT_EVERY == 0)
		read_text(thr, conn,
			  (enum ct_text_style)(w->n_reads / TEXT_EVERY % 4));
}

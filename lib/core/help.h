/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * help.h - what a connection has that few connections have: a helper,
 * expectations, shifted sequence numbers, a master
 *
 * An extension holds two references; most connections do not even have that.
 *
 *	conn.ext --> block: ... help, master ...
 *			       |	+--> the connection that announced it
 *			       v
 *			    ct_helped: helper's state, expectations, numbers
 *
 * A connection whose packets a helper wants to see has CT_EV_HELPED among its
 * pending events, for good: so every packet of it finds its way to ct_confirm()
 * wherever one without pending events is waved through.
 */
#ifndef CORE_HELP_H
#define CORE_HELP_H

#include "base/spin.h"
#include "core/seqadj.h"

#include <conntrack/ext.h>
#include <conntrack/helper.h>
#include <stdatomic.h>

enum {
	CT_HELPERS = 64,       /* places; 0 is none */
	CT_EXPECT_CLASSES = 8, /* of one helper */
	CT_HELP_UNITS = 4      /* of 64 bytes: a ct_helped, a ct_expect */
};

/* The in-order view of one direction of a stream; see lib/stream.h. */
struct ct_stream {
	uint8_t *kept;   /* bytes that the helper wants to see once more */
	uint32_t n_kept; /* how many; they end at next */
	uint32_t size;   /* of the memory at kept */
	uint32_t next;   /* number of the byte that comes next */
	uint32_t hole;   /* what begins here has not come yet */
	uint32_t hole_end;
	uint32_t lost;  /* segment that was dropped: its number */
	uint32_t cut;   /* where the last one was cut off had it ended here */
	uint32_t ahead; /* what lies behind that and was dropped: its end */
	uint32_t patience; /* how many of those may come in vain once more */
	uint32_t flags;    /* enum ct_stream_flag */
};

/* Bits of ct_proxied.flags. */
enum ct_proxied_flag {
	CT_PROXIED = 1,          /* its client was answered by us */
	CT_PROXIED_WAITS = 2,    /* its server has not answered yet */
	CT_PROXIED_STAMPS = 4,   /* its client uses time stamps */
	CT_PROXIED_SACK = 8,     /* its client permits SACK */
	CT_PROXIED_SCALE = 16,   /* its client scales its windows */
	CT_PROXIED_SHIFTED = 32, /* so does its server; stamps is right */
	CT_PROXIED_PLAIN = 64    /* its client scales, its server does not */
};

/*
 * What is known of a handshake that we have answered in the server's place; see
 * lib/syn.h.  Zero for all others.
 */
struct ct_proxied {
	uint32_t isn;    /* the client's first number */
	uint32_t cookie; /* the one that it was given for its server's */
	uint32_t server; /* the server's own */
	uint32_t tsval;  /* the client's latest time stamp */
	uint32_t tsecr;  /* the one that it was given */
	int32_t stamps;  /* what the server's are too low by */
	uint16_t mss;
	uint16_t window;      /* the client's, as it stands in segments */
	uint8_t flags;        /* enum ct_proxied_flag */
	uint8_t scale;        /* shift of the client's windows */
	uint8_t given_scale;  /* the one that it was given for the server's */
	uint8_t server_scale; /* the server's own */
};

struct ct_helped {
	struct ct_spin busy; /* one packet at a time in the helper */
	struct ct_spin list; /* covers the expectations */
	uint8_t helper;      /* I  number, 0: none */
	bool ended;          /* L list  no expectation may come any more */
	uint32_t first;      /* L list  unit of the oldest expectation */
	uint32_t last;       /* L list */
	uint16_t n[CT_EXPECT_CLASSES];    /* L list  of each class */
	struct ct_seqadj adj[CT_DIR_MAX]; /* L  the connection's lock */
	struct ct_proxied proxied;        /* L  the connection's lock */
	bool is_proxied;                  /* I  the above says something */
	struct ct_stream *view;           /* L busy  two, or NULL */
	_Alignas(8) uint8_t state[CT_HELPER_STATE_MAX]; /* L busy */
};
CT_STATIC_ASSERT(sizeof(struct ct_helped) <= CT_HELP_UNITS * 64, "its units");

struct ct_helper_place {
	const struct ct_helper_ops *ops;
	uint32_t params; /* base of values */
};

/* Who helps, closed by the seal; and the table of expectations. */
struct ct_helpers {
	struct ct_helper_place *place; /* I  after the seal; by number */
	uint32_t n;                    /* I */
	uint32_t room;                 /* I  places */
	ct_ext_id ext;                 /* I */
	bool ending; /* I  by ct_table_destroy(): nothing is told any more */

	_Atomic uint32_t *_Atomic heads; /* A  set once; see expect.h */
	_Atomic uint32_t n_expects;      /* A */
	_Atomic uint32_t sweep;          /* A  head where the next begins */
	_Atomic uint64_t next_id;        /* A  of expectations */
	_Atomic uint64_t stream_bytes;   /* A  of all ct_stream.kept */
};

/* A thread's part in it; its own. */
struct ct_helping {
	uint32_t depth;   /* inside help(): nothing is told meanwhile */
	uint32_t first;   /* unit  expectations to be told of, in order */
	uint32_t last;    /* unit */
	uint32_t ended;   /* unit  ended connections, linked by timeout */
	uint32_t full_at; /* tick of the last search for room */
};

/* Register the extension. */
int ct_help_init(struct ct_table *tbl);

/* Forget who helps. */
void ct_helpers_fini(struct ct_table *tbl);

/* => The number of a helper, or 0. */
uint8_t ct_helper_find(const struct ct_table *tbl, const char *name);

/* => The connection's, or NULL. */
struct ct_helped *ct_help_of(const struct ct_table *tbl,
			     const struct ct_conn *conn);

/* => The connection's, made if need be; NULL when out of memory. */
struct ct_helped *ct_help_get(struct ct_thread *thr, struct ct_conn *conn);

/*
 * Give a private connection its helper, if that is one for its protocols.
 *
 * => False when out of memory.
 */
bool ct_help_attach(struct ct_thread *thr, struct ct_conn *conn,
		    uint8_t number);

/* => The helper, or NULL. */
const struct ct_helper_ops *ct_help_ops(const struct ct_table *tbl,
					const struct ct_helped *help);

/* Have a private connection keep its master. => False when out of memory. */
bool ct_conn_master_set(struct ct_thread *thr, struct ct_conn *conn,
			struct ct_conn *master);

/*
 * A connection has ended, and everybody knows: what depends on it ends, too.
 *
 * => False while this thread is inside a helper: then ct_help_tell() does it,
 *    and retires the connection.
 */
bool ct_help_end(struct ct_thread *thr, struct ct_conn *conn);

/* It will never be known: nor will what it announced. */
void ct_help_abandon(struct ct_thread *thr, struct ct_conn *conn);

/* In and out of a helper, with the connection's busy lock held; and, once that
 * is released, tell of what has happened in between. */
void ct_help_enter(struct ct_thread *thr);
void ct_help_leave(struct ct_thread *thr);
void ct_help_tell(struct ct_thread *thr);

/* Its memory is freed. */
void ct_help_free(struct ct_thread *thr, struct ct_conn *conn);

#endif /* CORE_HELP_H */

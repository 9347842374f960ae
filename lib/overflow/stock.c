/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stock.c - victims of a flood, chosen some at a time; see stock.h
 */
#include "overflow/stock.h"

#include "core/pace.h"
#include "core/table.h"
#include "core/tags.h"
#include "overflow/ask.h"
#include "overflow/choose.h"
#include "overflow/hold.h"
#include "overflow/rate.h"

/* One in so many of what has proven nothing is chosen at a time. */
enum { SMALL_PART = 256 };

/* Of one line, if they are as old as victims usually are; else one. */
enum { SOME = 4 };

/* One candidate in so many is a sample of the table: a flood has more than
 * enough. */
enum { SAMPLES = 4 };

/* In units of which a thread remembers how old its victims were. */
enum { USUAL = 16 };

struct doomed {
	struct ct_conn *conn;                       /* borrowed; or NULL */
	uint32_t hash[CT_DIR_MAX];                  /* of its keys */
	const struct ct_bucket *bucket[CT_DIR_MAX]; /* theirs */
	bool may_wait; /* for a handshake's next step; hold.h */
};

struct ct_stock {
	uint32_t n;
	uint32_t taken;
	uint32_t needed; /* since the last poll */
	uint32_t usual;  /* needed between the last two */
	uint16_t many;   /* 16 times those of a line that have proven nothing */
	uint8_t turns;   /* 16 times those since victims came */
	struct doomed doomed[CT_STOCK];
};

static uint32_t turn_now(const struct ct_thread *thr)
{
	return atomic_load_explicit(&thr->tbl->turn, memory_order_relaxed);
}

static uint8_t byte_at(const struct ct_rate_line *line, unsigned i)
{
	return atomic_load_explicit(&line->worth[i], memory_order_relaxed);
}

bool ct_stock_serves(const struct ct_thread *thr)
{
	return thr->crowd && !ct_candidate_meets_heavy(thr) &&
	       !ct_ask_scores(thr->tbl) && !thr->tbl->limits.on;
}

/*
 * => It is the line's turn: lines that have fewer than others, as those at the
 *    end of a chunk, give less often; else who is there would go sooner.
 */
static bool gives(struct ct_thread *thr, const struct ct_rate_line *line)
{
	struct ct_stock *stock = thr->stock;
	unsigned n = ct_rate_unproven(line), many = stock->many / USUAL;

	stock->many = (uint16_t)(stock->many - many + n);
	return ct_likely(n >= many) || ct_random(thr) % many < n;
}

/*
 * The places of the next line that has some which have proven nothing.
 *
 * => 0 when some lines have none, or when somebody is over anyway: a search
 *    finds him, from there on.
 */
static uint64_t next_places(struct ct_thread *thr, struct ct_rate_line *line)
{
	for (unsigned n = 1; n <= CT_CHOOSE_LINES; n++) {
		uint64_t places;
		uint8_t group;

		if (!ct_rate_next_easy(thr, line))
			return 0;
		ct_count_own(&thr->n_lines, 1);
		places = ct_rate_first(line, turn_now(thr), false, &group);
		if (group >= CT_WORTH_ESTABLISHED) {
			ct_rate_uneasy(thr, line);
		} else if (group != CT_WORTH_UNPROVEN) {
			thr->hand = line->chunk + 2 * line->first;
			return 0;
		} else if (gives(thr, line) || n == CT_CHOOSE_LINES) {
			return places;
		}
	}
	return 0;
}

/* => How many of a line may go that came so many turns ago. */
static unsigned how_many(struct ct_thread *thr, uint32_t unit, unsigned turns)
{
	struct ct_stock *stock = thr->stock;
	bool old = (turns + 1) * USUAL >= stock->turns;

	/* Scouts stay for longer than others. */
	if (!ct_pace_scouts_at(unit))
		stock->turns =
			(uint8_t)(stock->turns - stock->turns / USUAL + turns);
	return old ? SOME : 1;
}

/* => A place's connection, fetched; or NULL. */
static struct ct_conn *fetch(struct ct_thread *thr,
			     const struct ct_rate_line *line, unsigned i)
{
	struct ct_conn *conn = ct_rate_conn(thr, line, i);

	if (conn) {
		__builtin_prefetch(conn, 1);
		__builtin_prefetch(conn->l4_state, 1);
		__builtin_prefetch((const void *)(uintptr_t)&line->deadlines[i],
				   1);
	}
	return conn;
}

/* => One place of some, the first from an i-th on. */
static unsigned next_of(uint64_t places, unsigned i)
{
	uint64_t turned = places >> i | places << (-i % CT_RATE_LINE);

	return ((unsigned)__builtin_ctzll(turned) + i) % CT_RATE_LINE;
}

/* Some of a line, anywhere in it, at most so many; => how many. */
static unsigned rate(struct ct_thread *thr, unsigned most)
{
	struct ct_stock *stock = thr->stock;
	struct ct_rate_line line;
	uint64_t places = next_places(thr, &line);
	uint32_t random = ct_random(thr);
	uint32_t unit;
	bool may_wait;
	unsigned n;
	uint8_t byte;

	if (!places)
		return 0;
	unit = line.chunk + 2 * line.first;
	may_wait = ct_hold_concerns(thr->tbl, unit);
	byte = byte_at(&line, (unsigned)__builtin_ctzll(places));
	n = how_many(thr, unit, ct_worth_turns(byte, turn_now(thr)));
	most = n < most ? n : most;
	if (random / CT_RATE_LINE % CT_TIRE_EVERY < most)
		ct_rate_tire(&line);
	for (n = 0; n < most && places; n++) {
		struct doomed *doomed = &stock->doomed[stock->n++];
		unsigned i = next_of(places, random % CT_RATE_LINE);

		places &= ~(UINT64_C(1) << i);
		doomed->may_wait = may_wait;
		doomed->conn = fetch(thr, &line, i);
	}
	return n;
}

/* => Nobody assured it, nor is it about to begin or at its end. */
static bool is_weak(const struct ct_conn *conn)
{
	return ct_conn_known(conn) &&
	       ct_conn_is_weak(ct_conn_word(conn), ct_conn_class_word(conn));
}

/* => It is in the midst of a handshake, and its source does not hold much: one
 * whose all are as young as that would never be seen else. */
static bool is_held(struct ct_thread *thr, struct ct_conn *conn)
{
	return ct_hold_spares(thr, conn, ct_worth_age(thr, conn).idle) &&
	       !ct_share_much(thr->tbl, ct_share_key_of(thr->tbl, conn));
}

/* Who goes is told by the line; so who does not is passed over. */
static void look(struct ct_thread *thr, struct doomed *doomed)
{
	struct ct_table *tbl = thr->tbl;
	struct ct_conn *conn = doomed->conn;

	if (!conn)
		return;
	ct_count_own(&thr->n_candidates, 1);
	doomed->conn = NULL;
	if (!is_weak(conn))
		return;
	if (thr->sampled++ % SAMPLES == 0)
		ct_candidate_sample(thr, ct_share_key_of(tbl, conn));
	if (doomed->may_wait && is_held(thr, conn))
		return;
	doomed->conn = conn;
	ct_conn_hashes(conn, &tbl->hash, doomed->hash);
	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++)
		doomed->bucket[dir] =
			ct_bucket_prefetch(&tbl->buckets, doomed->hash[dir]);
}

/*
 * => As many as are still expected until the next poll, by what was needed
 *    between the last two, or else as many as were needed since; but a small
 *    part of all, so that those of a small table still go in turn.
 */
static unsigned demand(const struct ct_thread *thr)
{
	const struct ct_stock *stock = thr->stock;
	uint64_t most = thr->weak_now / SMALL_PART;
	uint32_t n = stock->needed;

	if (stock->usual > n)
		n = stock->usual - n;
	if (most > CT_STOCK)
		most = CT_STOCK;
	if (n > most)
		n = (uint32_t)most;
	return n ? n : 1;
}

static void fill(struct ct_thread *thr)
{
	struct ct_stock *stock = thr->stock;
	unsigned most = demand(thr);

	stock->n = stock->taken = 0;
	while (stock->n < most && rate(thr, most - stock->n))
		;
	for (unsigned i = 0; i < stock->n; i++)
		look(thr, &stock->doomed[i]);
}

/* => It may still go: it has got no other class meanwhile, nor a packet that is
 * a step of its handshake; what is known of it. */
static bool may_go(struct ct_thread *thr, const struct doomed *doomed,
		   struct ct_candidate *cand)
{
	const struct ct_table *tbl = thr->tbl;
	struct ct_conn *conn = doomed->conn;

	if (!conn || !is_weak(conn))
		return false;
	cand->conn = conn;
	cand->hash = doomed->hash;
	cand->reason = ct_conn_expired(conn, thr->now) ? CT_R_END_EXPIRED
						       : CT_R_END_EVICTED;
	cand->worth = cand->score = atomic_load_explicit(
		ct_slab_worth(&tbl->slab, ct_conn_unit(tbl, conn)),
		memory_order_relaxed);
	cand->class_ = (uint8_t)ct_conn_class(conn);
	cand->age = ct_worth_age(thr, conn);
	/* Nobody's that is in the stock does. */
	cand->much = false;
	cand->key = 0;
	return ct_worth_group(cand->worth) <= CT_WORTH_UNPROVEN &&
	       !(doomed->may_wait && ct_candidate_is_held(thr, cand));
}

/* What follows the buckets of one that will be taken soon. */
static void fetch_chains(const struct ct_table *tbl,
			 const struct ct_stock *stock)
{
	enum { SOON = 2 };
	const struct doomed *doomed;

	if (stock->taken + SOON >= stock->n)
		return;
	doomed = &stock->doomed[stock->taken + SOON];
	if (!doomed->conn)
		return;
	for (unsigned dir = 0; dir < CT_DIR_MAX; dir++)
		__builtin_prefetch(ct_bucket_next(tbl, doomed->bucket[dir]));
}

bool ct_stock_take(struct ct_thread *thr, struct ct_candidate *cand)
{
	struct ct_stock *stock = thr->stock;

	if (ct_unlikely(!stock))
		stock = thr->stock =
			ct_mem_alloc(&thr->tbl->mem, sizeof(*stock), CT_LINE);
	if (ct_unlikely(!stock))
		return false;
	if (stock->taken == stock->n)
		fill(thr);
	while (stock->taken < stock->n) {
		fetch_chains(thr->tbl, stock);
		if (!may_go(thr, &stock->doomed[stock->taken++], cand))
			continue;
		stock->needed++;
		return true;
	}
	return false;
}

void ct_stock_forget(struct ct_thread *thr)
{
	struct ct_stock *stock = thr->stock;

	if (ct_likely(!stock))
		return;
	stock->n = stock->taken = 0;
	stock->usual = stock->needed;
	stock->needed = 0;
}

void ct_stock_free(struct ct_thread *thr)
{
	ct_mem_free(&thr->tbl->mem, thr->stock, sizeof(*thr->stock));
	thr->stock = NULL;
}

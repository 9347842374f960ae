/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bursts; see burst.h.
 *
 *	gather -> verbs -> what became of each packet -> the table
 *
 * A burst shows less than its packets one by one.  What it does show must be
 * as in the golden: each packet's answer and fate, the events in order, and the
 * table after the last one.  A connection's status is seen by the packet that
 * opens it and by the last one of the burst that belongs to it; in between the
 * golden's word is taken, and so it is for whose a packet was that a helper
 * dropped.
 */
#include <stdlib.h>

#include "burst.h"
#include "changes.h"
#include "nat.h"
#include "record.h"

/* A packet of a burst. */
struct member {
	struct burst *burst;
	struct passage *passage;
	bool asked; /* it opened a connection, and the rules were asked */
	bool on;    /* the host lets it go on */
	enum ct_verdict verdict; /* of the verb that came last */
};

struct burst {
	struct player *player;
	const struct manner *manner;
	json_t *all; /* records of the whole golden */
	size_t n;
	struct member members[BURST_MAX];
	json_t *golden[BURST_MAX];  /* borrowed */
	json_t *records[BURST_MAX]; /* owned until the burst ends */
};

/* The members that are shown to the library, as the verbs want them. */
struct shown {
	unsigned n;
	struct member *members[BURST_MAX];
	struct ct_pkt *pkts[BURST_MAX];
	enum ct_verdict verdicts[BURST_MAX];
};

static json_t *record_of(const struct member *member)
{
	return member->burst->records[member - member->burst->members];
}

static void show(struct shown *shown, struct member *member)
{
	shown->members[shown->n] = member;
	shown->pkts[shown->n++] = &member->passage->pkt;
}

static void take_verdicts(const struct shown *shown)
{
	unsigned i;

	for (i = 0; i < shown->n; i++)
		shown->members[i]->verdict = shown->verdicts[i];
}

/* --- Forward ------------------------------------------------------------ */

/* struct ct_rules: the router's rules for a first packet. */
static enum ct_verdict ask(void *user, struct ct_thread *thr,
			   struct ct_pkt *pkt)
{
	struct member *member = pkt->user;

	(void)thr;
	(void)user;
	play_adopt(member->passage);
	play_learn(member->burst->player, member->passage);
	member->asked = true;
	member->on = play_between(member->burst->player, member->passage,
				  record_of(member)) &&
		     play_behind(member->burst->player, member->passage,
				 record_of(member));
	return member->on ? CT_ACCEPT : CT_DROP;
}

/* Whether its helper dropped it, at the end of its way. */
static bool refused(const struct member *member)
{
	return member->verdict != CT_ACCEPT &&
	       member->passage->pkt.reason == CT_R_HELPER_REFUSED;
}

/* What became of a packet on its way through ct_forward_burst(). */
static void arrive(struct member *member)
{
	struct player *player = member->burst->player;
	struct passage *passage = member->passage;
	json_t *record = record_of(member);
	bool accepted = member->verdict == CT_ACCEPT;

	if (!member->asked && refused(member)) {
		passage->tracked = true;
		record_drop(record, "egress");
		return;
	}
	if (!member->asked && !accepted) {
		play_refused(passage, member->verdict, record);
		return;
	}
	if (!member->asked) {
		play_adopt(passage);
		play_learn(player, passage);
		member->on = play_between(player, passage, record);
	}
	if (member->on)
		play_depart(player, passage, accepted, record);
}

static bool last_of_its_own(const struct member *member)
{
	const struct burst *burst = member->burst;
	size_t i = (size_t)(member - burst->members) + 1;

	for (; i < burst->n; i++)
		if (burst->members[i].passage->known &&
		    burst->members[i].passage->id == member->passage->id)
			return false;
	return true;
}

/* Whether a later packet may have changed what the status was, or this one,
 * behind the place where the golden looked. */
static bool hides_status(const struct member *member)
{
	const struct burst *burst = member->burst;
	const struct ct_conn *conn = member->passage->pkt.conn;

	if (member->passage->status & CT_S_SEQ_ADJUST)
		return true;
	if (member == &burst->members[burst->n - 1])
		return false;
	/* nobody knows when it ended */
	return !last_of_its_own(member) ||
	       (conn && ct_conn_status(conn) & CT_S_DYING);
}

static void take_status(json_t *record, const json_t *golden, const char *key)
{
	json_t *ct = json_object_get(record, "ct");
	json_t *status = json_object_get(json_object_get(golden, "ct"), key);

	if (status)
		json_object_set(ct, key, status);
	else
		json_object_del(ct, key);
}

/* Whose packet it was is not shown any more. */
static void take_connection(json_t *record, const json_t *golden)
{
	json_t *ct = json_object_get(record, "ct");

	json_object_update_missing(ct, json_object_get(golden, "ct"));
}

static void forward_verdict(struct member *member, const json_t *golden)
{
	const struct player *player = member->burst->player;
	struct passage *passage = member->passage;
	json_t *record = record_of(member);
	bool hidden = passage->known && hides_status(member);

	if (!passage->tracked || router_untraceable(&passage->in))
		return;
	if (passage->pkt.conn && !hidden)
		play_last_status(passage, passage->pkt.conn);
	play_verdict(player, passage, record);
	if (refused(member) && !passage->known)
		take_connection(record, golden);
	if (hidden && !member->asked)
		take_status(record, golden, "status");
	if (hidden)
		take_status(record, golden, "final_status");
}

/* => The name of the connection that a record is of; "" for none. */
static const char *connection_of(const json_t *record)
{
	const json_t *ct = json_object_get(record, "ct");
	const char *name = json_string_value(json_object_get(ct, "id"));

	return name ? name : "";
}

static void share_table(struct burst *burst, const struct shares *shares)
{
	struct player *player = burst->player;
	json_t *whole = json_object();
	size_t i;

	for (i = 0; i < burst->n; i++)
		if (burst->members[i].passage->known)
			view_touch(&player->view,
				   burst->members[i].passage->id);
		else if (refused(&burst->members[i]))
			view_touch_name(&player->view,
					connection_of(burst->golden[i]));
	play_table(player, burst->members[burst->n - 1].passage, whole);
	if (json_object_get(whole, "table_changed")) {
		changes_share_table(shares, whole);
	} else {
		for (i = 0; i + 1 < burst->n; i++) {
			json_t *record = burst->records[i];
			const json_t *golden = burst->golden[i];

			json_object_set(record, "table",
					json_object_get(golden, "table"));
			json_object_set(record, "table_size",
					json_object_get(golden, "table_size"));
		}
		json_object_update(burst->records[burst->n - 1], whole);
	}
	for (i = 0; i + 1 < burst->n; i++)
		json_object_set(burst->records[i], "expect",
				json_object_get(burst->golden[i], "expect"));
	record_list(burst->records[burst->n - 1], "expect",
		    view_expectations(&player->view));
	json_decref(whole);
}

static void forward(struct burst *burst, struct shown *shown)
{
	static const struct ct_rules rules = { .size = sizeof(rules),
					       .new_conn = ask };
	struct player *player = burst->player;
	const struct shares shares = { burst->golden, burst->records,
				       burst->n };
	size_t last = burst->n - 1;
	json_t *released;
	unsigned i;

	ct_forward_burst(player->thr, shown->pkts, shown->n, &rules,
			 shown->verdicts);
	take_verdicts(shown);
	for (i = 0; i < shown->n; i++)
		arrive(shown->members[i]);
	for (i = 0; i < burst->n; i++)
		forward_verdict(&burst->members[i], burst->golden[i]);
	released = play_release(player, burst->members[last].passage->index);
	record_list(burst->records[last], "released", released);
	changes_share_events(&shares, view_events(&player->view));
	share_table(burst, &shares);
}

/* --- Split -------------------------------------------------------------- */

static void process_all(const struct burst *burst, struct shown *shown)
{
	struct ct_thread *thr = burst->player->thr;
	unsigned i;

	if (burst->manner->verbs == VERBS_SPLIT)
		ct_process_burst(thr, shown->pkts, shown->n, CT_HOOK_PREROUTING,
				 shown->verdicts);
	else
		for (i = 0; i < shown->n; i++)
			shown->verdicts[i] = ct_process(thr, shown->pkts[i],
							CT_HOOK_PREROUTING);
	take_verdicts(shown);
}

static void confirm_all(const struct burst *burst, struct shown *shown)
{
	struct ct_thread *thr = burst->player->thr;
	unsigned i;

	if (burst->manner->verbs == VERBS_SPLIT)
		ct_confirm_burst(thr, shown->pkts, shown->n, shown->verdicts);
	else
		for (i = 0; i < shown->n; i++)
			shown->verdicts[i] = ct_confirm(thr, shown->pkts[i]);
	take_verdicts(shown);
}

/* All that a verb has answered. */
static void note_answer(const struct member *member, const char *key)
{
	const struct ct_pkt *pkt = &member->passage->pkt;

	json_object_set_new(
		record_of(member), key,
		json_pack("{s:i,s:i,s:i,s:s,s:b,s:i,s:i,s:i}", "verdict",
			  (int)member->verdict, "state", pkt->state, "dir",
			  pkt->dir, "reason", ct_reason_text(pkt->reason)->name,
			  "conn", pkt->conn != NULL, "l4", pkt->l4, "l4_off",
			  pkt->l4_off, "l4_len", (int)pkt->l4_len));
}

/* What the host does between the verbs. */
static void between(struct member *member)
{
	struct player *player = member->burst->player;
	struct passage *passage = member->passage;

	note_answer(member, "processed");
	if (member->verdict == CT_ACCEPT) {
		play_adopt(passage);
		play_learn(player, passage);
		member->on = play_between(player, passage, record_of(member)) &&
			     play_behind(player, passage, record_of(member));
	}
	if (!member->on)
		ct_abandon(player->thr, &passage->pkt);
}

static void split_record(struct burst *burst)
{
	struct player *player = burst->player;
	struct member *last = &burst->members[burst->n - 1];
	json_t *record = record_of(last);
	unsigned i;

	record_list(record, "released",
		    play_release(player, last->passage->index));
	record_list(record, "events", view_events(&player->view));
	json_object_set_new(record, "table", view_table(&player->view));
	record_list(record, "expect", view_expectations(&player->view));
	for (i = 0; i < burst->n; i++)
		if (burst->members[i].passage->tracked)
			play_verdict(player, burst->members[i].passage,
				     burst->records[i]);
}

static void split(struct burst *burst, struct shown *shown)
{
	struct shown going = { 0 };
	unsigned i;

	process_all(burst, shown);
	for (i = 0; i < shown->n; i++) {
		between(shown->members[i]);
		if (shown->members[i]->on)
			show(&going, shown->members[i]);
	}
	confirm_all(burst, &going);
	for (i = 0; i < going.n; i++) {
		struct member *member = going.members[i];

		note_answer(member, "confirmed");
		play_depart(burst->player, member->passage,
			    member->verdict == CT_ACCEPT, record_of(member));
	}
	split_record(burst);
}

/* --- Gathering ---------------------------------------------------------- */

static void end(struct burst *burst)
{
	struct shown shown = { 0 };
	size_t i;

	for (i = 0; i < burst->n; i++)
		if (burst->members[i].passage->bytes.len)
			show(&shown, &burst->members[i]);
	if (burst->n && burst->manner->verbs == VERBS_FORWARD)
		forward(burst, &shown);
	else if (burst->n)
		split(burst, &shown);
	for (i = 0; i < burst->n; i++)
		nat_learn_ports(burst->player, burst->records[i]);
	for (i = 0; i < burst->n; i++) {
		nat_name_ports(burst->player, burst->records[i]);
		play_unstable(burst->player, burst->records[i]);
		json_array_append_new(burst->all, burst->records[i]);
		play_free(burst->members[i].passage);
	}
	burst->n = 0;
}

/* Whether the router lets such a packet pass, whatever its connection is. */
static bool passes_established(const struct player *player,
			       struct subject *subject)
{
	static const enum ct_state states[] = { CT_ESTABLISHED, CT_RELATED };
	size_t i;

	subject->leaving = true;
	for (i = 0; i < sizeof(states) / sizeof(*states); i++) {
		subject->state = states[i];
		if (nft_judge(&player->nft, subject) != NFT_ACCEPT)
			return false;
	}
	return true;
}

/* Whether a rule must look at the packet between the verbs. */
static bool needs_a_look(const struct player *player,
			 const struct passage *passage)
{
	struct bytes copy = bytes_copy(passage->bytes.data, passage->bytes.len);
	struct subject subject = passage->subject;
	enum router_route route;
	bool passes = false;

	if (!copy.data)
		return true;
	/* routing writes into options; the packet itself comes later */
	route = router_route(&copy);
	subject.view = packet_view(copy.data, copy.len, 0);
	if (route == ROUTE_LOCAL)
		passes = true;
	else if (route == ROUTE_FORWARD)
		passes = !json_object_get(player->golden->scenario, "marks") &&
			 passes_established(player, &subject);
	free(copy.data);
	return !passes;
}

/*
 * A packet of the golden for a burst.
 *
 * => NULL if it must be played alone.  One that input refused has no bytes.
 */
static struct passage *candidate(const struct burst *burst,
				 const json_t *golden)
{
	struct passage *passage = play_make(burst->player, golden);
	enum router_input input;

	if (!passage)
		return NULL;
	input = router_input(&passage->bytes);
	if (input == INPUT_MALFORMED)
		passage->bytes.len = 0;
	if (json_object_get(golden, "hold") || input == INPUT_NO_IP ||
	    (input == INPUT_GOOD && burst->manner->verbs == VERBS_FORWARD &&
	     needs_a_look(burst->player, passage))) {
		play_free(passage);
		return NULL;
	}
	return passage;
}

static void join(struct burst *burst, struct passage *passage, json_t *golden)
{
	struct member *member = &burst->members[burst->n];
	json_t *record = record_base(golden);

	if (!burst->n)
		play_wait(burst->player, record);
	*member = (struct member){ .burst = burst, .passage = passage };
	burst->golden[burst->n] = golden;
	burst->records[burst->n++] = record;
	if (!passage->bytes.len) {
		record_drop(record, "ip_input");
		return;
	}
	play_prepare(burst->player, passage);
	passage->pkt.user = member;
}

/* Whether a parked packet goes on after this one. */
static bool is_awaited(const struct player *player, json_int_t index)
{
	size_t i;

	for (i = 0; i < player->n_parked; i++)
		if (player->parked[i]->until == index)
			return true;
	return false;
}

void burst_play_all(struct player *player, const struct manner *manner,
		    json_t *records)
{
	struct burst burst = { .player = player,
			       .manner = manner,
			       .all = records };
	struct passage *passage;
	size_t i;
	json_t *golden;

	json_array_foreach(player->golden->packets, i, golden)
	{
		if (json_number_value(json_object_get(golden, "wait")) > 0 ||
		    json_object_get(golden, "patch"))
			end(&burst);
		passage = candidate(&burst, golden);
		if (!passage) {
			end(&burst);
			json_array_append_new(records,
					      play_one(player, golden));
			continue;
		}
		join(&burst, passage, golden);
		if (burst.n == manner->burst ||
		    is_awaited(player, passage->index))
			end(&burst);
	}
	end(&burst);
}

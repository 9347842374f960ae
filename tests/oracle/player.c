/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One packet after the other, as the kernel oracle's recorder.py plays them.
 *
 *	wait -> patch -> IP input -> policy -> ct_process() -> NAT -> routing
 *	     -> marks, firewall -> (parked?) -> NAT -> ct_confirm() -> out
 *
 * The clock advances by `wait` and by nothing else.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <conntrack/frag.h>

#include "burst.h"
#include "config.h"
#include "entry.h"
#include "nat.h"
#include "patch.h"
#include "play.h"
#include "prologue.h"
#include "record.h"

#define START_NS 1000000000000ull /* any time will do */
#define NS_PER_S 1e9

/* What a helper may add to a packet. */
enum { TAILROOM = 1024 };

/* --- Before a packet ---------------------------------------------------- */

/* "Time exceeded" to who sent the first fragment of what was given up. */
static void tell_expired(struct player *player, json_t *record)
{
	struct ct_pkt first;

	while (ct_frag_expired(player->thr, &first)) {
		struct bytes error = { calloc(1, CT_FRAG_ERROR_MAX), 0 };
		int len = 0;

		if (error.data)
			len = ct_frag_time_exceeded(
				&first, router_address(first.l3), error.data,
				CT_FRAG_ERROR_MAX);
		if (len > 0) {
			error.len = (size_t)len;
			record_answer(record, error);
		} else {
			free(error.data);
		}
	}
}

void play_wait(struct player *player, json_t *record)
{
	double seconds = json_number_value(json_object_get(record, "wait"));

	if (seconds > 0) {
		player->now_ns += (uint64_t)llround(seconds * NS_PER_S);
		ct_thread_poll(player->thr, player->now_ns);
		ct_maintain(player->tbl, player->now_ns, 0);
		record_list(record, "expired",
			    record_sorted(view_events(&player->view)));
		tell_expired(player, record);
	}
	ct_thread_poll(player->thr, player->now_ns);
	view_begin_packet(&player->view);
}

/* Fit the packet to what earlier ones left as, where the golden did. */
static void patch(const struct player *player, const json_t *record,
		  struct bytes *packet)
{
	const char *how;
	json_t *index;

	json_object_foreach(json_object_get(record, "patch"), how, index)
	{
		char key[24];
		const char *hex;
		struct bytes left;
		bool masked;

		snprintf(key, sizeof(key), "%lld",
			 (long long)json_integer_value(index));
		hex = json_string_value(json_object_get(player->left, key));
		if (!hex || !bytes_from_hex(hex, &left, &masked))
			continue;
		patch_apply(packet, how, &left);
		free(left.data);
	}
}

/* A masked port without a patch is the sender's own, as in packets before. */
static void unmask(const struct player *player, const json_t *record,
		   struct bytes *packet)
{
	json_int_t i = json_integer_value(json_object_get(record, "i"));
	bool done = false;

	while (i-- > 0 && !done) {
		const json_t *earlier =
			json_array_get(player->golden->packets, (size_t)i);
		const char *hex =
			json_string_value(json_object_get(earlier, "in"));
		struct bytes before;
		bool masked;

		if (!hex || !bytes_from_hex(hex, &before, &masked))
			continue;
		done = !masked && patch_port(packet, &before);
		free(before.data);
	}
}

void play_free(struct passage *passage)
{
	free(passage->in.data);
	free(passage->own);
	free(passage);
}

struct passage *play_make(const struct player *player, const json_t *record)
{
	struct passage *passage = calloc(1, sizeof(*passage));
	const char *hex = json_string_value(json_object_get(record, "in"));
	bool masked = false;

	if (!passage || !hex || !bytes_from_hex(hex, &passage->in, &masked)) {
		free(passage);
		return NULL;
	}
	if (masked && json_object_get(record, "patch"))
		patch(player, record, &passage->in);
	else if (masked)
		unmask(player, record, &passage->in);
	passage->bytes = bytes_roomy(&passage->in, TAILROOM);
	passage->own = passage->bytes.data;
	passage->index = json_integer_value(json_object_get(record, "i"));
	passage->until = json_integer_value(json_object_get(record, "hold"));
	passage->subject.side = side_of_name(
		json_string_value(json_object_get(record, "side")));
	return passage;
}

/* --- Tracking ----------------------------------------------------------- */

static bool has_policies(const struct player *player)
{
	static const char *const rules[] = { "notrack", "zones", "timeouts",
					     "helpers" };

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (json_object_get(player->golden->scenario, rules[i]))
			return true;
	return false;
}

void play_prepare(struct player *player, struct passage *passage)
{
	struct subject *subject = &passage->subject;
	struct ct_pkt *pkt = &passage->pkt;

	subject->view = packet_view(passage->bytes.data, passage->bytes.len, 0);
	subject->state = CT_NEW; /* policies only matter to new connections */
	pkt->data = passage->bytes.data;
	pkt->len = (uint32_t)passage->bytes.len;
	pkt->tailroom = TAILROOM;
	pkt->l3 = subject->view.version == 4 ? CT_L3_IPV4 : CT_L3_IPV6;
	/* What has no ports is judged when it is whole, as Linux does. */
	if (has_policies(player) && (view_is_fragment(&subject->view) ||
				     subject->view.has_fragment_header)) {
		ct_frag_gather(player->thr, pkt);
		play_adopt(passage);
	}
	pkt->policy = rules_policy(&player->rules, subject);
}

void play_adopt(struct passage *passage)
{
	const struct ct_pkt *pkt = &passage->pkt;

	if (!(pkt->flags & CT_PKT_WHOLE) || passage->bytes.data == pkt->data)
		return;
	passage->bytes.data = pkt->data;
	passage->bytes.len = pkt->len;
	passage->subject.view = packet_view(pkt->data, pkt->len, 0);
}

/*
 * Linux says nothing of an IPv6 fragment that it discards, nor of a duplicate.
 */
void play_refused(const struct passage *passage, enum ct_verdict verdict,
		  json_t *record)
{
	struct ip_view view = packet_view(passage->in.data, passage->in.len, 0);
	bool fragment = view_is_fragment(&view) || view.has_fragment_header;

	if (verdict == CT_STOLEN ||
	    (fragment &&
	     (view.version == 6 || passage->pkt.reason == CT_R_FRAG_DUPLICATE)))
		record_text(record, "fate", "held");
	else
		record_drop(record, fragment ? "defrag" : "conntrack");
}

void play_learn(struct player *player, struct passage *passage)
{
	struct subject *subject = &passage->subject;
	const struct ct_pkt *pkt = &passage->pkt;

	passage->tracked = true;
	subject->state = (enum ct_state)pkt->state;
	if (!pkt->conn)
		return;
	passage->known = true;
	passage->id = ct_conn_id(player->tbl, pkt->conn);
	passage->status = ct_conn_status(pkt->conn);
	passage->final_status = passage->status;
	if (!(passage->status & (CT_S_CONFIRMED | CT_S_DYING)))
		rules_first_timeout(&player->rules, subject, player->thr,
				    pkt->conn);
}

/* Show the packet to the library. */
static enum ct_verdict track(struct player *player, struct passage *passage)
{
	enum ct_verdict verdict;

	play_prepare(player, passage);
	verdict = ct_process(player->thr, &passage->pkt, CT_HOOK_PREROUTING);
	if (verdict == CT_ACCEPT) {
		play_adopt(passage);
		play_learn(player, passage);
	}
	return verdict;
}

void play_verdict(const struct player *player, const struct passage *passage,
		  json_t *record)
{
	static const char *const states[CT_STATE_MAX] = {
		"invalid", "new", "established", "related", "untracked"
	};
	json_t *verdict = json_object();

	record_text(verdict, "state", states[passage->pkt.state]);
	if (passage->known) {
		record_text(verdict, "dir",
			    passage->pkt.dir == CT_DIR_ORIG ? "orig" : "reply");
		json_object_set_new(verdict, "id",
				    view_name(&player->view, passage->id));
		json_object_set_new(verdict, "status",
				    entry_status(passage->status));
		if (passage->final_status != passage->status)
			json_object_set_new(
				verdict, "final_status",
				entry_status(passage->final_status));
	}
	json_object_set_new(record, "ct", verdict);
	if (passage->pkt.state == CT_INVALID)
		json_object_set_new(
			record, "log",
			json_pack("[s]",
				  ct_reason_text(passage->pkt.reason)->name));
}

/* --- Ways through the router -------------------------------------------- */

/* Every packet that leaves for this one. */
static json_t *outputs(struct player *player, struct passage *passage)
{
	struct ct_pkt piece = { 0 };
	json_t *out = json_array();

	while (ct_frag_next(player->thr, &passage->pkt, &piece))
		json_array_append_new(out, bytes_to_hex(piece.data, piece.len));
	return out;
}

/* What left, and what it was to be for packets that answer it. */
static void add_output(struct player *player, struct passage *passage,
		       json_t *record)
{
	json_t *in = bytes_to_hex(passage->in.data, passage->in.len);
	json_t *out = outputs(player, passage);
	char key[24];

	snprintf(key, sizeof(key), "%lld", (long long)passage->index);
	json_object_set(player->left, key, json_array_get(out, 0));
	record_text(record, "fate", "forwarded");
	if (json_array_size(out) == 1 && json_equal(in, json_array_get(out, 0)))
		record_text(record, "out", "same");
	else
		json_object_set(record, "out", out);
	json_decref(in);
	json_decref(out);
}

void play_last_status(struct passage *passage, const struct ct_conn *conn)
{
	/* Confirmation, and what a helper does, come behind that hook; so does
	 * the end of what it refuses. */
	const uint32_t later = CT_S_CONFIRMED | CT_S_SEQ_ADJUST |
			       (passage->pkt.conn ? 0u : (uint32_t)CT_S_DYING);
	uint32_t status = ct_conn_status(conn);

	status &= ~later | (passage->status & later);
	passage->final_status = status;
}

void play_depart(struct player *player, struct passage *passage, bool accepted,
		 json_t *record)
{
	if (!accepted)
		record_drop(record, "egress");
	else if (passage->route == ROUTE_LOCAL)
		record_text(record, "fate", "local");
	else
		add_output(player, passage, record);
}

/* The last step of a packet that goes on. */
static void confirm(struct player *player, struct passage *passage,
		    json_t *record)
{
	struct ct_conn *conn = passage->pkt.conn;
	bool accepted;

	if (!play_behind(player, passage, record)) {
		ct_abandon(player->thr, &passage->pkt);
		return;
	}
	accepted = ct_confirm(player->thr, &passage->pkt) == CT_ACCEPT;
	/* Whom a helper refuses may still be looked at until the next poll. */
	if (conn && (passage->pkt.conn == conn ||
		     passage->pkt.reason == CT_R_HELPER_REFUSED))
		play_last_status(passage, conn);
	play_depart(player, passage, accepted, record);
}

bool play_forward(struct player *player, struct passage *passage,
		  json_t *record)
{
	struct subject *subject = &passage->subject;
	enum nft_verdict verdict;

	subject->leaving = true;
	if (passage->pkt.conn)
		rules_mark(&player->rules, subject, player->thr,
			   passage->pkt.conn);
	verdict = nft_judge(&player->nft, subject);
	if (verdict == NFT_ACCEPT)
		return true;
	if (verdict == NFT_REJECT)
		record_answer(record, router_unreachable(&passage->bytes));
	if (verdict == NFT_RESET)
		record_answer(record, router_reset(&passage->bytes));
	record_drop(record, player->nft.where);
	return false;
}

bool play_between(struct player *player, struct passage *passage,
		  json_t *record)
{
	if (!nat_step(player, passage, CT_NAT_DST, record))
		return false;
	passage->route = router_route(&passage->bytes);
	if (passage->route == ROUTE_DROP)
		record_drop(record, "routing");
	return passage->route == ROUTE_LOCAL ||
	       (passage->route == ROUTE_FORWARD &&
		play_forward(player, passage, record));
}

bool play_behind(struct player *player, struct passage *passage, json_t *record)
{
	return nat_step(player, passage, CT_NAT_SRC, record);
}

/* Keep a packet between tracking and confirmation. */
static bool park(struct player *player, struct passage *passage)
{
	if (player->n_parked == PARKED_MAX)
		return false;
	if (passage->pkt.conn)
		passage->held = ct_conn_get(passage->pkt.conn);
	player->parked[player->n_parked++] = passage;
	return true;
}

/*
 * Send a packet through the router.
 *
 * => True if it was parked, and so is not the caller's any more.
 */
static bool pass(struct player *player, struct passage *passage, json_t *record)
{
	enum ct_verdict verdict;

	if (router_input(&passage->bytes) != INPUT_GOOD) {
		record_drop(record, "ip_input");
		return false;
	}
	verdict = track(player, passage);
	if (verdict != CT_ACCEPT) {
		play_refused(passage, verdict, record);
		return false;
	}
	if (!play_between(player, passage, record)) {
		ct_abandon(player->thr, &passage->pkt);
		return false;
	}
	if (json_object_get(record, "hold") && park(player, passage)) {
		record_text(record, "fate", "parked");
		/* nobody saw it leave */
		passage->final_status = passage->status;
		return true;
	}
	confirm(player, passage, record);
	return false;
}

json_t *play_release(struct player *player, json_int_t index)
{
	json_t *released = json_array();
	size_t kept = 0;
	size_t i;

	for (i = 0; i < player->n_parked; i++) {
		struct passage *passage = player->parked[i];
		json_t *record;

		if (passage->until != index) {
			player->parked[kept++] = passage;
			continue;
		}
		record = json_pack("{s:I}", "i", passage->index);
		confirm(player, passage, record);
		ct_conn_put(player->tbl, passage->held);
		play_free(passage);
		json_array_append_new(released, record);
	}
	player->n_parked = kept;
	return released;
}

/* --- After a packet ----------------------------------------------------- */

void play_table(struct player *player, const struct passage *passage,
		json_t *record)
{
	const char *mode = json_string_value(
		json_object_get(player->golden->scenario, "table"));

	if (!mode || !strcmp(mode, "full"))
		json_object_set_new(record, "table", view_table(&player->view));
	else if (!strcmp(mode, "delta"))
		view_changes(&player->view, passage->known ? passage->id : 0,
			     record);
	else
		json_object_set_new(record, "table_size",
				    view_size(&player->view));
}

void play_unstable(const struct player *player, json_t *record)
{
	size_t i;
	json_t *key;

	json_array_foreach(
		json_object_get(player->golden->scenario, "unstable"), i, key)
		json_object_del(record, json_string_value(key));
}

json_t *play_one(struct player *player, const json_t *golden)
{
	json_t *record = record_base(golden);
	struct passage *passage = play_make(player, golden);
	json_t *released;
	json_t *events;
	bool parked;

	if (!passage)
		return record;
	play_wait(player, record);
	if (router_input(&passage->bytes) == INPUT_NO_IP) {
		record_drop(record, "device");
		play_free(passage);
		return record;
	}
	parked = pass(player, passage, record);
	released = play_release(player, passage->index);
	events = view_events(&player->view);
	if (passage->tracked && !router_untraceable(&passage->in))
		play_verdict(player, passage, record);
	play_table(player, passage, record);
	record_list(record, "expect", view_expectations(&player->view));
	record_list(record, "released", released);
	record_list(record, "events", events);
	nat_learn_ports(player, record);
	nat_name_ports(player, record);
	play_unstable(player, record);
	if (!parked)
		play_free(passage);
	return record;
}

static void play_all(struct player *player, const struct manner *manner,
		     json_t *records)
{
	size_t i;
	json_t *golden;

	if (manner->verbs != VERBS_SINGLE) {
		burst_play_all(player, manner, records);
	} else {
		json_array_foreach(player->golden->packets, i, golden)
			json_array_append_new(records,
					      play_one(player, golden));
	}
	/* a golden that ends too early leaves packets behind */
	for (i = 0; i < player->n_parked; i++) {
		ct_abandon(player->thr, &player->parked[i]->pkt);
		ct_conn_put(player->tbl, player->parked[i]->held);
		play_free(player->parked[i]);
	}
}

json_t *player_play(const struct golden *golden, const struct manner *manner)
{
	struct player player = { .golden = golden, .now_ns = START_NS };
	json_t *records = NULL;

	if (!nft_parse(&player.nft, golden->scenario))
		return NULL;
	player.tbl = config_table(golden->scenario);
	if (!player.tbl)
		return NULL;
	if (!ct_thread_attach(player.tbl, &player.thr)) {
		ct_thread_poll(player.thr, player.now_ns);
		rules_init(&player.rules, golden->scenario, player.tbl);
		player.left = json_object();
		player.ports = json_object();
		if (view_init(&player.view, player.tbl, player.thr) &&
		    prologue_play(&player)) {
			records = json_array();
			play_all(&player, manner, records);
		}
		view_fini(&player.view);
		json_decref(player.left);
		json_decref(player.ports);
		rules_fini(&player.rules);
		ct_thread_detach(player.thr);
	}
	ct_table_destroy(player.tbl);
	return records;
}

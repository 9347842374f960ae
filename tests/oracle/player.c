/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One packet after the other, as the kernel oracle's recorder.py plays them.
 *
 *	wait -> patch -> IP input -> policy -> ct_process() -> routing
 *	     -> marks, firewall -> (parked?) -> ct_confirm() -> out
 *
 * The clock advances by `wait` and by nothing else.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "entry.h"
#include "nft.h"
#include "patch.h"
#include "player.h"
#include "record.h"
#include "router.h"
#include "rules.h"
#include "view.h"

#define START_NS   1000000000000ull /* any time will do */
#define NS_PER_S   1e9
#define PARKED_MAX 16

/* A packet on its way. */
struct passage {
	json_int_t index;
	json_int_t until;   /* parked: until this one is through */
	struct bytes in;    /* as it came */
	struct bytes bytes; /* as it is now */
	struct ct_pkt pkt;
	struct subject subject;
	bool tracked; /* the library has answered */
	bool known;   /* id and status mean something */
	uint64_t id;  /* of its connection, right after tracking */
	uint32_t status;
	uint32_t final_status; /* just before it leaves */
	struct ct_conn *held;  /* while it is parked */
	enum router_route route;
};

struct player {
	const struct golden *golden;
	struct ct_table *tbl;
	struct ct_thread *thr;
	struct view view;
	struct rules rules;
	struct nft nft;
	uint64_t now_ns;
	json_t *left; /* index: hex of what left for it */
	struct passage *parked[PARKED_MAX];
	size_t n_parked;
};

/* --- Before a packet ---------------------------------------------------- */

/* Let time pass; what expires meanwhile is told apart from the packet. */
static void wait_before(struct player *player, json_t *record)
{
	double seconds = json_number_value(json_object_get(record, "wait"));

	if (seconds > 0) {
		player->now_ns += (uint64_t)llround(seconds * NS_PER_S);
		ct_thread_poll(player->thr, player->now_ns);
		ct_maintain(player->tbl, player->now_ns, 0);
		record_list(record, "expired",
			    record_sorted(view_events(&player->view)));
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

static void passage_free(struct passage *passage)
{
	free(passage->in.data);
	free(passage->bytes.data);
	free(passage);
}

static struct passage *passage_make(const struct player *player,
				    const json_t *record)
{
	struct passage *passage = calloc(1, sizeof(*passage));
	const char *hex = json_string_value(json_object_get(record, "in"));
	bool masked = false;

	if (!passage || !hex || !bytes_from_hex(hex, &passage->in, &masked)) {
		free(passage);
		return NULL;
	}
	if (masked)
		patch(player, record, &passage->in);
	passage->bytes = bytes_copy(passage->in.data, passage->in.len);
	passage->index = json_integer_value(json_object_get(record, "i"));
	passage->until = json_integer_value(json_object_get(record, "hold"));
	passage->subject.side = side_of_name(
		json_string_value(json_object_get(record, "side")));
	return passage;
}

/* --- Tracking ----------------------------------------------------------- */

/* Show the packet to the library; false if it must be dropped. */
static bool track(struct player *player, struct passage *passage)
{
	struct subject *subject = &passage->subject;
	struct ct_pkt *pkt = &passage->pkt;

	subject->view = packet_view(passage->bytes.data, passage->bytes.len, 0);
	subject->state = CT_NEW; /* policies only matter to new connections */
	pkt->data = passage->bytes.data;
	pkt->len = (uint32_t)passage->bytes.len;
	pkt->l3 = subject->view.version == 4 ? CT_L3_IPV4 : CT_L3_IPV6;
	pkt->policy = rules_policy(&player->rules, subject);
	if (ct_process(player->thr, pkt, CT_HOOK_PREROUTING) != CT_ACCEPT)
		return false;
	passage->tracked = true;
	subject->state = (enum ct_state)pkt->state;
	if (!pkt->conn)
		return true;
	passage->known = true;
	passage->id = ct_conn_id(player->tbl, pkt->conn);
	passage->status = ct_conn_status(pkt->conn);
	passage->final_status = passage->status;
	if (!(passage->status & (CT_S_CONFIRMED | CT_S_DYING)))
		rules_first_timeout(&player->rules, subject, player->thr,
				    pkt->conn);
	return true;
}

/* The verdict, once the packet's events have given names. */
static void add_verdict(const struct player *player,
			const struct passage *passage, json_t *record)
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

/* What left, and what it was to be for packets that answer it. */
static void add_output(struct player *player, const struct passage *passage,
		       json_t *record)
{
	const struct bytes *in = &passage->in;
	const struct bytes *out = &passage->bytes;
	json_t *hex = bytes_to_hex(out->data, out->len);
	char key[24];

	snprintf(key, sizeof(key), "%lld", (long long)passage->index);
	json_object_set(player->left, key, hex);
	record_text(record, "fate", "forwarded");
	if (in->len == out->len && !memcmp(in->data, out->data, out->len))
		record_text(record, "out", "same");
	else
		json_object_set_new(record, "out", json_pack("[O]", hex));
	json_decref(hex);
}

/* The status before the last hook, which is where a connection is confirmed. */
static uint32_t final_status(const struct passage *passage,
			     const struct ct_conn *conn)
{
	uint32_t status = ct_conn_status(conn);

	return passage->status & CT_S_CONFIRMED
		       ? status
		       : status & ~(uint32_t)CT_S_CONFIRMED;
}

/* The last step of a packet that goes on. */
static void confirm(struct player *player, struct passage *passage,
		    json_t *record)
{
	struct ct_conn *conn = passage->pkt.conn;
	bool accepted = ct_confirm(player->thr, &passage->pkt) == CT_ACCEPT;

	if (conn && passage->pkt.conn == conn)
		passage->final_status = final_status(passage, conn);
	if (!accepted)
		record_drop(record, "egress");
	else if (passage->route == ROUTE_LOCAL)
		record_text(record, "fate", "local");
	else
		add_output(player, passage, record);
}

/* The firewall's and the marks' hook; false if the packet ends there. */
static bool forward(struct player *player, struct passage *passage,
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
	if (router_input(&passage->bytes) != INPUT_GOOD) {
		record_drop(record, "ip_input");
		return false;
	}
	if (!track(player, passage)) {
		record_drop(record, "conntrack");
		return false;
	}
	passage->route = router_route(&passage->bytes);
	if (passage->route == ROUTE_DROP)
		record_drop(record, "routing");
	else if (passage->route == ROUTE_LOCAL ||
		 forward(player, passage, record)) {
		if (json_object_get(record, "hold") && park(player, passage)) {
			record_text(record, "fate", "parked");
			return true;
		}
		confirm(player, passage, record);
		return false;
	}
	ct_abandon(player->thr, &passage->pkt);
	return false;
}

/* Let go the packets that wait for this one. */
static json_t *release(struct player *player, json_int_t index)
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
		passage_free(passage);
		json_array_append_new(released, record);
	}
	player->n_parked = kept;
	return released;
}

/* --- After a packet ----------------------------------------------------- */

static void add_table(struct player *player, const struct passage *passage,
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

static void drop_unstable(const struct player *player, json_t *record)
{
	size_t i;
	json_t *key;

	json_array_foreach(
		json_object_get(player->golden->scenario, "unstable"), i, key)
		json_object_del(record, json_string_value(key));
}

static json_t *play(struct player *player, const json_t *golden)
{
	json_t *record = record_base(golden);
	struct passage *passage = passage_make(player, golden);
	json_t *released;
	json_t *events;
	bool parked;

	if (!passage)
		return record;
	wait_before(player, record);
	if (router_input(&passage->bytes) == INPUT_NO_IP) {
		record_drop(record, "device");
		passage_free(passage);
		return record;
	}
	parked = pass(player, passage, record);
	released = release(player, passage->index);
	events = view_events(&player->view);
	if (passage->tracked && !router_untraceable(&passage->in))
		add_verdict(player, passage, record);
	add_table(player, passage, record);
	record_list(record, "released", released);
	record_list(record, "events", events);
	drop_unstable(player, record);
	if (!parked)
		passage_free(passage);
	return record;
}

static void play_all(struct player *player, json_t *records)
{
	size_t i;
	json_t *golden;

	json_array_foreach(player->golden->packets, i, golden)
		json_array_append_new(records, play(player, golden));
	/* a golden that ends too early leaves packets behind */
	for (i = 0; i < player->n_parked; i++) {
		ct_abandon(player->thr, &player->parked[i]->pkt);
		ct_conn_put(player->tbl, player->parked[i]->held);
		passage_free(player->parked[i]);
	}
}

json_t *player_play(const struct golden *golden)
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
		if (view_init(&player.view, player.tbl, player.thr)) {
			records = json_array();
			play_all(&player, records);
		}
		view_fini(&player.view);
		json_decref(player.left);
		rules_fini(&player.rules);
		ct_thread_detach(player.thr);
	}
	ct_table_destroy(player.tbl);
	return records;
}

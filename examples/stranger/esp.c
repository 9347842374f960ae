/* SPDX-License-Identifier: CC0-1.0 */
/*
 * A tracker for ESP (RFC 4303), which the library itself knows only by its
 * addresses.  In the public domain: start yours from it.
 *
 *	0               4               8
 *	+---------------+---------------+----
 *	| SPI           | sequence      | sealed
 *	+---------------+---------------+----
 *
 * The SPI is the connection's key: its upper half is the tuple's src_id, its
 * lower half dst_id.  Nobody but the two ends knows which SPI the answers
 * have, so this tracker takes them to have the same one, as is usual where
 * keys are configured by hand.
 */
#include "esp.h"

#include <string.h>

#define IPPROTO_ESP_NUMBER 50
#define ESP_HEADER_LEN     8

enum { PARAM_TIMEOUT, PARAM_MAX };

static const struct ct_param_def params[PARAM_MAX] = {
	[PARAM_TIMEOUT] = {
		.name = "esp.timeout",
		.doc = "Seconds that an idle ESP connection is kept.",
		.linux_value = 600,
		.recommended = 600,
		.min = 1,
		.max = 86400,
		.flags = CT_PARAM_TIMEOUT,
	},
};

/* What is kept with each connection, in the bytes of ct_l4_state(). */
struct esp_state {
	uint32_t answered; /* a packet came the other way */
};
CT_STATIC_ASSERT(sizeof(struct esp_state) <= CT_L4_STATE_MAX, "must fit");

/* An SPI below 256 is reserved, 0 is for use inside of a host only: RFC 4303
 * section 2.1.  A quoted packet has eight bytes at least. */
static bool esp_tuple(struct ct_pkt *pkt, struct ct_tuple *t)
{
	struct ct_cursor cur = ct_l4_cursor(pkt);
	const ct_be16 high = ct_cursor_be16(&cur);
	const ct_be16 low = ct_cursor_be16(&cur);

	ct_cursor_skip(&cur, ESP_HEADER_LEN - 4);
	if (!ct_cursor_good(&cur)) {
		pkt->reason = CT_R_L4_TRUNCATED;
		return false;
	}
	if (high == 0 && low == 0) {
		pkt->reason = CT_R_L4_TUPLE;
		return false;
	}
	t->src_id = high;
	t->dst_id = low;
	return true;
}

static bool esp_invert(const struct ct_tuple *t, struct ct_tuple *inverse)
{
	inverse->src_id = t->src_id;
	inverse->dst_id = t->dst_id;
	return true;
}

/* Any packet may open: it tells nothing about what was before. */
static enum ct_track esp_open(struct ct_thread *thr, struct ct_conn *conn,
			      struct ct_pkt *pkt)
{
	(void)thr;
	(void)conn;
	(void)pkt;
	return CT_TRACK_OK;
}

static enum ct_track esp_packet(struct ct_thread *thr, struct ct_conn *conn,
				struct ct_pkt *pkt)
{
	struct esp_state *state = ct_l4_state(conn);

	ct_conn_refresh(thr, conn,
			ct_l4_param(thr, &esp_ops, conn, PARAM_TIMEOUT));
	if (pkt->dir == CT_DIR_REPLY && !state->answered) {
		state->answered = 1;
		ct_conn_changed(thr, conn);
		ct_conn_assure(thr, conn);
	}
	if (ct_tracing(thr))
		ct_trace(thr, "esp", "%s",
			 state->answered ? "both ways" : "one way");
	return CT_TRACK_OK;
}

/* Another thread may be in esp_packet(): any value must do. */
static const char *esp_state_name(const struct ct_conn *conn)
{
	struct esp_state state;

	memcpy(&state, ct_l4_state_const(conn), sizeof(state));
	return state.answered ? "BOTH_WAYS" : "ONE_WAY";
}

const struct ct_l4_ops esp_ops = {
	.size = sizeof(esp_ops),
	.name = "esp",
	.l4 = IPPROTO_ESP_NUMBER,
	.ids = CT_IDS_KEYS,
	.state_size = sizeof(struct esp_state),
	.flags = CT_L4_MAY_CLASH,
	.params = params,
	.n_params = PARAM_MAX,
	.tuple = esp_tuple,
	.invert = esp_invert,
	.open = esp_open,
	.packet = esp_packet,
	.state_name = esp_state_name,
};

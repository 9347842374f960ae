/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h323_h225.c - H.225.0: call signalling and RAS
 *
 * Names are those of the recommendation; what ends in _of are fields.  A field
 * that is described as the end (STOP) is the first behind the last address.
 */
#include "helper/h323_types.h"

/* clang-format off */

#define STOP F(ct_per_stop)
#define NOTHING F(ct_per_null)
#define FLAG F(ct_per_boolean)

/* --- Addresses and names -------------------------------------------------- */

static const struct ct_per_type octets_2 = SIZED(CT_PER_OCTETS, 2, 2);
static const struct ct_per_type octets_4 = SIZED(CT_PER_OCTETS, 4, 4);
static const struct ct_per_type octets_6 = SIZED(CT_PER_OCTETS, 6, 6);
static const struct ct_per_type octets_16 = SIZED(CT_PER_OCTETS, 16, 16);
static const struct ct_per_type octets_1_20 = SIZED(CT_PER_OCTETS, 1, 20);
static const struct ct_per_type octets_1_256 = SIZED(CT_PER_OCTETS, 1, 256);

static const struct ct_per_field t35_of[] = {
	F(ct_per_byte), F(ct_per_byte), F(ct_per_word)
};
static const struct ct_per_type t35 = SEQUENCE_MORE(3, t35_of);
static const struct ct_per_field non_standard_id_of[] = {
	F(ct_per_oid), F(t35)
};
static const struct ct_per_type non_standard_id =
	CHOICE_MORE(2, non_standard_id_of);
static const struct ct_per_field non_standard_of[] = {
	F(non_standard_id), F(ct_per_bytes)
};
static const struct ct_per_type non_standard = SEQUENCE(non_standard_of);

static const struct ct_per_field ip4_of[] = { F(ct_per_ip4), F(ct_per_word) };
static const struct ct_per_field ip6_of[] = { F(ct_per_ip6), F(ct_per_word) };
static const struct ct_per_field ipx_of[] = {
	F(octets_6), F(octets_4), F(octets_2)
};
static const struct ct_per_type ip4 = SEQUENCE(ip4_of);
static const struct ct_per_type ip6 = SEQUENCE_MORE(2, ip6_of);
static const struct ct_per_type ipx = SEQUENCE(ipx_of);
static const struct ct_per_field strict_of[] = { NOTHING, NOTHING };
static const struct ct_per_type strict = CHOICE_MORE(2, strict_of);
static const struct ct_per_field hops_of[] = { F(octets_4) };
static const struct ct_per_type hops = LIST(hops_of);
static const struct ct_per_field routed_of[] = {
	F(ct_per_ip4), F(ct_per_word), F(hops), F(strict)
};
static const struct ct_per_type routed = SEQUENCE_MORE(4, routed_of);

static const struct ct_per_field transport_of[] = {
	F(ip4), F(routed), F(ipx), F(ip6), F(octets_16), F(octets_1_20),
	F(non_standard)
};
static const struct ct_per_type transport = CHOICE_MORE(7, transport_of);
static const struct ct_per_field transports_of[] = { F(transport) };
static const struct ct_per_type transports = LIST(transports_of);

static const struct ct_per_type digits = SIZED(CT_PER_DIGITS, 1, 128);
static const struct ct_per_type name = SIZED(CT_PER_WIDE, 1, 256);
static const struct ct_per_field alias_of[] = { F(digits), F(name) };
static const struct ct_per_type alias = CHOICE_MORE(2, alias_of);
static const struct ct_per_field aliases_of[] = { F(alias) };
static const struct ct_per_type aliases = LIST(aliases_of);
static const struct ct_per_type identifier = SIZED(CT_PER_WIDE, 1, 128);

/* --- Endpoints ------------------------------------------------------------ */

static const struct ct_per_field vendor_of[] = {
	F(t35), O(octets_1_256), O(octets_1_256)
};
static const struct ct_per_type vendor = SEQUENCE_MORE(3, vendor_of);

/* Gatekeepers, MCUs, terminals, and what gateways support. */
static const struct ct_per_field plain_of[] = { O(non_standard) };
static const struct ct_per_type plain = SEQUENCE_MORE(1, plain_of);
static const struct ct_per_field supported_of[] = {
	F(non_standard), F(plain), F(plain), F(plain), F(plain), F(plain),
	F(plain), F(plain), F(plain)
};
static const struct ct_per_type supported = CHOICE_MORE(9, supported_of);
static const struct ct_per_field supporteds_of[] = { F(supported) };
static const struct ct_per_type supporteds = LIST(supporteds_of);
static const struct ct_per_field gateway_of[] = {
	O(supporteds), O(non_standard)
};
static const struct ct_per_type gateway = SEQUENCE_MORE(2, gateway_of);

static const struct ct_per_field endpoint_of[] = {
	O(non_standard), O(vendor), O(plain), O(gateway), O(plain), O(plain),
	FLAG, FLAG
};
static const struct ct_per_type endpoint = SEQUENCE_MORE(8, endpoint_of);

/* --- Parts of messages ---------------------------------------------------- */

static const struct ct_per_field goal_of[] = { NOTHING, NOTHING, NOTHING };
static const struct ct_per_type goal = CHOICE_MORE(3, goal_of);
static const struct ct_per_field call_type_of[] = {
	NOTHING, NOTHING, NOTHING, NOTHING
};
static const struct ct_per_type call_type = CHOICE_MORE(4, call_type_of);
static const struct ct_per_field call_model_of[] = { NOTHING, NOTHING };
static const struct ct_per_type call_model = CHOICE_MORE(2, call_model_of);
static const struct ct_per_field q954_of[] = { FLAG, FLAG };
static const struct ct_per_type q954 = SEQUENCE_MORE(2, q954_of);
static const struct ct_per_field services_of[] = {
	FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, F(q954)
};
static const struct ct_per_type services = SEQUENCE_MORE(8, services_of);
static const struct ct_per_field references_of[] = { F(ct_per_word) };
static const struct ct_per_type references = LIST(references_of);
static const struct ct_per_field call_id_of[] = { F(octets_16) };
static const struct ct_per_type call_id = SEQUENCE_MORE(1, call_id_of);

static const struct ct_per_field channel_of[] = { F(ct_h245_open_channel) };
static const struct ct_per_type channel = INSIDE(channel_of);
static const struct ct_per_field channels_of[] = { F(channel) };
static const struct ct_per_type channels = LIST(channels_of);
static const struct ct_per_field control_of[] = { F(ct_h245_control_message) };
static const struct ct_per_type control = INSIDE(control_of);
static const struct ct_per_field controls_of[] = { F(control) };
static const struct ct_per_type controls = LIST(controls_of);

/* --- Call signalling ------------------------------------------------------ */

static const struct ct_per_field setup_of[] = {
	F(ct_per_oid),
	OT(transport, CT_H323_H245),
	O(aliases),
	F(endpoint),
	O(aliases),
	OT(transport, CT_H323_DEST),
	O(aliases),
	O(references),
	FLAG,
	F(octets_16), /* conference */
	F(goal),
	O(services),
	F(call_type),
	/* additions */
	FT(transport, CT_H323_SOURCE),
	SKIP, SKIP, SKIP, SKIP, SKIP,
	F(channels)
};
static const struct ct_per_type setup = SEQUENCE_MORE(13, setup_of);

/* Call Proceeding and Alerting. */
static const struct ct_per_field proceeding_of[] = {
	F(ct_per_oid),
	F(endpoint),
	OT(transport, CT_H323_H245),
	/* additions */
	SKIP, SKIP, SKIP, SKIP,
	F(channels)
};
static const struct ct_per_type proceeding = SEQUENCE_MORE(3, proceeding_of);

static const struct ct_per_field connect_of[] = {
	F(ct_per_oid),
	OT(transport, CT_H323_H245),
	F(endpoint),
	F(octets_16),
	/* additions */
	SKIP, SKIP, SKIP, SKIP,
	F(channels)
};
static const struct ct_per_type connected = SEQUENCE_MORE(4, connect_of);

/* Security and tokens end the walk. */
static const struct ct_per_field progress_of[] = {
	F(ct_per_oid),
	F(endpoint),
	OT(transport, CT_H323_H245),
	F(call_id),
	O(ct_per_stop), O(ct_per_stop), O(ct_per_stop),
	O(channels)
};
static const struct ct_per_type progress = SEQUENCE_MORE(8, progress_of);

static const struct ct_per_field reason_of[] = {
	NOTHING, NOTHING, NOTHING, NOTHING
};
static const struct ct_per_type reason = {
	.kind = CT_PER_CHOICE,
	.flags = CT_PER_EXTENSIBLE,
	.n_root = COUNT(reason_of),
	.n_fields = COUNT(reason_of),
	.mark = CT_H323_REASON,
	.fields = reason_of,
};
static const struct ct_per_field facility_of[] = {
	F(ct_per_oid),
	OT(transport, CT_H323_FORWARD),
	O(aliases),
	O(octets_16),
	F(reason),
	/* additions */
	SKIP, SKIP, SKIP, SKIP, SKIP, SKIP,
	FT(transport, CT_H323_H245),
	F(channels)
};
static const struct ct_per_type facility = SEQUENCE_MORE(5, facility_of);

static const struct ct_per_field information_of[] = {
	F(ct_per_oid),
	/* additions */
	SKIP, SKIP, SKIP,
	F(channels)
};
static const struct ct_per_type information = SEQUENCE_MORE(1, information_of);

/* Release Complete has a reason, which is a deep one. */
static const struct ct_per_field body_of[] = {
	F(setup), F(proceeding), F(connected), F(proceeding), F(information),
	STOP, F(facility),
	/* additions */
	F(progress)
};
static const struct ct_per_type body = CHOICE_MORE(7, body_of);

static const struct ct_per_field pdu_of[] = {
	F(body),
	O(non_standard),
	/* additions */
	SKIP, SKIP,
	F(controls)
};
static const struct ct_per_type pdu = SEQUENCE_MORE(2, pdu_of);

static const struct ct_per_field user_of[] = { F(pdu), O(ct_per_stop) };
const struct ct_per_type ct_h225_user_information = SEQUENCE_MORE(2, user_of);

/* --- RAS ------------------------------------------------------------------ */

static const struct ct_per_type number_1_65535 = NUMBER(1, 65535);
#define SEQ_NUM F(number_1_65535)

static const struct ct_per_type time_to_live = {
	.kind = CT_PER_INTEGER,
	.low = 1,
	.high = 0xffffffff,
	.mark = CT_H323_SECONDS,
};

static const struct ct_per_field grq_of[] = {
	SEQ_NUM, F(ct_per_oid), O(non_standard), FT(transport, CT_H323_RAS),
	STOP,
	O(ct_per_stop), O(ct_per_stop), O(ct_per_stop)
};
static const struct ct_per_type grq = SEQUENCE_MORE(8, grq_of);

static const struct ct_per_field gcf_of[] = {
	SEQ_NUM, F(ct_per_oid), O(non_standard), O(identifier),
	FT(transport, CT_H323_RAS)
};
static const struct ct_per_type gcf = SEQUENCE_MORE(5, gcf_of);

static const struct ct_per_field rrq_of[] = {
	SEQ_NUM, F(ct_per_oid), O(non_standard), FLAG,
	FT(transports, CT_H323_SIGNAL), FT(transports, CT_H323_RAS),
	F(endpoint), O(aliases), O(identifier), F(vendor),
	/* additions */
	SKIP,
	FT(time_to_live, CT_H323_TIME_TO_LIVE)
};
static const struct ct_per_type rrq = SEQUENCE_MORE(10, rrq_of);

static const struct ct_per_field rcf_of[] = {
	SEQ_NUM, F(ct_per_oid), O(non_standard),
	FT(transports, CT_H323_SIGNAL), O(aliases), O(identifier),
	F(identifier),
	/* additions */
	SKIP,
	FT(time_to_live, CT_H323_TIME_TO_LIVE)
};
static const struct ct_per_type rcf = SEQUENCE_MORE(7, rcf_of);

static const struct ct_per_field urq_of[] = {
	SEQ_NUM, FT(transports, CT_H323_SIGNAL),
	O(ct_per_stop), O(ct_per_stop), O(ct_per_stop)
};
static const struct ct_per_type urq = SEQUENCE_MORE(5, urq_of);

static const struct ct_per_field arq_of[] = {
	SEQ_NUM, F(call_type), O(call_model), F(identifier), O(aliases),
	OT(transport, CT_H323_DEST), O(aliases), F(aliases),
	OT(transport, CT_H323_SOURCE),
	STOP,
	O(ct_per_stop), O(ct_per_stop)
};
static const struct ct_per_type arq = SEQUENCE_MORE(12, arq_of);

static const struct ct_per_field acf_of[] = {
	SEQ_NUM, F(ct_per_long), F(call_model), FT(transport, CT_H323_DEST),
	O(ct_per_stop), O(ct_per_stop)
};
static const struct ct_per_type acf = SEQUENCE_MORE(6, acf_of);

static const struct ct_per_field lrq_of[] = {
	SEQ_NUM, O(identifier), F(aliases), O(non_standard),
	FT(transport, CT_H323_RAS)
};
static const struct ct_per_type lrq = SEQUENCE_MORE(5, lrq_of);

static const struct ct_per_field lcf_of[] = {
	SEQ_NUM, FT(transport, CT_H323_SIGNAL), FT(transport, CT_H323_RAS),
	O(ct_per_stop)
};
static const struct ct_per_type lcf = SEQUENCE_MORE(4, lcf_of);

static const struct ct_per_field irr_of[] = {
	O(non_standard), SEQ_NUM, F(endpoint), F(identifier),
	FT(transport, CT_H323_RAS), FT(transports, CT_H323_SIGNAL),
	O(ct_per_stop), O(ct_per_stop)
};
static const struct ct_per_type irr = SEQUENCE_MORE(8, irr_of);

static const struct ct_per_field ras_of[] = {
	F(grq), F(gcf), STOP, F(rrq), F(rcf), STOP, F(urq), STOP, STOP, F(arq),
	F(acf), STOP, STOP, STOP, STOP, STOP, STOP, STOP, F(lrq), F(lcf), STOP,
	STOP, F(irr), STOP, STOP
};
const struct ct_per_type ct_h225_ras_message = {
	.kind = CT_PER_CHOICE,
	.flags = CT_PER_EXTENSIBLE,
	.n_root = COUNT(ras_of),
	.n_fields = COUNT(ras_of),
	.mark = CT_H323_MESSAGE,
	.fields = ras_of,
};

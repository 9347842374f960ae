/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h323_h245.c - H.245: openLogicalChannel and its acknowledgement
 *
 * The address stands behind the description of what the channel carries, so
 * that of all capabilities is here; the rest of H.245 has no address that a
 * connection follows from.  Names are those of the recommendation; what ends
 * in _of are fields.
 */
#include "helper/h323_types.h"

/* clang-format off */

/* --- Types that both have ------------------------------------------------ */

const struct ct_per_type ct_per_null = { .kind = CT_PER_NULL };
const struct ct_per_type ct_per_boolean = { .kind = CT_PER_BOOLEAN };
const struct ct_per_type ct_per_oid = { .kind = CT_PER_OID };
const struct ct_per_type ct_per_bytes = { .kind = CT_PER_OCTETS };
const struct ct_per_type ct_per_stop = { .kind = CT_PER_UNKNOWN };
const struct ct_per_type ct_per_byte = NUMBER(0, 255);
const struct ct_per_type ct_per_word = NUMBER(0, 65535);
const struct ct_per_type ct_per_long = NUMBER(0, 0xffffffff);
const struct ct_per_type ct_per_ip4 = {
	.kind = CT_PER_OCTETS, .low = 4, .high = 4, .mark = CT_H323_IP4,
};
const struct ct_per_type ct_per_ip6 = {
	.kind = CT_PER_OCTETS, .low = 16, .high = 16, .mark = CT_H323_IP6,
};

#define STOP F(ct_per_stop)
#define NOTHING F(ct_per_null)
#define FLAG F(ct_per_boolean)

static const struct ct_per_type number_1_256 = NUMBER(1, 256);
static const struct ct_per_type number_1_255 = NUMBER(1, 255);
static const struct ct_per_type number_1_65535 = NUMBER(1, 65535);
static const struct ct_per_type number_16383 = NUMBER(0, 16383);
static const struct ct_per_type number_18_bits = NUMBER(0, 262143);
static const struct ct_per_type number_30_bits = NUMBER(0, 1073741823);
static const struct ct_per_type number_15 = NUMBER(0, 15);

/* --- Addresses ------------------------------------------------------------ */

static const struct ct_per_type octets_2 = SIZED(CT_PER_OCTETS, 2, 2);
static const struct ct_per_type octets_4 = SIZED(CT_PER_OCTETS, 4, 4);
static const struct ct_per_type octets_6 = SIZED(CT_PER_OCTETS, 6, 6);
static const struct ct_per_type octets_16 = SIZED(CT_PER_OCTETS, 16, 16);

static const struct ct_per_field ip4_of[] = { F(ct_per_ip4), F(ct_per_word) };
static const struct ct_per_field ip6_of[] = { F(ct_per_ip6), F(ct_per_word) };
static const struct ct_per_field ipx_of[] = {
	F(octets_6), F(octets_4), F(octets_2)
};
static const struct ct_per_type ip4 = SEQUENCE_MORE(2, ip4_of);
static const struct ct_per_type ip6 = SEQUENCE_MORE(2, ip6_of);
static const struct ct_per_type ipx = SEQUENCE_MORE(3, ipx_of);

static const struct ct_per_field strict_of[] = { NOTHING, NOTHING };
static const struct ct_per_type strict = CHOICE(strict_of);
static const struct ct_per_field hops_of[] = { F(octets_4) };
static const struct ct_per_type hops = LIST(hops_of);
static const struct ct_per_field routed_of[] = {
	F(strict), F(ct_per_ip4), F(ct_per_word), F(hops)
};
static const struct ct_per_type routed = SEQUENCE_MORE(4, routed_of);

static const struct ct_per_field unicast_of[] = {
	F(ip4), F(ipx), F(ip6), F(octets_16), F(routed)
};
static const struct ct_per_type unicast = CHOICE_MORE(5, unicast_of);

/* Nobody is expected at a group's address: not marked. */
static const struct ct_per_field group4_of[] = { F(octets_4), F(ct_per_word) };
static const struct ct_per_field group6_of[] = { F(octets_16), F(ct_per_word) };
static const struct ct_per_type group4 = SEQUENCE_MORE(2, group4_of);
static const struct ct_per_type group6 = SEQUENCE_MORE(2, group6_of);
static const struct ct_per_field multicast_of[] = { F(group4), F(group6) };
static const struct ct_per_type multicast = CHOICE_MORE(2, multicast_of);

static const struct ct_per_field transport_of[] = { F(unicast), F(multicast) };
static const struct ct_per_type transport = CHOICE_MORE(2, transport_of);

/* --- Capabilities --------------------------------------------------------- */

static const struct ct_per_field t35_of[] = {
	F(ct_per_byte), F(ct_per_byte), F(ct_per_word)
};
static const struct ct_per_type t35 = SEQUENCE(t35_of);
static const struct ct_per_field non_standard_id_of[] = {
	F(ct_per_oid), F(t35)
};
static const struct ct_per_type non_standard_id = CHOICE(non_standard_id_of);
static const struct ct_per_field non_standard_of[] = {
	F(non_standard_id), F(ct_per_bytes)
};
static const struct ct_per_type non_standard = SEQUENCE(non_standard_of);
static const struct ct_per_field non_standards_of[] = { F(non_standard) };
static const struct ct_per_type non_standards = LIST(non_standards_of);

static const struct ct_per_type h261_mpi = NUMBER(1, 4);
static const struct ct_per_type h261_rate = NUMBER(1, 19200);
static const struct ct_per_field h261_of[] = {
	O(h261_mpi), O(h261_mpi), FLAG, F(h261_rate), FLAG
};
static const struct ct_per_type h261 = SEQUENCE_MORE(5, h261_of);

static const struct ct_per_field h262_of[] = {
	FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG,
	O(number_30_bits), O(number_18_bits), O(number_16383), O(number_16383),
	O(number_15), O(ct_per_long)
};
static const struct ct_per_type h262 = SEQUENCE_MORE(17, h262_of);

static const struct ct_per_type h263_mpi = NUMBER(1, 32);
static const struct ct_per_type h263_rate = NUMBER(1, 192400);
static const struct ct_per_type h263_hrd = NUMBER(0, 524287);
static const struct ct_per_field h263_of[] = {
	O(h263_mpi), O(h263_mpi), O(h263_mpi), O(h263_mpi), O(h263_mpi),
	F(h263_rate), FLAG, FLAG, FLAG, FLAG, FLAG, O(h263_hrd), O(ct_per_word)
};
static const struct ct_per_type h263 = SEQUENCE_MORE(13, h263_of);

static const struct ct_per_field is11172_video_of[] = {
	FLAG, O(number_30_bits), O(number_18_bits), O(number_16383),
	O(number_16383), O(number_15), O(ct_per_long)
};
static const struct ct_per_type is11172_video =
	SEQUENCE_MORE(7, is11172_video_of);

static const struct ct_per_field video_of[] = {
	F(non_standard), F(h261), F(h262), F(h263), F(is11172_video)
};
static const struct ct_per_type video = CHOICE_MORE(5, video_of);

static const struct ct_per_field g7231_of[] = { F(number_1_256), FLAG };
static const struct ct_per_type g7231 = SEQUENCE(g7231_of);
static const struct ct_per_type is11172_rate = NUMBER(1, 448);
static const struct ct_per_field is11172_audio_of[] = {
	FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, F(is11172_rate)
};
static const struct ct_per_type is11172_audio =
	SEQUENCE_MORE(9, is11172_audio_of);
static const struct ct_per_type is13818_rate = NUMBER(1, 1130);
static const struct ct_per_field is13818_audio_of[] = {
	FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG,
	FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, FLAG, F(is13818_rate)
};
static const struct ct_per_type is13818_audio =
	SEQUENCE_MORE(21, is13818_audio_of);

static const struct ct_per_field audio_of[] = {
	F(non_standard),
	F(number_1_256), F(number_1_256), /* G.711 A-law */
	F(number_1_256), F(number_1_256), /* G.711 mu-law */
	F(number_1_256), F(number_1_256), F(number_1_256), /* G.722 */
	F(g7231),
	F(number_1_256),                  /* G.728 */
	F(number_1_256), F(number_1_256), /* G.729 */
	F(is11172_audio), F(is13818_audio)
};
static const struct ct_per_type audio = CHOICE_MORE(14, audio_of);

static const struct ct_per_field data_protocol_of[] = {
	F(non_standard), NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING
};
static const struct ct_per_type data_protocol =
	CHOICE_MORE(7, data_protocol_of);
static const struct ct_per_field nlpid_of[] = {
	F(data_protocol), F(ct_per_bytes)
};
static const struct ct_per_type nlpid = SEQUENCE(nlpid_of);
static const struct ct_per_field application_of[] = {
	F(non_standard),
	F(data_protocol), /* T.120 */
	F(data_protocol), F(data_protocol),
	STOP, /* T.84 */
	F(data_protocol), F(data_protocol),
	F(nlpid),
	NOTHING,
	F(data_protocol)
};
static const struct ct_per_type application = CHOICE_MORE(10, application_of);
static const struct ct_per_field data_of[] = { F(application), F(ct_per_long) };
static const struct ct_per_type data = SEQUENCE_MORE(2, data_of);

static const struct ct_per_field encryption_of[] = { F(non_standard), NOTHING };
static const struct ct_per_type encryption = CHOICE_MORE(2, encryption_of);

static const struct ct_per_field data_type_of[] = {
	F(non_standard), NOTHING, F(video), F(audio), F(data), F(encryption)
};
static const struct ct_per_type data_type = CHOICE_MORE(6, data_type_of);

/* --- Channels ------------------------------------------------------------- */

static const struct ct_per_type payload_type = NUMBER(96, 127);

/* A named end (destination) or a packetization end the walk: it is an addition
 * to what it stands in, which goes on behind it. */
static const struct ct_per_field h2250_of[] = {
	O(non_standards),
	F(ct_per_byte), /* session */
	O(number_1_255),
	OT(transport, CT_H323_MEDIA), /* mediaChannel */
	O(ct_per_boolean),
	OT(transport, CT_H323_MEDIA), /* mediaControlChannel */
	O(ct_per_boolean), O(ct_per_boolean), O(ct_per_stop), O(payload_type),
	O(ct_per_stop)
};
static const struct ct_per_type h2250 = SEQUENCE_MORE(11, h2250_of);

/* H.222, H.223 and V.76 are not of our world. */
static const struct ct_per_field forward_multiplex_of[] = {
	STOP, STOP, STOP, F(h2250), NOTHING
};
static const struct ct_per_type forward_multiplex =
	CHOICE_MORE(3, forward_multiplex_of);
static const struct ct_per_field forward_of[] = {
	O(ct_per_word), F(data_type), F(forward_multiplex)
};
static const struct ct_per_type forward = SEQUENCE_MORE(3, forward_of);

static const struct ct_per_field reverse_multiplex_of[] = {
	STOP, STOP, F(h2250)
};
static const struct ct_per_type reverse_multiplex =
	CHOICE_MORE(2, reverse_multiplex_of);
static const struct ct_per_field reverse_of[] = {
	F(data_type), O(reverse_multiplex)
};
static const struct ct_per_type reverse = SEQUENCE_MORE(2, reverse_of);

static const struct ct_per_field distribution_of[] = { NOTHING, NOTHING };
static const struct ct_per_type distribution = CHOICE_MORE(2, distribution_of);
static const struct ct_per_type e164 = SIZED(CT_PER_DIGITS, 1, 128);
static const struct ct_per_field network_of[] = {
	STOP, F(e164), F(transport)
};
static const struct ct_per_type network = CHOICE_MORE(3, network_of);
static const struct ct_per_type reference = SIZED(CT_PER_OCTETS, 1, 255);
static const struct ct_per_field access_of[] = {
	O(distribution), F(network), FLAG, O(reference)
};
static const struct ct_per_type network_access = SEQUENCE_MORE(4, access_of);

static const struct ct_per_field open_channel_of[] = {
	F(number_1_65535), F(forward), O(reverse),
	FT(network_access, CT_H323_DATA)
};
const struct ct_per_type ct_h245_open_channel =
	SEQUENCE_MORE(3, open_channel_of);

static const struct ct_per_field ack_multiplex_of[] = { STOP, F(h2250) };
static const struct ct_per_type ack_multiplex =
	CHOICE_MORE(1, ack_multiplex_of);
static const struct ct_per_field ack_reverse_of[] = {
	F(number_1_65535), O(ct_per_word), O(ack_multiplex)
};
static const struct ct_per_type ack_reverse = SEQUENCE_MORE(3, ack_reverse_of);

static const struct ct_per_field h2250_ack_of[] = {
	O(non_standards), O(number_1_255), OT(transport, CT_H323_MEDIA),
	OT(transport, CT_H323_MEDIA), O(payload_type)
};
static const struct ct_per_type h2250_ack = SEQUENCE_MORE(5, h2250_ack_of);
static const struct ct_per_field forward_ack_of[] = { F(h2250_ack) };
static const struct ct_per_type forward_ack = CHOICE_MORE(1, forward_ack_of);

static const struct ct_per_field channel_ack_of[] = {
	F(number_1_65535), O(ack_reverse),
	FT(network_access, CT_H323_DATA), F(forward_ack)
};
static const struct ct_per_type channel_ack = SEQUENCE_MORE(2, channel_ack_of);

/* --- Messages ------------------------------------------------------------- */

static const struct ct_per_field request_of[] = {
	STOP, STOP, STOP, F(ct_h245_open_channel), STOP, STOP, STOP, STOP, STOP,
	STOP, STOP
};
static const struct ct_per_type request = CHOICE_MORE(11, request_of);

static const struct ct_per_field response_of[] = {
	STOP, STOP, STOP, STOP, STOP, F(channel_ack), STOP, STOP, STOP, STOP,
	STOP, STOP, STOP, STOP, STOP, STOP, STOP, STOP, STOP
};
static const struct ct_per_type response = CHOICE_MORE(19, response_of);

static const struct ct_per_field control_of[] = {
	F(request), F(response), STOP, STOP
};
const struct ct_per_type ct_h245_control_message = CHOICE_MORE(4, control_of);

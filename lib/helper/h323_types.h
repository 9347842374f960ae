/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h323_types.h - the messages of H.323, as far as their addresses are
 *
 * Tables for per.h, after H.225.0 (call signalling and RAS) and H.245.  What
 * stands behind the last address of a message is not described.
 */
#ifndef HELPER_H323_TYPES_H
#define HELPER_H323_TYPES_H

#include "helper/per.h"

/* What a field is for. */
enum ct_h323_tag {
	CT_H323_NO_TAG,
	CT_H323_H245,        /* h245Address: where H.245 is answered */
	CT_H323_FORWARD,     /* alternativeAddress: call there instead */
	CT_H323_DEST,        /* destCallSignalAddress */
	CT_H323_SOURCE,      /* srcCallSignalAddress, sourceCallSignalAddress */
	CT_H323_SIGNAL,      /* callSignalAddress: where calls are answered */
	CT_H323_RAS,         /* rasAddress, replyAddress */
	CT_H323_MEDIA,       /* mediaChannel, mediaControlChannel */
	CT_H323_DATA,        /* separateStack: T.120 */
	CT_H323_TIME_TO_LIVE /* of a registration */
};

/* What is noted. */
enum ct_h323_mark {
	CT_H323_NO_MARK,
	CT_H323_IP4,     /* four bytes of an address, then two of the port */
	CT_H323_IP6,     /* sixteen, then two */
	CT_H323_MESSAGE, /* of RAS: enum ct_ras_message */
	CT_H323_REASON,  /* of a Facility */
	CT_H323_SECONDS
};

/* The messages of RAS with addresses, by their numbers. */
enum ct_ras_message {
	CT_RAS_GRQ = 0,
	CT_RAS_GCF = 1,
	CT_RAS_RRQ = 3,
	CT_RAS_RCF = 4,
	CT_RAS_URQ = 6,
	CT_RAS_ARQ = 9,
	CT_RAS_ACF = 10,
	CT_RAS_LRQ = 18,
	CT_RAS_LCF = 19,
	CT_RAS_IRR = 22
};

enum { CT_H323_CALL_FORWARDED = 1 }; /* a FacilityReason */

extern const struct ct_per_type ct_h225_user_information;
extern const struct ct_per_type ct_h225_ras_message;
extern const struct ct_per_type ct_h245_control_message;
extern const struct ct_per_type ct_h245_open_channel;

/* Types that both have. */
extern const struct ct_per_type ct_per_null;
extern const struct ct_per_type ct_per_boolean;
extern const struct ct_per_type ct_per_oid;
extern const struct ct_per_type ct_per_bytes; /* any number of them */
extern const struct ct_per_type ct_per_stop;  /* CT_PER_UNKNOWN */
extern const struct ct_per_type ct_per_byte;  /* a number of eight bits */
extern const struct ct_per_type ct_per_word;
extern const struct ct_per_type ct_per_long;
extern const struct ct_per_type ct_per_ip4; /* marked */
extern const struct ct_per_type ct_per_ip6;

/* clang-format off */
/* Fields: there, optional, and the same with a tag. */
#define F(t) { .type = &(t) }
#define O(t) { .type = &(t), .flags = CT_PER_OPTIONAL }
#define FT(t, tag_) { .type = &(t), .tag = (tag_) }
#define OT(t, tag_) { .type = &(t), .flags = CT_PER_OPTIONAL, .tag = (tag_) }
#define SKIP { .type = NULL } /* an addition that nobody looks into */

/* Types: of fields, of which so many are in the root. */
#define COUNT(fields_) (sizeof(fields_) / sizeof((fields_)[0]))
#define STRUCTURED(kind_, flags_, root_, fields_) { \
	.kind = (kind_), \
	.flags = (flags_), \
	.n_root = (root_), \
	.n_fields = COUNT(fields_), \
	.fields = (fields_), \
}
#define SEQUENCE(fields_) \
	STRUCTURED(CT_PER_SEQUENCE, 0, COUNT(fields_), fields_)
#define SEQUENCE_MORE(root_, fields_) \
	STRUCTURED(CT_PER_SEQUENCE, CT_PER_EXTENSIBLE, root_, fields_)
#define CHOICE(fields_) \
	STRUCTURED(CT_PER_CHOICE, 0, COUNT(fields_), fields_)
#define CHOICE_MORE(root_, fields_) \
	STRUCTURED(CT_PER_CHOICE, CT_PER_EXTENSIBLE, root_, fields_)
#define LIST(fields_) STRUCTURED(CT_PER_LIST, 0, 1, fields_)
#define INSIDE(fields_) STRUCTURED(CT_PER_INSIDE, 0, 1, fields_)
#define SIZED(kind_, low_, high_) { \
	.kind = (kind_), \
	.low = (low_), \
	.high = (high_), \
}
#define NUMBER(low_, high_) SIZED(CT_PER_INTEGER, low_, high_)
/* clang-format on */

#endif

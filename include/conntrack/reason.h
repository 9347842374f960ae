/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file
 * Why a packet got its verdict, and why a connection ended.
 *
 * Every verdict carries one reason, and every reason is counted; nothing is
 * ever silent.  One list feeds the enum, the names and the sentences.
 */
#ifndef CONNTRACK_REASON_H
#define CONNTRACK_REASON_H

#include <conntrack/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
/**
 * Every reason: name, number, class, sentence, source.
 *
 * The classes: T the packet was tracked; U it is not to be tracked; I it is
 * INVALID; D it is to be dropped; S it was stolen; E a connection's end.  Numbers are never
 * given twice and never change.
 */
#define CT_REASONS(X)							\
	X(NONE,			0,  T, "not processed yet", "")		\
	X(OPENED,		1,  T, "opened a new connection", "")	\
	X(TRACKED,		2,  T, "part of a known connection", "")	\
	X(IGNORED,		3,  T, "let pass, but nothing it says is believed", "as Linux does") \
	X(REOPENED,		4,  T, "opened a connection anew on the tuple of a finished one", "RFC 9293 3.6.1") \
	X(CLOSED_BY_RESET,	5,  T, "a reset ended the connection", "RFC 9293 3.5.2") \
	X(RELATED_ERROR,	6,  T, "an ICMP error about a known connection", "RFC 792, RFC 4443") \
	X(CONFIRMED,		7,  T, "the connection became known", "")	\
	X(JOINED,		8,  T, "joined an equal connection that was confirmed first", "as Linux does") \
	X(BELOW_WINDOW,		9,  T, "old sequence numbers: let pass, not believed", "Rooij II") \
	X(OLD_ACK,		10, T, "too old an acknowledgement: let pass, not believed", "Rooij IV") \
	X(OTHER_MAPPING,	11, T, "left with another mapping than the flow has, as both were new at once", "as Linux does") \
	X(HELPER_STRICT,	12, T, "announced an address or port that must not be expected", "helper.strict") \
	X(FRAG_HELD,		16, S, "a fragment that was copied and waits for others", "frag.mode")	\
	X(FRAG_LATER,		17, T, "a later fragment of a known connection's datagram", "RFC 4787 REQ-14")	\
	X(NOTRACK,		20, U, "exempt from tracking by policy", "") \
	X(CONTROL,		21, U, "neighbour discovery or multicast listener discovery", "RFC 4861, RFC 3810") \
	X(NO_HOOK,		22, U, "tracking does not happen at this hook", "") \
	X(OVERFLOW_UNTRACKED,	23, U, "passed without a connection, since there is no room", "overflow.verdict") \
	X(OVERFLOW_STATELESS,	24, U, "passed without a connection, translated by a prefix", "overflow.verdict") \
	X(OVERFLOW_ERROR,	25, U, "an ICMP error about what passed by a prefix lately", "overflow.verdict") \
	X(L3_UNKNOWN,		40, I, "no tracker for this network layer", "")	\
	X(IP_TRUNCATED,		41, I, "packet ends inside the IP header", "RFC 791 3.1") \
	X(IP_VERSION,		42, I, "wrong IP version", "RFC 791 3.1") \
	X(IP_HEADER_LEN,	43, I, "IP header length is impossible", "RFC 791 3.1") \
	X(IP_TOTAL_LEN,		44, I, "IP total length is impossible", "RFC 791 3.1") \
	X(IP_FRAGMENT,		45, I, "fragment that was not put together", "RFC 791 3.2") \
	X(IP6_EXTENSION,	46, I, "broken chain of extension headers", "RFC 8200 4") \
	X(IP6_NO_NEXT,		47, I, "no next header", "RFC 8200 4.7") \
	X(L4_TRUNCATED,		48, I, "packet ends inside the transport header", "") \
	X(L4_LENGTH,		49, I, "length in the transport header is impossible", "") \
	X(L4_CHECKSUM,		50, I, "wrong transport checksum", "RFC 1071") \
	X(L4_TUPLE,		51, I, "cannot belong to or open a connection", "") \
	X(TCP_FLAGS,		60, I, "impossible combination of TCP flags", "RFC 9293 3.1") \
	X(TCP_NEW,		61, I, "not a segment that can open a connection", "RFC 9293 3.5") \
	X(TCP_MIDSTREAM,	62, I, "pick-up in mid-stream is switched off", "tcp.loose") \
	X(TCP_STATE,		63, I, "does not fit the state of the connection", "docs/tcp.md") \
	X(TCP_ABOVE_WINDOW,	64, I, "data beyond the receiver's window", "Rooij I") \
	X(TCP_ACK_UNSENT,	65, I, "acknowledges what was never sent", "Rooij III") \
	X(TCP_SACK_UNSENT,	66, I, "selectively acknowledges what was never sent", "RFC 2018") \
	X(TCP_RST_SEQ,		67, I, "reset with an implausible sequence number", "RFC 5961 3.2") \
	X(TCP_SYN_SEQ,		68, I, "SYN outside of the exchange in progress", "RFC 9293 3.10.7") \
	X(SYN_BAD_COOKIE,	69, I, "acknowledges no SYN cookie of ours", "RFC 4987 3.6") \
	X(SCTP_CHUNK,		70, I, "no chunk, or one that is cut short or has no length", "RFC 9260 3.2") \
	X(SCTP_BUNDLE,		71, I, "chunks that cannot be in one packet", "RFC 9260 6.10") \
	X(SCTP_NEW,		72, I, "not a packet that can open an association", "docs/sctp.md") \
	X(SCTP_STATE,		73, I, "does not fit the state of the association", "docs/sctp.md") \
	X(SCTP_TAG,		74, I, "wrong verification tag", "RFC 9260 8.5") \
	X(SCTP_INIT_ACK,	75, I, "answers an INIT that has been overtaken", "RFC 9260 5.2") \
	X(UDPLITE_COVERAGE,	80, I, "impossible checksum coverage", "RFC 3828 3.1") \
	X(UDPLITE_NO_CHECKSUM,	81, I, "checksum missing", "RFC 3828 3.1") \
	X(GRE_PROTOCOL,		85, I, "enhanced GRE that carries no PPP", "RFC 2637 4.1") \
	X(ICMP_TYPE,		90, I, "unknown ICMP type", "RFC 792") \
	X(ICMP_NOT_QUERY,	91, I, "ICMP message that cannot open a connection", "RFC 792") \
	X(ICMP_QUOTE_SHORT,	92, I, "quoted packet is too short or broken", "RFC 5508 5.2") \
	X(ICMP_QUOTE_UNKNOWN,	93, I, "quoted packet belongs to no known connection", "RFC 5508 5.2") \
	X(ICMP_QUOTE_ADDRESS,	94, I, "error was not sent to the quoted packet's sender", "as Linux does") \
	X(ICMP_QUOTE_FRAGMENT,	95, I, "quoted packet is a later fragment", "as Linux does") \
	X(DCCP_TYPE,		100, I, "reserved packet type, or one that needs long sequence numbers", "RFC 4340 5.1") \
	X(DCCP_COVERAGE,	101, I, "checksum covers more than there is", "RFC 4340 9.2") \
	X(DCCP_NEW,		102, I, "not a packet that can open a connection", "RFC 4340 8.1") \
	X(DCCP_MIDSTREAM,	103, I, "pick-up of DCCP in mid-stream is switched off", "dccp.loose") \
	X(DCCP_STATE,		104, I, "does not fit what the ends have said so far", "docs/dccp.md") \
	X(DCCP_SEQ,		105, I, "sequence number beyond the window", "RFC 4340 7.5.1") \
	X(DCCP_ACK,		106, I, "acknowledges a packet that was never sent", "RFC 4340 7.5.1") \
	X(DCCP_RESET,		107, I, "reset with an old sequence number", "RFC 4340 7.5.1") \
	X(FRAG_DUPLICATE,	110, D, "a fragment that was there already", "as Linux does") \
	X(FRAG_OVERLAP,		111, D, "a fragment that shares bytes with another one", "RFC 5722") \
	X(FRAG_LENGTH,		112, D, "a fragment that contradicts the length of its datagram, or is empty", "RFC 791 3.2, RFC 8200 4.5") \
	X(FRAG_TOO_LARGE,	113, D, "fragments of a datagram that would be too long", "RFC 791 3.1") \
	X(FRAG_LIMIT,		114, D, "too many fragments", "frag.pieces, frag.memory") \
	X(FRAG_ECN,		115, D, "fragments of which only some can tell of congestion", "RFC 3168 5.3") \
	X(FRAG_EARLY,		116, D, "came before the first fragment, and nothing more is held", "frag.hold") \
	X(FRAG_CUT,		117, D, "a fragment of which not all bytes are at hand", "ct_host.pull") \
	X(TABLE_FULL,		120, D, "the table is full and nothing may be evicted", "") \
	X(NO_MEMORY,		121, D, "out of memory", "")		\
	X(CLASH,		122, D, "an equal connection was confirmed first", "as Linux does") \
	X(GONE,			123, D, "the connection was removed before it was confirmed", "as Linux does") \
	X(NAT_EXHAUSTED,	124, D, "no address or id is free to translate to", "RFC 4787 REQ-11") \
	X(NAT_UNTRANSLATABLE,	125, D, "belongs to a translated connection, but cannot be translated", "as Linux does") \
	X(NAT_LEAK,		126, D, "would leave untranslated", "nat.leak_proof") \
	X(NAT_QUOTA,		127, D, "the subscriber has all that it may have", "RFC 6888 REQ-4") \
	X(NAT_FILTERED,		128, D, "the filter of a mapping does not let it in", "RFC 4787 5") \
	X(ZONE_FULL,		130, D, "the zone has all the connections that it may have", "ct_zone_limit()") \
	X(SOURCE_FULL,		131, D, "the source has all the connections that it may have", "overflow.source.max") \
	X(SYN_COOKIE,		132, D, "a SYN that was answered with a cookie: the ACK will open the connection", "RFC 4987 3.6") \
	X(SYN_NO_ROOM,		133, D, "no room behind the packet for the options of a SYN", "ct_pkt.tailroom") \
	X(SYN_STALE,		134, D, "the server is not done with an older connection, which was reset", "RFC 9293 3.5.1") \
	X(HALF_OPEN_FULL,	135, D, "there are as many half-open connections as may be", "overflow.half_open.max") \
	X(NAT_NO_ROOM,		136, D, "no room in front of the packet for the longer header", "ct_pkt.headroom") \
	X(HELPER_REFUSED,	137, D, "its helper refused it, as Linux' does", "docs/helpers.md") \
	X(HELPER_SHIFT,		138, D, "its sequence numbers cannot be shifted", "docs/helpers.md") \
	X(SOURCE_HALF_OPEN,	139, D, "the source has as many half-open connections as it may have", "overflow.half_open.source") \
	X(END_EXPIRED,		140, E, "nothing was seen for the length of the timeout", "") \
	X(END_REPLACED,		141, E, "replaced by a new connection on its tuple", "RFC 9293 3.6.1") \
	X(END_RESET,		142, E, "ended by a reset", "RFC 9293 3.5.2") \
	X(END_DELETED,		143, E, "deleted by the host", "")	\
	X(END_FLUSHED,		144, E, "flushed by the host", "")	\
	X(END_EVICTED,		145, E, "evicted to make room", "as Linux does") \
	X(END_YIELDED,		146, E, "was over, and a new connection needed its id", "as Linux does") \
	X(END_ADDRESS,		147, E, "the address that it was translated to went away", "as Linux does") \
	X(END_RECYCLED,		148, E, "gave way to a newcomer that was worth more, though it was assured", "docs/overflow.md") \
	X(END_SHORTENED,	149, E, "was idle for longer than a table so full allows", "overflow.low") \
	X(END_UNANSWERED,	150, E, "was idle past its soft age, and an end did not answer probes", "RFC 1122 4.2.3.6")
/* clang-format on */

/** See CT_REASONS. */
enum ct_reason {
#define CT_REASON_ENUM(name, num, kind, text, source) CT_R_##name = num,
	CT_REASONS(CT_REASON_ENUM)
#undef CT_REASON_ENUM
		CT_REASON_MAX = 160 /**< above every reason; sizes counters */
};

/** Where a reason is given; see CT_REASONS. */
enum ct_reason_class {
	CT_RC_T, /**< tracked */
	CT_RC_U, /**< untracked */
	CT_RC_I, /**< invalid */
	CT_RC_D, /**< dropped */
	CT_RC_E, /**< a connection's end */
	CT_RC_S  /**< stolen: copied, and kept */
};

/** A reason, for people. */
struct ct_reason_text {
	const char *name;   /**< as in CT_REASONS, for counters and JSON */
	const char *text;   /**< one sentence */
	const char *source; /**< RFC and section, or "" */
	enum ct_reason_class class_; /**< where it is given */
	uint32_t reserved;           /**< zero */
};

/**
 * Name, sentence and source of a reason.
 *
 * @param reason  a number; those that are no reason are "unknown"
 * @context       any thread
 * @return        a constant, never NULL
 */
CT_API const struct ct_reason_text *ct_reason_text(unsigned reason);

#ifdef __cplusplus
}
#endif

#endif /* CONNTRACK_REASON_H */

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections as JSON; see entry.h.  The words are those of the kernel
 * oracle's ctnetlink.py.
 */
#include <arpa/inet.h>
#include <conntrack/expect.h>
#include <conntrack/plugin.h>

#include "core/help.h"
#include "entry.h"
#include "packet.h"
#include "proto/sctp.h"
#include "proto/tcp.h"

static const char *const status_names[] = {
	"expected",     "seen_reply", "assured",       "confirmed",
	"src_nat",      "dst_nat",    "seq_adjust",    "src_nat_done",
	"dst_nat_done", "dying",      "fixed_timeout", "template",
	"nat_clash",    "helper",
};

static const char *const tcp_states[CT_TCP_STATES] = {
	"NONE",       "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
	"CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",       "SYN_SENT2",
};

static const char *const sctp_states[CT_SCTP_STATES] = {
	"NONE",           "CLOSED",        "COOKIE_WAIT",   "COOKIE_ECHOED",
	"ESTABLISHED",    "SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT",
	"HEARTBEAT_SENT",
};

static const char *const tcp_flags[] = {
	"window_scale", "sack_perm",           "close_init",
	"be_liberal",   "data_unacknowledged", "maxack_set",
};

static json_t *bit_names(uint32_t bits, const char *const *names, size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		if (bits >> i & 1)
			json_array_append_new(list, json_string(names[i]));
	return list;
}

json_t *entry_status(uint32_t status)
{
	return bit_names(status, status_names,
			 sizeof(status_names) / sizeof(*status_names));
}

static void set_number(json_t *entry, const char *name, uint64_t value)
{
	json_object_set_new(entry, name, json_integer((json_int_t)value));
}

static json_t *l4_name(uint8_t l4)
{
	switch (l4) {
	case IPPROTO_ICMP:
		return json_string("icmp");
	case IPPROTO_TCP:
		return json_string("tcp");
	case IPPROTO_UDP:
		return json_string("udp");
	case IPPROTO_DCCP:
		return json_string("dccp");
	case IPPROTO_GRE:
		return json_string("gre");
	case IPPROTO_ICMPV6:
		return json_string("icmpv6");
	case IPPROTO_SCTP:
		return json_string("sctp");
	case PROTO_UDPLITE:
		return json_string("udplite");
	default:
		return json_integer(l4);
	}
}

static void set_ids(json_t *object, const struct ct_tuple *t)
{
	uint16_t src = ntohs(t->src_id);
	uint16_t dst = ntohs(t->dst_id);

	switch (t->l4) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		set_number(object, "type", dst >> 8);
		set_number(object, "code", dst & 0xff);
		set_number(object, "icmp_id", src);
		break;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_GRE:
	case IPPROTO_SCTP:
	case PROTO_UDPLITE:
		set_number(object, "sport", src);
		set_number(object, "dport", dst);
		break;
	default:
		break;
	}
}

json_t *entry_tuple(const struct ct_tuple *t)
{
	int family = t->l3 == CT_L3_IPV4 ? AF_INET : AF_INET6;
	char text[INET6_ADDRSTRLEN];
	json_t *object = json_object();

	inet_ntop(family, &t->src, text, sizeof(text));
	json_object_set_new(object, "src", json_string(text));
	inet_ntop(family, &t->dst, text, sizeof(text));
	json_object_set_new(object, "dst", json_string(text));
	set_ids(object, t);
	return object;
}

void entry_protocols(json_t *entry, const struct ct_tuple *t)
{
	json_object_set_new(entry, "l3",
			    json_string(t->l3 == CT_L3_IPV4 ? "ipv4" : "ipv6"));
	json_object_set_new(entry, "l4", l4_name(t->l4));
}

/* A zone of both directions is the entry's, one of a single the tuple's. */
static void set_tuples(json_t *entry, const struct ct_tuple *orig,
		       const struct ct_tuple *reply)
{
	json_t *orig_json = entry_tuple(orig);
	json_t *reply_json = entry_tuple(reply);

	if (orig->zone == reply->zone) {
		if (orig->zone)
			set_number(entry, "zone", orig->zone);
	} else {
		if (orig->zone)
			set_number(orig_json, "zone", orig->zone);
		if (reply->zone)
			set_number(reply_json, "zone", reply->zone);
	}
	json_object_set_new(entry, "orig", orig_json);
	json_object_set_new(entry, "reply", reply_json);
}

static void set_tcp(json_t *entry, const struct ct_conn *conn)
{
	const struct ct_tcp *tcp = ct_l4_state_const(conn);
	size_t n = sizeof(tcp_flags) / sizeof(*tcp_flags);

	if (tcp->state < CT_TCP_STATES)
		json_object_set_new(entry, "state",
				    json_string(tcp_states[tcp->state]));
	set_number(entry, "wscale_orig", tcp->scale[CT_DIR_ORIG]);
	set_number(entry, "wscale_reply", tcp->scale[CT_DIR_REPLY]);
	json_object_set_new(entry, "flags_orig",
			    bit_names(tcp->flags[CT_DIR_ORIG], tcp_flags, n));
	json_object_set_new(entry, "flags_reply",
			    bit_names(tcp->flags[CT_DIR_REPLY], tcp_flags, n));
}

static void set_sctp(json_t *entry, const struct ct_conn *conn)
{
	const struct ct_sctp *sctp = ct_l4_state_const(conn);

	if (sctp->state < CT_SCTP_STATES)
		json_object_set_new(entry, "state",
				    json_string(sctp_states[sctp->state]));
	set_number(entry, "vtag_orig", sctp->tags[CT_DIR_ORIG]);
	set_number(entry, "vtag_reply", sctp->tags[CT_DIR_REPLY]);
}

static void set_counter(json_t *entry, const char *name,
			const struct ct_table *tbl, const struct ct_conn *conn,
			enum ct_dir dir)
{
	struct ct_counter counter;
	json_t *object;

	if (ct_conn_counter(tbl, conn, dir, &counter))
		return;
	object = json_object();
	set_number(object, "packets", counter.packets);
	set_number(object, "bytes", counter.bytes);
	json_object_set_new(entry, name, object);
}

static json_t *shift_json(const struct ct_seqadj *adj)
{
	const struct ct_seqadj_last last = ct_seqadj_last(adj);

	return json_pack("{s:I,s:I,s:I}", "pos", (json_int_t)last.pos, "before",
			 (json_int_t)last.before, "after",
			 (json_int_t)last.after);
}

/* Helper, and shifted sequence numbers. */
static void set_helped(json_t *entry, const struct ct_table *tbl,
		       const struct ct_conn *conn)
{
	const struct ct_helped *help = ct_help_of(tbl, conn);
	const char *name = ct_conn_helper(tbl, conn);

	if (name)
		json_object_set_new(entry, "helper", json_string(name));
	if (!help || !(ct_conn_status(conn) & CT_S_SEQ_ADJUST))
		return;
	json_object_set_new(entry, "seqadj_orig",
			    shift_json(&help->adj[CT_DIR_ORIG]));
	json_object_set_new(entry, "seqadj_reply",
			    shift_json(&help->adj[CT_DIR_REPLY]));
}

json_t *entry_make(const struct ct_table *tbl, const struct ct_thread *thr,
		   const struct ct_conn *conn)
{
	json_t *entry = json_object();
	struct ct_tuple orig;
	struct ct_tuple reply;

	ct_conn_tuple(conn, CT_DIR_ORIG, &orig);
	ct_conn_tuple(conn, CT_DIR_REPLY, &reply);
	entry_protocols(entry, &orig);
	set_tuples(entry, &orig, &reply);
	json_object_set_new(entry, "status",
			    entry_status(ct_conn_status(conn)));
	set_number(entry, "timeout", ct_conn_expires(thr, conn));
	if (orig.l4 == IPPROTO_TCP)
		set_tcp(entry, conn);
	if (orig.l4 == IPPROTO_SCTP)
		set_sctp(entry, conn);
	if (ct_conn_mark(conn))
		set_number(entry, "mark", ct_conn_mark(conn));
	set_helped(entry, tbl, conn);
	set_counter(entry, "acct_orig", tbl, conn, CT_DIR_ORIG);
	set_counter(entry, "acct_reply", tbl, conn, CT_DIR_REPLY);
	return entry;
}

char *entry_order(const json_t *entry)
{
	json_t *l4 = json_object_get(entry, "l4");
	json_t *orig = json_object_get(entry, "orig");
	char number[16];
	json_t *order;
	char *text;

	snprintf(number, sizeof(number), "%lld",
		 (long long)json_integer_value(l4));
	order = json_pack("[O,s,I,O]", json_object_get(entry, "l3"),
			  json_is_string(l4) ? json_string_value(l4) : number,
			  json_integer_value(json_object_get(entry, "zone")),
			  orig ? orig : json_object_get(entry, "tuple"));
	text = json_dumps(order, 0);
	json_decref(order);
	return text;
}

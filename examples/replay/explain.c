/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How one packet was classified; see explain.h.
 */
#include "explain.h"

#include <conntrack/dump.h>
#include <inttypes.h>
#include <stdio.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_US 1000

static void print_step(void *user, const char *step, const char *text)
{
	(void)user;
	printf("  %-10s  %s\n", step, text);
}

static void print_heading(const struct explain *what)
{
	uint64_t at = what->frame->time_ns;
	const char *dlt = pcap_datalink_val_to_description(what->cap->dlt);

	printf("packet %" PRIu64 " (counting from 1) of %s, "
	       "at %" PRIu64 ".%06" PRIu64 "\n",
	       what->number, what->cap->name, at / NS_PER_S,
	       at % NS_PER_S / NS_PER_US);
	printf("  %-10s  %s, %zu bytes, %zu of them recorded\n", "frame",
	       dlt ? dlt : "unknown link type", what->frame->frame.wire_len,
	       what->frame->frame.len);
}

void explain_link(const struct explain *what, enum link_answer answer)
{
	print_heading(what);
	print_step(NULL, "link",
		   answer == LINK_OTHER
			   ? "not an IP packet: not shown to the table"
			   : "broken before any IP header: not shown to the "
			     "table");
}

void explain_begin(struct ct_thread *thr, const struct explain *what,
		   const struct link_ip *ip)
{
	print_heading(what);
	printf("  %-10s  IPv%u packet at byte %zu, %zu bytes, "
	       "%zu of them recorded\n",
	       "link", ip->l3, ip->off, ip->wire_len, ip->len);
	ct_thread_trace(thr, print_step, NULL);
}

static const char *state_name(const struct ct_pkt *pkt)
{
	static const char *const names[CT_STATE_MAX] = {
		[CT_INVALID] = "INVALID",         [CT_NEW] = "NEW",
		[CT_ESTABLISHED] = "ESTABLISHED", [CT_RELATED] = "RELATED",
		[CT_UNTRACKED] = "UNTRACKED",
	};

	return pkt->state < CT_STATE_MAX ? names[pkt->state] : "?";
}

static const char *verdict_name(enum ct_verdict verdict)
{
	switch (verdict) {
	case CT_ACCEPT:
		return "accept";
	case CT_DROP:
		return "drop";
	case CT_STOLEN:
		return "stolen, to be put together";
	}
	return "?";
}

static void print_conn(struct ct_thread *thr, const struct ct_conn *conn)
{
	char line[1024];

	if (ct_conn_text(thr, conn, CT_TEXT_EXTENDED, line, sizeof(line)) > 0)
		printf("  %-10s  %s\n", "connection", line);
}

void explain_end(struct ct_thread *thr, const struct ct_pkt *pkt,
		 enum ct_verdict verdict)
{
	const struct ct_reason_text *reason = ct_reason_text(pkt->reason);

	ct_thread_trace(thr, NULL, NULL);
	printf("  %-10s  %s, %s", "result", verdict_name(verdict),
	       state_name(pkt));
	if (pkt->conn)
		printf(", %s direction",
		       pkt->dir == CT_DIR_REPLY ? "reply" : "original");
	printf("\n  %-10s  %s%s%s\n", "reason", reason->name,
	       reason->source[0] ? ", " : "", reason->source);
	if (pkt->conn)
		print_conn(thr, pkt->conn);
}

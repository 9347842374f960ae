/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counting and the final table; see summary.h.
 *
 *	protocol  connections  packets     bytes  invalid  last states
 *	tcp                12     4711   3.2 MB        1  TIME_WAIT 9, CLOSE 3
 */
#include "summary.h"

#include "progress.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#define NS_PER_S 1e9

/* Bytes of L3 and up: padding of short Ethernet frames does not count. */
static uint64_t bytes_of(const struct ct_pkt *pkt)
{
	if (pkt->l4_off)
		return (uint64_t)pkt->l4_off + pkt->l4_len;
	return pkt->frame_len;
}

void summary_packet(struct summary *sum, const struct ct_pkt *pkt)
{
	struct summary_row *row;

	row = &sum->rows[pkt->l4_off ? pkt->l4 : SUMMARY_NO_L4];
	row->packets++;
	row->bytes += bytes_of(pkt);
	if (ct_reason_text(pkt->reason)->class_ == CT_RC_I)
		row->invalid++; /* not what found no room in the table */
	if (pkt->reason < CT_REASON_MAX)
		sum->reasons[pkt->reason]++;
}

static struct summary_row *row_of(struct summary *sum,
				  const struct ct_conn *conn)
{
	struct ct_tuple t;

	ct_conn_tuple(conn, CT_DIR_ORIG, &t);
	return &sum->rows[t.l4];
}

void summary_new(struct summary *sum, const struct ct_conn *conn)
{
	row_of(sum, conn)->conns++;
}

/* Protocols without named states are told apart by what was seen. */
static const char *state_of(const struct ct_table *tbl,
			    const struct ct_conn *conn)
{
	const char *name = ct_conn_state_name(tbl, conn);
	uint32_t status = ct_conn_status(conn);

	if (name)
		return name;
	if (status & CT_S_ASSURED)
		return "assured";
	return status & CT_S_SEEN_REPLY ? "replied" : "unreplied";
}

/* => A stranger's tracker with too many states counts under the last one. */
void summary_last(struct summary *sum, const struct ct_table *tbl,
		  const struct ct_conn *conn)
{
	struct summary_row *row = row_of(sum, conn);
	const char *name = state_of(tbl, conn);
	size_t i = 0;

	while (i < SUMMARY_STATES - 1 && row->states[i].name &&
	       strcmp(row->states[i].name, name) != 0)
		i++;
	if (!row->states[i].name)
		row->states[i].name = name;
	row->states[i].conns++;
}

static const char *l4_name(unsigned l4, char buf[16])
{
	switch (l4) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	case IPPROTO_UDPLITE:
		return "udplite";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_DCCP:
		return "dccp";
	case IPPROTO_GRE:
		return "gre";
	case SUMMARY_NO_L4:
		return "(none)";
	default:
		snprintf(buf, 16, "proto %u", l4);
		return buf;
	}
}

static void print_states(const struct summary_row *row, FILE *to)
{
	const char *comma = "";

	if (!row->states[0].name)
		fputs("-", to);
	for (size_t i = 0; i < SUMMARY_STATES && row->states[i].name; i++) {
		fprintf(to, "%s%s %" PRIu64, comma, row->states[i].name,
			row->states[i].conns);
		comma = ", ";
	}
}

static void print_row(const struct summary_row *row, unsigned l4, FILE *to)
{
	char bytes[16];
	char name[16];

	fprintf(to, "%-9s %11" PRIu64 " %9" PRIu64 " %8sB %8" PRIu64 "  ",
		l4_name(l4, name), row->conns, row->packets,
		progress_human((double)row->bytes, bytes), row->invalid);
	print_states(row, to);
	fputc('\n', to);
}

static void print_rows(const struct summary *sum,
		       const struct summary_style *style, FILE *to)
{
	fprintf(to, "%s%-9s %11s %9s %9s %8s  %s%s\n",
		style->colour ? "\033[1m" : "", "PROTOCOL", "CONNECTIONS",
		"PACKETS", "BYTES", "INVALID", "LAST STATES",
		style->colour ? "\033[0m" : "");
	for (unsigned l4 = 0; l4 <= SUMMARY_NO_L4; l4++)
		if (sum->rows[l4].packets || sum->rows[l4].conns)
			print_row(&sum->rows[l4], l4, to);
}

/* The reasons of one class that were given, with their sentences. */
static void print_reasons(const struct summary *sum, enum ct_reason_class of,
			  const char *title, FILE *to)
{
	for (unsigned i = 0; i < CT_REASON_MAX; i++) {
		const struct ct_reason_text *text = ct_reason_text(i);

		if (!sum->reasons[i] || text->class_ != of)
			continue;
		if (title)
			fprintf(to, "%s\n", title);
		title = NULL;
		fprintf(to, "  %9" PRIu64 "  %-20s %s\n", sum->reasons[i],
			text->name, text->text);
	}
}

static void print_frames(const struct summary *sum, FILE *to)
{
	if (sum->links[LINK_OTHER])
		fprintf(to, "frames that are not IP: %" PRIu64 "\n",
			sum->links[LINK_OTHER]);
	if (sum->links[LINK_BROKEN])
		fprintf(to, "frames with a broken link layer: %" PRIu64 "\n",
			sum->links[LINK_BROKEN]);
	if (sum->cut)
		fprintf(to, "frames that were cut when recorded: %" PRIu64 "\n",
			sum->cut);
}

/*
 * A host that leaves checksums to its network card records its own packets
 * before the card has filled them in: more than one in fifty is no accident.
 */
static void print_hint(const struct summary *sum, FILE *to)
{
	uint64_t bad = sum->reasons[CT_R_L4_CHECKSUM];

	if (bad && bad >= sum->links[LINK_IP] / 50)
		fprintf(to, "hint: wrong checksums often come from recording "
			    "on the sender, before its network card\n"
			    "      fills them in; try --set checksum=0\n");
}

static void print_totals(const struct summary *sum,
			 const struct summary_style *style, FILE *to)
{
	double recorded = (double)(sum->last_ns - sum->first_ns) / NS_PER_S;
	double rate = 0;
	char buf[16];

	if (style->seconds > 0)
		rate = (double)sum->frames / style->seconds;
	fprintf(to,
		"%" PRIu64 " frames, %.1f s of recorded time, in %.3f s "
		"(%spkt/s)\nconnections live at the end: %" PRIu64 "\n",
		sum->frames, recorded, style->seconds,
		progress_human(rate, buf), sum->live);
}

void summary_print(const struct summary *sum, const struct summary_style *style,
		   FILE *to)
{
	print_rows(sum, style, to);
	print_reasons(sum, CT_RC_I, "invalid packets, by reason:", to);
	print_reasons(sum, CT_RC_U, "untracked packets, by reason:", to);
	print_reasons(sum, CT_RC_D, "dropped packets, by reason:", to);
	print_frames(sum, to);
	print_hint(sum, to);
	print_totals(sum, style, to);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The replay itself: capture, link layer, table, events, summary.
 *
 * One thread, one packet at a time, as a kernel without load would see them:
 * poll, process, confirm.
 */
#include "replay.h"

#include "capture.h"
#include "explain.h"
#include "progress.h"
#include "summary.h"
#include "table.h"

#include <conntrack/conntrack.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_US 1000
#define LINE_MAX_ 1024 /* of an event */
#define ROOM_MIN  2048 /* bytes; most packets are smaller */

/* Room for one packet; libpcap's bytes are not ours to hand on. */
struct room {
	uint8_t *bytes;
	size_t len;
};

struct replay {
	const struct replay_options *opt;
	struct ct_table *tbl;
	struct ct_thread *thr;
	uint64_t clock; /* recorded time, never going back */
	struct room room;
	struct progress bar;
	struct summary *sum;
	bool explained;
};

void replay_error(const char *what, const char *text)
{
	fflush(stdout);
	fprintf(stderr, "ct-replay: %s: %s\n", what, text);
}

/* --- Events -------------------------------------------------------------- */

static void print_event(struct replay *r, const struct ct_event_info *ev)
{
	char line[LINE_MAX_];

	if (ct_event_text(ev, r->opt->style, line, sizeof(line)) < 0)
		return;
	if (r->bar.shared)
		progress_hide(&r->bar);
	if (r->opt->timestamps)
		printf("[%" PRIu64 ".%06" PRIu64 "]\t", ev->now_ns / NS_PER_S,
		       ev->now_ns % NS_PER_S / NS_PER_US);
	puts(line);
}

static void on_event(void *user, const struct ct_event_info *ev)
{
	struct replay *r = user;

	if (ev->events & (CT_EV_NEW | CT_EV_RELATED))
		summary_new(r->sum, ev->conn);
	if (ev->events & CT_EV_DESTROY)
		summary_last(r->sum, r->tbl, ev->conn);
	if (r->opt->events)
		print_event(r, ev);
}

/* --- Packets ------------------------------------------------------------- */

/*
 * A copy of the packet which ends where the room ends, so that memory
 * checkers see the first byte that is read behind it.
 */
static uint8_t *copy(struct room *room, const uint8_t *bytes, size_t len)
{
	uint8_t *to;

	if (len > room->len || !room->bytes) {
		size_t want = len > ROOM_MIN ? len : ROOM_MIN;
		uint8_t *more = realloc(room->bytes, want);

		if (!more)
			return NULL;
		room->bytes = more;
		room->len = want;
	}
	to = room->bytes + (room->len - len);
	memcpy(to, bytes, len);
	return to;
}

/* => INVALID packets are confirmed, too: to drop them is a host's choice. */
static enum ct_verdict track(struct replay *r, struct ct_pkt *pkt)
{
	enum ct_verdict verdict = ct_process(r->thr, pkt, CT_HOOK_PREROUTING);

	return verdict == CT_ACCEPT ? ct_confirm(r->thr, pkt) : verdict;
}

static void explain(struct replay *r, const struct explain *what,
		    struct ct_pkt *pkt, const struct link_ip *ip)
{
	explain_begin(r->thr, what, ip);
	explain_end(r->thr, pkt, track(r, pkt));
	r->explained = true;
}

/* => Returns false when out of memory. */
static bool packet(struct replay *r, const struct explain *what,
		   const struct link_ip *ip)
{
	struct ct_pkt pkt = { .len = (uint32_t)ip->len,
			      .frame_len = (uint32_t)ip->wire_len,
			      .l3 = ip->l3 };

	pkt.data = copy(&r->room, what->frame->frame.bytes + ip->off, ip->len);
	if (!pkt.data)
		return false;
	if (what->number == r->opt->explain)
		explain(r, what, &pkt, ip);
	else
		(void)track(r, &pkt);
	summary_packet(r->sum, &pkt);
	return true;
}

static void count_frame(struct summary *sum, const struct capture_frame *next,
			enum link_answer answer, uint64_t clock)
{
	sum->links[answer]++;
	if (next->frame.wire_len > next->frame.len)
		sum->cut++;
	if (sum->frames++ == 0)
		sum->first_ns = clock;
	sum->last_ns = clock;
}

/* => Returns false when out of memory. */
static bool frame(struct replay *r, const struct capture *cap,
		  const struct capture_frame *next)
{
	struct explain what = { r->sum->frames + 1, cap, next };
	enum link_answer answer;
	struct link_ip ip;

	answer = link_decode(cap->dlt, &next->frame, &ip);
	table_clock(r->thr, &r->clock, next->time_ns);
	count_frame(r->sum, next, answer, r->clock);
	if (answer == LINK_IP)
		return packet(r, &what, &ip);
	if (what.number == r->opt->explain) {
		explain_link(&what, answer);
		r->explained = true;
	}
	return true;
}

/* --- Files --------------------------------------------------------------- */

static struct progress_at where(const struct replay *r,
				const struct capture *cap)
{
	struct progress_at at = { capture_offset(cap), r->sum->frames };

	return at;
}

static int frames(struct replay *r, struct capture *cap)
{
	enum capture_answer answer = CAPTURE_FRAME;
	struct capture_frame next;
	struct progress_at at;

	while (!r->explained) {
		answer = capture_next(cap, &next);
		if (answer != CAPTURE_FRAME)
			break;
		if (!frame(r, cap, &next)) {
			replay_error(cap->name, "out of memory");
			return REPLAY_FAILED;
		}
		if (progress_due(&r->bar)) {
			at = where(r, cap);
			progress_draw(&r->bar, &at);
		}
	}
	at = where(r, cap);
	progress_draw(&r->bar, &at);
	if (answer != CAPTURE_BROKEN)
		return REPLAY_OK;
	progress_hide(&r->bar);
	replay_error(cap->name, cap->error);
	return REPLAY_FAILED;
}

static int file(struct replay *r, const char *path)
{
	struct capture cap;
	int status = REPLAY_FAILED;

	if (capture_open(&cap, path) == 0) {
		progress_file(&r->bar, cap.name);
		status = frames(r, &cap);
		r->bar.before += cap.size;
	} else {
		progress_hide(&r->bar);
		replay_error(cap.name, cap.error);
	}
	capture_close(&cap);
	return status;
}

/* => Returns 0, no promise, if only one of the files does not tell. */
static uint64_t total_size(const struct replay_options *opt)
{
	uint64_t total = 0;

	for (size_t i = 0; i < opt->n_files; i++) {
		struct stat st;

		if (stat(opt->files[i], &st) || !S_ISREG(st.st_mode))
			return 0;
		total += (uint64_t)st.st_size;
	}
	return total;
}

static int files(struct replay *r)
{
	int status = REPLAY_OK;

	progress_start(&r->bar, total_size(r->opt));
	for (size_t i = 0; i < r->opt->n_files && !status; i++)
		if (!r->explained)
			status = file(r, r->opt->files[i]);
	return status;
}

/* --- The end ------------------------------------------------------------- */

/* A connection that is still there. */
static int on_rest(void *user, struct ct_conn *conn)
{
	struct replay *r = user;
	char line[LINE_MAX_];

	r->sum->live++;
	summary_last(r->sum, r->tbl, conn);
	if (r->opt->list &&
	    ct_conn_text(r->thr, conn, r->opt->style, line, sizeof(line)) > 0)
		puts(line);
	return 0;
}

static int finish(struct replay *r)
{
	struct summary_style style = { progress_seconds(&r->bar),
				       r->bar.colour };
	uint64_t cursor = 0;

	if (r->opt->explain) {
		progress_hide(&r->bar);
		if (r->explained)
			return REPLAY_OK;
		replay_error("--explain", "the captures hold fewer packets");
		return REPLAY_FAILED;
	}
	/* What has expired by now ends; the rest is still there. */
	(void)ct_maintain(r->tbl, r->clock, 0);
	progress_end(&r->bar);
	(void)ct_walk(r->thr, &cursor, NULL, on_rest, r);
	fflush(stdout);
	if (r->opt->summary)
		summary_print(r->sum, &style, stderr);
	return REPLAY_OK;
}

static int run(struct replay *r)
{
	struct ct_sub *sub;
	int status = REPLAY_FAILED;

	r->sum = calloc(1, sizeof(*r->sum));
	if (!r->sum ||
	    ct_subscribe(r->tbl, CT_EV_ALL, on_event, r, &sub) != CT_OK) {
		replay_error("table", "out of memory");
	} else {
		status = files(r);
		if (!status)
			status = finish(r);
	}
	free(r->sum);
	free(r->room.bytes);
	return status;
}

/* What was printed may have met a full disk. */
static int check_output(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	fprintf(stderr, "ct-replay: standard output: %s\n", strerror(errno));
	return REPLAY_FAILED;
}

int replay_run(const struct replay_options *opt)
{
	struct replay r = { .opt = opt };
	int status = table_open(opt, &r.tbl, &r.thr);

	if (status)
		return status;
	if (opt->show_params)
		table_print_params(r.tbl);
	else
		status = run(&r);
	table_close(r.tbl, r.thr);
	return check_output(status);
}

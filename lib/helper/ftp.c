/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FTP: the data connections that PORT, EPRT, 227 and 229 announce.
 *
 *	find the command  parse() by table `commands`
 *	read the address  numbers(), extended(), port_of()
 *	expect		  announce()
 *	rewrite		  rewrite()
 *
 * Packet by packet, as Linux does, a command is looked for at the start of a
 * payload that follows a line feed: the last two places behind one are
 * remembered for each direction.  In the order of the stream, every line is
 * looked at; see lines.h.
 */
#include "helper/ftp.h"

#include "helper/helpers.h"
#include "helper/lines.h"
#include "helper/words.h"

#include <conntrack/helper.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* --- Find the command, read the address --------------------------------- */

/* Bytes that may stand between the parts of EPRT and 229 (RFC 2428). */
static bool delimiter(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f && !ct_word_digit(byte);
}

static uint32_t distance(const struct ct_cursor *from,
			 const struct ct_cursor *to)
{
	return (uint32_t)(to->at - from->at);
}

/* A port and the delimiter behind it. */
static bool port_of(struct ct_cursor *cur, uint8_t delim,
		    struct ct_ftp_word *word)
{
	uint32_t port;

	(void)ct_word_number(cur, &port);
	word->port = htons((uint16_t)port);
	return word->port && ct_cursor_u8(cur) == delim && ct_cursor_good(cur);
}

/* Four bytes of an address, as large as they may be. */
static void addr_of(const uint32_t *bytes, struct ct_ftp_word *word)
{
	word->has_addr = true;
	word->l3 = CT_L3_IPV4;
	word->addr.v4 = htonl(bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 |
			      bytes[3]);
}

/* Numbers that something else follows. */
static bool numbers(struct ct_cursor *cur, uint32_t *values, size_t n,
		    char separator)
{
	return ct_word_numbers(cur, values, n, separator) &&
	       ct_cursor_left(cur) && ct_word_peek(cur) != (uint8_t)separator;
}

/* 10,0,0,2,19,136 */
static bool read_six(struct ct_cursor *cur, struct ct_ftp_word *word)
{
	uint32_t values[6];

	if (!numbers(cur, values, 6, ','))
		return false;
	addr_of(values, word);
	word->port = htons((uint16_t)(values[4] << 8 | values[5]));
	return true;
}

static bool read_port(struct ct_cursor *cur, uint8_t l3,
		      struct ct_ftp_word *word)
{
	(void)l3;
	return read_six(cur, word) && ct_word_peek(cur) == '\r';
}

/* Any words may come first, and any byte behind. */
static bool read_227(struct ct_cursor *cur, uint8_t l3,
		     struct ct_ftp_word *word)
{
	(void)l3;
	return read_six(cur, word);
}

/* |1|10.0.0.2|5000| or |2|2001:db8::2|5000| */
static bool read_eprt(struct ct_cursor *cur, uint8_t l3,
		      struct ct_ftp_word *word)
{
	uint8_t delim = ct_cursor_u8(cur);
	uint8_t family = ct_cursor_u8(cur);
	uint32_t bytes[4];

	if (!delimiter(delim) || ct_cursor_u8(cur) != delim ||
	    family != (l3 == CT_L3_IPV6 ? '2' : '1'))
		return false;
	if (l3 == CT_L3_IPV6) {
		word->has_addr = true;
		word->l3 = l3;
		if (!ct_word_addr(cur, l3, &word->addr))
			return false;
	} else {
		if (!numbers(cur, bytes, 4, '.'))
			return false;
		addr_of(bytes, word);
	}
	return ct_cursor_u8(cur) == delim && port_of(cur, delim, word);
}

/* |||5000| */
static bool read_229(struct ct_cursor *cur, uint8_t l3,
		     struct ct_ftp_word *word)
{
	uint8_t delim = ct_cursor_u8(cur);

	word->l3 = l3;
	return delimiter(delim) && ct_cursor_u8(cur) == delim &&
	       ct_cursor_u8(cur) == delim && port_of(cur, delim, word);
}

static bool at_digit(uint8_t byte)
{
	return ct_word_digit(byte);
}

static bool after_blank(uint8_t byte)
{
	return byte == ' ';
}

static bool after_paren(uint8_t byte)
{
	return byte == '(';
}

struct command {
	const char *word;
	enum ct_ftp_form form;
	bool (*mark)(uint8_t byte); /* the address stands at or behind it */
	bool behind;
	bool (*read)(struct ct_cursor *cur, uint8_t l3,
		     struct ct_ftp_word *word);
};

static const struct command commands[CT_DIR_MAX][2] = {
	[CT_DIR_ORIG] = { { "PORT", CT_FTP_PORT, after_blank, true, read_port },
			  { "EPRT", CT_FTP_EPRT, after_blank, true,
			    read_eprt } },
	[CT_DIR_REPLY] = { { "227 ", CT_FTP_227, at_digit, false, read_227 },
			   { "229 ", CT_FTP_229, after_paren, true,
			     read_229 } },
};

/* Step to where the address stands. */
static bool find_address(struct ct_cursor *cur, const struct command *command)
{
	while (ct_cursor_left(cur) && !command->mark(ct_word_peek(cur)))
		ct_cursor_skip(cur, 1);
	if (command->behind)
		ct_cursor_skip(cur, 1);
	return ct_cursor_left(cur) > 0;
}

/* Whether the text is nothing but the beginning of the word. */
static bool cut_off(const struct ct_cursor *text, const char *word)
{
	char start[8] = { 0 };

	if (ct_cursor_left(text) > strlen(word))
		return false;
	memcpy(start, word, ct_cursor_left(text));
	return ct_word_begins_nocase(text, start);
}

static enum ct_ftp_found parse_as(struct ct_cursor text, uint8_t l3,
				  const struct command *command,
				  struct ct_ftp_word *word)
{
	struct ct_cursor cur = text;
	struct ct_cursor address;

	*word = (struct ct_ftp_word){ .form = command->form };
	if (cut_off(&text, command->word))
		return CT_FTP_BROKEN;
	if (!ct_word_begins_nocase(&text, command->word))
		return CT_FTP_NOTHING;
	ct_cursor_skip(&cur, strlen(command->word));
	if (!find_address(&cur, command))
		return CT_FTP_BROKEN;
	address = cur;
	word->off = distance(&text, &address);
	if (!command->read(&cur, l3, word))
		return CT_FTP_BROKEN;
	word->len = distance(&address, &cur);
	return CT_FTP_SAID;
}

enum ct_ftp_found ct_ftp_parse(struct ct_cursor text, uint8_t l3,
			       enum ct_dir dir, struct ct_ftp_word *word)
{
	enum ct_ftp_found found = CT_FTP_NOTHING;

	for (size_t i = 0; i < 2 && found == CT_FTP_NOTHING; i++)
		found = parse_as(text, l3, &commands[dir][i], word);
	return found;
}

/* Eight groups with all their zeros, as Linux writes them. */
static int print_v6(char *to, const struct ct_ftp_word *word)
{
	const uint8_t *b = word->addr.bytes;

	return snprintf(to, CT_FTP_TEXT_SIZE,
			"|2|%02x%02x:%02x%02x:%02x%02x:%02x%02x:"
			"%02x%02x:%02x%02x:%02x%02x:%02x%02x|%u|",
			b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8],
			b[9], b[10], b[11], b[12], b[13], b[14], b[15],
			ntohs(word->port));
}

uint32_t ct_ftp_print(char to[CT_FTP_TEXT_SIZE], const struct ct_ftp_word *word)
{
	const uint8_t *b = word->addr.bytes;
	unsigned port = ntohs(word->port);
	int len;

	if (word->form == CT_FTP_229)
		len = snprintf(to, CT_FTP_TEXT_SIZE, "|||%u|", port);
	else if (word->form != CT_FTP_EPRT)
		len = snprintf(to, CT_FTP_TEXT_SIZE, "%u,%u,%u,%u,%u,%u", b[0],
			       b[1], b[2], b[3], port >> 8, port & 255);
	else if (word->l3 == CT_L3_IPV4)
		len = snprintf(to, CT_FTP_TEXT_SIZE, "|1|%u.%u.%u.%u|%u|", b[0],
			       b[1], b[2], b[3], port);
	else
		len = print_v6(to, word);
	return (uint32_t)len;
}

/* --- What is remembered of a connection ---------------------------------- */

enum { PLACES = 2 };

/* Where a rewritten announcement began, and with which port it was sent on. */
struct told {
	uint32_t seq;
	ct_be16 port;
	uint16_t used;
};

struct state {
	uint32_t behind[CT_DIR_MAX][PLACES]; /* line feeds */
	struct told told[CT_DIR_MAX][PLACES];
	uint8_t n_behind[CT_DIR_MAX];
	uint8_t next_told[CT_DIR_MAX];
	struct ct_lines_place place[CT_DIR_MAX];
};

static bool is_after(uint32_t seq, uint32_t other)
{
	return (int32_t)(seq - other) > 0;
}

static bool is_behind_line(const struct state *state, enum ct_dir dir,
			   uint32_t seq)
{
	for (unsigned i = 0; i < state->n_behind[dir]; i++)
		if (state->behind[dir][i] == seq)
			return true;
	return false;
}

/* A line feed was seen in front of seq: remember the newest two. */
static void line_ended(struct state *state, enum ct_dir dir, uint32_t seq)
{
	uint32_t *behind = state->behind[dir];
	unsigned oldest;

	if (is_behind_line(state, dir, seq))
		return;
	if (state->n_behind[dir] < PLACES) {
		behind[state->n_behind[dir]++] = seq;
		return;
	}
	oldest = is_after(behind[1], behind[0]) ? 0 : 1;
	if (is_after(seq, behind[oldest]))
		behind[oldest] = seq;
}

static struct told *find_told(struct state *state, enum ct_dir dir,
			      uint32_t seq)
{
	for (unsigned i = 0; i < PLACES; i++)
		if (state->told[dir][i].used && state->told[dir][i].seq == seq)
			return &state->told[dir][i];
	return NULL;
}

static void remember(struct state *state, enum ct_dir dir, uint32_t seq,
		     ct_be16 port)
{
	struct told *told = find_told(state, dir, seq);

	if (!told) {
		told = &state->told[dir][state->next_told[dir]];
		state->next_told[dir] =
			(uint8_t)((state->next_told[dir] + 1) % PLACES);
	}
	*told = (struct told){ .seq = seq, .port = port, .used = 1 };
}

/* --- Expect and rewrite --------------------------------------------------- */

/* What one call of help() works on. */
struct job {
	struct ct_thread *thr;
	struct ct_pkt *pkt;
	struct ct_lines lines; /* packet by packet: the payload is the line */
	struct state *state;
	enum ct_dir dir;
	struct ct_tuple own;  /* the speaker's packets */
	struct ct_tuple peer; /* the other end's packets */
	bool nat;
};

static struct ct_expect_def expectation(const struct job *job,
					const struct ct_ftp_word *word)
{
	struct ct_expect_def def = { .size = sizeof(def) };

	def.tuple = job->peer;
	def.tuple.src_id = 0;
	def.tuple.dst_id = word->port;
	memset(&def.src_mask, 0xff, sizeof(def.src_mask));
	return def;
}

static enum ct_help rewrite(struct job *job, struct ct_ftp_word *word,
			    const struct ct_expect_def *def,
			    struct ct_expect *exp)
{
	char text[CT_FTP_TEXT_SIZE];
	struct ct_lines_change change = { word->off, word->len, text, 0 };

	word->addr = job->peer.dst;
	word->port = def->tuple.dst_id;
	change.new_len = ct_ftp_print(text, word);
	if (!ct_lines_replace(&job->lines, job->thr, job->pkt, &change))
		return CT_HELP_OK;
	(void)ct_expect_remove(job->thr, exp);
	return ct_help_drop(job->thr, job->pkt,
			    "ftp: no room for another address");
}

/* Expect where NAT lets the peer knock, and tell the peer. */
static enum ct_help announce_translated(struct job *job,
					struct ct_ftp_word *word)
{
	struct ct_expect_def def = expectation(job, word);
	const struct told *told =
		find_told(job->state, job->dir, job->lines.seq);
	struct ct_expect *exp;

	def.flags = CT_EXPECT_NAT;
	def.nat_dir = (uint8_t)!job->dir;
	def.nat_id = word->port;
	if (told)
		def.tuple.dst_id = told->port;
	if (ct_expect_add_near(job->thr, job->pkt->conn, &def, &exp))
		return ct_help_drop(job->thr, job->pkt,
				    "ftp: no port is left to expect at");
	remember(job->state, job->dir, job->lines.seq, def.tuple.dst_id);
	return rewrite(job, word, &def, exp);
}

/* Whose address it is: the speaker's, or another's that may be expected. */
enum whose { WHOSE_OWN, WHOSE_OTHER, WHOSE_IGNORED };

static enum whose whose(const struct job *job, const struct ct_ftp_word *word)
{
	const union ct_addr *addr =
		word->has_addr ? &word->addr : &job->own.src;
	bool own = !memcmp(addr, &job->own.src, sizeof(*addr));

	if (word->l3 != job->own.l3)
		return WHOSE_IGNORED;
	if (!own && !ct_helper_param(job->thr, &ct_ftp_helper, 0))
		return WHOSE_IGNORED;
	if (!ct_help_allowed(job->thr, job->pkt, addr, word->port))
		return WHOSE_IGNORED;
	return own ? WHOSE_OWN : WHOSE_OTHER;
}

/*
 * Expect what was announced.  An address that is not the speaker's is sent on
 * as it is, and expected just there: NAT knows no other for it.
 */
static enum ct_help announce(struct job *job, struct ct_ftp_word *word)
{
	enum whose who = whose(job, word);
	struct ct_expect_def def;

	if (who == WHOSE_IGNORED)
		return CT_HELP_OK;
	if (job->nat && who == WHOSE_OWN)
		return announce_translated(job, word);
	def = expectation(job, word);
	if (who == WHOSE_OTHER)
		def.tuple.dst = word->addr;
	if (ct_expect_add(job->thr, job->pkt->conn, &def, NULL))
		return ct_help_drop(job->thr, job->pkt,
				    "ftp: it cannot be expected");
	return CT_HELP_OK;
}

/* --- Packet by packet ------------------------------------------------------ */

static enum ct_help help_packet(struct job *job)
{
	struct ct_speech *speech = job->lines.speech;
	struct ct_cursor text = ct_cursor_of(speech->bytes, speech->len);
	uint32_t end = job->lines.end;
	bool line = speech->bytes[speech->len - 1] == '\n';
	enum ct_ftp_found found = CT_FTP_NOTHING;
	enum ct_help help = CT_HELP_OK;
	struct ct_ftp_word word;

	if (is_behind_line(job->state, job->dir, speech->seq))
		found = ct_ftp_parse(text, job->own.l3, job->dir, &word);
	if (found == CT_FTP_BROKEN)
		return ct_help_drop(job->thr, job->pkt,
				    "ftp: an announcement that is cut off");
	if (found == CT_FTP_SAID)
		help = announce(job, &word);
	if (line)
		line_ended(job->state, job->dir, end);
	ct_lines_alone(&job->lines);
	return help;
}

/* --- In the order of the stream -------------------------------------------- */

/* Longer lines are nobody's command. */
enum { LINE_MAX_LEN = 512 };

static enum ct_help help_line(struct job *job, struct ct_cursor line)
{
	struct ct_ftp_word word;

	if (!job->lines.known &&
	    !find_told(job->state, job->dir, job->lines.seq))
		return CT_HELP_OK;
	if (ct_ftp_parse(line, job->own.l3, job->dir, &word) != CT_FTP_SAID)
		return CT_HELP_OK;
	return announce(job, &word);
}

static enum ct_help help_rest(struct job *job)
{
	struct ct_ftp_word word;
	bool begun = job->nat &&
		     ct_ftp_parse(ct_lines_rest(&job->lines), job->own.l3,
				  job->dir, &word) != CT_FTP_NOTHING &&
		     word.off;

	if (ct_lines_end(&job->lines, LINE_MAX_LEN, begun))
		return CT_HELP_OK;
	return ct_help_drop(job->thr, job->pkt,
			    "ftp: an address that is cut off");
}

static enum ct_help help_stream(struct job *job)
{
	struct ct_cursor line;
	enum ct_help help = CT_HELP_OK;

	while (help == CT_HELP_OK && ct_lines_next(&job->lines, &line))
		help = help_line(job, line);
	if (help == CT_HELP_OK)
		help = help_rest(job);
	/* For what fills a hole that begins here. */
	if (help == CT_HELP_OK && job->state->place[job->dir].in_step &&
	    job->lines.off == job->lines.speech->len)
		line_ended(job->state, job->dir, job->lines.end);
	return help;
}

static enum ct_help help(struct ct_thread *thr, struct ct_pkt *pkt,
			 struct ct_speech *speech)
{
	struct job job = { .thr = thr, .pkt = pkt, .dir = pkt->dir };

	job.state = ct_helper_state(ct_thread_table(thr), pkt->conn);
	job.lines = ct_lines_of(speech, &job.state->place[job.dir]);
	ct_conn_tuple(pkt->conn, job.dir, &job.own);
	ct_conn_tuple(pkt->conn, !job.dir, &job.peer);
	job.nat = ct_conn_status(pkt->conn) & (CT_S_SRC_NAT | CT_S_DST_NAT);
	return speech->streamed ? help_stream(&job) : help_packet(&job);
}

static const struct ct_expect_class classes[] = {
	{ .name = "data", .max = 1, .timeout_s = 300 },
};

static const struct ct_param_def params[] = {
	{ .name = "ftp.loose",
	  .doc = "whether an announced address may be another than the "
		 "speaker's own: data flows between servers (RFC 959 5.2), and "
		 "holes for whomever a client names",
	  .max = 1 },
};

const struct ct_helper_ops ct_ftp_helper = {
	.size = sizeof(ct_ftp_helper),
	.name = "ftp",
	.l4 = IPPROTO_TCP,
	.state_size = sizeof(struct state),
	.flags = CT_HELPER_STREAM,
	.classes = classes,
	.n_classes = sizeof(classes) / sizeof(classes[0]),
	.params = params,
	.n_params = sizeof(params) / sizeof(params[0]),
	.help = help,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our text against that of conntrack(8): plays a golden's packets and compares
 * every event and the table at the end with what the real programs printed
 * while a real kernel saw the same packets.
 *
 *	golden_text GOLDEN EXPECTED [PARAMETER=VALUE ...]
 *
 * EXPECTED has a section for each command line, headed "== ".  Events are in
 * order; a table is in any order.  A timeout or an age may be two seconds off,
 * since the recording took its time.
 */
#include <conntrack/conntrack.h>
#include <conntrack/dump.h>
#include <conntrack/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LINE_LEN   1024
#define LINES_MAX  256
#define SLACK_S    2
#define NS_PER_S   1e9
#define RECORD_LEN (1 << 20)
#define PACKET_LEN 65536

struct lines {
	char text[LINES_MAX][LINE_LEN];
	size_t n;
};

enum section { EVENTS, EVENTS_EXTENDED, LIST, LIST_EXTENDED, PROC, SECTIONS };

static const struct {
	const char *head;
	enum ct_text_style style;
} sections[SECTIONS] = {
	[EVENTS] = { "== -E", CT_TEXT_LIST },
	[EVENTS_EXTENDED] = { "== -E -o extended", CT_TEXT_EXTENDED },
	[LIST] = { "== -L", CT_TEXT_LIST },
	[LIST_EXTENDED] = { "== -L -o extended", CT_TEXT_EXTENDED },
	[PROC] = { "== /proc/net/nf_conntrack", CT_TEXT_PROC },
};

static struct lines expected[SECTIONS];
static struct lines ours[SECTIONS];

static _Noreturn void die(const char *what, const char *which)
{
	fprintf(stderr, "%s: %s\n", what, which);
	exit(EXIT_FAILURE);
}

/* --- What the real programs said ---------------------------------------- */

static char *next_line(struct lines *lines)
{
	if (lines->n == LINES_MAX)
		die("too many lines", lines->text[0]);
	return lines->text[lines->n++];
}

static enum section section_of(const char *head)
{
	for (int i = 0; i < SECTIONS; i++)
		if (!strcmp(sections[i].head, head))
			return (enum section)i;
	die("unknown section", head);
}

static void read_expected(const char *path)
{
	FILE *file = fopen(path, "r");
	enum section now = SECTIONS;
	char line[LINE_LEN];

	if (!file)
		die("cannot open", path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "== ", 3))
			now = section_of(line);
		else if (now == SECTIONS)
			die("no section before", line);
		else
			strcpy(next_line(&expected[now]), line);
	}
	fclose(file);
}

/* --- What we say -------------------------------------------------------- */

static void on_event(void *user, const struct ct_event_info *ev)
{
	(void)user;
	for (enum section i = EVENTS; i <= EVENTS_EXTENDED; i++) {
		int len = ct_event_text(ev, sections[i].style,
					next_line(&ours[i]), LINE_LEN);

		if (len < 0)
			die("ct_event_text", ct_strerror(len));
	}
}

static int on_conn(void *user, struct ct_conn *conn)
{
	const struct ct_thread *thr = user;

	for (enum section i = LIST; i <= PROC; i++) {
		int len = ct_conn_text(thr, conn, sections[i].style,
				       next_line(&ours[i]), LINE_LEN);

		if (len < 0)
			die("ct_conn_text", ct_strerror(len));
	}
	return 0;
}

/* --- The golden --------------------------------------------------------- */

static void set_param(struct ct_table *tbl, const char *name, uint64_t value)
{
	int error = ct_param_set(tbl, name, value);

	if (error)
		die(name, ct_strerror(error));
}

static void set_params(struct ct_table *tbl, char **args)
{
	for (; *args; args++) {
		char *equals = strchr(*args, '=');

		if (!equals)
			die("not NAME=VALUE", *args);
		*equals = '\0';
		set_param(tbl, *args, strtoull(equals + 1, NULL, 10));
	}
}

static uint32_t bytes_of(const char *hex, uint8_t *bytes)
{
	uint32_t n = 0;
	unsigned byte;

	for (; n < PACKET_LEN && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		bytes[n++] = (uint8_t)byte;
	return n;
}

static void play_packet(struct ct_thread *thr, const char *hex)
{
	static uint8_t bytes[PACKET_LEN];
	struct ct_pkt pkt = { .data = bytes };

	pkt.len = bytes_of(hex, bytes);
	pkt.l3 = bytes[0] >> 4;
	if (ct_process(thr, &pkt, CT_HOOK_PREROUTING) == CT_ACCEPT)
		ct_confirm(thr, &pkt);
}

/* What expires while it waits ends at its own time, as with a real clock. */
static void pass_time(struct ct_thread *thr, uint64_t *now_ns, double seconds)
{
	uint64_t then = *now_ns + (uint64_t)(seconds * NS_PER_S);

	while (*now_ns < then) {
		*now_ns += (uint64_t)(NS_PER_S / 4);
		if (*now_ns > then)
			*now_ns = then;
		ct_thread_poll(thr, *now_ns);
		if (ct_maintain(ct_thread_table(thr), *now_ns, 0))
			die("cannot maintain", "");
	}
}

static void play(gzFile file, char **args)
{
	struct ct_config cfg = { .size = sizeof(cfg),
				 .profile = CT_PROFILE_LINUX };
	static char text[RECORD_LEN];
	uint64_t now_ns = 1000 * (uint64_t)NS_PER_S;
	struct ct_thread *thr = NULL;
	struct ct_table *tbl;
	struct ct_sub *sub;
	uint64_t cursor = 0;

	if (ct_table_create(&cfg, &tbl) ||
	    ct_subscribe(tbl, CT_EV_ALL, on_event, NULL, &sub))
		die("no table", "");
	set_params(tbl, args);
	while (gzgets(file, text, sizeof(text))) {
		json_t *record = json_loads(text, 0, NULL);
		json_t *sysctls = json_object_get(record, "sysctl");
		json_t *wait = json_object_get(record, "wait");
		json_t *in = json_object_get(record, "in");
		const char *name;
		json_t *value;

		json_object_foreach(sysctls, name, value) set_param(
			tbl, name, (uint64_t)json_integer_value(value));
		if (in && !thr && ct_thread_attach(tbl, &thr))
			die("cannot attach", "");
		if (wait)
			pass_time(thr, &now_ns, json_number_value(wait));
		if (in) {
			ct_thread_poll(thr, now_ns);
			play_packet(thr, json_string_value(in));
		}
		json_decref(record);
	}
	if (!thr)
		die("no packets", "");
	ct_walk(thr, &cursor, NULL, on_conn, thr);
	ct_thread_detach(thr);
	ct_table_destroy(tbl);
}

/* --- Comparison --------------------------------------------------------- */

static int close_by(const char *a, const char *b)
{
	return labs(strtol(a, NULL, 10) - strtol(b, NULL, 10)) <= SLACK_S;
}

static int is_number(const char *word)
{
	return *word && word[strspn(word, "0123456789")] == '\0';
}

/* The timeout is the bare number behind the protocol's; that is the first one
 * of a line or, behind the family's, the second. */
static int same_word(const char *a, const char *b, unsigned n_numbers,
		     enum ct_text_style style)
{
	const char age[] = "delta-time=";
	unsigned before = style == CT_TEXT_LIST ? 1 : 2;

	if (!strcmp(a, b))
		return 1;
	if (is_number(a) && is_number(b) && n_numbers == before)
		return close_by(a, b);
	return !strncmp(a, age, strlen(age)) && !strncmp(b, age, strlen(age)) &&
	       close_by(a + strlen(age), b + strlen(age));
}

/* Blanks count: they must be the same ones. */
static int same_line(const char *a, const char *b, enum ct_text_style style)
{
	unsigned n_numbers = 0;

	for (;;) {
		size_t blanks = strspn(a, " ");
		char word_a[LINE_LEN], word_b[LINE_LEN];

		if (strspn(b, " ") != blanks)
			return 0;
		a += blanks;
		b += blanks;
		if (!*a || !*b)
			return *a == *b;
		snprintf(word_a, sizeof(word_a), "%.*s", (int)strcspn(a, " "),
			 a);
		snprintf(word_b, sizeof(word_b), "%.*s", (int)strcspn(b, " "),
			 b);
		if (!same_word(word_a, word_b, n_numbers, style))
			return 0;
		n_numbers += is_number(word_a) ? 1 : 0;
		a += strlen(word_a);
		b += strlen(word_b);
	}
}

static int differs(enum section section, const char *said, const char *want)
{
	fprintf(stderr, "%s\n  expected %s\n  got      %s\n",
		sections[section].head, want, said);
	return 1;
}

/* For a table: bring the line that is wanted to place i, if it is there. */
static void bring(struct lines *lines, size_t i, const char *want,
		  enum ct_text_style style)
{
	char line[LINE_LEN];

	for (size_t j = i + 1; j < lines->n; j++) {
		if (!same_line(want, lines->text[j], style))
			continue;
		memcpy(line, lines->text[i], LINE_LEN);
		memcpy(lines->text[i], lines->text[j], LINE_LEN);
		memcpy(lines->text[j], line, LINE_LEN);
		return;
	}
}

static int compare(enum section section)
{
	const struct lines *want = &expected[section];
	struct lines *said = &ours[section];
	enum ct_text_style style = sections[section].style;
	int bad = 0;

	for (size_t i = 0; i < want->n || i < said->n; i++) {
		if (i >= want->n) {
			bad += differs(section, said->text[i], "nothing");
			continue;
		}
		if (i >= said->n) {
			bad += differs(section, "nothing", want->text[i]);
			continue;
		}
		if (section >= LIST &&
		    !same_line(want->text[i], said->text[i], style))
			bring(said, i, want->text[i], style);
		if (!same_line(want->text[i], said->text[i], style))
			bad += differs(section, said->text[i], want->text[i]);
	}
	return bad;
}

int main(int argc, char **argv)
{
	gzFile golden;
	int bad = 0;

	if (argc < 3)
		die("usage", "golden_text GOLDEN EXPECTED [NAME=VALUE ...]");
	read_expected(argv[2]);
	if (!expected[EVENTS].n)
		die("nothing is expected", argv[2]);
	golden = gzopen(argv[1], "r");
	if (!golden)
		die("cannot open", argv[1]);
	play(golden, argv + 3);
	gzclose(golden);
	for (enum section i = EVENTS; i < SECTIONS; i++)
		bad += compare(i);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

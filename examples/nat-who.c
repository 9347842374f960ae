/* SPDX-License-Identifier: CC0-1.0 */
/*
 * nat-who: who had an external address and port at some time?  In the public
 * domain.
 *
 *	nat-who ADDRESS PORT PROTOCOL TIME_NS [PEER PEER_PORT] < log
 *
 * The log has a line of ct_nat_event_text() for each event, oldest first: of
 * sessions, of mappings or of blocks, whichever the pool was told to report.
 * Each inside endpoint that fits is a line.  A peer tells apart those who
 * share a port; sessions know it.  Exit: 0 found, 1 nobody, 2 wrong usage.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1024, WORD = 64 };

struct question {
	const char *address;
	const char *peer; /* or NULL */
	unsigned long port;
	unsigned long peer_port;
	unsigned long protocol;
	uint64_t at_ns;
};

/* One that had it, and may have it still. */
struct holder {
	struct holder *next;
	char what[WORD]; /* SESSION, MAPPING or BLOCK */
	char inside[WORD];
	char peer[WORD];
	uint64_t inside_id, peer_id, first_id, last_id, zone, since_ns;
};

/* The value of a member of a flat object; quotes are left out. */
static bool member(const char *line, const char *name, char value[WORD])
{
	char key[WORD];
	const char *at;
	size_t len;

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(line, key);
	value[0] = '\0';
	if (!at)
		return false;
	at += strlen(key);
	at += *at == '"';
	len = strcspn(at, "\",}");
	if (len >= WORD)
		return false;
	memcpy(value, at, len);
	value[len] = '\0';
	return true;
}

static uint64_t number(const char *line, const char *name)
{
	char value[WORD];

	return member(line, name, value) ? strtoull(value, NULL, 10) : 0;
}

/* => The event is about the address and port in question. */
static bool is_about(const char *line, const struct question *q,
		     const char *what)
{
	char value[WORD];

	if (!member(line, "outside", value) || strcmp(value, q->address) != 0)
		return false;
	if (strncmp(what, "BLOCK", 5) == 0)
		return q->port >= number(line, "first_id") &&
		       q->port <= number(line, "last_id");
	if (number(line, "protocol_number") != q->protocol ||
	    number(line, "outside_id") != q->port)
		return false;
	if (!q->peer || strncmp(what, "SESSION", 7) != 0)
		return true;
	member(line, "peer", value);
	return strcmp(value, q->peer) == 0 &&
	       number(line, "peer_id") == q->peer_port;
}

static void describe(const char *line, struct holder *holder)
{
	member(line, "inside", holder->inside);
	member(line, "peer", holder->peer);
	holder->inside_id = number(line, "inside_id");
	holder->peer_id = number(line, "peer_id");
	holder->first_id = number(line, "first_id");
	holder->last_id = number(line, "last_id");
	holder->zone = number(line, "zone");
	holder->since_ns = number(line, "event_time_ns");
}

static bool begin(struct holder **holders, const char *line, const char *what)
{
	struct holder *holder = calloc(1, sizeof(*holder));

	if (!holder)
		return false;
	memcpy(holder->what, what, WORD);
	describe(line, holder);
	holder->next = *holders;
	*holders = holder;
	return true;
}

static bool same(const struct holder *a, const struct holder *b)
{
	return strcmp(a->inside, b->inside) == 0 &&
	       strcmp(a->peer, b->peer) == 0 && a->inside_id == b->inside_id &&
	       a->peer_id == b->peer_id && a->first_id == b->first_id &&
	       a->zone == b->zone;
}

/* "MAPPING_END" ends a "MAPPING". */
static void end(struct holder **holders, const char *line, const char *what)
{
	size_t len = strlen(what) - strlen("_END");
	struct holder gone;

	memset(&gone, 0, sizeof(gone));
	describe(line, &gone);
	for (; *holders; holders = &(*holders)->next) {
		struct holder *holder = *holders;

		if (strlen(holder->what) == len &&
		    strncmp(holder->what, what, len) == 0 &&
		    same(holder, &gone)) {
			*holders = holder->next;
			free(holder);
			return;
		}
	}
}

static bool begins(const char *what)
{
	return strcmp(what, "SESSION") == 0 || strcmp(what, "MAPPING") == 0 ||
	       strcmp(what, "BLOCK") == 0;
}

static bool ends(const char *what)
{
	size_t len = strlen(what);

	return len > 4 && strcmp(what + len - 4, "_END") == 0;
}

/* The log up to the time in question; => who holds it then. */
static struct holder *follow(FILE *log, const struct question *q)
{
	struct holder *holders = NULL;
	char line[LINE], what[WORD];

	while (fgets(line, sizeof(line), log)) {
		if (number(line, "event_time_ns") > q->at_ns)
			break;
		if (!member(line, "nat_event", what) ||
		    !is_about(line, q, what))
			continue;
		if (begins(what) && !begin(&holders, line, what))
			exit(2);
		if (ends(what))
			end(&holders, line, what);
	}
	return holders;
}

static void show(const struct holder *holder)
{
	printf("%s", holder->inside);
	if (holder->inside_id)
		printf(" port %llu", (unsigned long long)holder->inside_id);
	printf(" zone %llu since %llu (%s", (unsigned long long)holder->zone,
	       (unsigned long long)holder->since_ns, holder->what);
	if (holder->peer[0])
		printf(" with %s port %llu", holder->peer,
		       (unsigned long long)holder->peer_id);
	puts(")");
}

int main(int argc, char **argv)
{
	struct question q = { .address = NULL };
	struct holder *holders;
	bool found;

	if (argc != 5 && argc != 7) {
		fprintf(stderr, "usage: nat-who ADDRESS PORT PROTOCOL TIME_NS "
				"[PEER PEER_PORT] < log\n");
		return 2;
	}
	q.address = argv[1];
	q.port = strtoul(argv[2], NULL, 10);
	q.protocol = strtoul(argv[3], NULL, 10);
	q.at_ns = strtoull(argv[4], NULL, 10);
	if (argc == 7) {
		q.peer = argv[5];
		q.peer_port = strtoul(argv[6], NULL, 10);
	}
	holders = follow(stdin, &q);
	found = holders != NULL;
	while (holders) {
		struct holder *next = holders->next;

		show(holders);
		free(holders);
		holders = next;
	}
	return found ? 0 : 1;
}

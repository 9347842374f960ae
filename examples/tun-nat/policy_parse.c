/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy_parse.c - a policy file's text
 *
 * Lines of words.  The first one says what statement it is, and its function
 * takes the rest.  The first mistake ends it all, with one line that says where
 * and what; no byte of the file that a terminal would obey gets into that.
 */
#include "policy.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_SIZE = 1024,
	WORDS = 32,
	FILE_SIZE = 1 << 20, /* more is no policy */
	MAX_CONNS = 1 << 28
};

struct line {
	struct policy *policy;
	const char *path;
	unsigned number;
	unsigned n_words;
	unsigned at; /* next word */
	char *words[WORDS];
	char text[LINE_SIZE];
};

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static bool
wrong(struct line *line, const char *form, ...)
{
	char *error = line->policy->error;
	va_list args;
	int len;

	len = snprintf(error, POLICY_ERROR, "%.80s:%u: ", line->path,
		       line->number);
	va_start(args, form);
	vsnprintf(error + len, POLICY_ERROR - (size_t)len, form, args);
	va_end(args);
	return false;
}

/* => The next word, or NULL behind the last one. */
static const char *next(struct line *line)
{
	return line->at < line->n_words ? line->words[line->at++] : NULL;
}

static bool complete(struct line *line)
{
	const char *word = next(line);

	return !word || wrong(line, "what is '%.64s' here?", word);
}

static bool missing(struct line *line, const char *what)
{
	return wrong(line, "%s is missing", what);
}

/* --- What several statements have --------------------------------------- */

static bool take_name(struct line *line, const char *what, char *name,
		      size_t size)
{
	const char *word = next(line);

	if (!word)
		return missing(line, what);
	if (strlen(word) >= size)
		return wrong(line, "%s '%.64s' is too long", what, word);
	if (strchr(word, '/') || word[0] == '.')
		return wrong(line, "'%.64s' is no %s", word, what);
	strcpy(name, word);
	return true;
}

/* => The networks whose sources are meant. */
static bool take_network(struct line *line, struct prefix *net)
{
	const char *word = next(line);

	if (!word)
		return missing(line, "network");
	if (!word_prefix(word, net))
		return wrong(line, "'%.64s' is no ADDRESS/BITS", word);
	if (!prefix_is_network(net))
		return wrong(line, "'%.64s' has bits set behind its length",
			     word);
	return true;
}

static bool take_ports(struct line *line, struct ports *ports)
{
	const char *word = next(line);

	if (!word)
		return missing(line, "PORT-PORT");
	return word_ports(word, ports) ||
	       wrong(line, "'%.64s' is no PORT-PORT", word);
}

/* ports A-B, random, persistent */
static bool take_options(struct line *line, struct policy_source *source)
{
	const char *word;

	while ((word = next(line))) {
		if (strcmp(word, "random") == 0)
			source->random = true;
		else if (strcmp(word, "persistent") == 0)
			source->persistent = true;
		else if (strcmp(word, "ports") != 0)
			return wrong(line, "unknown option '%.64s'", word);
		else if (!take_ports(line, &source->ports))
			return false;
	}
	return true;
}

static bool take_endpoint(struct line *line, struct endpoint *endpoint)
{
	const char *word = next(line);

	if (!word)
		return missing(line, "ADDRESS:PORT");
	return word_endpoint(word, endpoint) ||
	       wrong(line, "'%.64s' is no ADDRESS:PORT", word);
}

static struct policy_source *new_source(struct line *line)
{
	struct policy *policy = line->policy;

	if (policy->n_sources == POLICY_SOURCES) {
		wrong(line, "more than %d pools and masquerades",
		      POLICY_SOURCES);
		return NULL;
	}
	return &policy->sources[policy->n_sources];
}

/* --- Statements --------------------------------------------------------- */

static bool add_net(struct line *line, struct policy_side *side,
		    const char *word)
{
	if (side->n_nets == POLICY_NETS)
		return wrong(line, "more than %d addresses", POLICY_NETS);
	if (!word_prefix(word, &side->nets[side->n_nets]))
		return wrong(line, "'%.64s' is no ADDRESS/BITS", word);
	side->n_nets++;
	return true;
}

static bool take_side(struct line *line, struct policy_side *side)
{
	const char *word;

	if (side->device[0])
		return wrong(line, "this side has a device already");
	if (!take_name(line, "device", side->device, sizeof(side->device)))
		return false;
	while ((word = next(line))) {
		if (strcmp(word, "netns") != 0) {
			if (!add_net(line, side, word))
				return false;
		} else if (!take_name(line, "namespace", side->netns,
				      sizeof(side->netns))) {
			return false;
		}
	}
	return side->n_nets || missing(line, "ADDRESS/BITS");
}

static bool say_inside(struct line *line)
{
	return take_side(line, &line->policy->sides[INSIDE]);
}

static bool say_outside(struct line *line)
{
	return take_side(line, &line->policy->sides[OUTSIDE]);
}

static bool say_masquerade(struct line *line)
{
	struct policy_source *source = new_source(line);

	if (!source || !take_network(line, &source->from) ||
	    !take_options(line, source))
		return false;
	if (!policy_own(line->policy, OUTSIDE, source->from.at.l3))
		return wrong(line, "no address of this family is outside; the "
				   "line 'outside' comes first");
	line->policy->n_sources++;
	return true;
}

static bool say_pool(struct line *line)
{
	struct policy_source *source = new_source(line);
	const char *word = next(line);

	if (!source)
		return false;
	if (!word)
		return missing(line, "ADDRESS-ADDRESS");
	if (!word_addresses(word, &source->first, &source->last))
		return wrong(line, "'%.64s' is no ADDRESS-ADDRESS", word);
	word = next(line);
	if (!word || strcmp(word, "for") != 0)
		return missing(line, "for NETWORK");
	if (!take_network(line, &source->from) || !take_options(line, source))
		return false;
	if (source->from.at.l3 != source->first.l3)
		return wrong(line, "pool and network are of two families");
	line->policy->n_sources++;
	return true;
}

/* As many ports behind the gateway as before it, or none named: the same. */
static bool match_ports(struct line *line, struct policy_forward *forward)
{
	struct ports *at = &forward->at.ports, *to = &forward->to.ports;

	if (!at->first)
		return wrong(line, "the first ADDRESS:PORT has no port");
	if (!to->first)
		*to = *at;
	if (at->last - at->first != to->last - to->first)
		return wrong(line, "not as many ports here as there");
	if (forward->at.at.l3 != forward->to.at.l3)
		return wrong(line, "the addresses are of two families");
	return true;
}

static bool say_forward(struct line *line)
{
	struct policy *policy = line->policy;
	struct policy_forward *forward;
	const char *word = next(line);

	if (policy->n_forwards == POLICY_FORWARDS)
		return wrong(line, "more than %d forwards", POLICY_FORWARDS);
	forward = &policy->forwards[policy->n_forwards];
	if (!word)
		return missing(line, "tcp or udp");
	if (strcmp(word, "tcp") == 0)
		forward->l4 = IPPROTO_TCP;
	else if (strcmp(word, "udp") == 0)
		forward->l4 = IPPROTO_UDP;
	else
		return wrong(line, "'%.64s' is neither tcp nor udp", word);
	if (!take_endpoint(line, &forward->at) ||
	    !take_endpoint(line, &forward->to) || !match_ports(line, forward))
		return false;
	policy->n_forwards++;
	return true;
}

static bool say_hairpin(struct line *line)
{
	const char *word = next(line);

	if (!word || (strcmp(word, "on") != 0 && strcmp(word, "off") != 0))
		return missing(line, "on or off");
	line->policy->no_hairpin = strcmp(word, "off") == 0;
	return true;
}

static bool take_number(struct line *line, uint64_t max, uint64_t *number)
{
	const char *word = next(line);

	if (!word)
		return missing(line, "number");
	return word_number(word, max, number) ||
	       wrong(line, "'%.64s' is no number, or too large", word);
}

static bool say_set(struct line *line)
{
	struct policy *policy = line->policy;
	struct policy_param *param;

	if (policy->n_params == POLICY_PARAMS)
		return wrong(line, "more than %d parameters", POLICY_PARAMS);
	param = &policy->params[policy->n_params];
	param->line = line->number;
	if (!take_name(line, "parameter", param->name, sizeof(param->name)))
		return false;
	if (!take_number(line, UINT64_MAX, &param->value))
		return false;
	policy->n_params++;
	return true;
}

/* helper NAME port PORT[-PORT] */
static bool say_helper(struct line *line)
{
	struct policy *policy = line->policy;
	struct policy_helper *helper;
	const char *word;

	if (policy->n_helpers == POLICY_HELPERS)
		return wrong(line, "more than %d helpers", POLICY_HELPERS);
	helper = &policy->helpers[policy->n_helpers];
	helper->line = line->number;
	if (!take_name(line, "helper", helper->name, sizeof(helper->name)))
		return false;
	word = next(line);
	if (!word || strcmp(word, "port") != 0)
		return missing(line, "port PORT");
	if (!take_ports(line, &helper->ports))
		return false;
	policy->n_helpers++;
	return true;
}

static bool say_connections(struct line *line)
{
	uint64_t number;

	if (!take_number(line, MAX_CONNS, &number))
		return false;
	if (!number)
		return wrong(line, "a table of none is too small");
	line->policy->max_conns = (uint32_t)number;
	return true;
}

/* --- The file ----------------------------------------------------------- */

static const struct statement {
	const char *name;
	bool (*say)(struct line *line);
} statements[] = {
	{ "inside", say_inside },
	{ "outside", say_outside },
	{ "masquerade", say_masquerade },
	{ "pool", say_pool },
	{ "forward", say_forward },
	{ "hairpin", say_hairpin },
	{ "set", say_set },
	{ "connections", say_connections },
	{ "helper", say_helper },
};

static bool split(struct line *line)
{
	char *save, *word;

	line->n_words = 0;
	line->at = 0;
	word = strtok_r(line->text, " \t", &save);
	for (; word; word = strtok_r(NULL, " \t", &save)) {
		if (line->n_words == WORDS)
			return wrong(line, "more than %d words", WORDS);
		line->words[line->n_words++] = word;
	}
	return true;
}

static bool obey(struct line *line)
{
	const char *word;

	if (!split(line))
		return false;
	word = next(line);
	if (!word)
		return true;
	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
		if (strcmp(word, statements[i].name) == 0)
			return statements[i].say(line) && complete(line);
	return wrong(line, "unknown statement '%.64s'", word);
}

/* => What is in front of a comment. */
static size_t statement_len(const char *text, size_t len)
{
	const char *comment = memchr(text, '#', len);

	return comment ? (size_t)(comment - text) : len;
}

/* => False for bytes that a terminal would not print. */
static bool plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((text[i] < ' ' || text[i] > '~') && text[i] != '\t')
			return false;
	return true;
}

static bool take_line(struct line *line, const char *text, size_t len)
{
	line->number++;
	len = statement_len(text, len);
	if (len && text[len - 1] == '\r')
		len--;
	if (len >= LINE_SIZE)
		return wrong(line, "line is too long");
	if (!plain(text, len))
		return wrong(line, "line has bytes that are not ASCII text");
	memcpy(line->text, text, len);
	line->text[len] = '\0';
	return obey(line);
}

static bool both_sides(struct line *line)
{
	const struct policy_side *sides = line->policy->sides;

	if (!sides[INSIDE].device[0])
		return missing(line, "the line 'inside'");
	if (!sides[OUTSIDE].device[0])
		return missing(line, "the line 'outside'");
	return true;
}

bool policy_parse(struct policy *policy, const char *path, const char *text,
		  size_t len)
{
	struct line line = { .policy = policy, .path = path };
	const char *end = text + len;

	*policy = (struct policy){ .path = path };
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		if (!stop)
			stop = end;
		if (!take_line(&line, text, (size_t)(stop - text)))
			return false;
		text = stop + (stop < end);
	}
	return both_sides(&line);
}

static bool take_file(struct line *line, FILE *file, char *text)
{
	size_t len = fread(text, 1, FILE_SIZE, file);

	if (ferror(file))
		return wrong(line, "cannot be read");
	if (len == FILE_SIZE)
		return wrong(line, "is too long");
	return policy_parse(line->policy, line->path, text, len);
}

bool policy_read(struct policy *policy, const char *path)
{
	struct line line = { .policy = policy, .path = path };
	FILE *file = fopen(path, "r");
	char *text = malloc(FILE_SIZE);
	bool good;

	if (!file)
		good = wrong(&line, "cannot be opened");
	else if (!text)
		good = wrong(&line, "no memory");
	else
		good = take_file(&line, file, text);
	free(text);
	if (file)
		fclose(file);
	return good;
}

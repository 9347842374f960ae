/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of a stream; see lines.h. */
#include "helper/lines.h"

#include "helper/words.h"

struct ct_lines ct_lines_of(struct ct_speech *speech,
			    struct ct_lines_place *place)
{
	struct ct_lines lines = { .speech = speech, .place = place };

	lines.seq = speech->seq;
	lines.end = speech->seq + speech->len - speech->fresh;
	lines.next_known = !speech->again && place->in_step;
	return lines;
}

struct ct_cursor ct_lines_rest(const struct ct_lines *lines)
{
	const struct ct_speech *speech = lines->speech;

	return ct_cursor_of(speech->bytes + lines->off,
			    speech->len - lines->off);
}

bool ct_lines_next(struct ct_lines *lines, struct ct_cursor *line)
{
	struct ct_cursor rest = ct_lines_rest(lines);

	if (!ct_word_line(&rest, line))
		return false;
	lines->start = lines->off;
	lines->seq = lines->speech->seq + lines->start - lines->grown -
		     lines->speech->fresh;
	lines->off += (uint32_t)ct_cursor_left(line);
	lines->known = lines->next_known;
	lines->next_known = true;
	return true;
}

void ct_lines_alone(struct ct_lines *lines)
{
	const struct ct_speech *speech = lines->speech;
	struct ct_lines_place *place = lines->place;

	if ((int32_t)(lines->end - place->edge) <= 0)
		return;
	place->edge = lines->end;
	place->in_step = speech->bytes[speech->len - 1] == '\n';
}

/* => It is dropped; not twice, if nothing more has come. */
static bool cut(struct ct_lines *lines)
{
	struct ct_lines_place *place = lines->place;

	if (place->cut && place->cut_at == lines->end)
		return false;
	place->cut = 1;
	place->cut_at = lines->end;
	return true;
}

bool ct_lines_end(struct ct_lines *lines, uint32_t longest, bool begun)
{
	struct ct_speech *speech = lines->speech;
	struct ct_lines_place *place = lines->place;
	uint32_t rest = speech->len - lines->off;
	bool waits = lines->next_known && rest <= longest;

	if (begun && waits && cut(lines))
		return false;
	speech->used = speech->len;
	if (speech->again)
		return true;
	place->edge = lines->end;
	place->in_step = waits;
	if (waits)
		speech->used = lines->off;
	return true;
}

int ct_lines_replace(struct ct_lines *lines, struct ct_thread *thr,
		     struct ct_pkt *pkt, const struct ct_lines_change *change)
{
	int error = ct_help_replace(thr, pkt, lines->speech,
				    lines->start + change->off, change->old_len,
				    change->text, change->new_len);

	if (error)
		return error;
	lines->off += change->new_len - change->old_len;
	lines->grown += change->new_len - change->old_len;
	return 0;
}

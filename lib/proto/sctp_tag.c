/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verification tags; see sctp_tag.h and docs/sctp.md.
 *
 * Each end chooses a tag, says it in its INIT or INIT ACK, and gets it back in
 * every packet of the other end.
 */
#include "proto/sctp_tag.h"

/* Of struct ct_sctp.inits: an INIT of each end. */
enum { BOTH = 3 };

static enum ct_dir other(enum ct_dir dir)
{
	return dir == CT_DIR_ORIG ? CT_DIR_REPLY : CT_DIR_ORIG;
}

/* With one of these the packet's tag may be another one, or none's business:
 * each is looked at by itself. */
#define BY_ITSELF                                  \
	(UINT32_C(1) << CT_SCTP_EV_INIT |          \
	 UINT32_C(1) << CT_SCTP_EV_COOKIE_ECHO |   \
	 UINT32_C(1) << CT_SCTP_EV_HEARTBEAT |     \
	 UINT32_C(1) << CT_SCTP_EV_HEARTBEAT_ACK | \
	 UINT32_C(1) << CT_SCTP_EV_ABORT |         \
	 UINT32_C(1) << CT_SCTP_EV_SHUTDOWN_ACK |  \
	 UINT32_C(1) << CT_SCTP_EV_SHUTDOWN_COMPLETE)

bool ct_sctp_tag_fits(const struct ct_sctp *sctp, const struct ct_sctp_pkt *pkt,
		      enum ct_dir dir)
{
	return (pkt->events & BY_ITSELF) || pkt->tag == sctp->tags[dir];
}

static bool carries(const struct ct_sctp_step *step, uint32_t tag)
{
	return step->pkt->tag == tag;
}

/* --- Ways that are tried ------------------------------------------------- */

/* => Nobody has said the tag yet, so this one is. */
static bool learns(const struct ct_sctp_step *step)
{
	uint32_t *tag = &step->sctp->tags[step->dir];

	if (*tag)
		return false;
	*tag = step->pkt->tag;
	return true;
}

/* Data is never carried under a tag that nobody gave. */
static bool may_be_strange(const struct ct_sctp_step *step)
{
	return !step->strange &&
	       !(step->pkt->events & ct_sctp_bit(CT_SCTP_EV_DATA));
}

/*
 * An end may have begun a new association behind our back, by another way, and
 * now tries this one.  Its HEARTBEAT is let pass; if the answer has a new tag
 * as well, both are right.
 */
static enum ct_sctp_tag heartbeat(const struct ct_sctp_step *step)
{
	struct ct_sctp *sctp = step->sctp;

	if (learns(step))
		return CT_SCTP_TAG_RIGHT;
	if (carries(step, sctp->tags[step->dir])) {
		sctp->probe = 0;
		return CT_SCTP_TAG_RIGHT;
	}
	if (!may_be_strange(step))
		return CT_SCTP_TAG_WRONG;
	sctp->probe = (uint8_t)(1 + step->dir);
	return CT_SCTP_TAG_STRANGE;
}

static enum ct_sctp_tag heartbeat_ack(const struct ct_sctp_step *step)
{
	struct ct_sctp *sctp = step->sctp;

	if (learns(step))
		return CT_SCTP_TAG_RIGHT;
	if (!carries(step, sctp->tags[step->dir])) {
		if (!may_be_strange(step) ||
		    sctp->probe != 1 + other(step->dir))
			return CT_SCTP_TAG_WRONG;
		sctp->tags[step->dir] = step->pkt->tag;
		sctp->tags[other(step->dir)] = 0; /* its next HEARTBEAT tells */
	}
	sctp->probe = 0;
	return CT_SCTP_TAG_RIGHT;
}

/* --- Chunk by chunk ------------------------------------------------------ */

/* RFC 9260 8.5.1. */
enum ct_sctp_tag ct_sctp_tag_judge(const struct ct_sctp_step *step)
{
	const struct ct_sctp *sctp = step->sctp;
	enum ct_dir dir = step->dir;
	bool right = true;

	switch ((enum ct_sctp_event)step->chunk->event) {
	case CT_SCTP_EV_INIT:
		right = carries(step, 0);
		break;
	case CT_SCTP_EV_ABORT:
	case CT_SCTP_EV_SHUTDOWN_COMPLETE:
		if (step->chunk->reflected)
			dir = other(dir);
		right = carries(step, sctp->tags[dir]);
		break;
	case CT_SCTP_EV_COOKIE_ECHO:
		right = carries(step, sctp->tags[dir]);
		break;
	case CT_SCTP_EV_HEARTBEAT:
		return heartbeat(step);
	case CT_SCTP_EV_HEARTBEAT_ACK:
		return heartbeat_ack(step);
	default: /* SHUTDOWN ACK may have any; ct_sctp_tag_fits() for others */
		break;
	}
	return right ? CT_SCTP_TAG_RIGHT : CT_SCTP_TAG_WRONG;
}

/*
 * An INIT says a new tag whenever it likes; nothing else is sent with it until
 * it is answered.  Of two ends that both sent one, an end that sends another
 * has the last word: the other's is forgotten.
 */
static void note_init(struct ct_sctp *sctp, uint8_t mine)
{
	if (sctp->inits & mine)
		sctp->inits = mine;
	else
		sctp->inits |= mine;
}

/*
 * May an INIT ACK of this end say a tag that we do not know?  If it answers the
 * only INIT that is unfinished; with two it is a late answer to what the other
 * one has overtaken, and with none it is out of place, unless we know nothing.
 */
static bool may_replace(const struct ct_sctp *sctp, uint32_t known,
			uint8_t theirs)
{
	if (!known)
		return sctp->inits != BOTH;
	return sctp->inits == theirs;
}

bool ct_sctp_tag_learn(const struct ct_sctp_step *step)
{
	struct ct_sctp *sctp = step->sctp;
	const uint8_t mine = (uint8_t)(1u << step->dir);
	uint32_t *tag = &sctp->tags[other(step->dir)];
	const bool news = *tag != step->chunk->tag;

	switch ((enum ct_sctp_event)step->chunk->event) {
	case CT_SCTP_EV_INIT:
		if (news || sctp->state == CT_SCTP_NONE)
			note_init(sctp, mine);
		break;
	case CT_SCTP_EV_INIT_ACK:
		if (news && !may_replace(sctp, *tag, mine ^ BOTH))
			return false;
		break;
	case CT_SCTP_EV_COOKIE_ACK:
		sctp->inits = 0;
		return true;
	default:
		return true;
	}
	*tag = step->chunk->tag;
	return true;
}

void ct_sctp_tag_open(const struct ct_sctp_step *step)
{
	uint32_t *tags = step->sctp->tags;

	switch ((enum ct_sctp_event)step->chunk->event) {
	case CT_SCTP_EV_INIT:
	case CT_SCTP_EV_INIT_ACK:
		tags[CT_DIR_REPLY] = step->chunk->tag;
		break;
	case CT_SCTP_EV_SHUTDOWN_ACK: /* to be reflected, RFC 9260 8.4 */
		tags[CT_DIR_REPLY] = step->pkt->tag;
		break;
	case CT_SCTP_EV_HEARTBEAT:
	case CT_SCTP_EV_HEARTBEAT_ACK:
		tags[CT_DIR_ORIG] = step->pkt->tag;
		break;
	default:
		break;
	}
}

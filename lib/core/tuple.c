/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tuple.c - identity: what a connection is known by
 */
#include "core/tuple.h"

#include "base/compiler.h"

void ct_narrow_unpack(const struct ct_narrow *narrow, struct ct_tuple *t)
{
	memset(t, 0, offsetof(struct ct_tuple, src_id));
	t->src.v4 = narrow->src;
	t->dst.v4 = narrow->dst;
	memcpy((uint8_t *)t + offsetof(struct ct_tuple, src_id),
	       (const uint8_t *)narrow + offsetof(struct ct_narrow, src_id),
	       CT_NARROW_REST);
}

void ct_key_finish(struct ct_key *key, const struct ct_hash_key *secret)
{
	key->dirs = CT_KEY_BOTH;
	key->wide = ct_tuple_wide(&key->tuple);
	if (ct_unlikely(key->wide)) {
		key->hash = ct_hash_wide(secret, &key->tuple);
		return;
	}
	ct_narrow_pack(&key->narrow, &key->tuple);
	key->hash = ct_hash_narrow(secret, &key->narrow);
}

void ct_key_make(struct ct_key *key, const struct ct_tuple *t,
		 const struct ct_hash_key *secret)
{
	key->tuple = *t;
	ct_key_finish(key, secret);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tuple.c - identity: what a connection is known by
 */
#include "core/tuple.h"

#include "base/compiler.h"

void ct_narrow_unpack(const struct ct_narrow *narrow, struct ct_tuple *t)
{
	memset(t, 0, sizeof(*t));
	t->src.v4 = narrow->src;
	t->dst.v4 = narrow->dst;
	t->src_id = narrow->src_id;
	t->dst_id = narrow->dst_id;
	t->l3 = narrow->l3;
	t->l4 = narrow->l4;
	t->zone = narrow->zone;
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

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Expectations as JSON; see expectation.h.
 */
#include <string.h>

#include "entry.h"
#include "expectation.h"

static const char *const flag_names[] = { "permanent", "inactive",
					  "userspace" };

static json_t *flags_json(uint32_t flags)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(flag_names) / sizeof(*flag_names); i++)
		if (flags >> i & 1)
			json_array_append_new(list, json_string(flag_names[i]));
	return list;
}

/* What counts of the tuple, as a tuple. */
static json_t *mask_json(const struct ct_expect_def *def)
{
	struct ct_tuple mask = { .l3 = def->tuple.l3, .l4 = def->tuple.l4 };

	mask.src = def->src_mask;
	mask.src_id = def->src_id_mask;
	memset(&mask.dst, 0xff, sizeof(mask.dst));
	mask.dst_id = UINT16_MAX;
	return entry_tuple(&mask);
}

/* Whom it is really for stands where a tuple has its source. */
static void set_nat(json_t *entry, const struct ct_expect_def *def)
{
	struct ct_tuple t = { .l3 = def->tuple.l3, .l4 = def->tuple.l4 };

	t.src = def->nat_addr;
	t.src_id = def->nat_id;
	json_object_set_new(
		entry, "nat",
		json_pack("{s:s,s:o}", "dir",
			  def->nat_dir == CT_DIR_ORIG ? "orig" : "reply",
			  "tuple", entry_tuple(&t)));
}

json_t *expectation_make(const struct ct_expect_view *view)
{
	const struct ct_expect_def *def = &view->def;
	const uint32_t shown =
		CT_EXPECT_PERMANENT | CT_EXPECT_INACTIVE | CT_EXPECT_USERSPACE;
	json_t *entry = json_object();

	entry_protocols(entry, &def->tuple);
	json_object_set_new(entry, "tuple", entry_tuple(&def->tuple));
	json_object_set_new(entry, "mask", mask_json(def));
	json_object_set_new(entry, "timeout", json_integer(def->timeout_s));
	if (view->master_helper)
		json_object_set_new(entry, "helper",
				    json_string(view->master_helper));
	if (def->function)
		json_object_set_new(entry, "function",
				    json_string(def->function));
	if (def->tuple.zone)
		json_object_set_new(entry, "zone",
				    json_integer(def->tuple.zone));
	if (def->flags & shown)
		json_object_set_new(entry, "flags",
				    flags_json(def->flags & shown));
	if (def->class_)
		json_object_set_new(entry, "class", json_integer(def->class_));
	if (def->flags & CT_EXPECT_NAT)
		set_nat(entry, def);
	return entry;
}

void expectation_strip(json_t *event)
{
	static const char *const once[] = {
		"l3", "l4", "tuple", "mask", "function", "nat", "flags", "class"
	};

	for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++)
		json_object_del(event, once[i]);
}

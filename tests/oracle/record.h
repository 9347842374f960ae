/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parts of the records that a golden consists of.
 */
#ifndef ORACLE_RECORD_H
#define ORACLE_RECORD_H

#include <jansson.h>

#include "packet.h"

/* A new record: what was played, as the golden has it. */
json_t *record_base(const json_t *golden);

/* Set a key to a text. */
void record_text(json_t *record, const char *key, const char *text);

/* The packet was dropped, and where. */
void record_drop(json_t *record, const char *where);

/* Set a key to a list, whose reference is taken, unless it is empty. */
void record_list(json_t *record, const char *key, json_t *list);

/* The router has answered; the packet's bytes are freed. */
void record_answer(json_t *record, struct bytes answer);

/* Sort events whose order nobody can know; takes and gives a reference. */
json_t *record_sorted(json_t *events);

#endif /* ORACLE_RECORD_H */

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * area.c - memory that is made ready in bounded steps
 */
#include "core/area.h"

#include <string.h>

bool ct_area_open(struct ct_area *area, struct ct_mem *mem, size_t size)
{
	area->mem = ct_mem_take(mem, size, size);
	area->size = size;
	area->ready = 0;
	return area->mem != NULL;
}

bool ct_area_prepare(struct ct_area *area, size_t bytes)
{
	size_t left = area->size - area->ready;

	if (bytes > left)
		bytes = left;
	memset(area->mem + area->ready, 0, bytes);
	area->ready += bytes;
	return area->ready == area->size;
}

void *ct_area_take(struct ct_area *area)
{
	void *mem = area->mem;

	ct_area_prepare(area, area->size);
	area->mem = NULL;
	return mem;
}

void ct_area_close(struct ct_area *area, struct ct_mem *mem)
{
	ct_mem_free(mem, area->mem, area->size);
	area->mem = NULL;
}

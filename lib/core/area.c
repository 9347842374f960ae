/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * area.c - memory that is made ready in bounded steps
 */
#include "core/area.h"

#include <string.h>

bool ct_area_open(struct ct_area *area, struct ct_mem *mem, size_t size,
		  struct ct_work *left)
{
	if (!left->blocks)
		return false;
	left->blocks--;
	area->mem = ct_mem_take(mem, size, size);
	area->size = size;
	area->ready = 0;
	return area->mem != NULL;
}

bool ct_area_prepare(struct ct_area *area, struct ct_work *left)
{
	size_t bytes = (size_t)left->pages * CT_WORK_PAGE;

	if (bytes > area->size - area->ready)
		bytes = area->size - area->ready;
	memset(area->mem + area->ready, 0, bytes);
	left->pages -= ct_work_pages(area->ready, area->ready + bytes);
	area->ready += bytes;
	return area->ready == area->size;
}

void *ct_area_take(struct ct_area *area)
{
	void *mem = area->mem;

	area->mem = NULL;
	return mem;
}

void ct_area_close(struct ct_area *area, struct ct_mem *mem)
{
	ct_mem_free(mem, area->mem, area->size);
	area->mem = NULL;
}

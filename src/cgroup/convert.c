/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions from a field to a file's text that both versions' tables use. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup/limits.h"

static const void *field_of(const struct limit_source *from)
{
	return (const char *)from->resources + from->row->offset;
}

int limit_format(struct limit *ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(ret->text, sizeof(ret->text), format, args);
	va_end(args);
	return 1;
}

bool limit_has_file(const struct limit_source *from, const char *file)
{
	return from->dirfd >= 0 && faccessat(from->dirfd, file, F_OK, 0) == 0;
}

int limit_check_range(const struct limit_source *from, uint64_t value, uint64_t min, uint64_t max,
		      struct error *err)
{
	if (value >= min && value <= max)
		return 0;
	return error_config(err, "linux.resources.%s: %llu is not in %llu to %llu",
			    from->row->field, (unsigned long long)value, (unsigned long long)min,
			    (unsigned long long)max);
}

int limit_int(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct optional_i64 *field = field_of(from);

	(void)err;
	if (from->index > 0 || !field->has)
		return 0;
	return limit_format(ret, "%lld", (long long)field->value);
}

int limit_uint(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct optional_u64 *field = field_of(from);

	(void)err;
	if (from->index > 0 || !field->has)
		return 0;
	return limit_format(ret, "%llu", (unsigned long long)field->value);
}

int limit_bool(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct optional_bool *field = field_of(from);

	(void)err;
	if (from->index > 0 || !field->has)
		return 0;
	return limit_format(ret, "%d", field->value);
}

int limit_string(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const char *const *field = field_of(from);

	(void)err;
	if (from->index > 0 || !*field || !**field)
		return 0;
	ret->value = *field;
	return 1;
}

int limit_nonzero_int(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct optional_i64 *field = field_of(from);

	return field->value ? limit_int(from, ret, err) : 0;
}

int limit_nonzero_uint(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct optional_u64 *field = field_of(from);

	return field->value ? limit_uint(from, ret, err) : 0;
}

int limit_max(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct optional_i64 *field = field_of(from);
	int r = limit_int(from, ret, err);

	return r > 0 && field->value < 0 ? limit_format(ret, "max") : r;
}

int limit_nonzero_max(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct optional_i64 *field = field_of(from);

	return field->value ? limit_max(from, ret, err) : 0;
}

int limit_weight(const struct limit_source *from, struct limit *ret, struct error *err)
{
	const struct optional_u64 *field = field_of(from);
	int r = limit_nonzero_uint(from, ret, err), range;

	if (r <= 0)
		return r;
	range = limit_check_range(from, field->value, BLKIO_WEIGHT_MIN, BLKIO_WEIGHT_MAX, err);
	return range < 0 ? range : r;
}

int limit_weight_device(const struct limit_source *from, bool leaf,
			const struct spec_throttle_device **ret_device, struct error *err)
{
	const struct spec_resources *resources = from->resources;
	size_t before = from->index;

	for (size_t i = 0; i < resources->block_io.weight_device_count; i++) {
		const struct spec_throttle_device *device = &resources->block_io.weight_devices[i];
		const struct optional_u64 *weight = leaf ? &device->leaf_weight : &device->weight;
		int r;

		if (!weight->has || weight->value == 0 || before-- > 0)
			continue;
		*ret_device = device;
		r = limit_check_range(from, weight->value, BLKIO_WEIGHT_MIN, BLKIO_WEIGHT_MAX, err);
		return r < 0 ? r : 1;
	}
	return 0;
}

int limit_check_swap(const struct spec_resources *resources, struct error *err)
{
	int64_t limit = resources->memory.limit.value, swap = resources->memory.swap.value;

	if (limit > 0 && swap > 0 && swap < limit)
		return error_config(
			err,
			"linux.resources.memory.swap: %lld is memory and swap together, "
			"and less than memory.limit (%lld)",
			(long long)swap, (long long)limit);
	return 0;
}

int limit_check_page_size(const struct limit_source *from, struct error *err)
{
	const char *size = from->resources->hugepages[from->index].page_size;
	size_t digits = strspn(size, "0123456789"), units = strspn(size + digits, "KMG");
	char path[96];
	unsigned long long kilobytes;
	const char *unit = size + digits;

	if (digits == 0 || digits > 6 || units != 1 || strcmp(unit + 1, "B"))
		return error_config(
			err,
			"linux.resources.hugepageLimits[%zu].pageSize: \"%s\" is no page "
			"size such as \"2MB\"",
			from->index, size);
	kilobytes = strtoull(size, NULL, 10) << (*unit == 'G' ? 20 : *unit == 'M' ? 10 : 0);
	(void)snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%llukB", kilobytes);
	if (access("/sys/kernel/mm/hugepages", F_OK) == 0 && access(path, F_OK) < 0)
		return error_config(err,
				    "linux.resources.hugepageLimits[%zu].pageSize: the host has no "
				    "pages of %s",
				    from->index, size);
	return 0;
}

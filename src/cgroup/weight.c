/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weights of cgroup v1 in v2's scale. CPU: 10^((log2(s)^2 + 125 log2(s))/612 - 7/34), rounded up,
 * which takes 2, 1024 and 262144 shares to 1, 100 and 10000. It is turned round and searched, so
 * that a logarithm is all it takes and libm is not needed.
 */
#include "cgroup/limits.h"

#define LOG10_2	       0.30102999566398119521
#define CPU_WEIGHT_MAX 10000
#define ROUNDING       1e-9

/* By squaring: each square that reaches 2 is one more binary digit of the logarithm. */
static double log2_of(uint64_t value)
{
	double result = 0, digit = 0.5, x;

	while (value >> (int)result > 1)
		result++;
	x = (double)value / (double)(UINT64_C(1) << (int)result);
	for (int i = 0; i < 52; i++, digit /= 2) {
		x *= x;
		if (x >= 2) {
			x /= 2;
			result += digit;
		}
	}
	return result;
}

uint64_t weight_from_cpu_shares(uint64_t shares)
{
	uint64_t low = 1, high = CPU_WEIGHT_MAX;
	double l, exponent;

	if (shares <= 2)
		return low;
	if (shares >= CPU_SHARES_MAX)
		return high;
	l = log2_of(shares);
	exponent = (l * l + 125 * l) / 612 - 7.0 / 34;
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (log2_of(middle) * LOG10_2 >= exponent - ROUNDING)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

uint64_t weight_from_blkio(uint64_t weight)
{
	return 1 + (weight - BLKIO_WEIGHT_MIN) * 9999 / (BLKIO_WEIGHT_MAX - BLKIO_WEIGHT_MIN);
}

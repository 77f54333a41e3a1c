/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as config.json. In a build directory configured with CC=clang and
 * --enable-sanitizers, $src being the sources:
 *
 *   make libocirun-core.a
 *   clang -std=gnu17 -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I$src/src \
 *         $src/src/spec/fuzz-spec.c libocirun-core.a -lcjson -o fuzz-spec
 *   ./fuzz-spec CORPUS $src/bats/data $src/bats/data/bad-json
 */
#include <fcntl.h>
#include <stdint.h>

#include "base/error.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct spec spec = {0};

	if (spec_parse((const char *)data, size, "config.json", &spec, &err) == 0) {
		(void)spec_check_host(&spec, AT_FDCWD, "config.json", &err);
		spec_done(&spec);
	} else if (err.kind == ERROR_NONE || err.text[0] == '\0') {
		__builtin_trap(); /* a failure must say why */
	}
	return 0;
}

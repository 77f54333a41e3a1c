/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log of any bytes: the reader ends, stays inside its buffers, and returns only rising seqs; the
 * writer agrees with it about the next one. libFuzzer's entry; with files as arguments it is a
 * program that replays them.
 */
#include "events/check.h"
#include "events/journal.h"
#include "ocirun/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t read_all(void)
{
	struct ocirun_event event;
	struct ocirun_damage damage;
	struct ocirun_log *log;
	uint64_t seq = 0;
	char text[256];
	int r;

	if (ocirun_log_open(&log, directory, ID, NULL) < 0)
		abort();
	while ((r = ocirun_log_next(log, &event, &damage)) != OCIRUN_NOTHING) {
		struct ocirun_exit e;

		if (r < 0)
			abort();
		if (r == OCIRUN_DAMAGED) {
			ocirun_damage_text(&damage, text, sizeof(text));
			continue;
		}
		if (event.seq <= seq || event.length >= OCIRUN_LINE_MAX)
			abort();
		seq = event.seq;
		(void)ocirun_event_exit(&event, &e);
		(void)ocirun_event_string(&event, "bundle", text, sizeof(text));
	}
	ocirun_log_close(log);
	return seq;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal j;
	uint64_t seq;

	make_directory();
	write_file(ID ".ndjson", data, size);
	seq = read_all();
	if (journal_open(&j, dirfd_, ID, NULL) == 0) {
		/* An unfinished last line that is whole but for its LF counts once it is closed. */
		if (journal_lock(&j) < 0 || j.seq < seq || read_all() != j.seq)
			abort();
		journal_close(&j);
	}
	remove_directory();
	return 0;
}

#ifndef OCIRUN_LIBFUZZER
int main(int argc, char **argv)
{
	static uint8_t data[1 << 20];

	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "re");
		size_t size = f ? fread(data, 1, sizeof(data), f) : 0;

		if (f)
			(void)fclose(f);
		(void)LLVMFuzzerTestOneInput(data, size);
	}
	return 0;
}
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The transition table against a log in a temporary directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tap.h"
#include "container/lifecycle.h"

#define INSTANCE "0123456789abcdef0123456789abcdef"

static char directory[] = "/tmp/test-lifecycle-XXXXXX";
static int log_dirfd = -1;

static struct journal begin(void)
{
	struct journal j = JOURNAL_CLOSED;

	check_int(journal_create(&j, log_dirfd, "web", INSTANCE), 0);
	return j;
}

static int record(struct journal *j, enum cause cause)
{
	struct error err = ERROR_INIT;

	return lifecycle_record(j, cause, NULL, &err);
}

static void whole_life(void)
{
	struct journal j = begin();

	check_int(lifecycle_status(&j), STATUS_CREATING);
	check_int(record(&j, CAUSE_INIT_IS_READY), 1);
	check_int(lifecycle_status(&j), STATUS_CREATED);
	check_int(record(&j, CAUSE_INIT_STARTED), 1);
	check_int(lifecycle_status(&j), STATUS_RUNNING);
	check_int(record(&j, CAUSE_FREEZE), 1);
	check_int(lifecycle_status(&j), STATUS_PAUSED);
	check_int(record(&j, CAUSE_THAW), 1);
	check_int(record(&j, CAUSE_INIT_EXITED), 1);
	check_int(lifecycle_status(&j), STATUS_STOPPED);
	check_int(record(&j, CAUSE_DELETE), 1);
	check_int(lifecycle_status(&j), STATUS_DELETED);
	check_int(j.seq, 6);
	journal_close(&j);
}

static void facts_are_recorded_once(void)
{
	struct journal j = begin(), other = JOURNAL_CLOSED;

	check_int(journal_open(&other, log_dirfd, "web", INSTANCE), 0);
	check_int(record(&j, CAUSE_INIT_IS_READY), 1);
	check_int(record(&other, CAUSE_INIT_STARTED), 1);
	check_int(record(&j, CAUSE_INIT_STARTED), 0);
	check_int(record(&j, CAUSE_INIT_EXITED), 1);
	check_int(record(&other, CAUSE_INIT_EXITED), 0);
	check_int(record(&other, CAUSE_DELETE), 1);
	check_int(record(&j, CAUSE_DELETE), 0);
	check_int(record(&j, CAUSE_INIT_EXITED), 0);
	check_int(j.seq, 4);
	journal_close(&j);
	journal_close(&other);
}

static void refusals(void)
{
	struct journal j = begin();

	check_int(record(&j, CAUSE_INIT_STARTED), -EBUSY);
	check_int(record(&j, CAUSE_INIT_EXITED), -EBUSY);
	check_int(record(&j, CAUSE_INIT_IS_READY), 1);
	check_int(record(&j, CAUSE_INIT_IS_READY), -EBUSY);
	check_int(record(&j, CAUSE_FREEZE), -EBUSY);
	check_int(record(&j, CAUSE_DELETE), -EBUSY);
	check_int(record(&j, CAUSE_CREATE_FAILED), -EBUSY);
	check_int(j.seq, 1);
	journal_close(&j);
}

static void refusal_names_the_status(void)
{
	struct journal j = begin();
	struct error err = ERROR_INIT;

	check_int(record(&j, CAUSE_INIT_IS_READY), 1);
	check_int(lifecycle_record(&j, CAUSE_DELETE, NULL, &err), -EBUSY);
	check_int(err.kind, ERROR_STATE);
	check_text(err.text, "container is created");
	journal_close(&j);
}

static void failed_create(void)
{
	struct journal j = begin();

	check_int(record(&j, CAUSE_CREATE_FAILED), 1);
	check_int(record(&j, CAUSE_DELETE), 1);
	check_int(record(&j, CAUSE_CREATE_FAILED), 0);
	check_int(lifecycle_status(&j), STATUS_DELETED);
	journal_close(&j);
}

static void remove_logs(void)
{
	DIR *dir = fdopendir(log_dirfd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		(void)unlinkat(log_dirfd, entry->d_name, 0); /* "." and ".." refuse */
	if (dir)
		(void)closedir(dir);
	(void)rmdir(directory);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"a life from create to delete", whole_life},
		{"two witnesses of one fact make one line", facts_are_recorded_once},
		{"what the status does not allow is refused and not written", refusals},
		{"a refusal names the status", refusal_names_the_status},
		{"a create that failed is failed and deleted", failed_create},
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	log_dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	failed = tap_run(tests, sizeof(tests) / sizeof(tests[0]));
	remove_logs();
	return failed;
}

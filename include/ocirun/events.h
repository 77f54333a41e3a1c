/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libocirun-events: read and follow what happened to ocirun's containers.
 *
 * Every container has a log, <root>/.events/ID.ndjson, of one JSON object per line;
 * ocirun-events(5) describes it. Anybody who may read the file may read it at any time, without
 *ocirun, and cannot disturb the writers or another reader. To follow one to its end:
 *
 *	struct ocirun_log *log;
 *	struct ocirun_watch *watch;
 *	struct ocirun_event event;
 *	struct ocirun_damage damage;
 *	int r;
 *
 *	ocirun_log_open(&log, "/run/ocirun/.events", "web", NULL);
 *	ocirun_watch_new(&watch, 0);
 *	ocirun_watch_add(watch, log);
 *	while (!ocirun_log_is_over(log)) {
 *		while ((r = ocirun_log_next(log, &event, &damage)) > 0)
 *			if (r == OCIRUN_EVENT)
 *				puts(event.line);
 *		ocirun_watch_wait(watch, -1);
 *	}
 *
 * A program with a loop of its own polls ocirun_watch_fd() instead of the last call.
 *
 * Functions return 0 or more, or a negative errno, and print nothing. Objects are not shared
 * between threads without a lock. Nothing here writes to the log.
 */
#ifndef OCIRUN_EVENTS_H
#define OCIRUN_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define OCIRUN_PUBLIC __attribute__((visibility("default")))
#else
#define OCIRUN_PUBLIC
#endif

/* The longest line, with its LF. */
#define OCIRUN_LINE_MAX 4096

/* A log that is being read. */
struct ocirun_log;

/* One line. All pointers are into the log and good until the next call of ocirun_log_next on it. */
struct ocirun_event {
	const char
		*type;	/* "created", "exited", ...; types that you do not know are to be ignored */
	const char *id; /* the container's */
	const char *instance;  /* 32 hex digits: tells containers of the same ID apart */
	const char *timestamp; /* RFC 3339, UTC, nine digits: when it was recorded */
	int64_t time_ns;       /* the same, since the Epoch */
	uint64_t seq;	       /* 1, 2, 3, ...: the order */
	const char *line;      /* the JSON object, NUL-terminated, without LF */
	size_t length;
};

/* ocirun_event_types - the types that this version knows; ends with NULL. */
OCIRUN_PUBLIC const char *const *ocirun_event_types(void);

/* Something in the log that is not as a writer left it. What is whole around it is still read. */
enum ocirun_damage_kind {
	OCIRUN_DAMAGE_LINE, /* bytes that are no line: cut short by a power cut or a full disk */
	OCIRUN_DAMAGE_GAP,  /* seq jumps: lines are missing */
	OCIRUN_DAMAGE_REPEATED, /* seq does not rise: the line was left out */
	OCIRUN_DAMAGE_FOREIGN,	/* a line of another container: left out */
	OCIRUN_DAMAGE_SHRUNK,	/* the file is shorter than what was read of it */
	OCIRUN_DAMAGE_LOST, /* feed: files were removed that may not have been read; the oldest that
			       there is comes next */
	OCIRUN_DAMAGE_NEWER, /* a line of a later version of the schema: left out. Writers of
				this version add nothing behind it */
};

struct ocirun_damage {
	enum ocirun_damage_kind kind;
	uint64_t offset, length;  /* where in the file, in bytes */
	uint64_t expected, found; /* seq of GAP and REPEATED; "v" of NEWER */
	char instance[33];	  /* feed: whose lines are missing; GAP only, else "" */
};

/* ocirun_damage_text - one phrase about it, for people; cut to @size. */
OCIRUN_PUBLIC void ocirun_damage_text(const struct ocirun_damage *damage, char *buffer,
				      size_t size);

/*
 * ocirun_log_open - the log of a container
 * @directory: <root>/.events
 * @id: the container; NULL: any, and @instance says which
 * @instance: 32 hex digits; NULL: the latest one of @id
 *
 * The log stays this one whatever happens to the ID later. It may have no line yet while the
 * container is being created. Returns 0 with *ret to be closed by ocirun_log_close, -ENOENT when
 * there is no such log, -EINVAL when @id or @instance can be none or the file is no regular file,
 * or what open(2) says.
 */
OCIRUN_PUBLIC int ocirun_log_open(struct ocirun_log **ret, const char *directory, const char *id,
				  const char *instance);

/* ocirun_log_close - NULL is fine. Comes before ocirun_watch_free of a watch that it was added to.
 */
OCIRUN_PUBLIC void ocirun_log_close(struct ocirun_log *log);

/*
 * ocirun_log_close_file - give back the descriptor of a log whose lines you have from elsewhere
 * What is left is the watch over its container: ocirun_log_witness, ocirun_log_id,
 * ocirun_log_instance, and ocirun_log_close. ocirun_log_next gives -EBADF.
 */
OCIRUN_PUBLIC void ocirun_log_close_file(struct ocirun_log *log);

/* What ocirun_log_next found. */
#define OCIRUN_NOTHING 0 /* all that was written so far has been read */
#define OCIRUN_EVENT   1
#define OCIRUN_DAMAGED 2 /* to be told to somebody; go on reading */

/*
 * ocirun_log_next - the next line, from seq 1
 * @ret_event: filled for OCIRUN_EVENT; @ret_damage: for OCIRUN_DAMAGED
 *
 * A line without its LF is not there yet. Missing lines are reported before the one that follows
 * them. Never blocks. Returns one of the three above; -ESTALE when the file was removed although
 * the container is not deleted, and its end is not to be expected from it any more; -EIO and other
 * errors of read(2).
 */
OCIRUN_PUBLIC int ocirun_log_next(struct ocirun_log *log, struct ocirun_event *ret_event,
				  struct ocirun_damage *ret_damage);

/* ocirun_log_is_over - has `deleted`, the last line, been returned? */
OCIRUN_PUBLIC bool ocirun_log_is_over(const struct ocirun_log *log);

/*
 * ocirun_log_ended - has `deleted` been written? Told by the end of the file, whatever was read
 * *ret_ns: when that was, in nanoseconds since the Epoch, by the file's modification time. Returns
 * 1; 0: the log has not ended; or what fstat(2) says.
 */
OCIRUN_PUBLIC int ocirun_log_ended(const struct ocirun_log *log, int64_t *ret_ns);

/*
 * ocirun_log_unfinished - how many bytes stand behind the last line that was read
 * *ret is not 0 after OCIRUN_NOTHING while a line is being written, and for good when its writer
 * was cut short and nobody has written since. Returns 0, or what fstat(2) says.
 */
OCIRUN_PUBLIC int ocirun_log_unfinished(const struct ocirun_log *log, uint64_t *ret);

/* ocirun_log_id, ocirun_log_instance - whose log it is; "" as long as no line has told. */
OCIRUN_PUBLIC const char *ocirun_log_id(const struct ocirun_log *log);
OCIRUN_PUBLIC const char *ocirun_log_instance(const struct ocirun_log *log);

/*
 * All logs of a directory: of the containers that there are, of those that are to come, and of
 * those that were deleted and are still kept.
 */
struct ocirun_directory;

/*
 * ocirun_directory_open - @path: <root>/.events; it may come into being later
 * Returns 0 with *ret to be closed by ocirun_directory_close, or -ENOMEM.
 */
OCIRUN_PUBLIC int ocirun_directory_open(struct ocirun_directory **ret, const char *path);

/* ocirun_directory_close - NULL is fine; the logs stay open. Comes before ocirun_watch_free. */
OCIRUN_PUBLIC void ocirun_directory_close(struct ocirun_directory *directory);

/*
 * ocirun_directory_next - a log that was not returned before
 * @ret: to be closed by ocirun_log_close, whenever you like
 *
 * In no order. Each log is returned once, whatever its name becomes. Call it until it returns 0,
 * first and after each wake-up; without a watch each such round looks anew. Never blocks.
 * Returns 1; 0: there is no further one now; or a negative errno: -EMFILE, -EACCES, ... after
 * which it may be called again, and goes on with the logs that were not returned.
 */
OCIRUN_PUBLIC int ocirun_directory_next(struct ocirun_directory *directory,
					struct ocirun_log **ret);

/*
 * The feed: one file with the lines of all containers, in the order in which they were written,
 * D/events.ndjson, and the files of it that were put aside. D is <root>/.feed, or what --feed says.
 */
struct ocirun_feed;

/* ocirun_feed_cursor writes no more than that, with the NUL. */
#define OCIRUN_CURSOR_SIZE 160

/*
 * ocirun_feed_open - @directory: D; it may come into being later
 * @cursor: go on behind the place that ocirun_feed_cursor named; NULL: from the oldest line kept
 *
 * Where the cursor's file is gone, ocirun_feed_next says OCIRUN_DAMAGE_LOST and goes on with the
 * oldest line kept. Returns 0 with *ret to be closed by ocirun_feed_close, -EINVAL when @cursor is
 * none, or -ENOMEM.
 */
OCIRUN_PUBLIC int ocirun_feed_open(struct ocirun_feed **ret, const char *directory,
				   const char *cursor);

/* ocirun_feed_close - NULL is fine. Comes before ocirun_watch_free. */
OCIRUN_PUBLIC void ocirun_feed_close(struct ocirun_feed *feed);

/*
 * ocirun_feed_next - the next line, across the files put aside
 * @ret_event, @ret_damage: as for ocirun_log_next
 *
 * Each line of each container comes once: what a writer wrote again is left out. Lines of one
 * container come by rising seq, except that one whose writer was killed may come late, when
 * somebody else makes up for it; only when it cannot be expected any more it is OCIRUN_DAMAGE_GAP.
 * A feed that is not there yet has nothing. Never blocks. Returns OCIRUN_NOTHING, OCIRUN_EVENT,
 * OCIRUN_DAMAGED, or a negative errno, after which it may be called again.
 */
OCIRUN_PUBLIC int ocirun_feed_next(struct ocirun_feed *feed, struct ocirun_event *ret_event,
				   struct ocirun_damage *ret_damage);

/*
 * ocirun_feed_note - @event was had from elsewhere, out of its log: the feed is not to return it
 * Returns 1; 0 when the feed has returned it already; or -ENOMEM.
 */
OCIRUN_PUBLIC int ocirun_feed_note(struct ocirun_feed *feed, const struct ocirun_event *event);

/*
 * ocirun_feed_cursor - the place behind the last line returned, as text without white space
 * It does not depend on inode numbers or on this machine. Not to be looked into. Returns its
 * length, or -ENOBUFS.
 */
OCIRUN_PUBLIC long ocirun_feed_cursor(const struct ocirun_feed *feed, char *buffer, size_t size);

/*
 * Members beyond the fixed ones. @member: its name, or a path of names with dots ("usage.cpuNs").
 * Integers are exact over their whole range. All return 0 or more, or -ENOENT (no such member),
 * -ENODATA (it is null: not known), -EINVAL (another type) or -ERANGE.
 */
OCIRUN_PUBLIC int ocirun_event_int(const struct ocirun_event *event, const char *member,
				   int64_t *ret);
OCIRUN_PUBLIC int ocirun_event_uint(const struct ocirun_event *event, const char *member,
				    uint64_t *ret);
OCIRUN_PUBLIC int ocirun_event_bool(const struct ocirun_event *event, const char *member,
				    bool *ret);

/* ocirun_event_string - escapes resolved, NUL-terminated; returns its length, or -ENOBUFS. */
OCIRUN_PUBLIC long ocirun_event_string(const struct ocirun_event *event, const char *member,
				       char *buffer, size_t size);

/* ocirun_event_json - the value as it stands in the line: @ret_text borrowed, not terminated. */
OCIRUN_PUBLIC int ocirun_event_json(const struct ocirun_event *event, const char *member,
				    const char **ret_text, size_t *ret_length);

/*
 * ocirun_event_member - step through all members, the fixed ones too, in order
 * @position: 0 at the beginning. Key (without quotes) and value are borrowed, not terminated.
 * Returns false after the last one.
 */
OCIRUN_PUBLIC bool ocirun_event_member(const struct ocirun_event *event, size_t *position,
				       const char **ret_key, size_t *ret_key_length,
				       const char **ret_value, size_t *ret_value_length);

/* The end of a container, out of its `exited` line. */
struct ocirun_exit {
	int code;   /* 0..255, 128 + signal when killed by one; -1: nobody can know */
	int signal; /* 0: not killed by one */
	bool core_dumped, oom_killed;
	char reason[32]; /* "exited", "signaled", "exec-failed", "never-started", "monitor-lost",
			    ... */
};

/* ocirun_event_exit - returns 0, or -EINVAL when @event is not a proper `exited`. */
OCIRUN_PUBLIC int ocirun_event_exit(const struct ocirun_event *event, struct ocirun_exit *ret);

/*
 * A watch says when any of a set of logs may have grown. It uses one inotify descriptor for all of
 * them, and where there is none to be had (limits, a kernel or file system without) a timer.
 */
struct ocirun_watch;

#define OCIRUN_WATCH_POLL 1U /* use the timer even where inotify would do: network file systems */

/*
 * Only `exited` is waited for: as long as a log's init lives and we hold a pidfd of it, nothing
 * else wakes the watch. Cheaper: no inotify (which has few descriptors, and takes milliseconds to
 * close).
 */
#define OCIRUN_WATCH_EXIT 2U

/* ocirun_watch_new - @flags: of the above. Returns 0 or -ENOMEM, -EINVAL, -EMFILE. */
OCIRUN_PUBLIC int ocirun_watch_new(struct ocirun_watch **ret, unsigned int flags);
OCIRUN_PUBLIC void ocirun_watch_free(struct ocirun_watch *watch); /* NULL is fine */

/*
 * ocirun_watch_add - begin to watch @log, then read it to its end before the first wait
 *
 * Also opens a pidfd of the container's init where the log says that it is alive, now or when
 * `created` is read: it wakes the watch when init ends, and is a second witness of how
 * (ocirun_log_witness). A log is in one watch at most, and leaves it when it is closed.
 * Returns 0, -EBUSY or -ENOMEM.
 */
OCIRUN_PUBLIC int ocirun_watch_add(struct ocirun_watch *watch, struct ocirun_log *log);

/*
 * ocirun_watch_add_directory - begin to watch for new logs in @directory
 *
 * Then call ocirun_directory_next until it returns 0, before the first wait and after each wake-up.
 * Its logs are not watched unless they are added as well. A directory is in one watch at most, and
 * leaves it when it is closed. Returns 0 or -EBUSY.
 */
OCIRUN_PUBLIC int ocirun_watch_add_directory(struct ocirun_watch *watch,
					     struct ocirun_directory *directory);

/*
 * ocirun_watch_add_feed - begin to watch @feed, then read it to its end before the first wait
 * A feed is in one watch at most, and leaves it when it is closed. Returns 0 or -EBUSY.
 */
OCIRUN_PUBLIC int ocirun_watch_add_feed(struct ocirun_watch *watch, struct ocirun_feed *feed);

/*
 * For a loop of your own: poll ocirun_watch_fd for POLLIN (-1: this platform has none) for at most
 * ocirun_watch_timeout_ms milliseconds (-1: no limit), then call ocirun_watch_clear and read all
 * logs of the watch to their ends, its directories and feeds. Ask for the timeout anew each time.
 */
OCIRUN_PUBLIC int ocirun_watch_fd(const struct ocirun_watch *watch);
OCIRUN_PUBLIC int ocirun_watch_timeout_ms(const struct ocirun_watch *watch);
OCIRUN_PUBLIC void ocirun_watch_clear(struct ocirun_watch *watch);

/*
 * ocirun_watch_wait - the three in one, for a program without a loop
 * @timeout_ms: -1: no limit. Returns 1 when there may be something to read, 0 when the time is up,
 * -EINTR when a signal came.
 */
OCIRUN_PUBLIC int ocirun_watch_wait(struct ocirun_watch *watch, int timeout_ms);

/* What the reader's own pidfd says about the container's init. */
enum ocirun_witness {
	OCIRUN_WITNESS_NONE, /* no pidfd: not created yet, on another machine, gone before we came
			      */
	OCIRUN_WITNESS_ALIVE,
	OCIRUN_WITNESS_ENDED,  /* it has ended; how, is not to be seen (yet) */
	OCIRUN_WITNESS_STATUS, /* it has ended, and *ret_status says how */
};

/*
 * ocirun_log_witness - ask the kernel, not the log
 * @ret_status: as of wait(2), for OCIRUN_WITNESS_STATUS
 *
 * For a log in a watch whose `exited` has not been read. ALIVE is as of the last ocirun_watch_clear
 * or ocirun_watch_wait: an end after that wakes the watch. The log is the record: a program that
 * sees ENDED or STATUS waits for `exited`, and needs this answer only when the container's monitor
 * was killed and nobody will write it.
 */
OCIRUN_PUBLIC enum ocirun_witness ocirun_log_witness(struct ocirun_log *log, int *ret_status);

/* ocirun_log_witness_source - how it learnt the status, as `source` of `exited` has it. */
OCIRUN_PUBLIC const char *ocirun_log_witness_source(const struct ocirun_log *log);

/*
 * ocirun_time_parse - nanoseconds since the Epoch of an RFC 3339 time with any offset and up to
 * nine digits of a second. Returns 0, -EINVAL or -ERANGE (years 1970 to 2261).
 */
OCIRUN_PUBLIC int ocirun_time_parse(const char *text, int64_t *ret_ns);

#ifdef __cplusplus
}
#endif

#endif

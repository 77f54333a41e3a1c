/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to procfs and to nothing that pretends to be it (defence D3). */
#ifndef SETUP_PROCFS_H
#define SETUP_PROCFS_H

/*
 * procfs_write - @text in one write(2) to the file @path below @proc_fd
 *
 * Refuses with -EXDEV what is not on procfs: another mount or a symlink on the way may be the
 * container's doing (CVE-2019-16884, CVE-2025-52881). "self/..." is followed.
 * Returns 0 or a negative errno.
 */
int procfs_write(int proc_fd, const char *path, const char *text);

/* procfs_open_host - "/proc" of this mount namespace, verified; or a negative errno. */
int procfs_open_host(void);

#endif

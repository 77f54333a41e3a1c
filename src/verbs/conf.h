/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocirun.conf: settings for whoever cannot put options on ocirun's command line, because an engine
 * calls it. Lines `name = value`; # begins a comment. doc/man/ocirun.conf.5 describes it.
 */
#ifndef VERBS_CONF_H
#define VERBS_CONF_H

#include <stdbool.h>

#include "base/error.h"
#include "container/store.h"

#define CONF_SYSTEM SYSCONFDIR "/ocirun/ocirun.conf"

/*
 * conf_read - the file that $OCIRUN_CONF names (none, if it is empty), or else CONF_SYSTEM and,
 * with @of_user, $XDG_CONFIG_HOME/ocirun/ocirun.conf, each if there is one
 * @of_user: the caller has containers of his own: where root's feed is, and who may read it, is
 *	     nothing to him
 * @feed: as for setting_apply
 */
int conf_read(bool of_user, struct store *store, char **feed, struct error *err);

/*
 * conf_parse - the lines of @text, which is changed
 * @path: for errors, which begin with "PATH:LINE: "
 */
int conf_parse(char *text, const char *path, struct store *store, char **feed, struct error *err);

#endif

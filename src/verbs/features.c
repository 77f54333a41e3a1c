/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun features: what this build does (features.md), from the tables that it does it by. */
#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/compat.h"
#include "base/json.h"
#include "ocirun/version.h"
#include "setup/seccomp_version.h"
#include "spec/sections.h"
#include "verbs/verb.h"

/* Without memory cJSON returns NULL, and takes NULL for a parent: the document would only be
 * shorter. */
static void add_text(cJSON *array, const char *text)
{
	(void)cJSON_AddItemToArray(array, cJSON_CreateString(text));
}

static cJSON *add_words(cJSON *object, const char *key, const struct word *words)
{
	cJSON *array = cJSON_AddArrayToObject(object, key);

	for (const struct word *w = words; w->text; w++) {
		if (w->status == APPLIED)
			add_text(array, w->text);
	}
	return array;
}

/* add_switch - {"enabled": false}: the spec's way to say that a runtime lacks something. */
static void add_switch(cJSON *object, const char *key, bool enabled)
{
	(void)cJSON_AddBoolToObject(cJSON_AddObjectToObject(object, key), "enabled", enabled);
}

static void add_hooks(cJSON *root)
{
	cJSON *hooks = cJSON_AddArrayToObject(root, "hooks");

	for (int stage = 0; stage < HOOK_STAGES; stage++)
		add_text(hooks, hook_stage_name((enum hook_stage)stage));
}

/* Linux 5.12 brought mount_setattr(2), and mapped mounts with it. What we ask here it refuses. */
static bool kernel_changes_mounts(void)
{
	struct mount_attr nothing = {0};

	return sys_mount_setattr(-1, "", 0, &nothing) == 0 || errno != ENOSYS;
}

static void add_mount_options(cJSON *root)
{
	cJSON *options = cJSON_AddArrayToObject(root, "mountOptions");
	bool changes_mounts = kernel_changes_mounts();

	for (const struct mount_option *o = mount_options; o->name; o++) {
		if (changes_mounts || !mount_option_needs_setattr(o))
			add_text(options, o->name);
	}
}

/* The mapping of a mount is that of a user namespace. */
static bool kernel_maps_mounts(void)
{
	return kernel_changes_mounts() && access("/proc/self/ns/user", F_OK) == 0;
}

/* A kernel may be built without some: then this build cannot make them, either. */
static void add_namespaces(cJSON *linux_object)
{
	cJSON *namespaces = cJSON_AddArrayToObject(linux_object, "namespaces");

	for (const struct word *w = namespace_words; w->text; w++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s",
			       namespace_file((enum namespace_type)w->value));
		if (access(path, F_OK) == 0)
			add_text(namespaces, w->text);
	}
}

/*
 * kernel_takes - whether the running kernel knows a flag of seccomp(2)
 * With a known flag it goes on to read the filter, which is not there: EFAULT.
 */
static bool kernel_takes(unsigned long flag)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

static void add_seccomp(cJSON *linux_object)
{
	cJSON *seccomp = cJSON_AddObjectToObject(linux_object, "seccomp");
	cJSON *supported;

	(void)cJSON_AddBoolToObject(seccomp, "enabled", true);
	(void)add_words(seccomp, "actions", seccomp_actions);
	(void)add_words(seccomp, "operators", seccomp_operators);
	(void)add_words(seccomp, "archs", seccomp_archs);
	(void)add_words(seccomp, "knownFlags", seccomp_flags);
	supported = cJSON_AddArrayToObject(seccomp, "supportedFlags");
	for (const struct word *w = seccomp_flags; w->text; w++) {
		if (w->status == APPLIED && kernel_takes(w->value))
			add_text(supported, w->text);
	}
}

static void add_cgroup(cJSON *linux_object)
{
	static const struct {
		const char *key;
		bool value;
	} members[] = {
		{"v1", true},		{"v2", true},	 {"systemd", false},
		{"systemdUser", false}, {"rdma", false},
	};
	cJSON *cgroup = cJSON_AddObjectToObject(linux_object, "cgroup");

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		(void)cJSON_AddBoolToObject(cgroup, members[i].key, members[i].value);
}

static void add_linux(cJSON *root)
{
	cJSON *linux_object = cJSON_AddObjectToObject(root, "linux");

	add_namespaces(linux_object);
	(void)add_words(linux_object, "capabilities", capability_words);
	add_cgroup(linux_object);
	add_seccomp(linux_object);
	add_switch(linux_object, "apparmor", true);
	add_switch(linux_object, "selinux", true);
	add_switch(linux_object, "intelRdt", false);
	add_switch(cJSON_AddObjectToObject(linux_object, "mountExtensions"), "idmap",
		   kernel_maps_mounts());
	add_switch(linux_object, "netDevices", false);
}

static void add_annotations(cJSON *root)
{
	cJSON *annotations = cJSON_AddObjectToObject(root, "annotations");
	char version[32];

	seccomp_version_text(version, sizeof(version));
	(void)cJSON_AddStringToObject(annotations, "io.github.seccomp.libseccomp.version", version);
	(void)cJSON_AddStringToObject(annotations, "org.ocirun.events.version",
				      OCIRUN_EVENTS_VERSION);
	(void)cJSON_AddStringToObject(annotations, "org.ocirun.version", OCIRUN_VERSION);
}

/* features.md#unsafe-annotations-in-configjson: engines keep strangers from setting them. */
static void add_unsafe_annotations(cJSON *root)
{
	cJSON *unsafe = cJSON_AddArrayToObject(root, "potentiallyUnsafeConfigAnnotations");

	for (const struct annotation *a = annotations_taken; a->key; a++)
		add_text(unsafe, a->key);
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	autojson *root = cJSON_CreateObject();
	autofree char *text = NULL;

	(void)g;
	(void)options;
	(void)args;
	(void)cJSON_AddStringToObject(root, "ociVersionMin", OCIRUN_SPEC_VERSION_MIN);
	(void)cJSON_AddStringToObject(root, "ociVersionMax", OCIRUN_SPEC_VERSION);
	add_hooks(root);
	add_mount_options(root);
	add_linux(root);
	add_annotations(root);
	add_unsafe_annotations(root);
	text = cJSON_Print(root);
	if (!text)
		return error_sys_num(err, ENOMEM, "features");
	return print_line(text, err);
}

const struct verb verb_features = {
	.name = "features",
	.arguments = "",
	.summary = "show what this build can do as JSON",
	.description =
		"The document follows features.md of the runtime-spec: versions, hooks, mount\n"
		"options, namespaces, capabilities, cgroups and seccomp. What is not in it is\n"
		"refused by name in config.json.",
	.run = run,
};

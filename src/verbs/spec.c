/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun spec: write a config.json to begin with. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "verbs/verb.h"

struct spec_options {
	const char *bundle;
	bool rootless;
};

static const struct option_spec options_table[] = {
	{.name = "bundle",
	 .letter = 'b',
	 .kind = OPTION_STRING,
	 .offset = offsetof(struct spec_options, bundle),
	 .value_name = "DIR",
	 .help = "write into this directory (default: the current one)"},
	{.name = "rootless",
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct spec_options, rootless),
	 .help = "write a configuration for a user other than root"},
	{0},
};

#define CAPABILITIES "[\"CAP_AUDIT_WRITE\", \"CAP_KILL\", \"CAP_NET_BIND_SERVICE\"]"

/*
 * A shell in namespaces of its own, few capabilities, a read-only root, and nothing of the kernel
 * in sight that a container has no business with. make_rootless() changes what needs root.
 */
static const char template[] =
	"{\"ociVersion\": \"1.2.0\","
	"\"process\": {\"terminal\": true, \"user\": {\"uid\": 0, \"gid\": 0}, \"args\": [\"sh\"],"
	" \"env\": [\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
	"  \"TERM=xterm\"],"
	" \"cwd\": \"/\","
	" \"capabilities\": {\"bounding\": " CAPABILITIES ", \"effective\": " CAPABILITIES ","
	"  \"permitted\": " CAPABILITIES "},"
	" \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"hard\": 1024, \"soft\": 1024}],"
	" \"noNewPrivileges\": true},"
	"\"root\": {\"path\": \"rootfs\", \"readonly\": true},"
	"\"hostname\": \"ocirun\","
	"\"mounts\": ["
	" {\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"},"
	" {\"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\","
	"  \"options\": [\"nosuid\", \"strictatime\", \"mode=755\", \"size=65536k\"]},"
	" {\"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\","
	"  \"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", \"mode=0620\","
	"   \"gid=5\"]},"
	" {\"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\","
	"  \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", \"size=65536k\"]},"
	" {\"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\","
	"  \"options\": [\"nosuid\", \"noexec\", \"nodev\"]},"
	" {\"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\","
	"  \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"]},"
	" {\"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\","
	"  \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"relatime\", \"ro\"]}],"
	"\"linux\": {\"resources\": {\"devices\": [{\"allow\": false, \"access\": \"rwm\"}]},"
	" \"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"network\"}, {\"type\": \"ipc\"},"
	"  {\"type\": \"uts\"}, {\"type\": \"mount\"}, {\"type\": \"cgroup\"}],"
	" \"maskedPaths\": [\"/proc/acpi\", \"/proc/asound\", \"/proc/kcore\", \"/proc/keys\","
	"  \"/proc/latency_stats\", \"/proc/timer_list\", \"/proc/timer_stats\","
	"  \"/proc/sched_debug\", \"/sys/firmware\", \"/proc/scsi\"],"
	" \"readonlyPaths\": [\"/proc/bus\", \"/proc/fs\", \"/proc/irq\", \"/proc/sys\","
	"  \"/proc/sysrq-trigger\"]}}";

/* json_text - a value from its JSON text, for replacing parts of the template. */
static cJSON *json_text(const char *text)
{
	return cJSON_Parse(text);
}

static cJSON *member_of(cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* remove_where - the first element of an array whose member @key is @value. */
static void remove_where(cJSON *array, const char *key, const char *value)
{
	cJSON *element;

	cJSON_ArrayForEach(element, array)
	{
		const char *seen = json_string(element, key);

		if (seen && strcmp(seen, value) == 0) {
			cJSON_Delete(cJSON_DetachItemViaPointer(array, element));
			return;
		}
	}
}

static cJSON *mount_at(cJSON *root, const char *destination)
{
	cJSON *mount;

	cJSON_ArrayForEach(mount, member_of(root, "mounts"))
	{
		if (strcmp(json_string(mount, "destination"), destination) == 0)
			return mount;
	}
	return NULL;
}

/* add_map - the caller's own ID becomes the container's 0: all that a user may map without help. */
static void add_map(cJSON *linux_object, const char *key, unsigned int id)
{
	cJSON *map = json_text("[{\"containerID\": 0, \"hostID\": 0, \"size\": 1}]");

	(void)cJSON_SetNumberValue(member_of(map ? map->child : NULL, "hostID"), id);
	(void)cJSON_AddItemToObject(linux_object, key, map);
}

static void make_rootless(cJSON *root)
{
	cJSON *linux_object = member_of(root, "linux");
	cJSON *namespaces = member_of(linux_object, "namespaces");
	cJSON *sys = mount_at(root, "/sys");

	/* A network of its own would be of no use: connecting it takes root. */
	remove_where(namespaces, "type", "network");
	(void)cJSON_AddItemToArray(namespaces, json_text("{\"type\": \"user\"}"));
	add_map(linux_object, "uidMappings", geteuid());
	add_map(linux_object, "gidMappings", getegid());
	/* sysfs can be mounted only by the owner of the network namespace. */
	(void)cJSON_ReplaceItemInObjectCaseSensitive(sys, "type", json_text("\"none\""));
	(void)cJSON_ReplaceItemInObjectCaseSensitive(sys, "source", json_text("\"/sys\""));
	(void)cJSON_InsertItemInArray(member_of(sys, "options"), 0, json_text("\"rbind\""));
	/* tty, group 5, has no mapping. */
	cJSON_DeleteItemFromArray(member_of(mount_at(root, "/dev/pts"), "options"), 5);
	/* Limits need a cgroup that has been handed over to the user. */
	cJSON_DeleteItemFromObjectCaseSensitive(linux_object, "resources");
}

static char *configuration(bool rootless)
{
	autojson *root = json_text(template);

	if (root && rootless)
		make_rootless(root);
	return root ? cJSON_Print(root) : NULL;
}

/* write_config - only into a new file; one that cannot be finished does not stay. */
static int write_config(int dirfd, const char *text, struct error *err)
{
	autofd fd = openat(dirfd, "config.json",
			   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r;

	if (fd < 0 && errno == EEXIST)
		return error_set(err, ERROR_USAGE, EEXIST,
				 "config.json exists and is not overwritten: remove it first");
	if (fd < 0)
		return error_sys(err, "config.json");
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0)
		r = fd_write_all(fd, "\n", 1);
	if (r < 0) {
		(void)unlinkat(dirfd, "config.json", 0);
		return error_sys_num(err, r, "write config.json");
	}
	return 0;
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	const struct spec_options *o = options;
	const char *bundle = o->bundle ? o->bundle : ".";
	autofree char *text = configuration(o->rootless);
	autofd dirfd = -EBADF;

	(void)g;
	(void)args;
	if (!text)
		return error_sys_num(err, ENOMEM, "config.json");
	dirfd = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return error_sys(err, "%s", bundle);
	return write_config(dirfd, text, err);
}

const struct verb verb_spec = {
	.name = "spec",
	.arguments = "",
	.summary = "write a config.json to begin with",
	.description =
		"The container has a shell, namespaces of its own, a read-only root and few\n"
		"capabilities. A config.json that is there already is never overwritten.",
	.options_size = sizeof(struct spec_options),
	.options = options_table,
	.run = run,
};

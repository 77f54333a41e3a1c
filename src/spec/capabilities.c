/* SPDX-License-Identifier: Apache-2.0 */
/* process.capabilities (config.md#linux-process). */
#include <linux/capability.h>

#include "spec/sections.h"

#define ANCHOR	   "config.md#linux-process"
#define AT(member) offsetof(struct spec_capabilities, member)

/* In the order of their numbers. */
const struct word capability_words[] = {
	{.text = "CAP_CHOWN", .value = CAP_CHOWN},
	{.text = "CAP_DAC_OVERRIDE", .value = CAP_DAC_OVERRIDE},
	{.text = "CAP_DAC_READ_SEARCH", .value = CAP_DAC_READ_SEARCH},
	{.text = "CAP_FOWNER", .value = CAP_FOWNER},
	{.text = "CAP_FSETID", .value = CAP_FSETID},
	{.text = "CAP_KILL", .value = CAP_KILL},
	{.text = "CAP_SETGID", .value = CAP_SETGID},
	{.text = "CAP_SETUID", .value = CAP_SETUID},
	{.text = "CAP_SETPCAP", .value = CAP_SETPCAP},
	{.text = "CAP_LINUX_IMMUTABLE", .value = CAP_LINUX_IMMUTABLE},
	{.text = "CAP_NET_BIND_SERVICE", .value = CAP_NET_BIND_SERVICE},
	{.text = "CAP_NET_BROADCAST", .value = CAP_NET_BROADCAST},
	{.text = "CAP_NET_ADMIN", .value = CAP_NET_ADMIN},
	{.text = "CAP_NET_RAW", .value = CAP_NET_RAW},
	{.text = "CAP_IPC_LOCK", .value = CAP_IPC_LOCK},
	{.text = "CAP_IPC_OWNER", .value = CAP_IPC_OWNER},
	{.text = "CAP_SYS_MODULE", .value = CAP_SYS_MODULE},
	{.text = "CAP_SYS_RAWIO", .value = CAP_SYS_RAWIO},
	{.text = "CAP_SYS_CHROOT", .value = CAP_SYS_CHROOT},
	{.text = "CAP_SYS_PTRACE", .value = CAP_SYS_PTRACE},
	{.text = "CAP_SYS_PACCT", .value = CAP_SYS_PACCT},
	{.text = "CAP_SYS_ADMIN", .value = CAP_SYS_ADMIN},
	{.text = "CAP_SYS_BOOT", .value = CAP_SYS_BOOT},
	{.text = "CAP_SYS_NICE", .value = CAP_SYS_NICE},
	{.text = "CAP_SYS_RESOURCE", .value = CAP_SYS_RESOURCE},
	{.text = "CAP_SYS_TIME", .value = CAP_SYS_TIME},
	{.text = "CAP_SYS_TTY_CONFIG", .value = CAP_SYS_TTY_CONFIG},
	{.text = "CAP_MKNOD", .value = CAP_MKNOD},
	{.text = "CAP_LEASE", .value = CAP_LEASE},
	{.text = "CAP_AUDIT_WRITE", .value = CAP_AUDIT_WRITE},
	{.text = "CAP_AUDIT_CONTROL", .value = CAP_AUDIT_CONTROL},
	{.text = "CAP_SETFCAP", .value = CAP_SETFCAP},
	{.text = "CAP_MAC_OVERRIDE", .value = CAP_MAC_OVERRIDE},
	{.text = "CAP_MAC_ADMIN", .value = CAP_MAC_ADMIN},
	{.text = "CAP_SYSLOG", .value = CAP_SYSLOG},
	{.text = "CAP_WAKE_ALARM", .value = CAP_WAKE_ALARM},
	{.text = "CAP_BLOCK_SUSPEND", .value = CAP_BLOCK_SUSPEND},
	{.text = "CAP_AUDIT_READ", .value = CAP_AUDIT_READ},
	{.text = "CAP_PERFMON", .value = CAP_PERFMON},
	{.text = "CAP_BPF", .value = CAP_BPF},
	{.text = "CAP_CHECKPOINT_RESTORE", .value = CAP_CHECKPOINT_RESTORE},
	{.text = NULL},
};

/* config.md#linux-process: a name that the runtime does not know is worth a warning, no error. */
static int read_set(struct reader *r, const struct place *at, const struct field *f,
		    const cJSON *item, void *base)
{
	uint64_t *mask = field_target(f, base);
	struct string_list names = {0};
	int rc = read_strings(r, at, &(struct field){.offset = 0}, item, &names);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < names.count; i++) {
		const struct word *w = word_find(capability_words, names.items[i]);

		if (w)
			*mask |= UINT64_C(1) << w->value;
		else
			field_warning(r, ELEMENT(at, i), "unknown capability \"%.64s\" ignored",
				      names.items[i]);
	}
	return 0;
}

const struct field capabilities_fields[] = {
	APPLY("effective", ANCHOR, read_set, AT(effective)),
	APPLY("bounding", ANCHOR, read_set, AT(bounding)),
	APPLY("inheritable", ANCHOR, read_set, AT(inheritable)),
	APPLY("permitted", ANCHOR, read_set, AT(permitted)),
	APPLY("ambient", ANCHOR, read_set, AT(ambient)),
	{.key = NULL},
};

/* check_within - the kernel takes no set that holds more than the other one (capabilities(7)). */
static int check_within(const struct reader *r, const struct place *at, uint64_t set,
			uint64_t other, const char *other_name)
{
	for (const struct word *w = capability_words; w->text; w++) {
		if ((set & ~other) & UINT64_C(1) << w->value)
			return field_error(r, at, "%s is not in %s", w->text, other_name);
	}
	return 0;
}

int capabilities_check(struct reader *r, const struct place *at, void *object)
{
	struct spec_capabilities *c = object;
	int rc;

	c->has = true;
	rc = check_within(r, MEMBER(at, "effective"), c->effective, c->permitted, "permitted");
	if (rc == 0)
		rc = check_within(r, MEMBER(at, "ambient"), c->ambient, c->permitted, "permitted");
	/*
	 * The kernel grants no ambient capability that is not inheritable. runc's own default
	 * configuration lists such ones and the engines send them, so they are no error.
	 */
	c->ambient &= c->inheritable;
	return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules: what they mean, v1's lists, and that the kernel's verifier takes the program. What
 * the program decides is seen in test-cgroup-root.c by opening devices.
 */
#include "cgroup/stand_in.h"
#include "cgroup/devices.h"

#define DEFAULTS 11

static struct spec_resources r;
static struct device_plan plan;
static struct device_list list;

static void rules(const struct spec_device_rule *device_rules, size_t count)
{
	memset(&r, 0, sizeof(r));
	memset(&list, 0, sizeof(list));
	r.device_rules = device_rules;
	r.device_rule_count = count;
	check_int(device_plan_make(&r, &plan), 0);
}

#define RULES(...)                                                             \
	do {                                                                   \
		static const struct spec_device_rule rules_[] = {__VA_ARGS__}; \
		rules(rules_, sizeof(rules_) / sizeof(rules_[0]));             \
	} while (0)

static void done(void)
{
	device_plan_done(&plan);
	device_list_done(&list);
}

#define DENY_ALL                                     \
	{                                            \
		false, 'a', -1, -1, true, true, true \
	}
#define ALLOW_ALL                                   \
	{                                           \
		true, 'a', -1, -1, true, true, true \
	}

static bool allows(char type, int64_t major, int64_t minor, unsigned int access)
{
	for (size_t i = 0; i < list.count; i++) {
		const struct device_rule *e = &list.exceptions[i];

		if (e->type == type && e->major == major && e->minor == minor)
			return (e->access & access) == access;
	}
	return false;
}

static void starts_with_nothing(void)
{
	rules(NULL, 0);
	check(!plan.allow_all);
	check_int(plan.count, DEFAULTS);
	check_int(device_list_fold(&plan, &list, &err), 0);
	check(!list.allow_all);
	check_int(list.count, DEFAULTS);
	check(allows('c', 1, 3, DEVICE_ALL));
	check(allows('c', 136, -1, DEVICE_ALL));
	check(allows('b', -1, -1, DEVICE_MKNOD));
	check(!allows('b', -1, -1, DEVICE_READ));
	check(device_plan_is_default(&r));
	done();
}

static void starts_over(void)
{
	RULES({true, 'c', 10, 200, true, true, true}, DENY_ALL,
	      {true, 'b', 8, 0, true, false, false});
	check(!plan.allow_all);
	check_int(plan.count, DEFAULTS + 1);
	check(!device_plan_is_default(&r));
	check_int(device_list_fold(&plan, &list, &err), 0);
	check(!allows('c', 10, 200, DEVICE_READ));
	check(allows('b', 8, 0, DEVICE_READ));
	check(!allows('b', 8, 0, DEVICE_WRITE));
	done();

	RULES(DENY_ALL, ALLOW_ALL, {false, 'b', 8, -1, true, true, false});
	check(plan.allow_all);
	check_int(plan.count, 1);
	check_int(device_list_fold(&plan, &list, &err), 0);
	check(list.allow_all);
	check_int(list.count, 1);
	done();
}

static void last_match_wins(void)
{
	RULES({true, 'c', 10, 200, true, true, true}, {false, 'c', 10, 200, false, true, false},
	      {false, 'c', 1, 3, true, true, true});
	check_int(device_list_fold(&plan, &list, &err), 0);
	check(allows('c', 10, 200, DEVICE_READ | DEVICE_MKNOD));
	check(!allows('c', 10, 200, DEVICE_WRITE));
	check(!allows('c', 1, 3, DEVICE_READ));
	/* The default that nodes may be made is not for one device to lose. */
	check(allows('c', -1, -1, DEVICE_MKNOD));
	done();
}

static void every_type_is_two(void)
{
	RULES({true, 'a', 10, -1, true, false, false});
	check_int(plan.count, DEFAULTS + 2);
	check_int(device_list_fold(&plan, &list, &err), 0);
	check(allows('c', 10, -1, DEVICE_READ));
	check(allows('b', 10, -1, DEVICE_READ));
	done();
	/* "Nobody may make nodes": takes the default from both types and leaves the devices. */
	RULES({false, 'a', -1, -1, false, false, true});
	check(!plan.allow_all);
	check_int(device_list_fold(&plan, &list, &err), 0);
	check(!allows('c', -1, -1, DEVICE_MKNOD));
	check(allows('c', 1, 3, DEVICE_READ | DEVICE_WRITE));
	check(!allows('c', 1, 3, DEVICE_MKNOD));
	done();
}

static void holes(void)
{
	RULES({true, 'c', 10, -1, true, true, true}, {false, 'c', 10, 200, true, true, true});
	check_error(device_list_fold(&plan, &list, &err), EOPNOTSUPP,
		    "linux.resources.devices[1]: cgroup v1 cannot deny c 10:200 rw as part of the "
		    "wider c 10:* rwm");
	done();
	RULES({true, 'c', 10, -1, true, true, false}, {false, 'c', -1, 200, true, false, false});
	check_error(device_list_fold(&plan, &list, &err), EOPNOTSUPP, "devices[1]");
	done();
	RULES(ALLOW_ALL, {false, 'b', 8, -1, true, true, false},
	      {true, 'b', 8, 1, true, false, false});
	check_error(device_list_fold(&plan, &list, &err), EOPNOTSUPP, "cannot allow b 8:1 r");
	done();
	/* Other access, or another type, is no part of it. */
	RULES({true, 'c', 10, -1, true, false, false}, {false, 'c', 10, 200, false, true, false},
	      {false, 'b', 10, 1, true, true, false});
	check_int(device_list_fold(&plan, &list, &err), 0);
	done();
}

static int list_write(const char *current)
{
	autofd dir = -EBADF;
	char path[128];

	stand_in_begin();
	put("devices.list", current);
	put("devices.allow", "");
	put("devices.deny", "");
	(void)snprintf(path, sizeof(path), "%s", stand_in);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return device_list_write(dir, &list, &err);
}

static void writes_only_changes(void)
{
	static const char all[] = "c *:* m\nb *:* m\nc 1:3 rwm\nc 1:5 rwm\nc 1:7 rwm\nc 1:8 rwm\n"
				  "c 1:9 rwm\nc 5:0 rwm\nc 5:1 rwm\nc 5:2 rwm\nc 136:* rwm\n";

	rules(NULL, 0);
	check_int(device_list_fold(&plan, &list, &err), 0);
	check_int(list_write(all), 0);
	check_text(got("devices.allow"), "");
	check_text(got("devices.deny"), "");
	stand_in_end();
	check_int(list_write("a *:* rwm\n"), 0);
	check_text(got("devices.deny"), "a");
	check(strlen(got("devices.allow")) > 0);
	stand_in_end();
	done();

	RULES({true, 'b', 8, 0, true, true, false});
	check_int(device_list_fold(&plan, &list, &err), 0);
	check_int(list_write("c *:* m\nb *:* m\nc 1:3 rwm\nc 1:5 rwm\nc 1:7 rwm\nc 1:8 rwm\n"
			     "c 1:9 rwm\nc 5:0 rwm\nc 5:1 rwm\nc 5:2 rwm\nc 136:* rwm\n"
			     "b 8:0 rm\n"),
		  0);
	check_text(got("devices.allow"), "b 8:0 w");
	check_text(got("devices.deny"), "b 8:0 m");
	stand_in_end();
	done();
}

static int load_plan(size_t *ret_count)
{
	autofree struct bpf_insn *code = NULL;

	check_int(device_program_make(&plan, &code, ret_count), 0);
	return device_program_load(code, *ret_count, &err);
}

static bool can_load(void)
{
	size_t count;
	int fd = -1;

	rules(NULL, 0);
	fd = load_plan(&count);
	done();
	if (fd < 0)
		printf("# not seen: %s\n", err.text);
	close_keeping_errno(fd);
	return fd >= 0;
}

static void verifier_takes_it(void)
{
	struct spec_device_rule many[500];
	size_t count;
	int fd;

	if (!can_load())
		return;
	for (size_t i = 0; i < 500; i++)
		many[i] = (struct spec_device_rule){i % 3 != 0, "abc"[i % 3], (int64_t)(i % 7) - 1,
						    (int64_t)i, i % 2 == 0,   i % 5 == 0,
						    i % 11 == 0};
	rules(many, 500);
	fd = load_plan(&count);
	check(fd >= 0);
	if (fd < 0)
		printf("# %s\n", err.text);
	check(count > 1000);
	close_keeping_errno(fd);
	done();
	RULES(ALLOW_ALL);
	fd = load_plan(&count);
	check(fd >= 0);
	close_keeping_errno(fd);
	done();
}

static void verifier_is_quoted(void)
{
	/* "Exit" without a value to return. */
	static const struct bpf_insn bad[] = {{.code = BPF_JMP | BPF_EXIT}};

	if (!can_load())
		return;
	check(device_program_load(bad, 1, &err) < 0);
	check(strstr(err.text, "verifier: ") && strstr(err.text, "R0 !read_ok"));
}

static const struct tap_test tests[] = {
	{"without rules only the default devices are allowed", starts_with_nothing},
	{"a rule for all devices starts over", starts_over},
	{"the last rule that matches wins, for each access", last_match_wins},
	{"type a with a number or one access is two rules", every_type_is_two},
	{"v1: a hole in a wider rule is refused by name", holes},
	{"v1: only what differs from devices.list is written", writes_only_changes},
	{"eBPF: the verifier takes hundreds of rules", verifier_takes_it},
	{"eBPF: the verifier's reason is in the error", verifier_is_quoted},
};

int main(void)
{
	return tap_run(tests, sizeof(tests) / sizeof(tests[0]));
}

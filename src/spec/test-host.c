/* SPDX-License-Identifier: Apache-2.0 */
/* spec_check_host(): what a well-formed configuration asks of files that are not there. */
#include <fcntl.h>
#include <sys/stat.h>

#include "spec/test-spec.h"

static void host_says(const char *text, const char *expected)
{
	struct error err = ERROR_INIT;
	autospec spec = parsed(text);

	check_int(spec_check_host(&spec, AT_FDCWD, "c", &err), expected[0] ? -EINVAL : 0);
	check_text(err.text, expected);
}

static void test_namespaces(void)
{
	host_says(LINUX_WITH("{'type':'pid','path':'/absent'}", "'devices':[]"),
		  "c: linux.namespaces[\"pid\"].path: \"/absent\": No such file or directory");
	host_says(LINUX_WITH("{'type':'pid','path':'/dev/null'}", "'devices':[]"),
		  "c: linux.namespaces[\"pid\"].path: \"/dev/null\": is not a namespace");
	host_says(LINUX_WITH("{'type':'network','path':'/proc/self/ns/uts'}", "'devices':[]"),
		  "c: linux.namespaces[\"network\"].path: \"/proc/self/ns/uts\": "
		  "is a namespace of another type");
	host_says(LINUX_WITH("{'type':'network','path':'/proc/self/ns/net'}", "'devices':[]"), "");
}

static void test_sources(void)
{
	host_says(TOP("'mounts':[{'destination':'/x','source':'/absent','options':['bind']}]"),
		  "c: mounts[0].source: \"/absent\": No such file or directory");
	host_says(TOP("'mounts':[{'destination':'/x','source':'.','options':['bind']}]"), "");
	host_says(TOP("'mounts':[{'destination':'/proc/','source':'/dev','options':['bind']}]"),
		  "c: mounts[0].destination: only a proc file system may be at /proc");
	host_says(TOP("'mounts':[{'destination':'/proc','source':'/proc','options':['rbind']}]"),
		  "");
	host_says(TOP("'mounts':[{'destination':'/x','type':'tmpfs','source':'/absent'}]"), "");
}

static void test_sysctl_of_the_host(void)
{
	host_says(LINUX_WITH("{'type':'network','path':'/proc/self/ns/net'}",
			     "'sysctl':{'net.core.somaxconn':'1'}"),
		  "c: linux.sysctl[\"net.core.somaxconn\"]: the namespace \"/proc/self/ns/net\" "
		  "is the host's own");
	host_says(LINUX_WITH("{'type':'network'}", "'sysctl':{'net.core.somaxconn':'1'}"), "");
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"a namespace by path is there and of its type", test_namespaces},
		{"a bind has a source, and over /proc it is procfs", test_sources},
		{"a sysctl of a joined namespace is not the host's", test_sysctl_of_the_host},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The document itself, the file it comes from, and what its sections ask of each other. */
#include <fcntl.h>
#include <sys/stat.h>

#include "spec/test-spec.h"

static void test_version(void)
{
	refused("{}", "c: ociVersion: must be given");
	refused("{'ociVersion':1}", "c: ociVersion: must be a string, not a number");
	refused("{'ociVersion':'abc'}", "c: ociVersion: no version such as \"1.3.0\": \"abc\"");
	refused("{'ociVersion':'1.0'}", "c: ociVersion: no version such as \"1.3.0\": \"1.0\"");
	refused("{'ociVersion':'1.0.01'}",
		"c: ociVersion: no version such as \"1.3.0\": \"1.0.01\"");
	refused("{'ociVersion':'1.0.0-'}",
		"c: ociVersion: no version such as \"1.3.0\": \"1.0.0-\"");
	refused("{'ociVersion':'99.0.0'}",
		"c: ociVersion: only versions 1.x are supported, not \"99.0.0\"");
	refused("{'ociVersion':'0.9.0'}",
		"c: ociVersion: only versions 1.x are supported, not \"0.9.0\"");
	refused("{'ociversion':'1.0.0'}", "c: ociVersion: must be given");
}

static void version(const char *text)
{
	autofree char *document = NULL;

	check(asprintf(&document,
		       "{'ociVersion':'%s','root':{'path':'r'},"
		       "'process':{'cwd':'/','args':['x']},"
		       "'linux':{'namespaces':[{'type':'mount'}]}}",
		       text) > 0);
	{
		autospec spec = parsed(document);

		check_text(spec.oci_version, text);
	}
}

static void test_versions_taken(void)
{
	version("1.0.0");
	version("1.0.2-dev");
	version("1.3.0-rc.1+build.5");
	version("1.99.0");
}

static void test_document(void)
{
	refused("null", "c: must be an object, not null");
	refused("[]", "c: must be an object, not an array");
	refused("'x'", "c: must be an object, not a string");
	refused("7", "c: must be an object, not a number");
	refused("{'ociVersion':'1.0.0'}", "c: root: must be given");
	refused("{'ociVersion':'1.0.0','root':{'path':'r'}}", "c: process: must be given");
	refused("{'ociVersion':'1.0.0','root':{}}", "c: root.path: must be given");
	refused("{'ociVersion':'1.0.0','root':{'path':''}}", "c: root.path: must not be empty");
	refused("{'ociVersion':'1.0.0','root':{'path':'r','readonly':1}}",
		"c: root.readonly: must be true or false, not a number");
	accepted(TOP("'unknown':{'deep':[1]},'Hostname':'x'"));
	accepted(TOP("'solaris':{},'windows':1,'vm':[],'zos':{},'freebsd':{}"));
	accepted(TOP("'hooks':null,'mounts':null,'annotations':null"));
}

static void test_names(void)
{
	refused(TOP("'hostname':'x'"), "c: hostname: needs a namespace of type \"uts\"");
	refused(TOP("'domainname':'x'"), "c: domainname: needs a namespace of type \"uts\"");
	accepted(TOP("'hostname':'','domainname':''"));
	refused(TOP("'hostname':'0123456789012345678901234567890123456789"
		    "0123456789012345678901234'"),
		"c: hostname: must not be longer than 64 bytes");
}

static void test_annotations(void)
{
	autospec spec = parsed(TOP("'annotations':{'a.b':'1','c':''}"));

	check_int(spec.annotation_count, 2);
	check_text(spec_annotation(&spec, "a.b"), "1");
	check_text(spec_annotation(&spec, "c"), "");
	check(spec_annotation(&spec, "A.b") == NULL);
	refused(TOP("'annotations':{'a.b':1}"),
		"c: annotations[\"a.b\"]: must be a string, not a number");
	refused(TOP("'annotations':{'':'x'}"), "c: annotations[\"\"]: a key must not be empty");
	refused(TOP("'annotations':{'x\\ny\\u001b':1}"),
		"c: annotations[\"x?y?\"]: must be a string, not a number");
	refused(TOP("'annotations':[]"), "c: annotations: must be an object, not an array");
}

static void test_mount_namespace(void)
{
	refused("{'ociVersion':'1.3.0','root':{'path':'rootfs'},"
		"'process':{'cwd':'/','args':['sh']}}",
		"c: linux.namespaces: a mount namespace must be among them");
}

static void load_refused(const char *file, int errnum, const char *expected)
{
	struct error err = ERROR_INIT;
	struct spec spec = {0};

	check_int(spec_load(AT_FDCWD, file, &spec, NULL, NULL, &err), -errnum);
	check_int(err.kind, ERROR_CONFIG);
	check_text(err.text, expected);
}

static void test_file(void)
{
	static const char minimal[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
				      "\"process\":{\"cwd\":\"/\",\"args\":[\"x\"]},"
				      "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}";
	char directory[] = "/tmp/test-spec.XXXXXX", path[64], expected[128];
	struct error err = ERROR_INIT;
	autospec spec = {0};
	autofree char *text = NULL;
	size_t length = 0;
	FILE *file;

	check(mkdtemp(directory) != NULL);
	(void)snprintf(path, sizeof(path), "%s/config.json", directory);
	(void)snprintf(expected, sizeof(expected), "%s: No such file or directory", path);
	load_refused(path, ENOENT, expected);

	check_int(mkfifo(path, 0600), 0);
	(void)snprintf(expected, sizeof(expected), "%s: must be a regular file", path);
	load_refused(path, EINVAL, expected);
	(void)unlink(path);
	load_refused(directory, EINVAL,
		     (snprintf(expected, sizeof(expected), "%s: must be a regular file", directory),
		      expected));
	load_refused("/dev/zero", EINVAL, "/dev/zero: must be a regular file");

	file = fopen(path, "w");
	check(file != NULL && fputs(minimal, file) >= 0);
	check_int(fclose(file), 0);
	check_int(spec_load(AT_FDCWD, path, &spec, &text, &length, &err), 0);
	check_text(text, minimal);
	check_int(length, strlen(minimal));

	check_int(truncate(path, 4 * 1024 * 1024 + 1), 0);
	(void)snprintf(expected, sizeof(expected), "%s: must not be larger than 4 MiB", path);
	load_refused(path, EFBIG, expected);
	(void)unlink(path);
	(void)rmdir(directory);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"ociVersion is a version with major 1", test_version},
		{"pre-releases and builds of 1.x are versions", test_versions_taken},
		{"the document is an object with its required sections", test_document},
		{"names need a uts namespace", test_names},
		{"annotations are strings under keys that are not empty", test_annotations},
		{"a container without a mount namespace is refused", test_mount_namespace},
		{"the file is a regular one of at most 4 MiB", test_file},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the strict reader refuses, and that its integers are exact. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/tap.h"

static int parse(const char *text, size_t length, struct error *err)
{
	cJSON *document = NULL;
	int r = json_parse(text, length, "x.json", &document, err);

	cJSON_Delete(document);
	return r;
}

static void refused(const char *text, const char *expected)
{
	struct error err = ERROR_INIT;

	check_int(parse(text, strlen(text), &err), -EINVAL);
	check_int(err.kind, ERROR_CONFIG);
	check_text(err.text, expected);
}

static void accepted(const char *text)
{
	struct error err = ERROR_INIT;

	check_int(parse(text, strlen(text), &err), 0);
	check_text(err.text, "");
}

static void test_accepts(void)
{
	accepted("{}");
	accepted(" \t\r\n[1, -2, 3.5e+2, true, false, null, \"\", {\"a\": {}}, []]\n");
	accepted("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00 \xc3\xa9 \xf0\x9f\x98\x80\"");
	accepted("{\"a\":1,\"A\":2}");
	accepted("-0");
}

static void test_grammar(void)
{
	refused("", "x.json: empty");
	refused(" \n ", "x.json: empty");
	refused("{", "x.json: line 1, column 2: expected a key in double quotes");
	refused("{\"a\":1", "x.json: line 1, column 7: expected ',' or '}'");
	refused("{\"a\"", "x.json: line 1, column 5: expected ':' after the key");
	refused("{\"a\":", "x.json: line 1, column 6: unexpected end");
	refused("{\"a\":1,}", "x.json: line 1, column 8: expected a key in double quotes");
	refused("[1,]", "x.json: line 1, column 4: no JSON value");
	refused("{'a':1}", "x.json: line 1, column 2: expected a key in double quotes");
	refused("{} {}", "x.json: line 1, column 4: something after the end of the document");
	refused("{}\n\nx", "x.json: line 3, column 1: something after the end of the document");
	refused("// no\n{}", "x.json: line 1, column 1: no JSON value");
	refused("{\"a\": /* no */ 1}", "x.json: line 1, column 7: no JSON value");
	refused("NaN", "x.json: line 1, column 1: no JSON value");
	refused("-Infinity", "x.json: line 1, column 1: no JSON value");
	refused("[01]", "x.json: line 1, column 3: expected ',' or ']'");
	refused("[1.]", "x.json: line 1, column 2: number without digits after its point");
	refused("[.5]", "x.json: line 1, column 2: no JSON value");
	refused("[1e]", "x.json: line 1, column 2: number without digits in its exponent");
	refused("[+1]", "x.json: line 1, column 2: no JSON value");
	refused("[\"\\x\"]", "x.json: line 1, column 3: unknown escape in a string");
	refused("[\"a]", "x.json: line 1, column 2: string without an end");
	refused("[\"\\", "x.json: line 1, column 3: unknown escape in a string");
}

static void test_characters(void)
{
	struct error err = ERROR_INIT;

	refused("\xef\xbb\xbf{}",
		"x.json: line 1, column 1: byte order mark: JSON text is plain UTF-8");
	refused("\xff\xfe{", "x.json: line 1, column 1: no JSON value");
	refused("[\"\xff\"]", "x.json: line 1, column 3: invalid UTF-8");
	refused("[\"\xc0\xaf\"]", "x.json: line 1, column 3: invalid UTF-8");
	refused("[\"\xe0\x80\xaf\"]", "x.json: line 1, column 3: invalid UTF-8");
	refused("[\"\xed\xa0\x80\"]", "x.json: line 1, column 3: invalid UTF-8");
	refused("[\"\xf4\x90\x80\x80\"]", "x.json: line 1, column 3: invalid UTF-8");
	refused("[\"\xe2\x82\"]", "x.json: line 1, column 3: invalid UTF-8");
	refused("[\"a\nb\"]", "x.json: line 1, column 4: control character in a string");
	refused("[\"\\u0000\"]", "x.json: line 1, column 3: \\u0000 is not allowed in a string");
	refused("{\"\\u0000\":1}", "x.json: line 1, column 3: \\u0000 is not allowed in a string");
	refused("[\"\\ud800\"]", "x.json: line 1, column 3: lone surrogate");
	refused("[\"\\udc00\"]", "x.json: line 1, column 3: lone surrogate");
	refused("[\"\\ud800\\u0041\"]", "x.json: line 1, column 3: lone surrogate");
	refused("[\"\\u12g4\"]", "x.json: line 1, column 3: \\u needs four hexadecimal digits");
	refused("[1,\x01 2]", "x.json: line 1, column 4: no JSON value");

	check_int(parse("[\"a\0b\"]", 7, &err), -EINVAL);
	check_text(err.text, "x.json: line 1, column 4: control character in a string");
	check_int(parse("{}\0", 3, &err), -EINVAL);
	check_text(err.text, "x.json: line 1, column 3: something after the end of the document");
}

static void test_duplicates(void)
{
	refused("{\"a\":1,\"b\":2,\"a\":3}", "x.json: line 1, column 14: key \"a\" is there twice");
	refused("{\"a\":1,\"\\u0061\":2}", "x.json: line 1, column 8: key \"a\" is there twice");
	refused("[{\"x\":{\"k\":[{\"d\":1},{\"d\":1,\n\"d\":2}]}}]",
		"x.json: line 2, column 1: key \"d\" is there twice");
	accepted("[{\"d\":1},{\"d\":1}]");
}

static void test_limits(void)
{
	autofree char *text = malloc(100000);
	struct error err = ERROR_INIT;
	size_t at = 0;

	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	check_int(parse(text, 128, &err), 0);
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	check_int(parse(text, 130, &err), -EINVAL);
	check_text(err.text, "x.json: line 1, column 65: more than 64 levels");

	for (int i = 0; i < 4097; i++)
		at += (size_t)sprintf(text + at, "%c\"k%d\":%d", i ? ',' : '{', i, i);
	text[at] = '}';
	check_int(parse(text, at + 1, &err), -EINVAL);
	check_text(err.text, "x.json: line 1, column 1: object with more than 4096 members");

	memset(text, '9', 400);
	check_int(parse(text, 400, &err), -EINVAL);
	check_text(err.text, "x.json: line 1, column 1: number of more than 63 characters");
}

/* exact - from memory that ends with the text, where ASan sees a step beyond. */
static void exact(const char *text, int expected)
{
	size_t length = strlen(text);
	autofree char *copy = malloc(length + 1);
	struct error err = ERROR_INIT;

	memcpy(copy + 1, text, length);
	check_int(parse(copy + 1, length, &err), expected);
}

static void test_no_terminator(void)
{
	exact("5", 0);
	exact("[5", -EINVAL);
	exact("tru", -EINVAL);
	exact("true", 0);
	exact("\"x", -EINVAL);
	exact("\"\\", -EINVAL);
	exact("\"\\u12", -EINVAL);
	exact("\"\\ud800\\", -EINVAL);
	exact("\"\xe2\x82", -EINVAL);
	exact("{\"a\"", -EINVAL);
	exact("1.", -EINVAL);
	exact("-", -EINVAL);
	exact("\xef\xbb", -EINVAL);
}

static void integer(const char *text, int expected_int, int64_t value, int expected_uint,
		    uint64_t unsigned_value)
{
	struct error err = ERROR_INIT;
	autojson *document = NULL;
	int64_t i = 0;
	uint64_t u = 0;

	check_int(json_parse(text, strlen(text), "x", &document, &err), 0);
	check_int(json_int(document, &i), expected_int);
	check_int(i, value);
	check_int(json_uint(document, &u), expected_uint);
	check(u == unsigned_value);
}

static void test_integers(void)
{
	integer("0", 0, 0, 0, 0);
	integer("-1", 0, -1, -ERANGE, 0);
	integer("9007199254740993", 0, 9007199254740993, 0, 9007199254740993);
	integer("9223372036854775807", 0, INT64_MAX, 0, INT64_MAX);
	integer("-9223372036854775808", 0, INT64_MIN, -ERANGE, 0);
	integer("9223372036854775808", -ERANGE, 0, 0, 9223372036854775808U);
	integer("18446744073709551615", -ERANGE, 0, 0, UINT64_MAX);
	integer("18446744073709551616", -ERANGE, 0, -ERANGE, 0);
	integer("1e3", -EINVAL, 0, -EINVAL, 0);
	integer("0.5", -EINVAL, 0, -EINVAL, 0);
	integer("1e400", -EINVAL, 0, -EINVAL, 0);
	integer("1.0", -EINVAL, 0, -EINVAL, 0);
	integer("true", -EINVAL, 0, -EINVAL, 0);
	integer("\"0\"", -EINVAL, 0, -EINVAL, 0);
}

static void test_number_order(void)
{
	const char *text = "{\"a\":[1,{\"b\":2}],\"c\":{\"d\":[3,[4]],\"e\":5}}";
	struct error err = ERROR_INIT;
	autojson *document = NULL;
	int64_t value = 0;

	check_int(json_parse(text, strlen(text), "x", &document, &err), 0);
	check_int(json_int(json_member(json_member(document, "c"), "e"), &value), 0);
	check_int(value, 5);
	check_int(json_int(json_member(json_member(document, "a")->child->next, "b"), &value), 0);
	check_int(value, 2);
	check(json_member(document, "A") == NULL);
}

static void test_writing(void)
{
	autojson *object = cJSON_CreateObject();
	autofree char *text = NULL;
	int64_t i = 0;

	(void)json_add_int(object, "min", INT64_MIN);
	(void)json_add_uint(object, "max", UINT64_MAX);
	(void)cJSON_AddNumberToObject(object, "small", 42);
	(void)cJSON_AddNumberToObject(object, "half", 0.5);
	(void)cJSON_AddStringToObject(object, "word", "x");
	text = cJSON_PrintUnformatted(object);
	check_text(text, "{\"min\":-9223372036854775808,\"max\":18446744073709551615,\"small\":42,"
			 "\"half\":0.5,\"word\":\"x\"}");
	check_int(json_int(json_member(object, "min"), &i), 0);
	check(i == INT64_MIN);
	check_int(json_int(json_member(object, "small"), &i), 0);
	check_int(i, 42);
	check_int(json_int(json_member(object, "half"), &i), -EINVAL);
	check_int(json_int(NULL, &i), -EINVAL);
	check_text(json_string(object, "word"), "x");
	check(json_string(object, "small") == NULL);
}

int main(void)
{
	static const struct tap_test tests[] = {
		{"well-formed documents are taken", test_accepts},
		{"what the grammar does not allow is refused with line and column", test_grammar},
		{"NUL, control characters, bad UTF-8 and surrogates are refused", test_characters},
		{"duplicate keys are refused at any depth, escaped or not", test_duplicates},
		{"depth, members and digits have limits", test_limits},
		{"text needs no NUL at its end", test_no_terminator},
		{"integers are exact from -2^63 to 2^64-1", test_integers},
		{"each number keeps its own text", test_number_order},
		{"64-bit integers are written exactly", test_writing},
	};

	return tap_run(tests, ARRAY_SIZE(tests));
}

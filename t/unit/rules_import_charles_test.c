/* Tests of api/rules_import: files of Charles become rules that do the same. */
#include "lib/import_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HEAD "<?xml version='1.0' encoding='UTF-8' ?>\n<?charles serialisation-version='2.0' ?>\n"

static void
charles(struct import_rig *x, const char *text)
{
    char whole[4096];
    import_rig_begin(x);
    snprintf(whole, sizeof whole, HEAD "%s", text);
    import_rig_apply(x, "", whole);
}

#define MAP(from, to)                                                                              \
    "<map><toolEnabled>true</toolEnabled><mappings><mapMapping><sourceLocation>" from              \
    "</sourceLocation><destLocation>" to "</destLocation>"                                         \
    "<preserveHostHeader>false</preserveHostHeader><enabled>true</enabled>"                        \
    "</mapMapping></mappings></map>"

static void
charles_maps_to_another_server(void **state)
{
    struct import_rig x;
    charles(&x, MAP("<protocol>https</protocol><host>Example.com</host><port>443</port>",
                    "<protocol>http</protocol><host>localhost</host><port>3000</port>"));
    import_rig_expect_url(&x, "http://localhost:3000/old/a?x=1&y=2");
    import_rig_expect_field(&x.flow->req, "Host", "localhost:3000");
    import_rig_end(&x);
}

/* A name that is looked for as it is serves the index of rules. */
static void
places_become_plain_queries(void **state)
{
    struct import_rig x;
    struct rule_info info;
    charles(&x, MAP("<protocol>https</protocol><host>Www.A.test</host><port>443</port>"
                    "<path>/a\"b/*</path><query>q</query>",
                    "<host>b.test</host>"));
    rule_info(rules_at(x.rules, 0), &info);
    assert_string_equal(info.when, "scheme=\"https\" host=\"www.a.test\" port=\"443\" "
                                   "path~/^\\/a\"b\\/.*$/c query=\"q\"");
    import_rig_end(&x);
}

static void
charles_maps_what_is_below_a_path(void **state)
{
    struct import_rig x;
    charles(&x, MAP("<host>*.com</host><path>/old/*</path>", "<path>/new/$/</path>"));
    import_rig_expect_url(&x, "https://example.com/new/$/a?x=1&y=2");
    import_rig_end(&x);
    charles(&x, MAP("<path>/old/a</path><query>x=*</query>", "<path>/b</path><query>q</query>"));
    import_rig_expect_url(&x, "https://example.com/b?q");
    import_rig_end(&x);
}

static void
charles_maps_nothing_else(void **state)
{
    static const char *const places[] = {
        MAP("<host>other.com</host>", "<host>b.test</host>"),
        MAP("<port>80</port>", "<host>b.test</host>"),
        MAP("<protocol>http</protocol>", "<host>b.test</host>"),
        MAP("<path>/old</path>", "<host>b.test</host>"),
        MAP("<path>/OLD/*</path>", "<host>b.test</host>"),
        MAP("<query>x=1</query>", "<host>b.test</host>"),
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct import_rig x;
        charles(&x, places[i]);
        assert_int_equal(x.import.n, 1);
        import_rig_expect_url(&x, "https://example.com/old/a?x=1&y=2");
        import_rig_end(&x);
    }
}

static void
charles_blocks(void **state)
{
    static const char text[] =
        "<blacklist><locations><locationPatterns><locationMatch><location><host>example.com</host>"
        "</location><enabled>true</enabled></locationMatch></locationPatterns></locations>"
        "<toolEnabled>true</toolEnabled><action>%d</action></blacklist>";
    static const enum verdict_end ends[] = {END_CLOSE, END_ANSWER};
    for (int action = 0; action < 2; action++) {
        struct import_rig x;
        char filled[1024];
        snprintf(filled, sizeof filled, text, action);
        charles(&x, filled);
        assert_int_equal(x.decision.end, ends[action]);
        import_rig_end(&x);
    }
}

static void
a_tool_that_is_off_gives_rules_that_are_off(void **state)
{
    struct import_rig x;
    charles(&x, "<map><toolEnabled>false</toolEnabled><mappings><mapMapping><sourceLocation/>"
                "<destLocation><host>b.test</host></destLocation></mapMapping></mappings></map>");
    assert_int_equal(x.import.n, 1);
    import_rig_expect_url(&x, "https://example.com/old/a?x=1&y=2");
    import_rig_end(&x);
}

static void
charles_maps_to_files(void **state)
{
    struct import_rig x;
    charles(&x, "<mapLocal><mappings><mapLocalMapping><sourceLocation><path>/old/*</path>"
                "</sourceLocation><dest>/nowhere</dest></mapLocalMapping><mapLocalMapping>"
                "<sourceLocation/><dest>C:\\x</dest></mapLocalMapping></mappings></mapLocal>");
    assert_int_equal(x.import.n, 1);
    import_rig_expect_left(&x, "line 3", "C:");
    assert_int_equal(x.decision.end, END_ANSWER);
    import_rig_end(&x);
}

#define SET(places, rule)                                                                          \
    "<rewriteSet-array><rewriteSet><active>true</active><name>set</name><hosts>"                   \
    "<locationPatterns>" places "</locationPatterns></hosts><rules><rewriteRule>"                  \
    "<active>true</active>" rule "</rewriteRule></rules></rewriteSet></rewriteSet-array>"
#define AT(where)   "<locationMatch><location>" where "</location></locationMatch>"
#define ON_REQUEST  "<matchRequest>true</matchRequest>"
#define ON_RESPONSE "<matchResponse>true</matchResponse>"

/* A rule of a set that is for all places. */
static void
rewrite(struct import_rig *x, const char *rule)
{
    char text[2048];
    snprintf(text, sizeof text, SET(AT(""), "%s"), rule);
    charles(x, text);
}

static void
charles_changes_fields(void **state)
{
    struct import_rig x;
    rewrite(&x, "<ruleType>1</ruleType>" ON_REQUEST ON_RESPONSE
                "<newHeader>X-New</newHeader><newValue>1</newValue>");
    import_rig_expect_field(&x.flow->req, "X-New", "1");
    import_rig_expect_field(&x.flow->resp, "X-New", "1");
    import_rig_end(&x);
    rewrite(&x, "<ruleType>2</ruleType>" ON_RESPONSE "<matchHeader>server</matchHeader>");
    import_rig_expect_field(&x.flow->resp, "Server", NULL);
    import_rig_end(&x);
    rewrite(&x, "<ruleType>3</ruleType>" ON_RESPONSE
                "<matchHeader>Server</matchHeader><newValue>a$b</newValue>");
    import_rig_expect_field(&x.flow->resp, "Server", "a$b");
    import_rig_end(&x);
    rewrite(&x, "<ruleType>3</ruleType>" ON_REQUEST
                "<matchHeader>Accept-Encoding</matchHeader><matchValue>GZIP, </matchValue>");
    import_rig_expect_field(&x.flow->req, "Accept-Encoding", "br");
    import_rig_end(&x);
    rewrite(&x, "<ruleType>3</ruleType>" ON_REQUEST "<matchWholeValue>true</matchWholeValue>"
                "<matchHeader>Accept-Encoding</matchHeader><matchValue>gzip</matchValue>");
    import_rig_expect_field(&x.flow->req, "Accept-Encoding", "gzip, br");
    import_rig_end(&x);
}

static void
charles_changes_urls(void **state)
{
    static const struct {
        const char *rule, *url;
    } rows[] = {
        {"<ruleType>4</ruleType><matchValue>example</matchValue><newValue>a.b</newValue>",
         "https://a.b.com/old/a?x=1&y=2"},
        {"<ruleType>4</ruleType><matchValue>old</matchValue><newValue>new</newValue>",
         "https://example.com/old/a?x=1&y=2"},
        {"<ruleType>4</ruleType><newValue>b.test</newValue>", "https://b.test/old/a?x=1&y=2"},
        {"<ruleType>5</ruleType><matchValue>/OLD</matchValue><newValue>/$1</newValue>",
         "https://example.com/$1/a?x=1&y=2"},
        {"<ruleType>5</ruleType><matchValue>x=</matchValue><newValue>z=</newValue>",
         "https://example.com/old/a?x=1&y=2"},
        {"<ruleType>5</ruleType><newValue>/b</newValue>", "https://example.com/b?x=1&y=2"},
        {"<ruleType>6</ruleType><matchValue>//ex(a)(.*)/o</matchValue><matchValueRegex>true"
         "</matchValueRegex><newValue>//$2.test/</newValue>",
         "https://mple.com.test/ld/a?x=1&y=2"},
        {"<ruleType>6</ruleType><matchValue>(http)s://.*</matchValue><matchValueRegex>true"
         "</matchValueRegex><matchWholeValue>true</matchWholeValue><newValue>$1://b.test/</"
         "newValue>",
         "http://b.test/"},
        {"<ruleType>8</ruleType><newHeader>n&amp;m</newHeader><newValue>a b</newValue>",
         "https://example.com/old/a?x=1&y=2&n%26m=a%20b"},
        {"<ruleType>9</ruleType><matchHeader>x</matchHeader><newValue>5</newValue>",
         "https://example.com/old/a?x=5&y=2"},
        {"<ruleType>9</ruleType><matchHeader>y</matchHeader><matchValue>3</matchValue>",
         "https://example.com/old/a?x=1&y=2"},
        {"<ruleType>10</ruleType><matchHeader>x</matchHeader>", "https://example.com/old/a?y=2"},
        {"<ruleType>10</ruleType><matchHeader>y</matchHeader>", "https://example.com/old/a?x=1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct import_rig x;
        rewrite(&x, rows[i].rule);
        assert_int_equal(x.import.n_left, 0);
        import_rig_expect_url(&x, rows[i].url);
        import_rig_end(&x);
    }
}

static void
charles_changes_contents_and_status(void **state)
{
    struct import_rig x;
    rewrite(&x, "<ruleType>7</ruleType>" ON_REQUEST "<matchValue>hello</matchValue>"
                "<newValue>a</newValue><replaceType>2</replaceType>");
    import_rig_expect_content(&x.flow->req, "a a");
    import_rig_end(&x);
    rewrite(&x, "<ruleType>7</ruleType>" ON_RESPONSE "<matchValue>hello</matchValue>"
                "<newValue>a</newValue><replaceType>1</replaceType>");
    import_rig_expect_content(&x.flow->resp, "a hello");
    import_rig_end(&x);
    rewrite(&x, "<ruleType>7</ruleType>" ON_RESPONSE "<newValue>all of it</newValue>");
    import_rig_expect_content(&x.flow->resp, "all of it");
    import_rig_end(&x);
    rewrite(&x, "<ruleType>11</ruleType><newValue>404 Gone Fishing</newValue>");
    assert_int_equal(edit_head(&x.flow->resp)->status, 404);
    assert_true(slice_eq(edit_head(&x.flow->resp)->reason, SLICE("Gone Fishing")));
    import_rig_end(&x);
}

static void
a_set_is_for_its_places(void **state)
{
    static const char *const texts[] = {
        SET(AT("<host>other.com</host>") AT("<path>/old/?</path>"),
            "<ruleType>5</ruleType><newValue>/b</newValue>"),
        SET(AT("<host>other.com</host>") AT("<path>/old/?b</path>"),
            "<ruleType>5</ruleType><newValue>/b</newValue>"),
        SET("<locationMatch><enabled>false</enabled><location/></locationMatch>",
            "<ruleType>5</ruleType><newValue>/b</newValue>"),
    };
    static const char *const urls[] = {
        "https://example.com/b?x=1&y=2",
        "https://example.com/old/a?x=1&y=2",
        "https://example.com/old/a?x=1&y=2",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct import_rig x;
        charles(&x, texts[i]);
        import_rig_expect_url(&x, urls[i]);
        import_rig_end(&x);
    }
}

static void
a_place_that_is_a_text_is_not_everywhere(void **state)
{
    struct import_rig x;
    charles(&x, SET(AT("example.com"), "<ruleType>5</ruleType><newValue>/b</newValue>"));
    import_rig_expect_left(&x, "line 3", "a place");
    import_rig_expect_url(&x, "https://example.com/old/a?x=1&y=2");
    import_rig_end(&x);
}

static void
what_charles_alone_can_do_is_named(void **state)
{
    static const char *const rules[][2] = {
        {"<ruleType>12</ruleType>", "type"},
        {"<ruleType>x</ruleType>", "type"},
        {"<ruleType>7</ruleType><matchValue>a</matchValue>", "neither side"},
        {"<ruleType>1</ruleType><matchHeader>A</matchHeader>" ON_REQUEST, "condition"},
        {"<ruleType>2</ruleType><matchHeader>A</matchHeader><matchValue>b</matchValue>" ON_REQUEST,
         "whatever"},
        {"<ruleType>3</ruleType><matchHeader>A</matchHeader><newHeader>B</newHeader>" ON_REQUEST,
         "another name"},
        {"<ruleType>4</ruleType><matchValue>a</matchValue><matchValueRegex>true</matchValueRegex>",
         "regular expression"},
        {"<ruleType>6</ruleType><matchValue>(a)</matchValue><matchValueRegex>true"
         "</matchValueRegex><newValue>$1</newValue><replaceType>1</replaceType>",
         "groups"},
        {"<ruleType>11</ruleType><newValue>many</newValue>", "to"},
        {"<ruleType>11</ruleType><matchValue>200</matchValue><newValue>404</newValue>", "others"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct import_rig x;
        rewrite(&x, rules[i][0]);
        assert_int_equal(x.import.n, 0);
        import_rig_expect_left(&x, "line 3", rules[i][1]);
        import_rig_end(&x);
    }
}

/* Without its place it would be for everything. */
static void
what_is_not_spelt_as_it_should_be_is_named(void **state)
{
    static const char *const tools[][2] = {
        {"<map><mappings><other><sourceLocation/></other></mappings></map>", "mapMapping"},
        {"<map><mappings><mapMapping/></mappings></map>", "a place"},
        {"<mapLocal><mappings><mapLocalMapping><dest>/x</dest></mapLocalMapping></mappings>"
         "</mapLocal>",
         "a place"},
        {"<blacklist><locations><locationPatterns><locationMatch/></locationPatterns></locations>"
         "</blacklist>",
         "a place"},
        {"<blockList><locations><locationPatterns><locationMatch><location>all</location>"
         "</locationMatch></locationPatterns></locations></blockList>",
         "a place"},
        {"<rewriteSet-array><rewriteSet><rules><rule/></rules></rewriteSet></rewriteSet-array>",
         "rewriteRule"},
    };
    for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
        struct import_rig x;
        charles(&x, tools[i][0]);
        assert_int_equal(x.import.n, 0);
        import_rig_expect_left(&x, "line 3", tools[i][1]);
        import_rig_end(&x);
    }
}

static void
all_tools_of_an_export_are_looked_at(void **state)
{
    struct import_rig x;
    charles(&x,
            "<charles-export><toolConfiguration><configs>\n<entry><string>Map Remote</string>" MAP(
                "<host>example.com</host>",
                "<host>b.test</host>") "</entry>\n"
                                       "<entry><string>No "
                                       "Caching</string><selectedHostsTool><toolEnabled>true</"
                                       "toolEnabled>"
                                       "</selectedHostsTool></entry><entry><string>Mirror</"
                                       "string><mirror/></entry>"
                                       "</configs></toolConfiguration></charles-export>");
    assert_int_equal(x.import.n, 1);
    import_rig_expect_left(&x, "line 5", "No Caching");
    import_rig_expect_url(&x, "https://b.test/old/a?x=1&y=2");
    import_rig_end(&x);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charles_maps_to_another_server),
        cmocka_unit_test(places_become_plain_queries),
        cmocka_unit_test(charles_maps_what_is_below_a_path),
        cmocka_unit_test(charles_maps_nothing_else),
        cmocka_unit_test(charles_blocks),
        cmocka_unit_test(a_tool_that_is_off_gives_rules_that_are_off),
        cmocka_unit_test(charles_maps_to_files),
        cmocka_unit_test(charles_changes_fields),
        cmocka_unit_test(charles_changes_urls),
        cmocka_unit_test(charles_changes_contents_and_status),
        cmocka_unit_test(a_set_is_for_its_places),
        cmocka_unit_test(a_place_that_is_a_text_is_not_everywhere),
        cmocka_unit_test(what_charles_alone_can_do_is_named),
        cmocka_unit_test(what_is_not_spelt_as_it_should_be_is_named),
        cmocka_unit_test(all_tools_of_an_export_are_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

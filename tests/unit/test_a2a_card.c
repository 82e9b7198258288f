#include "agent/a2a_card.h"
#include "base/buf.h"
#include "unit.h"
#include "unit_mutate.h"

#define WAY(binding, version, url)                                                                 \
    "{\"url\":\"" url "\",\"protocolBinding\":\"" binding "\",\"protocolVersion\":\"" version "\"" \
    "}"
#define WAYS(list, more) "{\"name\":\"a\",\"supportedInterfaces\":[" list "]" more "}"
#define STREAMS ",\"capabilities\":{\"streaming\":true}"

static const struct card_row {
    const char *name, *card;
    const char *url, *tenant;
    enum a2a_version version;
    bool streaming;
    const char *error; /* NULL: success */
} rows[] = {
    {"0.3", "{\"protocolVersion\":\"0.3.0\",\"url\":\"http://h/a\"" STREAMS "}", "http://h/a", NULL,
        A2A_0_3, true, NULL},
    {"0.3, with its transport",
        "{\"protocolVersion\":\"0.3.0\",\"preferredTransport\":\"JSONRPC\",\"url\":\"http://h/\","
        "\"capabilities\":{\"streaming\":false}}",
        "http://h/", NULL, A2A_0_3, false, NULL},
    {"0.3, JSONRPC is another interface",
        "{\"protocolVersion\":\"0.3.0\",\"preferredTransport\":\"GRPC\",\"url\":\"http://h:1\","
        "\"additionalInterfaces\":[{\"transport\":\"HTTP+JSON\",\"url\":\"http://h/r\"},"
        "{\"transport\":\"JSONRPC\",\"url\":\"http://h/j\"}]}",
        "http://h/j", NULL, A2A_0_3, false, NULL},
    {"no version", "{\"url\":\"https://h\"}", "https://h", NULL, A2A_0_3, false, NULL},
    {"0.2", "{\"url\":\"https://h\",\"protocolVersion\":\"0.2.6\"}", "https://h", NULL, A2A_0_3,
        false, NULL},
    {"1.0", WAYS(WAY("JSONRPC", "1.0", "https://h/1"), STREAMS), "https://h/1", NULL, A2A_1_0, true,
        NULL},
    {"1.0, the second",
        WAYS(WAY("GRPC", "1.0", "h:1") "," WAY("JSONRPC", "1.0.1", "https://h/1"), ""),
        "https://h/1", NULL, A2A_1_0, false, NULL},
    {"1.0, the first of two",
        WAYS(WAY("jsonrpc", "1.0", "https://h/1") "," WAY("JSONRPC", "1.0", "https://h/2"), ""),
        "https://h/1", NULL, A2A_1_0, false, NULL},
    {"both versions",
        WAYS(WAY("JSONRPC", "0.3", "https://h/0") "," WAY("JSONRPC", "1.0", "https://h/1"), ""),
        "https://h/1", NULL, A2A_1_0, false, NULL},
    {"both kinds of card",
        "{\"url\":\"https://h/0\",\"protocolVersion\":\"0.3.0\",\"supportedInterfaces\":[" WAY(
            "JSONRPC", "1.0", "https://h/1") "]}",
        "https://h/1", NULL, A2A_1_0, false, NULL},
    {"only 0.3 of the interfaces", WAYS(WAY("JSONRPC", "0.3", "https://h/0"), ""), "https://h/0",
        NULL, A2A_0_3, false, NULL},
    {"0.3 below a 1.0 that is not JSONRPC",
        WAYS(WAY("GRPC", "1.0", "https://h/1"), ",\"url\":\"http://h/0\""), "http://h/0", NULL,
        A2A_0_3, false, NULL},
    {"an interface without a version",
        "{\"supportedInterfaces\":[{\"url\":\"http://h\",\"protocolBinding\":\"JSONRPC\"}]}",
        "http://h", NULL, A2A_1_0, false, NULL},
    {"a tenant",
        "{\"supportedInterfaces\":[{\"url\":\"http://h\",\"protocolBinding\":\"JSONRPC\","
        "\"protocolVersion\":\"1.0\",\"tenant\":\"t-1\"}]}",
        "http://h", "t-1", A2A_1_0, false, NULL},
    {"an empty tenant",
        "{\"supportedInterfaces\":[{\"url\":\"http://h\",\"protocolBinding\":\"JSONRPC\","
        "\"tenant\":\"\"}]}",
        "http://h", NULL, A2A_1_0, false, NULL},
    {"a path", WAYS(WAY("JSONRPC", "1.0", "/a2a"), ""), "/a2a", NULL, A2A_1_0, false, NULL},
    /* failures */
    {"nothing", "", NULL, NULL, A2A_0_3, false, "is not a JSON object"},
    {"HTML", "<html>", NULL, NULL, A2A_0_3, false, "is not a JSON object"},
    {"an array", "[]", NULL, NULL, A2A_0_3, false, "is not a JSON object"},
    {"something else", "{\"error\":\"no\"}", NULL, NULL, A2A_0_3, false, "names no URL"},
    {"no interface", WAYS("", ""), NULL, NULL, A2A_0_3, false, "names no URL"},
    {"interfaces that are none", "{\"supportedInterfaces\":{\"url\":\"http://h\"}}", NULL, NULL,
        A2A_0_3, false, "names no URL"},
    {"a URL that is no string", "{\"url\":7}", NULL, NULL, A2A_0_3, false, "names no URL"},
    {"only gRPC", WAYS(WAY("GRPC", "1.0", "http://h"), ""), NULL, NULL, A2A_0_3, false,
        "offers \"GRPC\""},
    {"only gRPC of 0.3", "{\"url\":\"http://h\",\"preferredTransport\":\"GRPC\"}", NULL, NULL,
        A2A_0_3, false, "offers \"GRPC\""},
    {"a later version", WAYS(WAY("JSONRPC", "2.0", "http://h"), ""), NULL, NULL, A2A_0_3, false,
        "version \"2.0\""},
    {"an earlier version", "{\"url\":\"http://h\",\"protocolVersion\":\"0.1.0\"}", NULL, NULL,
        A2A_0_3, false, "version \"0.1.0\""},
    {"a version that begins so", WAYS(WAY("JSONRPC", "10.0", "http://h"), ""), NULL, NULL, A2A_0_3,
        false, "version \"10.0\""},
    {"a file", "{\"url\":\"file:///etc/passwd\"}", NULL, NULL, A2A_0_3, false,
        "\"file:///etc/passwd\" where an http"},
    {"a line break in it", "{\"url\":\"http://h/\\r\\nX: y\"}", NULL, NULL, A2A_0_3, false,
        "where an http"},
    {"a user's name in it", "{\"url\":\"http://h@i/\"}", NULL, NULL, A2A_0_3, false,
        "where an http"},
    {"a backslash in it", "{\"url\":\"http://h\\\\.i/\"}", NULL, NULL, A2A_0_3, false,
        "where an http"},
    {"no host in it", "{\"url\":\"http://\"}", NULL, NULL, A2A_0_3, false, "where an http"},
    {"an empty URL", "{\"url\":\"\"}", NULL, NULL, A2A_0_3, false, "where an http"},
};

START_TEST(test_rows)
{
    const struct card_row *row = &rows[_i];
    struct a2a_card c;
    struct error err = {.text = ""};
    enum status st = a2a_card_read(&c, row->card, strlen(row->card), &err);
    ck_assert_msg(st == (row->error ? STATUS_BACKEND : STATUS_OK), "%s: %s", row->name, err.text);
    if (row->error)
        ck_assert_msg(strstr(err.text, row->error) != NULL, "%s: %s", row->name, err.text);
    else
        ck_assert_msg(c.version == row->version && c.streaming == row->streaming, "%s", row->name);
    ck_assert_pstr_eq(c.url, row->url);
    ck_assert_pstr_eq(c.tenant, row->tenant);
    a2a_card_release(&c);
    a2a_card_release(&c);
}
END_TEST

/* A URL that is too long for a card. */
START_TEST(test_long)
{
    for (int more = 0; more < 2; more++) {
        struct buf text;
        struct a2a_card c;
        struct error err;
        buf_init(&text, BUF_SMALL);
        buf_adds(&text, "{\"url\":\"http://h/");
        for (int i = 9; i < A2A_URL_MAX + more; i++)
            buf_addc(&text, 'x');
        buf_adds(&text, "\"}");
        enum status st = a2a_card_read(&c, buf_str(&text), text.len, &err);
        ck_assert_int_eq(st, more ? STATUS_BACKEND : STATUS_OK);
        a2a_card_release(&c);
        buf_release(&text);
    }
}
END_TEST

/* Whatever comes of a card, success has a URL. */
START_TEST(test_mutations)
{
    uint32_t state = 20261124u + (uint32_t)_i;
    for (int i = 0; i < 1000; i++) {
        struct buf text;
        struct a2a_card c;
        struct error err = {.text = ""};
        buf_init(&text, BUF_SMALL);
        buf_adds(&text, rows[unit_random(&state) % COUNT(rows)].card);
        for (uint32_t n = unit_random(&state) % 4 + 1; n; n--)
            unit_mutate(&text, &state);
        enum status st = a2a_card_read(&c, buf_str(&text), text.len, &err);
        ck_assert(st == STATUS_OK || st == STATUS_BACKEND);
        ck_assert(st ? err.text[0] : c.url && (*c.url == '/' || *c.url == 'h' || *c.url == 'H'));
        a2a_card_release(&c);
        buf_release(&text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("a2a_card");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, test_rows, 0, COUNT(rows));
    tcase_add_test(all, test_long);
    tcase_add_loop_test(all, test_mutations, 0, 10);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}

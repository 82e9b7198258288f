#include "responder/record.h"

#include "unit.h"

/* What record_next says is written down: "begin ID keep", "params:BYTES", "body:BYTES", "end", …;
 * pieces of one stream that follow each other are written as one, so that where the bytes were cut
 * does not show. */
static char said[4096];
static enum record_kind last;

static void say(enum record_kind kind, const struct record_piece *p, const struct record_reader *r)
{
    size_t len = strlen(said);
    char *at = said + len;
    size_t room = sizeof said - len;
    switch (kind) {
    case RECORD_BEGIN:
        snprintf(at, room, " begin:%d%s", r->id, r->keep ? ":keep" : "");
        break;
    case RECORD_PARAMS:
    case RECORD_BODY:
        if (last != kind)
            snprintf(at, room, " %s:", kind == RECORD_BODY ? "body" : "params");
        strncat(said, p->bytes, p->len);
        break;
    case RECORD_PARAMS_END:
        snprintf(at, room, " params-end");
        break;
    case RECORD_BODY_END:
        snprintf(at, room, " body-end");
        break;
    case RECORD_ABORT:
        snprintf(at, room, " abort");
        break;
    case RECORD_ANSWER:
        snprintf(at, room, " answer:%d:%zu", p->bytes[1], p->len);
        break;
    default:
        snprintf(at, room, " broken");
    }
    last = kind;
}

/* Feeds the bytes in pieces of so many; false when it broke. */
static bool feed(struct record_reader *r, const char *bytes, size_t len, size_t piece)
{
    for (size_t from = 0; from < len; from += piece) {
        const char *at = bytes + from;
        size_t left = len - from < piece ? len - from : piece;
        struct record_piece p;
        for (enum record_kind k; (k = record_next(r, &at, &left, &p)) != RECORD_MORE;) {
            say(k, &p, r);
            if (k == RECORD_BROKEN)
                return false;
            if (k == RECORD_BODY_END)
                record_again(r);
        }
        ck_assert_uint_eq(left, 0);
    }
    return true;
}

#define HEAD(type, id, len, padding) "\1" type "\0" id "\0" len padding "\0"
#define BEGIN(id, flags) HEAD("\1", id, "\10", "\0") "\0\1" flags "\0\0\0\0\0"
#define L(s) s, sizeof s - 1

static const struct row {
    const char *in;
    size_t len;
    const char *said;
} rows[] = {
    {L(BEGIN("\1", "\0") HEAD("\4", "\1", "\4", "\0") "\1\1nv" HEAD("\4", "\1", "\0", "\0")
             HEAD("\5", "\1", "\2", "\0") "hi" HEAD("\5", "\1", "\0", "\0")),
        " begin:1 params:\1\1nv params-end body:hi body-end"},
    {L(BEGIN("\7", "\1") HEAD("\4", "\7", "\1", "\3") "aXXX" HEAD("\4", "\7", "\1",
         "\2") "bYY" HEAD("\4", "\7", "\0", "\5") "ZZZZZ" HEAD("\5", "\7", "\0", "\1") "P"),
        " begin:7:keep params:ab params-end body-end"},
    /* one behind the other */
    {L(BEGIN("\1", "\1") HEAD("\4", "\1", "\0", "\0") HEAD("\5", "\1", "\0", "\0") BEGIN("\2", "\0")
             HEAD("\4", "\2", "\0", "\0")
                 HEAD("\5", "\2", "\1", "\0") "x" HEAD("\5", "\2", "\0", "\0")),
        " begin:1:keep params-end body-end begin:2 params-end body:x body-end"},
    /* beside it */
    {L(BEGIN("\1", "\0") BEGIN("\2", "\0")
             HEAD("\4", "\2", "\1", "\0") "n" HEAD("\4", "\1", "\1", "\0") "y"),
        " begin:1 answer:3:16 params:y"},
    {L(BEGIN("\1", "\0") BEGIN("\1", "\0")), " begin:1 broken"},
    /* a record in the body is body */
    {L(BEGIN("\1", "\0") HEAD("\4", "\1", "\0", "\0")
             HEAD("\5", "\1", "\10", "\0") "\1\1\0\2\0\0\0"
                                           "\0" HEAD("\5", "\1", "\0", "\0")),
        " begin:1 params-end body:\1\1"}, /* the rest has NULs */
    /* streams in the wrong order, and none of ours */
    {L(BEGIN("\1", "\0") HEAD("\5", "\1", "\1", "\0") "x" HEAD("\4", "\1", "\0", "\0") HEAD("\4",
         "\1", "\1", "\0") "p" HEAD("\10", "\1", "\1", "\0") "d" HEAD("\5", "\3", "\1", "\0") "q"),
        " begin:1 params-end"},
    {L(HEAD("\4", "\1", "\1", "\0") "p" HEAD("\5", "\1", "\0", "\0")), ""},
    {L(BEGIN("\1", "\0") HEAD("\2", "\1", "\0", "\0")), " begin:1 abort"},
    /* management */
    {L(HEAD("\11", "\0", "\21", "\0") "\17\0FCGI_MPXS_CONNS"), " answer:10:26"},
    {L(HEAD("\11", "\0", "\20", "\0") "\16\0FCGI_MAX_CONNS"), " answer:10:8"},
    {L(HEAD("\11", "\0", "\2", "\0") "\377\377"), " answer:10:8"},
    {L(HEAD("\13", "\0", "\0", "\0")), " answer:11:16"},
    {L(HEAD("\14", "\0", "\3", "\1") "abcd"), " answer:11:16"},
    /* no FastCGI */
    {L("GET / HTTP/1.1\r\n\r\n"), " broken"},
    {L("\2\1\0\1\0\0\0\0"), " broken"},
    {L(HEAD("\1", "\1", "\10", "\0") "\0\2\0\0\0\0\0\0"), " broken"},
    {L(HEAD("\1", "\1", "\3", "\0") "\0\1\0"), " broken"},
    {L(HEAD("\1", "\0", "\10", "\0") "\0\1\0\0\0\0\0\0"), " broken"},
};

START_TEST(test_row)
{
    const struct row *row = &rows[_i];
    for (size_t piece = 1; piece <= row->len; piece++) {
        struct record_reader r;
        record_reader_init(&r);
        said[0] = 0;
        last = RECORD_MORE;
        feed(&r, row->in, row->len, piece);
        said[strlen(row->said)] = 0;
        ck_assert_str_eq(said, row->said);
    }
}
END_TEST

/* More names than there is room for an answer: what does not fit is left out. */
START_TEST(test_many_values)
{
    static char in[8 + 17 * 60] = "\1\11\0\0";
    struct record_reader r;
    in[4] = (char)(17 * 60 >> 8);
    in[5] = (char)(17 * 60 & 0xff);
    for (int i = 0; i < 60; i++)
        memcpy(in + 8 + 17 * i, "\17\0FCGI_MPXS_CONNS", 17);
    record_reader_init(&r);
    said[0] = 0;
    ck_assert(feed(&r, in, sizeof in, 100));
    ck_assert_int_eq(strncmp(said, " answer:10:", 11), 0);
}
END_TEST

static const struct {
    const char *in;
    size_t len;
    const char *pairs; /* "name=value;" */
} pairs[] = {
    {L(""), ""},
    {L("\1\2abc\0\0"), "a=bc;=;"},
    {L("\1\1a"), ""},
    {L("\2"), ""},
    {L("\200\0\0\1\1ab"), "a=b;"},
    {L("\377\377\377\377\377\377\377\377ab"), ""},
    {L("\1\200\0\0"), ""},
};

START_TEST(test_pair)
{
    const char *at = pairs[_i].in;
    size_t left = pairs[_i].len;
    struct record_piece name, value;
    said[0] = 0;
    while (record_pair(&at, &left, &name, &value))
        snprintf(said + strlen(said), sizeof said - strlen(said), "%.*s=%.*s;", (int)name.len,
            name.bytes, (int)value.len, value.bytes);
    ck_assert_str_eq(said, pairs[_i].pairs);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_row, 0, COUNT(rows));
    tcase_add_test(all, test_many_values);
    tcase_add_loop_test(all, test_pair, 0, COUNT(pairs));
    suite_add_tcase(suite, all);
    return unit_run(suite);
}

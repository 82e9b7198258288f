#include "base/ident.h"

#include "unit.h"

#define HEX40 "0123456789abcdef0123456789abcdef01234567"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *s;
    bool valid;
} slugs[] = {
    {"a", true},
    {"0", true},
    {"Release-Notes_2.0", true},
    {"550e8400-e29b-41d4-a716-446655440000", true},
    {A64, true},
    {A64 "a", false},
    {"", false},
    {"-a", false},
    {".a", false},
    {"..", false},
    {"_a", false},
    {"a/b", false},
    {"a b", false},
    {"a\n", false},
    {"a%20", false},
    {"\xC3\xA9", false},
    {"a\xC3\xA9", false},
};

START_TEST(test_slug)
{
    ck_assert_int_eq(ident_slug_valid(slugs[_i].s, strlen(slugs[_i].s)), slugs[_i].valid);
}
END_TEST

static const struct {
    const char *s;
    bool valid;
} tokens[] = {
    {"mgc_" HEX40, true},
    {"mgc_" HEX40 "0", false},
    {"MGC_" HEX40, false},
    {"mgc-" HEX40, false},
    {"mgc_0123456789ABCDEF0123456789abcdef01234567", false},
    {"mgc_g123456789abcdef0123456789abcdef01234567", false},
    {"mgc_", false},
    {"", false},
    {HEX40 HEX40, false},
};

START_TEST(test_token)
{
    ck_assert_int_eq(ident_token_valid(tokens[_i].s, strlen(tokens[_i].s)), tokens[_i].valid);
}
END_TEST

START_TEST(test_new_token)
{
    char a[IDENT_TOKEN_LEN + 1], b[IDENT_TOKEN_LEN + 1];
    ck_assert_int_eq(ident_token_new(a, NULL), STATUS_OK);
    ck_assert_int_eq(ident_token_new(b, NULL), STATUS_OK);
    ck_assert_uint_eq(strlen(a), IDENT_TOKEN_LEN);
    ck_assert(ident_token_valid(a, strlen(a)));
    ck_assert_str_ne(a, b);
}
END_TEST

/* FIPS 180-2, appendix B, and the hash of nothing. */
static const struct {
    const char *text, *hex;
} hashes[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(test_hash)
{
    unsigned char hash[IDENT_HASH_LEN], back[IDENT_HASH_LEN];
    char hex[2 * IDENT_HASH_LEN + 1];
    ident_hash(hashes[_i].text, strlen(hashes[_i].text), hash);
    ident_hex(hash, sizeof hash, hex);
    ck_assert_str_eq(hex, hashes[_i].hex);
    ck_assert(ident_unhex(hex, back, sizeof back));
    ck_assert(ident_hash_equal(hash, back));
    for (size_t i = 0; i < sizeof back; i++) {
        back[i] ^= 0x10;
        ck_assert(!ident_hash_equal(hash, back));
        back[i] ^= 0x10;
    }
}
END_TEST

START_TEST(test_unhex)
{
    static const char *const wrong[] = {"", "0", "00", "00f", "00fff", "00fg", "0x0f", " 0ff"};
    unsigned char two[2];
    ck_assert(ident_unhex("00fF", two, 2));
    ck_assert(two[0] == 0 && two[1] == 255);
    ck_assert(ident_unhex("", two, 0));
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert(!ident_unhex(wrong[i], two, 2));
}
END_TEST

static void check_uuid(const char *uuid, char version)
{
    ck_assert_uint_eq(strlen(uuid), IDENT_UUID_LEN);
    ck_assert_uint_eq(strspn(uuid, "0123456789abcdef-"), IDENT_UUID_LEN);
    for (size_t i = 0; i < IDENT_UUID_LEN; i++)
        ck_assert_int_eq(uuid[i] == '-', i == 8 || i == 13 || i == 18 || i == 23);
    ck_assert_int_eq(uuid[14], version);
    ck_assert_ptr_nonnull(strchr("89ab", uuid[19]));
    ck_assert(ident_slug_valid(uuid, strlen(uuid)));
}

START_TEST(test_uuid)
{
    char uuid[IDENT_UUID_LEN + 1], later[IDENT_UUID_LEN + 1];
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(ident_uuid4(uuid, NULL), STATUS_OK);
        check_uuid(uuid, '4');
        ck_assert_int_eq(ident_uuid7(0x017F22E279B0, uuid, NULL), STATUS_OK);
        check_uuid(uuid, '7');
        ck_assert(!strncmp(uuid, "017f22e2-79b0-7", 15)); /* RFC 9562, appendix A.6 */
        ck_assert_int_eq(ident_uuid7(0x017F22E279B1, later, NULL), STATUS_OK);
        ck_assert_int_lt(strcmp(uuid, later), 0);
    }
}
END_TEST

START_TEST(test_wipe)
{
    char key[] = "secret";
    ident_wipe(key, sizeof key);
    for (size_t i = 0; i < sizeof key; i++)
        ck_assert_int_eq(key[i], 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ident");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_slug, 0, COUNT(slugs));
    tcase_add_loop_test(all, test_token, 0, COUNT(tokens));
    tcase_add_test(all, test_new_token);
    tcase_add_loop_test(all, test_hash, 0, COUNT(hashes));
    tcase_add_test(all, test_unhex);
    tcase_add_test(all, test_uuid);
    tcase_add_test(all, test_wipe);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}

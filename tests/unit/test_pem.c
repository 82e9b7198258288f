#include "net/pem.h"
#include "unit.h"

#define BEGIN(label) "-----BEGIN " label "-----\n"
#define END_OF(label) "-----END " label "-----\n"
#define SMALL "MAMBAgM=\n" /* a sequence of three bytes */
#define FRAME(label, content) BEGIN(label) content END_OF(label)
#define CERT FRAME("CERTIFICATE", SMALL)
#define KEY FRAME("PRIVATE KEY", SMALL)

/* clang-format off */
static const char real[] = BEGIN("CERTIFICATE")
    "MIIBbzCCARWgAwIBAgIUBlmbIgHQ06NZCZsK6abY3K9UCd0wCgYIKoZIzj0EAwIw\n"
    "DTELMAkGA1UEAwwCY2EwHhcNMjYxMTI0MTYxMjM3WhcNMjYxMTI2MTYxMjM3WjAN\n"
    "MQswCQYDVQQDDAJjYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJETHwjrmNxE\n"
    "rfXeTezi1kqlcfZH0h8T1qyEItXoh2++Cy1+MeGTfKAWgy2qZJep7NngCgaXhEP1\n"
    "VdsVc4I/a2OjUzBRMB0GA1UdDgQWBBTno+a3845AOV6xIa5V1aYZ6h8/hjAfBgNV\n"
    "HSMEGDAWgBTno+a3845AOV6xIa5V1aYZ6h8/hjAPBgNVHRMBAf8EBTADAQH/MAoG\n"
    "CCqGSM49BAMCA0gAMEUCIBv9oSl0VR/ieSrg4ENbUfdexZMWp8IAE9pvGX8aOF3A\n"
    "AiEAzImkYUwnvEYUHyzDdAXi0gUSx276kz0maJG/p8DjiM0=\n"
    END_OF("CERTIFICATE");
/* clang-format on */

static const struct {
    const char *text;
    bool right;
    struct pem pem;
} files[] = {
    {"", true, {0, 0, false}},
    {"no certificate\n", true, {0, 0, false}},
    {real, true, {1, 0, false}},
    {CERT, true, {1, 0, false}},
    {"Subject: CN = x\n" CERT "and\n" CERT KEY, true, {2, 1, false}},
    {"-----BEGIN CERTIFICATE-----\r\nMAMB\r\nAgM=\r\n-----END CERTIFICATE-----", true,
        {1, 0, false}},
    {FRAME("EC PARAMETERS", "BggqhkjOPQMBBw==\n") FRAME("EC PRIVATE KEY", SMALL), true,
        {0, 1, false}},
    {FRAME("TRUSTED CERTIFICATE", SMALL), true, {1, 0, false}},
    {FRAME("ENCRYPTED PRIVATE KEY", SMALL), true, {0, 1, true}},
    {FRAME("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n" SMALL), true,
        {0, 1, true}},
    {BEGIN("CERTIFICATE") SMALL, false, {0, 0, false}},
    {CERT BEGIN("CERTIFICATE"), false, {1, 0, false}},
    {BEGIN("CERTIFICATE") SMALL END_OF("PRIVATE KEY"), false, {0, 0, false}},
    {FRAME("CERTIFICATE", ""), false, {0, 0, false}},
    {FRAME("CERTIFICATE", "MAMBAg==\n"), false, {0, 0, false}},
    {FRAME("CERTIFICATE", "MAMBAgME\n"), false, {0, 0, false}},
    {FRAME("CERTIFICATE", "MQMBAgM=\n"), false, {0, 0, false}},
    {FRAME("CERTIFICATE", "MIQAAAAB\n"), false, {0, 0, false}},
    {FRAME("CERTIFICATE", "MIUAAAAA\n"), false, {0, 0, false}},
    {FRAME("CERTIFICATE", "MAMB-gM=\n"), false, {0, 0, false}},
    {FRAME("CERTIFICATE", "MAMBAg=M\n"), false, {0, 0, false}},
};

START_TEST(test_file)
{
    struct pem pem;
    ck_assert_int_eq(pem_look(files[_i].text, strlen(files[_i].text), &pem), files[_i].right);
    ck_assert_uint_eq(pem.certificates, files[_i].pem.certificates);
    ck_assert_uint_eq(pem.keys, files[_i].pem.keys);
    ck_assert_int_eq(pem.encrypted, files[_i].pem.encrypted);
}
END_TEST

/* A copy that ends where the file was cut, so that a byte too many is seen. */
START_TEST(test_cut)
{
    for (size_t len = 0; len < strlen(real); len++) {
        char *text = malloc(len + 1);
        struct pem pem;
        ck_assert_ptr_nonnull(text);
        memcpy(text, real, len);
        bool right = pem_look(text, len, &pem);
        /* Up to the end of its first line it has no frame; without its last end of line it is
         * whole. */
        ck_assert_msg(right == (len < strlen(BEGIN("CERTIFICATE")) - 1 || len == strlen(real) - 1),
            "cut at %zu", len);
        free(text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pem");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_file, 0, COUNT(files));
    tcase_add_test(all, test_cut);
    suite_add_tcase(suite, all);
    return unit_run(suite);
}

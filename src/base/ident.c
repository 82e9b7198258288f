/* Of OpenSSL 1.1: the functions that came after it first read its configuration and load providers,
 * which would be a third of what a CGI costs. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "base/ident.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOKEN_BYTES = 20 };

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool ident_slug_valid(const char *s, size_t len)
{
    if (len == 0 || len > IDENT_SLUG_MAX || !is_alnum(s[0]))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_alnum(s[i]) && s[i] != '.' && s[i] != '_' && s[i] != '-')
            return false;
    return true;
}

bool ident_token_valid(const char *s, size_t len)
{
    if (len != IDENT_TOKEN_LEN || memcmp(s, "mgc_", 4))
        return false;
    for (size_t i = 4; i < len; i++)
        if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
            return false;
    return true;
}

enum status ident_random(void *out, size_t len, struct error *err)
{
    if (getentropy(out, len))
        return error_set(err, STATUS_INTERNAL, "no random bytes from the system");
    return STATUS_OK;
}

void ident_hex(const unsigned char *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = 0;
}

bool ident_unhex(const char *hex, unsigned char *bytes, size_t len)
{
    if (strlen(hex) != 2 * len || strspn(hex, "0123456789abcdefABCDEF") != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (unsigned char)strtoul(two, NULL, 16);
    }
    return true;
}

enum status ident_token_new(char out[IDENT_TOKEN_LEN + 1], struct error *err)
{
    unsigned char bytes[TOKEN_BYTES];
    enum status st = ident_random(bytes, sizeof bytes, err);
    if (st)
        return st;
    memcpy(out, "mgc_", 4);
    ident_hex(bytes, sizeof bytes, out + 4);
    ident_wipe(bytes, sizeof bytes);
    return STATUS_OK;
}

void ident_hash(const void *bytes, size_t len, unsigned char out[IDENT_HASH_LEN])
{
    SHA256_CTX sha;
    SHA256_Init(&sha);
    SHA256_Update(&sha, bytes, len);
    SHA256_Final(out, &sha);
    ident_wipe(&sha, sizeof sha);
}

bool ident_hash_equal(const unsigned char a[IDENT_HASH_LEN], const unsigned char b[IDENT_HASH_LEN])
{
    return CRYPTO_memcmp(a, b, IDENT_HASH_LEN) == 0;
}

void ident_wipe(void *p, size_t len)
{
    OPENSSL_cleanse(p, len);
}

static void print_uuid(unsigned char b[16], unsigned version, char out[IDENT_UUID_LEN + 1])
{
    b[6] = (unsigned char)((b[6] & 0x0F) | version << 4);
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
    static const size_t groups[] = {4, 2, 2, 2, 6};
    for (size_t g = 0, at = 0; g < 5; at += groups[g], g++) {
        ident_hex(b + at, groups[g], out);
        out += 2 * groups[g];
        *out++ = '-';
    }
    out[-1] = 0;
}

enum status ident_uuid4(char out[IDENT_UUID_LEN + 1], struct error *err)
{
    unsigned char b[16];
    enum status st = ident_random(b, sizeof b, err);
    if (!st)
        print_uuid(b, 4, out);
    return st;
}

enum status ident_uuid7(int64_t unix_ms, char out[IDENT_UUID_LEN + 1], struct error *err)
{
    unsigned char b[16];
    enum status st = ident_random(b + 6, sizeof b - 6, err);
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)((uint64_t)unix_ms >> (40 - 8 * i));
    if (!st)
        print_uuid(b, 7, out);
    return st;
}

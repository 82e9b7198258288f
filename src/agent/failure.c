#include "agent/failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/retry.h"

enum { FINAL = -1, UNKNOWN = 0 };

static const struct {
    const char *word;
    int means; /* a status that may pass, or FINAL */
} words[] = {
    {"overloaded_error", 529},
    {"overloaded", 529},
    {"server_is_overloaded", 503},
    {"slow_down", 503},
    {"api_error", 500},
    {"server_error", 500},
    {"internal_error", 500},
    {"internal_server_error", 500},
    {"InternalServerError", 500},
    {"INTERNAL", 500},
    {"service_unavailable", 503},
    {"service_unavailable_error", 503},
    {"ServiceUnavailableError", 503},
    {"UNAVAILABLE", 503},
    {"timeout", 504},
    {"timeout_error", 504},
    {"DEADLINE_EXCEEDED", 504},
    {"ABORTED", 409},
    {"rate_limit", 429},
    {"rate_limit_error", 429},
    {"rate_limit_exceeded", 429},
    {"too_many_requests", 429},
    {"RESOURCE_EXHAUSTED", 429},
    {"invalid_request_error", FINAL},
    {"authentication_error", FINAL},
    {"billing_error", FINAL},
    {"permission_error", FINAL},
    {"not_found_error", FINAL},
    {"request_too_large", FINAL},
    {"insufficient_quota", FINAL},
    {"invalid_api_key", FINAL},
    {"model_not_found", FINAL},
    {"context_length_exceeded", FINAL},
    {"INVALID_ARGUMENT", FINAL},
    {"FAILED_PRECONDITION", FINAL},
    {"UNAUTHENTICATED", FINAL},
    {"PERMISSION_DENIED", FINAL},
    {"NOT_FOUND", FINAL},
};

static int of_number(int64_t n)
{
    if (n < 400 || n > 599)
        return UNKNOWN;
    return retry_is_useful((int)n, NULL) ? (int)n : FINAL;
}

static int of_word(const char *word)
{
    char *end;
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(words[i].word, word))
            return words[i].means;
    long number = word ? strtol(word, &end, 10) : 0;
    return number && !*end ? of_number(number) : UNKNOWN;
}

int failure_word_status(const char *word)
{
    int means = of_word(word);
    return means > 0 ? means : 0;
}

/* What the words of an object come to. */
static int of_object(const struct json *j)
{
    static const char *const members[] = {"type", "code", "status"};
    int all = UNKNOWN;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const struct json *value = json_get(j, members[i]);
        int means = json_kind(value) == JSON_INT ? of_number(json_int(value, 0))
                                                 : of_word(json_string(value, NULL));
        if (means == FINAL)
            return FINAL;
        all = all ? all : means;
    }
    return all;
}

int failure_status(const struct json *document)
{
    const struct json *error = json_get(document, "error");
    int means = of_object(error), around = of_object(document);
    if (means == FINAL || around == FINAL || failure_is_spent(document))
        return 0;
    return means ? means : around;
}

bool failure_is_spent(const struct json *document)
{
    const struct json *error = json_get(document, "error");
    const char *code = json_get_string(json_get(error, "details"), "error_code");
    const char *plain = json_get_string(error, "code");
    return (code && !strcmp(code, "enforced_spend_limit_reached")) ||
           (plain && !strcmp(plain, "insufficient_quota"));
}

bool failure_title(const char *page, char *out, size_t size)
{
    const char *from = strcasestr(page, "<title>");
    const char *to = from ? strcasestr(from, "</title>") : NULL;
    if (!to || to == from + 7)
        return false;
    snprintf(out, size, "%.*s", (int)(to - from - 7), from + 7);
    return true;
}

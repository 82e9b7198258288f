#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/confined.h"
#include "net/failure.h"
#include "net/pem.h"

bool tls_is_own(const struct http_tls *tls)
{
    return tls->ca_file || tls->client_cert || tls->client_key || tls->insecure;
}

static enum status cannot_read(const char *what, const char *path, struct error *err)
{
    if (errno == EMFILE || errno == ENFILE)
        return failure_no_descriptor(err);
    return error_set(err, STATUS_CONFIG, "the %s \"%s\" cannot be read: %s%s", what, path,
        strerror(errno), confined_hint(errno));
}

static enum status read_file(const char *what, const char *path, struct buf *out, struct error *err)
{
    char bytes[8192];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return cannot_read(what, path, err);
    while ((n = read(fd, bytes, sizeof bytes)) > 0 && !buf_add(out, bytes, (size_t)n))
        ;
    enum status st = n < 0 ? cannot_read(what, path, err) : STATUS_OK;
    explicit_bzero(bytes, sizeof bytes);
    close(fd);
    if (!st && buf_status(out) == STATUS_NO_MEMORY)
        st = error_set(err, STATUS_NO_MEMORY, "out of memory");
    else if (!st && buf_status(out))
        st = error_set(err, STATUS_CONFIG, "the %s \"%s\" is too large (over %d bytes)", what, path,
            (int)TLS_FILE_MAX);
    return st;
}

static enum status look_into(
    const char *what, const char *path, struct buf *text, struct pem *pem, struct error *err)
{
    enum status st = read_file(what, path, text, err);
    if (!st && !pem_look(buf_str(text), text->len, pem))
        st = error_set(err, STATUS_CONFIG,
            "the %s \"%s\" cannot be used: it is not PEM, or it was cut or damaged", what, path);
    return st;
}

static enum status lacks(const char *what, const char *path, const char *which, struct error *err)
{
    return error_set(err, STATUS_CONFIG, "the %s \"%s\" cannot be used: there is no %s in it", what,
        path, which);
}

static enum status look_at_ca(const char *path, struct buf *text, struct error *err)
{
    static const char what[] = "CA file";
    struct pem pem;
    enum status st = look_into(what, path, text, &pem, err);
    return !st && !pem.certificates ? lacks(what, path, "certificate in PEM", err) : st;
}

static enum status look_at_key(const char *what, const char *path, const struct pem *pem,
    const char *remedy, struct error *err)
{
    if (!pem->keys)
        return error_set(err, STATUS_CONFIG,
            "the %s \"%s\" cannot be used: there is no private key in PEM in it%s", what, path,
            remedy);
    if (pem->encrypted)
        return error_set(err, STATUS_CONFIG,
            "the %s \"%s\" cannot be used: its key needs a passphrase: write it without one", what,
            path);
    return STATUS_OK;
}

static enum status look_at_client(const struct http_tls *tls, struct buf *text, struct error *err)
{
    static const char cert[] = "client certificate", key[] = "client key";
    struct pem pem;
    enum status st = look_into(cert, tls->client_cert, text, &pem, err);
    if (!st && !pem.certificates)
        st = lacks(cert, tls->client_cert, "certificate in PEM", err);
    if (!st && !tls->client_key)
        st = look_at_key(cert, tls->client_cert, &pem, ", and no client key was given for it", err);
    buf_wipe(text);
    if (!st && tls->client_key) {
        st = look_into(key, tls->client_key, text, &pem, err);
        if (!st)
            st = look_at_key(key, tls->client_key, &pem, "", err);
    }
    return st;
}

enum status tls_look(const struct http_tls *tls, struct buf *ca, struct error *err)
{
    struct buf text;
    enum status st = STATUS_OK;
    buf_init(&text, TLS_FILE_MAX);
    if (tls->client_key && !tls->client_cert)
        st = error_set(err, STATUS_CONFIG,
            "there is a client key, \"%s\", but no client certificate that it is for",
            tls->client_key);
    if (!st && tls->client_cert)
        st = look_at_client(tls, &text, err);
    buf_wipe(&text);
    if (!st && tls->ca_file)
        st = look_at_ca(tls->ca_file, ca ? ca : &text, err);
    buf_wipe(&text);
    return st;
}

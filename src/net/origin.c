#include "net/origin.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { LOOKING_MAX = 32 }; /* at once, of those that had to wait: most may have to do so again */

/* ---- which origin ---- */

/* FNV-1a. Two that are taken for one wait for each other, no more. */
static uint64_t hash(uint64_t sum, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ (unsigned char)tolower((unsigned char)text[i])) * 0x100000001b3u;
    return sum;
}

static uint64_t hash_text(uint64_t sum, const char *text)
{
    return hash(sum, text ? text : "", text ? strlen(text) + 1 : 1);
}

static uint64_t key_of(const char *url, const struct http_tls *tls, const char *proxy)
{
    static const size_t scheme = sizeof "https://" - 1;
    uint64_t sum = hash(0xcbf29ce484222325u, url, scheme + strcspn(url + scheme, "/?#"));
    sum = hash_text(sum, tls->insecure ? "insecure" : NULL);
    sum = hash_text(sum, tls->ca_file);
    sum = hash_text(sum, tls->client_cert);
    sum = hash_text(sum, tls->client_key);
    return hash_text(sum, proxy);
}

static size_t count_unplaced(const struct origin *o)
{
    return o->count[SEAT_WAITING] + o->count[SEAT_LOOKING] + o->count[SEAT_OPENING];
}

static struct origin *replace(struct origins *all)
{
    if (all->count < ORIGINS_MAX)
        return &all->all[all->count++];
    for (size_t i = 1; i <= ORIGINS_MAX; i++) {
        size_t at = (all->replaced + i) % ORIGINS_MAX;
        if (count_unplaced(&all->all[at]) + all->all[at].count[SEAT_SEATED])
            continue;
        all->replaced = at;
        return &all->all[at];
    }
    return NULL;
}

static struct origin *find(struct origins *all, uint64_t key)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->all[i].key == key)
            return &all->all[i];
    struct origin *o = replace(all);
    if (o)
        *o = (struct origin){.key = key, .together_max = 1};
    return o;
}

/* ---- who waits ---- */

static void unlink_waiting(struct seat *s)
{
    struct origin *o = s->origin;
    *(s->before ? &s->before->next : &o->first) = s->next;
    *(s->next ? &s->next->before : &o->last) = s->before;
    s->next = s->before = NULL;
}

static void move(struct seat *s, enum seat_state state)
{
    struct origin *o = s->origin;
    if (s->state == SEAT_WAITING)
        unlink_waiting(s);
    o->count[s->state]--;
    s->state = state;
    o->count[state]++;
    if (state == SEAT_LOOKING)
        s->began = o->opened;
    if (!count_unplaced(o))
        o->together_max = 1;
}

/* Nobody may wait when nothing is under way that would end it. */
static void let_go(struct origin *o, size_t most)
{
    if (o->speaks != SPEAKS_HTTP2)
        most = SIZE_MAX;
    else if (!most && !o->count[SEAT_LOOKING] && !o->count[SEAT_OPENING])
        most = 1;
    for (struct seat *s; most && (s = o->first); most--) {
        move(s, SEAT_LOOKING);
        s->go(s);
    }
}

void seat_wait(struct seat *s)
{
    struct origin *o = s->origin;
    move(s, SEAT_WAITING);
    s->before = o->last;
    *(o->last ? &o->last->next : &o->first) = s;
    o->last = s;
    let_go(o, 0);
}

/* ---- what becomes of a call ---- */

bool seat_take(struct seat *s, struct origins *origins, const char *url, const struct http_tls *tls,
    const char *proxy)
{
    s->origin = strncasecmp(url, "https://", 8) ? NULL : find(origins, key_of(url, tls, proxy));
    if (!s->origin)
        return true;
    struct origin *o = s->origin;
    o->count[s->state]++; /* out, which move takes back */
    bool waits = o->speaks == SPEAKS_HTTP2 && (o->first || o->count[SEAT_LOOKING] >= LOOKING_MAX);
    if (waits)
        seat_wait(s);
    else
        move(s, SEAT_LOOKING);
    return !waits;
}

bool seat_may_open(struct seat *s)
{
    struct origin *o = s->origin;
    if (!o || s->state == SEAT_OPENING)
        return true;
    /* It looked when the last one stood, with nobody but its opener on it, and was not let on. */
    if (o->speaks == SPEAKS_HTTP2 && o->alone && s->began == o->opened) {
        o->speaks = SPEAKS_HTTP1;
        let_go(o, 0);
    }
    if (!o->count[SEAT_OPENING])
        o->together = 0;
    bool may = o->speaks != SPEAKS_HTTP2 || o->together < o->together_max;
    o->together += may;
    move(s, may ? SEAT_OPENING : SEAT_LOOKING);
    return may;
}

void seat_connected(struct seat *s)
{
    struct origin *o = s->origin;
    if (!o || s->state == SEAT_SEATED)
        return;
    bool opened = s->state == SEAT_OPENING;
    move(s, SEAT_SEATED);
    /* Before the first answer no connection is idle: whoever gets one that exists shares it. */
    if (!opened && o->alone && o->speaks == SPEAKS_UNKNOWN)
        o->speaks = SPEAKS_HTTP2;
    o->alone = opened ? s : NULL;
    if (opened) {
        o->opened++;
        o->together_max += o->first && !o->count[SEAT_OPENING];
    }
    size_t looking = o->count[SEAT_LOOKING];
    let_go(o, looking < LOOKING_MAX ? LOOKING_MAX - looking : 0);
}

void seat_answered(struct seat *s, bool http2)
{
    struct origin *o = s->origin;
    if (!o)
        return;
    o->speaks = http2 ? SPEAKS_HTTP2 : SPEAKS_HTTP1;
    if (o->alone == s)
        o->alone = NULL; /* what its connection is good for is known */
    let_go(o, 0);
}

void seat_leave(struct seat *s)
{
    struct origin *o = s->origin;
    if (!o)
        return;
    bool had_room = s->state == SEAT_SEATED;
    move(s, SEAT_OUT);
    o->count[SEAT_OUT] = 0;
    s->origin = NULL;
    if (o->alone == s)
        o->alone = NULL;
    let_go(o, had_room);
}

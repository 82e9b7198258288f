#include "cli/output.h"

#include <string.h>

#include "base/strings.h"
#include "cli/text.h"

enum { COLUMNS_MAX = 12 };

/* ---- values of a JSON tree as text ---- */

static bool is_there(const struct json *j)
{
    enum json_kind kind = json_kind(j);
    return kind != JSON_ABSENT && !(kind == JSON_ARRAY && !json_count(j));
}

static const struct json *find(const struct json *j, const char *paths)
{
    for (;;) {
        size_t len = strcspn(paths, "|");
        const struct json *found = json_at_path(j, paths, len);
        if (is_there(found) || !paths[len])
            return is_there(found) ? found : NULL;
        paths += len + 1;
    }
}

/* A member that is null holds a secret that is not shown. */
static void add_value(struct buf *out, const struct json *j, const char *separator)
{
    size_t len;
    const char *text = json_string(j, &len);
    switch (json_kind(j)) {
    case JSON_STRING:
        buf_add(out, text, len);
        break;
    case JSON_NULL:
        buf_adds(out, "(set)");
        break;
    case JSON_BOOL:
        buf_adds(out, json_truth(j, false) ? "yes" : "no");
        break;
    case JSON_ARRAY:
        for (size_t i = 0; i < json_count(j); i++) {
            if (i)
                buf_adds(out, separator);
            add_value(out, json_at(j, i), separator);
        }
        break;
    default:
        json_print(j, false, out);
    }
}

/* ---- tables ---- */

static void add_cell(struct buf *out, const struct column *c, const struct json *row)
{
    const struct json *value = find(row, c->path);
    if (!value) {
        buf_adds(out, c->none ? c->none : "-");
    } else if (c->format == COLUMN_MS) {
        buf_printf(out, "%.1fs", (double)json_int(value, 0) / 1000);
    } else if (c->format == COLUMN_TIME) {
        const char *time = json_string(value, NULL);
        buf_printf(out, "%.19sZ", time ? time : "");
    } else if (c->format == COLUMN_DOWN && json_kind(value) == JSON_OBJECT) {
        const char *since = json_get_string(value, "since"), *why = json_get_string(value, "error");
        buf_printf(
            out, "down since %.19sZ%s%s", since ? since : "", why ? ": " : "", why ? why : "");
    } else {
        add_value(out, value, c->format == COLUMN_WORDS ? " " : ",");
    }
    for (size_t i = 0; i < out->len; i++) /* a row is a line */
        if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7F)
            out->data[i] = ' ';
    while (out->len && out->data[out->len - 1] == ' ')
        out->data[--out->len] = 0;
    if (c->width)
        text_cut(out, c->width);
}

static void print_row(const struct strings *cells, size_t from, size_t count, const size_t *widths)
{
    while (count && !*cells->items[from + count - 1]) /* no white space at the end of a line */
        count--;
    for (size_t i = 0; i < count; i++) {
        const char *cell = cells->items[from + i];
        size_t len = strlen(cell), width = text_width(cell, len);
        text_write(stdout, cell, len);
        if (i + 1 < count)
            printf("%*s", (int)(widths[i] - width + 2), "");
    }
    putchar('\n');
}

static enum status fill_table(
    struct strings *cells, const struct json *rows, const struct column *columns, size_t count)
{
    struct buf cell;
    enum status st = STATUS_OK;
    buf_init(&cell, OUTPUT_MAX);
    for (size_t i = 0; i < count && !st; i++)
        st = strings_add(cells, columns[i].head);
    for (size_t r = 0; r < json_count(rows) && !st; r++) {
        for (size_t i = 0; i < count && !st; i++) {
            buf_reset(&cell);
            add_cell(&cell, &columns[i], json_at(rows, r));
            st = buf_status(&cell) ? STATUS_NO_MEMORY : strings_add(cells, buf_str(&cell));
        }
    }
    buf_release(&cell);
    return st;
}

static enum status print_table(const struct json *rows, const struct column *columns)
{
    struct strings cells = {0};
    size_t count = 0, widths[COLUMNS_MAX] = {0};
    while (columns[count].head && count < COLUMNS_MAX)
        count++;
    enum status st = fill_table(&cells, rows, columns, count);
    for (size_t i = 0; i < cells.count && !st; i++) {
        size_t width = text_width(cells.items[i], strlen(cells.items[i]));
        if (width > widths[i % count])
            widths[i % count] = width;
    }
    for (size_t i = 0; i < cells.count && !st; i += count)
        print_row(&cells, i, count, widths);
    strings_release(&cells);
    return st;
}

/* ---- one object ---- */

enum { LABEL_WIDTH = 28 }; /* a longer one moves its value */

/* Labels and values, in turn. */
struct members {
    struct strings *lines;
    const char *prefix;
};

static enum status add_member(void *ctx, const char *key, struct json *value);

static enum status add_members(const struct members *m, const char *key, const struct json *value)
{
    char name[256];
    snprintf(name, sizeof name, "%s%s.", m->prefix, key);
    struct members inner = {.lines = m->lines, .prefix = name};
    return json_each(value, add_member, &inner);
}

static enum status add_elements(struct members *m, const char *key, const struct json *value)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; i < json_count(value) && !st; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s[%zu]", key, i);
        st = add_member(m, name, json_at(value, i));
    }
    return st;
}

/* A header's name whose value is not shown ends in a colon. */
static void mark_hidden(struct buf *text, const char *key)
{
    if (!strncmp(key, "headers[", 8) && text->len && text->data[text->len - 1] == ':')
        buf_adds(text, " (set)");
}

static enum status add_member(void *ctx, const char *key, struct json *value)
{
    struct members *m = ctx;
    const struct json *first = json_at(value, 0);
    char label[256];
    struct buf text;
    if (json_kind(value) == JSON_OBJECT)
        return add_members(m, key, value);
    if (json_kind(first) == JSON_OBJECT || (first && !strcmp(key, "headers")))
        return add_elements(m, key, value);
    buf_init(&text, OUTPUT_MAX);
    add_value(&text, value, !strcmp(key, "command") ? " " : ", ");
    mark_hidden(&text, key);
    snprintf(label, sizeof label, "%s%s:", m->prefix, key);
    enum status st = buf_status(&text);
    if (!st)
        st = strings_add(m->lines, label);
    if (!st)
        st = strings_add(m->lines, buf_str(&text));
    buf_wipe(&text);
    return st;
}

/* A text of several lines stands below its label. */
static void print_text(const char *text)
{
    bool several = strchr(text, '\n') != NULL;
    for (bool more = true; more; text++) {
        size_t len = strcspn(text, "\n");
        fputs(several ? "\n    " : "", stdout);
        text_write(stdout, text, len);
        text += len;
        more = *text && text[1];
    }
    putchar('\n');
}

static enum status print_object(const struct json *object)
{
    struct strings lines = {0};
    struct members m = {.lines = &lines, .prefix = ""};
    size_t width = 0;
    enum status st = json_each(object, add_member, &m);
    for (size_t i = 0; i < lines.count; i += 2) {
        size_t label = strlen(lines.items[i]);
        if (label > width && label <= LABEL_WIDTH)
            width = label;
    }
    for (size_t i = 0; i + 1 < lines.count && !st; i += 2) {
        printf("%-*s ", (int)width, lines.items[i]);
        print_text(lines.items[i + 1]);
    }
    strings_release(&lines);
    return st;
}

/* ---- all of it ---- */

void output_begin(struct output *out)
{
    buf_init(&out->json, OUTPUT_MAX);
    json_writer_init(&out->w, &out->json);
}

void output_begin_list(struct output *out)
{
    output_begin(out);
    json_begin_array(&out->w);
}

static enum status print_json(const struct buf *json)
{
    struct buf text;
    buf_init(&text, OUTPUT_MAX);
    enum status st = json_indent(buf_str(json), json->len, &text);
    if (!st)
        st = buf_status(&text);
    if (!st)
        printf("%s\n", buf_str(&text));
    buf_wipe(&text);
    return st;
}

static enum status print_people(const struct buf *json, const struct column *columns)
{
    struct json *root = NULL;
    enum status st = json_parse(buf_str(json), json->len, &root, NULL);
    if (!st && !columns)
        st = print_object(root);
    else if (!st && json_count(root))
        st = print_table(root, columns);
    json_free(root);
    return st;
}

static enum status print(struct output *out, enum status st, const struct column *columns,
    bool as_json, struct error *err)
{
    if (!st) {
        st = buf_status(&out->json);
        if (!st)
            st = as_json ? print_json(&out->json) : print_people(&out->json, columns);
        if (st)
            error_set(err, st, "cannot make up the output: %s", status_title(st));
    }
    buf_wipe(&out->json);
    return st;
}

enum status output_list(struct output *out, enum status st, const struct column *columns,
    bool as_json, struct error *err)
{
    json_end_array(&out->w);
    return print(out, st, columns, as_json, err);
}

enum status output_object(struct output *out, enum status st, bool as_json, struct error *err)
{
    return print(out, st, NULL, as_json, err);
}

#include "agent/tool.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_scan.h"

void tool_call_release(struct tool_call *c)
{
    free(c->id);
    free(c->name);
    free(c->arguments);
    *c = (struct tool_call){0};
}

const char *tool_call_object(const struct tool_call *c)
{
    struct json_scan scan;
    struct json_slice all;
    json_scan_init(&scan, c->arguments, strlen(c->arguments));
    json_scan_value(&scan, &all);
    return json_scan_end(&scan) && all.kind == JSON_OBJECT ? c->arguments : "{}";
}

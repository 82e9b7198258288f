#include "agent/tool.h"

#include <stdlib.h>

void tool_call_release(struct tool_call *c)
{
    free(c->id);
    free(c->name);
    free(c->arguments);
    *c = (struct tool_call){0};
}

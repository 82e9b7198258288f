/*
 * What the requests of chat completions and of Responses have in common where the model has tools.
 */
#ifndef MAGEC_AGENT_OPENAI_TOOLS_H
#define MAGEC_AGENT_OPENAI_TOOLS_H

#include "agent/exchange_request.h"

/* One tool's name, description and parameters, within an object. */
void openai_tools_put(struct json_writer *w, const struct tool *t);
/* "tools": the ask's, each as put writes it, and then those of the agent's options, such as the
 * provider's own. For who has some; the options are then added without theirs. */
void openai_tools_add(const struct ask *ask, struct json_writer *w,
    void (*put)(struct json_writer *w, const struct tool *t));
/* What a tool answered, as a string: there is no other place to say that it failed. */
void openai_tools_put_result(struct json_writer *w, const struct turn *t);

#endif

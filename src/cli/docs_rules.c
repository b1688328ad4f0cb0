/* weir docs rules: the manual of rules, with the table of what they can do. */
#include "cli/docs.h"
#include "rule/rule.h"

static const char intro[] =
    "# Rules\n\n"
    "Made from the tables in `src/rule/` and `src/cli/docs_rules.c` by `make docs`.\n\n"
    "A rule says *when* (a query, see filters.md) and *what* is done. Rules stand in one list, in "
    "`rules/rules.yaml` of the config folder, and are tried from the top at each stage of an "
    "exchange; "
    "each sees what the ones before it made. What acted is on record in the flow, and every change "
    "is a version of the message beside what was received.\n\n"
    "```yaml\n"
    "- name: try the new API\n"
    "  when: host:api.example.com path:/v1\n"
    "  do: map-remote\n"
    "  to: http://127.0.0.1:3000\n"
    "- name: a server that is down\n"
    "  folder: failures\n"
    "  on: no\n"
    "  when: /checkout POST\n"
    "  do: answer\n"
    "  status: 503\n"
    "  fields:\n"
    "  - 'Retry-After: 5'\n"
    "  body: |\n"
    "    try {{path}} later\n"
    "```\n\n"
    "| key | of every rule |\n| --- | --- |\n"
    "| `name` | for people, and for folders |\n"
    "| `folder` | the rule `do: folder` of that name: when it is off, this is off |\n"
    "| `on` | yes or no; yes unless given |\n"
    "| `when` | the query; without it every exchange matches |\n"
    "| `do` | the action |\n\n"
    "The other keys are those of the action. Relative names of files are below the folder of "
    "`rules.yaml`, `~/` is the home folder. In the sandbox, a rule that is made while the program "
    "runs can only use files of that folder, or those that rules named when it started.\n\n"
    "Before a rule is added it can be tried: `POST /api/v1/rules/test` runs it on a copy of a "
    "stored flow and shows what it would have done, `POST /api/v1/rules/dry-run` counts what its "
    "query finds. Neither changes anything.\n\n"
    "## Rules of other programs\n\n"
    "`weir rules import FILE`, or `POST /api/v1/rules/import` while weir runs, adds the rules of "
    "Burp (match and replace, in the options of a project or of a user as JSON), of Charles (map "
    "remote, map local, rewrite and block list, as XML) and of mitmproxy (the options of "
    "`config.yaml` that make rules). They stand in a folder with the name of the program. What has "
    "no equal is left out and named with its place in the file. A file that is damaged gives "
    "nothing at all.\n\n"
    "## Stages\n\n"
    "`client-hello` (what a client says first in TLS, before anybody answers), "
    "then "
    "for each exchange `request-head`, `request` (all of its content is there), `response-head`, "
    "`response`. A rule "
    "acts at the first of its action's stages where all is there that its query asks for: one that "
    "asks for `req.body` waits for the whole request, a `mark` that asks for `status` comes with "
    "the "
    "response. Where a rule that acts on the request asks for something of the response, it gets "
    "an "
    "answer from what there is. Contents are only waited for where a rule that needs them may "
    "match, "
    "and only up to `body-limit`.\n\n"
    "The ClientHello is no part of an exchange. Rules act on it where their arguments say so (`at: "
    "client-hello`), or where nothing else makes sense (`pass-through`, and the kinds `alert` and "
    "`certificate` of `fault`), and then on nothing else. They see a flow of the kind `tls`: its "
    "`client`, `host` (the name that the client says, or else where it wants to go), `port`, "
    "`sni`, `ja3` and `ja4`; there is no request yet. Where it acted, the flow is recorded.\n\n"
    "```yaml\n"
    "- name: nobody's business\n"
    "  when: host:*.bank.example or sni:id.example.org\n"
    "  do: pass-through\n"
    "- name: a client without trust\n"
    "  when: host:api.example.com\n"
    "  do: fault\n"
    "  kind: certificate\n"
    "  certificate: expired\n"
    "```\n\n"
    "What passes through goes where the CONNECT was allowed to go (or where `upstream` leads at "
    "this "
    "stage), by the same checks as every other connection; the name in the ClientHello, which "
    "the client is free to choose, does not lead it elsewhere. The flow is then a tunnel "
    "(`kind:tunnel`, "
    "`tls:passthrough`) with the bytes that went through it, and says who wanted that.\n\n"
    "## Actions\n";

static void
put(struct buf *out, const char *text)
{
    buf_append(out, slice_str(text));
}

static void
put_param(struct buf *out, const struct rule_param *p)
{
    buf_printf(out, "| `%s` | %s | ", p->key, rule_param_type_name(p->type));
    if (p->required)
        put(out, "*needed*");
    else if (p->def && p->def[0])
        buf_printf(out, "`%s`", p->def);
    put(out, " | ");
    docs_cell(out, p->help);
    if (p->choices) {
        put(out, ": ");
        docs_cell(out, p->choices);
    }
    if (p->type == RULE_SIDE)
        put(out, ": request or response");
    put(out, " |\n");
}

static void
put_stages(struct buf *out, const struct rule_ops *ops)
{
    const char *between = ops->each ? "At each of: " : "At one of: ";
    for (enum stage s = 0; s < STAGES_N; s++) {
        if (!(ops->stages & 1u << s))
            continue;
        buf_printf(out, "%s`%s`", between, stage_name(s));
        between = ", ";
    }
    if (ops->stages)
        put(out, ".\n");
}

static void
put_action(struct buf *out, const struct rule_ops *ops)
{
    buf_printf(out, "\n### %s\n\n", ops->name);
    put(out, ops->help);
    put(out, "\n");
    put_stages(out, ops);
    if (ops->params && ops->params->key)
        put(out, "\n| key | type | default | |\n| --- | --- | --- | --- |\n");
    for (const struct rule_param *p = ops->params; p && p->key; p++)
        put_param(out, p);
}

void
docs_rules(struct buf *out)
{
    put(out, intro);
    for (const struct rule_ops *const *o = rule_table; *o; o++)
        put_action(out, *o);
}

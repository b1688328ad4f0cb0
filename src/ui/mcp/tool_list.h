/*
 * TOOL(name, changes something, method, target, help, parameters): {name} in the target stands for
 * a parameter; the others become the content, as JSON. PARAM(name, type, required, help);
 * NONE without.
 */
TOOL("search_flows", false, "GET", "/api/v1/flows?query={query}&limit={limit}&cursor={cursor}",
     "Recorded HTTP exchanges that match a query of Weir's query language, newest first. Examples: "
     "host:example.com status>=500; method=POST path:/api; type:json size>10k; -is:asset",
     PARAM("query", "string", false, "the query; empty for all")
         PARAM("limit", "integer", false, "how many at most (50)")
             PARAM("cursor", "string", false, "the cursor of the page before"))
TOOL("count_flows", false, "GET", "/api/v1/flows/count?query={query}",
     "How many recorded exchanges match a query.",
     PARAM("query", "string", false, "the query; empty for all"))
TOOL("get_flow", false, "GET", "/api/v1/flows/{id}",
     "One exchange: heads, connections, TLS, times, what rules did. Contents: get_content.",
     PARAM("id", "integer", true, "its id"))
TOOL("get_content", false, "GET", "/api/v1/flows/{id}/{side}/body?decoded=true",
     "The content of the request or the response of an exchange, decoded, as text.",
     PARAM("id", "integer", true, "its id") PARAM("side", "string", true, "request or response"))
TOOL("list_held", false, "GET", "/api/v1/held", "Messages that wait for a decision.", NONE)
TOOL("list_rules", false, "GET", "/api/v1/rules", "The rules, in their order, with hits.", NONE)
TOOL("statistics", false, "GET", "/api/v1/statistics", "Counters of the engine.", NONE)
TOOL("list_options", false, "GET", "/api/v1/options", "All options with values and help.", NONE)
TOOL("mark_flow", true, "PATCH", "/api/v1/flows/{id}", "Marks an exchange, or puts a note on it.",
     PARAM("id", "integer", true, "its id") PARAM("mark", "string", false, "a colour or a sign")
         PARAM("note", "string", false, "the note"))
TOOL("decide_held", true, "POST", "/api/v1/held/{id}/{action}",
     "Lets a held message go, or ends it.",
     PARAM("id", "integer", true, "the id of the flow")
         PARAM("action", "string", true, "forward, drop, reset, revert, extend or hold-response"))
TOOL("edit_held", true, "POST", "/api/v1/held/{id}/edit",
     "Changes a held message; it stays held unless 'forward' is true.",
     PARAM("id", "integer", true, "the id of the flow")
         PARAM("method", "string", false, "another method")
             PARAM("url", "string", false, "another URL")
                 PARAM("path", "string", false, "another path with its query")
                     PARAM("status", "integer", false, "another status")
                         PARAM("set", "array", false, "fields to be set: [[name, value], ...]")
                             PARAM("remove", "array", false, "names of fields to be removed")
                                 PARAM("content", "string", false, "another content")
                                     PARAM("encode", "boolean", false,
                                           "give it the codings that the head names")
                                     PARAM("forward", "boolean", false, "let it go then"))
TOOL("add_rule", true, "POST", "/api/v1/rules", "Adds a rule at the end.",
     PARAM("name", "string", true, "its name")
         PARAM("when", "string", false, "the query; empty for all")
             PARAM("do", "string", true, "the action, as in list_rules")
                 PARAM("args", "object", false, "the arguments of the action"))
TOOL("remove_rule", true, "DELETE", "/api/v1/rules/{id}", "Removes a rule.",
     PARAM("id", "integer", true, "its id"))

/*
 * The routes: ROUTE(method, path, handler, the rest of struct route by name). PARAMS are rows of
 * struct route_param.
 */

ROUTE("GET", "/", api_home, .summary = "A page that says that the API is here", .type = "text/html",
      .open = true)
ROUTE("GET", "/metrics", api_metrics, .summary = "The statistics in the text format of Prometheus",
      .type = "text/plain; version=0.0.4")
ROUTE("GET", "/api/v1/openapi.json", api_openapi, .summary = "This document",
      .response = "Document")
ROUTE("GET", "/api/v1/version", api_version, .summary = "The program and the version of the API",
      .response = "Version")
ROUTE("GET", "/api/v1/live", api_live_list, .summary = "Flows under way", .response = "LiveList")
ROUTE("GET", "/api/v1/held", api_held_list, .summary = "Flows that wait for a decision",
      .response = "LiveList")
ROUTE("POST", "/api/v1/live/all/kill", api_live_kill,
      .summary = "Ends the flows under way that match a query",
      .params = PARAMS({"query", "string", "which flows; must be there"}), .response = "Acted")
ROUTE("POST", "/api/v1/held/all/{action}", api_held_act_all,
      .summary = "The same as for one, for all that are held and match a query",
      .params = PARAMS({"action", "string", "what is done"},
                       {"query", "string", "which flows; must be there for edit and answer"},
                       {"coding", "string", "with encode and encode-toggle; without it gzip"},
                       {"force", "boolean", "with take: away from who has it"}),
      .body = "Change", .response = "Acted")
ROUTE("GET", "/api/v1/held/{id}", api_held_show,
      .summary = "A flow that is held, with its contents",
      .params = PARAMS({"id", "integer", "of the flow"}), .response = "Held")
ROUTE("POST", "/api/v1/held/{id}/{action}", api_held_act,
      .summary = "What becomes of it: forward, drop, reset, edit, decode, encode, encode-toggle, "
                 "answer, revert, extend, take, never, hold-response; of a ClientHello: "
                 "pass-through, alert",
      .params = PARAMS({"id", "integer", "of the flow"}, {"action", "string", "what is done"},
                       {"coding", "string", "with encode and encode-toggle; without it gzip"},
                       {"force", "boolean", "with take: away from who has it"}),
      .body = "Change", .response = "Acted")
ROUTE("POST", "/api/v1/flows/{id}/kill", api_flow_kill, .summary = "Ends a flow under way",
      .params = PARAMS({"id", "integer", "of the flow"}), .response = "Acted")
ROUTE("GET", "/api/v1/rules", api_rules_list, .summary = "The rules in their order",
      .response = "RuleList")
ROUTE("POST", "/api/v1/rules", api_rules_add, .summary = "Adds a rule",
      .params = PARAMS({"before", "integer",
                        "the rule in front of which it goes; without: at the end"}),
      .body = "Rule", .response = "Rule")
ROUTE("GET", "/api/v1/rules/actions", api_rules_actions, .summary = "What rules can do",
      .response = "ActionList")
ROUTE("POST", "/api/v1/rules/dry-run", api_rule_dry_run,
      .summary = "Which stored flows a query or a rule would match; nothing acts", .body = "DryRun",
      .response = "DryRunResult")
ROUTE("POST", "/api/v1/rules/test", api_rule_test,
      .summary = "What a rule, which is not added, would make of a stored flow", .body = "RuleTest",
      .response = "RuleTestResult")
ROUTE("GET", "/api/v1/rules/{id}", api_rule_show, .summary = "One rule",
      .params = PARAMS({"id", "integer", "of the rule"}), .response = "Rule")
ROUTE("PUT", "/api/v1/rules/{id}", api_rule_replace, .summary = "Another rule in its place",
      .params = PARAMS({"id", "integer", "of the rule"}), .body = "Rule", .response = "Rule")
ROUTE("PATCH", "/api/v1/rules/{id}", api_rule_patch, .summary = "Changes parts of a rule",
      .params = PARAMS({"id", "integer", "of the rule"}), .body = "Rule", .response = "Rule")
ROUTE("DELETE", "/api/v1/rules/{id}", api_rule_remove, .summary = "Removes a rule",
      .params = PARAMS({"id", "integer", "of the rule"}), .response = "Done")
ROUTE("POST", "/api/v1/rules/{id}/move", api_rule_move,
      .summary = "Puts it in front of another one, or at the end",
      .params = PARAMS({"id", "integer", "of the rule"}), .body = "Move", .response = "Rule")
ROUTE("GET", "/api/v1/presets", api_presets, .summary = "Queries with names, '@name' in others",
      .response = "Presets")
ROUTE("PUT", "/api/v1/presets/{name}", api_preset_set,
      .summary = "Adds or changes one, in all rules that name it",
      .params = PARAMS({"name", "string", "of the preset"}), .body = "Preset",
      .response = "Presets")
ROUTE("DELETE", "/api/v1/presets/{name}", api_preset_remove,
      .summary = "Removes one that nothing names",
      .params = PARAMS({"name", "string", "of the preset"}), .response = "Presets")
ROUTE("POST", "/api/v1/send", api_send, .summary = "Sends a request that is composed here",
      .body = "Send", .response = "Flow")
ROUTE("POST", "/api/v1/replay", api_replay,
      .summary = "Sends the requests of the flows that match a query again, one after the other",
      .params = PARAMS({"query", "string", "which flows; must be there"}), .response = "Replay")
ROUTE("GET", "/api/v1/replay", api_replay_show, .summary = "How many are still to be sent",
      .response = "Replay")
ROUTE("DELETE", "/api/v1/replay", api_replay_stop, .summary = "Sends no more of them",
      .response = "Replay")
ROUTE("GET", "/api/v1/flows", api_flows, .summary = "A page of the flows that match a query",
      .params = PARAMS({"query", "string", "which flows; empty: all"},
                       {"cursor", "integer", "'next' of the page before"},
                       {"limit", "integer", "rows of a page, at most 1000"},
                       {"order", "string", "newest (default) or oldest first"}),
      .response = "FlowPage")
ROUTE("DELETE", "/api/v1/flows", api_flows_delete,
      .summary = "Deletes the flows that match a query",
      .params = PARAMS({"query", "string", "which flows; must be there"}), .response = "Deleted")
ROUTE("POST", "/api/v1/flows/duplicate", api_flows_duplicate,
      .summary = "Adds a copy of each flow that matches a query, with marks of its own",
      .params = PARAMS({"query", "string", "which flows; must be there"}), .response = "Acted")
ROUTE("PATCH", "/api/v1/flows", api_flows_patch,
      .summary = "Changes what is said of the flows that match a query",
      .params = PARAMS({"query", "string", "which flows; must be there"}), .body = "FlowMarking",
      .response = "Acted")
ROUTE("GET", "/api/v1/flows/cut", api_flows_cut,
      .summary = "Fields of the flows that match a query, as a table",
      .params = PARAMS({"query", "string", "which flows; empty: all"},
                       {"fields", "string",
                        "of the query language, commas between: id,host,resp.header[server]"},
                       {"format", "string", "json (default) or csv"}),
      .response = "Table")
ROUTE("GET", "/api/v1/flows/har", api_flows_har,
      .summary = "The flows that match a query as one HTTP Archive",
      .params = PARAMS({"query", "string", "which flows; empty: all"}), .type = "application/json")
ROUTE("GET", "/api/v1/codings", api_codings, .summary = "The codings that contents can have",
      .response = "Codings")
ROUTE("GET", "/api/v1/exports", api_exports, .summary = "The forms of exports",
      .response = "Exports")
ROUTE("GET", "/api/v1/flows/window", api_flows_window,
      .summary = "Rows of the list of a query, by their number",
      .params = PARAMS({"query", "string", "which flows; empty: all"},
                       {"from", "integer", "number of the first row"},
                       {"count", "integer", "rows, at most 1000"},
                       {"order", "string", "oldest (default), or newest: counted from there"}),
      .response = "FlowWindow")
ROUTE("GET", "/api/v1/flows/count", api_flows_count, .summary = "How many flows match a query",
      .params = PARAMS({"query", "string", "which flows; empty: all"}), .response = "FlowCount")
ROUTE("GET", "/api/v1/flows/{id}", api_flow, .summary = "One flow, without its contents",
      .params = PARAMS({"id", "integer", "the flow"}), .response = "Flow")
ROUTE("PATCH", "/api/v1/flows/{id}", api_flow_patch, .summary = "Changes what is said of a flow",
      .params = PARAMS({"id", "integer", "the flow"}), .body = "FlowMarking", .response = "FlowRow")
ROUTE("DELETE", "/api/v1/flows/{id}", api_flow_delete, .summary = "Deletes a flow",
      .params = PARAMS({"id", "integer", "the flow"}), .response = "Deleted")
ROUTE("GET", "/api/v1/flows/{id}/diff", api_flow_diff,
      .summary = "The difference of two versions of a message, line by line",
      .params = PARAMS({"id", "integer", "the flow"}, {"side", "string", "request or response"},
                       {"from", "string", "a version, 0 (default) is as received"},
                       {"to", "string", "a version, or sent (default)"}),
      .response = "FlowDiff")
ROUTE("GET", "/api/v1/flows/{id}/export", api_flow_export,
      .summary = "A flow in a form that others understand",
      .params = PARAMS({"id", "integer", "the flow"},
                       {"format", "string", "curl, fetch, har, python or raw"}),
      .type = "application/octet-stream")
ROUTE("GET", "/api/v1/flows/{id}/messages", api_messages,
      .summary = "Messages that crossed a flow: of a WebSocket, a tunnel, a stream of events, gRPC",
      .params = PARAMS({"id", "integer", "the flow"},
                       {"after", "integer", "only those with a greater number"},
                       {"limit", "integer", "of them, at most 1000"},
                       {"content", "integer", "bytes of each that are shown, at most 1 MiB"}),
      .response = "MessagePage")
ROUTE("POST", "/api/v1/flows/{id}/messages", api_message_send,
      .summary = "Sends a message of our own in a flow that is under way: a WebSocket, a tunnel, a stream of events, gRPC",
      .params = PARAMS({"id", "integer", "the flow"}), .body = "MessageSend", .response = "Acted")
ROUTE("GET", "/api/v1/flows/{id}/messages/{number}", api_message,
      .summary = "One of them, with all of its contents in base64",
      .params = PARAMS({"id", "integer", "the flow"}, {"number", "integer", "in the flow, from 1"}),
      .response = "Message")
ROUTE("GET", "/api/v1/flows/{id}/{side}/raw", api_flow_raw,
      .summary = "The head of a message, byte for byte",
      .params = PARAMS({"id", "integer", "the flow"}, {"side", "string", "request or response"},
                       {"version", "string", "0 (default): as received; 1 ...; sent"}),
      .type = "application/octet-stream")
ROUTE("GET", "/api/v1/flows/{id}/{side}/body", api_flow_body,
      .summary = "The content of a message, as it crossed the wire or decoded",
      .params = PARAMS({"id", "integer", "the flow"}, {"side", "string", "request or response"},
                       {"version", "string", "0 (default): as received; 1 ...; sent"},
                       {"decoded", "boolean", "without its content codings"}),
      .type = "application/octet-stream")
ROUTE("GET", "/api/v1/statistics", api_statistics, .summary = "How the engine fares",
      .response = "Statistics")
ROUTE("GET", "/api/v1/listeners", api_listeners, .summary = "Where the engine listens",
      .response = "Listeners")
ROUTE("POST", "/api/v1/listeners", api_listener_add,
      .summary = "Opens one more, checked as a new value of the option 'mode' is",
      .body = "NewListener", .response = "Option")
ROUTE("DELETE", "/api/v1/listeners", api_listener_remove,
      .summary = "Closes one; its connections go on",
      .params = PARAMS({"mode", "string", "one of 'specs', as it is spelt there"}),
      .response = "Option")
ROUTE("GET", "/api/v1/learnt", api_learnt,
      .summary = "Clients whose TLS is left closed since they refused our certificate",
      .response = "Learnt")
ROUTE("DELETE", "/api/v1/learnt", api_learnt_clear, .summary = "Forgets all of them",
      .response = "Deleted")
ROUTE("DELETE", "/api/v1/learnt/{id}", api_learnt_forget, .summary = "Forgets one of them",
      .params = PARAMS({"id", "integer", "of the row"}), .response = "Deleted")
ROUTE("GET", "/api/v1/modes", api_modes, .summary = "The ways in that there are",
      .response = "Modes")
ROUTE("GET", "/api/v1/commands", api_commands,
      .summary = "The commands: every capability by name, with typed arguments",
      .response = "Commands")
ROUTE("POST", "/api/v1/commands/{name}", api_command_run,
      .summary = "Runs a command; the answer is that of the route that it stands for",
      .params = PARAMS({"name", "string", "of the command"}), .body = "Arguments",
      .type = "application/json")
ROUTE("GET", "/api/v1/events", api_events, .summary = "What the program said about itself",
      .params = PARAMS({"after", "integer", "only lines with a greater id"}), .response = "Lines")
ROUTE("DELETE", "/api/v1/events", api_events_clear, .summary = "Forgets what it said so far",
      .response = "Done")
ROUTE("GET", "/api/v1/hooks", api_hooks,
      .summary = "What a client of the feed can hear of", .response = "Hooks")
ROUTE("GET", "/api/v1/audit", api_audit,
      .summary = "Who has changed something through this API, or was not let in",
      .params = PARAMS({"after", "integer", "only lines with a greater id"}), .response = "Lines")
ROUTE("GET", "/api/v1/ca/{format}", api_ca,
      .summary = "The certificate of the authority, without its key",
      .params = PARAMS({"format", "string", "pem, cer or p12"}), .type = "application/octet-stream")
ROUTE("GET", "/api/v1/options", api_options, .summary = "All options with their values",
      .response = "Options")
ROUTE("GET", "/api/v1/options/file", api_options_file,
      .summary = "A config file for what the options are now; secrets are left out",
      .type = "application/yaml")
ROUTE("GET", "/api/v1/options/{name}", api_option, .summary = "One option with its value",
      .params = PARAMS({"name", "string", "of the option"}), .response = "Option")
ROUTE("PUT", "/api/v1/options/{name}", api_option_set,
      .summary = "Gives an option that is live another value, until it is taken back",
      .params = PARAMS({"name", "string", "of the option"}), .body = "Value", .response = "Option")
ROUTE("DELETE", "/api/v1/options/{name}", api_option_restore,
      .summary = "Takes it back: the option is as command line, environment and file say",
      .params = PARAMS({"name", "string", "of the option"}), .response = "Option")
ROUTE("POST", "/api/v1/options/{name}/toggle", api_option_toggle,
      .summary = "Turns an option on or off", .params = PARAMS({"name", "string", "of the option"}),
      .response = "Option")
ROUTE("DELETE", "/api/v1/options", api_options_restore, .summary = "Takes all of them back",
      .response = "Options")
ROUTE("POST", "/api/v1/options", api_options_load,
      .summary = "Gives options other values, as the text of a config file says: all or none",
      .takes = "application/yaml", .response = "Options")
ROUTE("POST", "/api/v1/mcp", api_mcp,
      .summary = "One message of the Model Context Protocol, as of its streamable HTTP; tools that "
                 "change something only with --mcp-allow-actions",
      .body = "Rpc", .type = "application/json")
ROUTE("POST", "/api/v1/login", api_login,
      .summary = "Gives a cookie in place of the token or the password", .body = "Login",
      .response = "Done", .open = true)
ROUTE("POST", "/api/v1/logout", api_logout, .summary = "Makes the cookie worth nothing",
      .response = "Done")
ROUTE("GET", "/api/v1/feed", api_feed,
      .summary = "A WebSocket that tells what changes in a list of flows, and what happens",
      .type = "application/json", .open = true)
ROUTE("POST", "/api/v1/rules/import", api_rules_import,
      .summary = "Adds the rules of a file of another program, which is the content: all that have "
                 "an equal here, or none when it is damaged",
      .params = PARAMS({"format", "string",
                        "burp, charles or mitmproxy; without: by the beginning of the file"}),
      .takes = "application/octet-stream", .response = "RulesImported")

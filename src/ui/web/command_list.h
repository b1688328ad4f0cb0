/*
 * The commands, by group: COMMAND(name, method, target, help, arguments, the rest of struct command
 * by name). A target is that of a route of ui/web/route_list.h with "{argument}" in it; other
 * arguments become its content. NEED(name, kind, help, ...) is an argument, MAY one that may be
 * left out.
 */

#define FLOWS(help) NEED("flows", FLOWS, help)
#define FLOW        NEED("id", FLOW, "which one")
#define RULE        NEED("id", RULE, "which one")
#define BYTES       MAY("content_base64", TEXT, "in the place of 'content': any bytes")
#define SIDE        NEED("side", CHOICE, "of which message", .choices = "request|response")

/* What went by */
COMMAND("flow.show", "GET", "/api/v1/flows/{id}", "One flow, without its contents", ARGS(FLOW))
COMMAND("flow.content", "GET", "/api/v1/flows/{id}/{side}/body?version={version}&decoded={decoded}",
        "The content of a message",
        ARGS(FLOW, SIDE, MAY("decoded", BOOL, "without its content codings"),
             MAY("version", TEXT, "0: as received (default); 1 ...; sent")))
COMMAND("flow.head", "GET", "/api/v1/flows/{id}/{side}/raw?version={version}",
        "The head of a message, byte for byte",
        ARGS(FLOW, SIDE, MAY("version", TEXT, "0: as received (default); 1 ...; sent")))
COMMAND("flow.diff", "GET", "/api/v1/flows/{id}/diff?side={side}&from={from}&to={to}",
        "The difference of two versions of a message",
        ARGS(FLOW, MAY("side", CHOICE, "of which message", .choices = "request|response"),
             MAY("from", TEXT, "a version, 0 (default) is as received"),
             MAY("to", TEXT, "a version, or sent (default)")))
COMMAND("flow.messages", "GET",
        "/api/v1/flows/{id}/messages?after={after}&limit={limit}&content={content}",
        "Messages that crossed a flow",
        ARGS(FLOW, MAY("after", NUMBER, "only those with a greater number"),
             MAY("limit", NUMBER, "of them, at most 1000"),
             MAY("content", NUMBER, "bytes of each that are shown")))
COMMAND("flow.message", "GET", "/api/v1/flows/{id}/messages/{number}", "One of them, whole",
        ARGS(FLOW, NEED("number", NUMBER, "in the flow, from 1")))
COMMAND("export", "GET", "/api/v1/flows/{id}/export?format={format}",
        "A flow in a form that others understand",
        ARGS(NEED("format", TEXT, "one of export.formats"), FLOW))
COMMAND("export.formats", "GET", "/api/v1/exports", "The forms of exports", NO_ARGS)
COMMAND("save.har", "GET", "/api/v1/flows/har?query={flows}", "Flows as one HTTP Archive",
        ARGS(FLOWS("which ones; an empty query: all")))
COMMAND("cut", "GET", "/api/v1/flows/cut?query={flows}&fields={fields}&format={format}",
        "Fields of flows as a table",
        ARGS(FLOWS("which ones; an empty query: all"),
             NEED("fields", FIELDS, "the columns: id,host,resp.header[server]"),
             MAY("format", CHOICE, "of the answer, json without it", .choices = "json|csv")))
COMMAND("flow.mark", "PATCH", "/api/v1/flows?query={flows}", "Marks flows",
        ARGS(FLOWS("which ones"), NEED("mark", TEXT, "a colour or a sign; empty: none")))
COMMAND("flow.mark.toggle", "PATCH", "/api/v1/flows?query={flows}",
        "Marks flows that have no mark, and takes that of the others away",
        ARGS(FLOWS("which ones"), MAY("mark", TEXT, "a colour or a sign; red without it")),
        .body = "{\"toggle\": true, \"mark\": \"red\"}")
COMMAND("flow.comment", "PATCH", "/api/v1/flows?query={flows}", "Puts a note on flows",
        ARGS(FLOWS("which ones"), NEED("note", TEXT, "the note; empty: none")))
COMMAND("flow.tag", "PATCH", "/api/v1/flows?query={flows}", "Gives flows a tag",
        ARGS(FLOWS("which ones"), NEED("add_tag", TEXT, "the tag")))
COMMAND("flow.untag", "PATCH", "/api/v1/flows?query={flows}", "Takes a tag from flows",
        ARGS(FLOWS("which ones"), NEED("remove_tag", TEXT, "the tag")))
COMMAND("view.flows.resolve", "GET",
        "/api/v1/flows?query={flows}&limit={limit}&cursor={cursor}&order={order}",
        "A page of the flows that match",
        ARGS(FLOWS("which ones"), MAY("limit", NUMBER, "rows of a page, at most 1000"),
             MAY("cursor", NUMBER, "'next' of the page before"),
             MAY("order", CHOICE, "newest (default) or oldest first", .choices = "newest|oldest")))
COMMAND("view.properties.length", "GET", "/api/v1/flows/count?query={flows}",
        "How many flows match", ARGS(MAY("flows", FLOWS, "which ones; without: all")))
COMMAND("view.flows.duplicate", "POST", "/api/v1/flows/duplicate?query={flows}",
        "Adds copies of flows", ARGS(FLOWS("which ones")))
COMMAND("view.flows.remove", "DELETE", "/api/v1/flows?query={flows}", "Deletes flows",
        ARGS(FLOWS("which ones")))
COMMAND("view.clear", "DELETE", "/api/v1/flows?query=", "Deletes all flows", NO_ARGS)
COMMAND("view.clear_unmarked", "DELETE", "/api/v1/flows?query=-mark%3F",
        "Deletes all flows without a mark", NO_ARGS)

/* What waits */
COMMAND("flow.live", "GET", "/api/v1/live", "Flows under way", NO_ARGS)
COMMAND("flow.held", "GET", "/api/v1/held", "Flows that wait for a decision", NO_ARGS)
COMMAND("flow.held.show", "GET", "/api/v1/held/{id}", "One of them, with its contents", ARGS(FLOW))
COMMAND("flow.resume", "POST", "/api/v1/held/all/forward?query={flows}",
        "Lets flows that are held go on", ARGS(FLOWS("which ones; an empty query: all")))
COMMAND("flow.resume.all", "POST", "/api/v1/held/all/forward", "Lets all that are held go on",
        NO_ARGS)
COMMAND("flow.resume.once", "POST", "/api/v1/held/all/hold-response?query={flows}",
        "Lets requests go on, and holds their responses", ARGS(FLOWS("which ones")))
COMMAND("flow.resume.never", "POST", "/api/v1/held/all/never?query={flows}",
        "Lets flows go on, not to be held again", ARGS(FLOWS("which ones")))
COMMAND("flow.drop", "POST", "/api/v1/held/all/drop?query={flows}",
        "Ends flows that are held: the client's connection is closed", ARGS(FLOWS("which ones")))
COMMAND("flow.reset", "POST", "/api/v1/held/all/reset?query={flows}",
        "Ends flows that are held: the client's connection is reset", ARGS(FLOWS("which ones")))
COMMAND("flow.kill", "POST", "/api/v1/live/all/kill?query={flows}",
        "Ends flows under way, held or not", ARGS(FLOWS("which ones; an empty query: all")))
COMMAND("flow.revert", "POST", "/api/v1/held/all/revert?query={flows}",
        "Makes messages that are held what they were when they were received",
        ARGS(FLOWS("which ones")))
COMMAND("flow.decode", "POST", "/api/v1/held/all/decode?query={flows}",
        "Takes the content codings off messages that are held", ARGS(FLOWS("which ones")))
COMMAND("flow.encode", "POST", "/api/v1/held/all/encode?query={flows}&coding={coding}",
        "Gives messages that are held another content coding",
        ARGS(FLOWS("which ones"),
             NEED("coding", TEXT, "of flow.encode.options, or several: 'br, gzip'")))
COMMAND("flow.encode.toggle", "POST",
        "/api/v1/held/all/encode-toggle?query={flows}&coding={coding}",
        "Takes the content codings off messages that are held, and gives one to those without",
        ARGS(FLOWS("which ones"), MAY("coding", TEXT, "of flow.encode.options; gzip without it")))
COMMAND("flow.encode.options", "GET", "/api/v1/codings", "The content codings", NO_ARGS)
COMMAND("flow.extend", "POST", "/api/v1/held/all/extend?query={flows}",
        "Gives more time to flows that are held", ARGS(FLOWS("which ones")))
COMMAND("flow.take", "POST", "/api/v1/held/all/take?query={flows}&force={force}",
        "Makes flows that are held those of the caller",
        ARGS(FLOWS("which ones"), MAY("force", BOOL, "away from who has them")))
COMMAND("flow.set", "POST", "/api/v1/held/all/edit?query={flows}",
        "Changes messages that are held; they stay held",
        ARGS(FLOWS("which ones"), MAY("method", TEXT, "of requests"),
             MAY("url", TEXT, "of requests: where they go, too"),
             MAY("path", TEXT, "of requests, with its query"),
             MAY("status", NUMBER, "of responses"), MAY("reason", TEXT, "of responses"),
             MAY("set", LIST, "fields: [[name, value], ...]"),
             MAY("remove", LIST, "names of fields"), MAY("content", CONTENT, "another content"), BYTES,
             MAY("encode", BOOL, "give it the codings that the head names"),
             MAY("forward", BOOL, "let them go then")))
COMMAND("flow.answer", "POST", "/api/v1/held/all/answer?query={flows}",
        "Answers requests that are held in the place of the server",
        ARGS(FLOWS("which ones"), MAY("status", NUMBER, "200 without it"),
             MAY("fields", LIST, "[[name, value], ...]"), MAY("content", CONTENT, "of it"), BYTES))

/* Sending */
COMMAND("flow.send", "POST", "/api/v1/send", "Sends a request; the answer is its flow",
        ARGS(MAY("method", TEXT, "GET without it"), NEED("url", TEXT, "where it goes"),
             MAY("fields", LIST, "[[name, value], ...]"), MAY("content", CONTENT, "of it"), BYTES,
             MAY("timeout_ms", NUMBER, "for all of it")))

COMMAND("replay.client", "POST", "/api/v1/replay?query={flows}",
        "Sends the requests of flows again, one after the other", ARGS(FLOWS("which ones")))
COMMAND("replay.client.count", "GET", "/api/v1/replay", "How many are still to be sent", NO_ARGS)
COMMAND("replay.client.stop", "DELETE", "/api/v1/replay", "Sends no more of them", NO_ARGS)

COMMAND("inject.websocket", "POST", "/api/v1/flows/{id}/messages",
        "Sends a message of our own in a WebSocket that is open",
        ARGS(FLOW, NEED("to", CHOICE, "whom", .choices = "client|server"),
             MAY("op", CHOICE, "what it is, text without it",
                 .choices = "text|binary|ping|pong|close"),
             MAY("content", CONTENT, "of it"), BYTES))
COMMAND("inject.tcp", "POST", "/api/v1/flows/{id}/messages",
        "Sends bytes of our own in a tunnel that is open",
        ARGS(FLOW, NEED("to", CHOICE, "whom", .choices = "client|server"),
             MAY("content", CONTENT, "what"), BYTES))
COMMAND("inject.grpc", "POST", "/api/v1/flows/{id}/messages",
        "Sends a message of our own among those of gRPC",
        ARGS(FLOW, NEED("to", CHOICE, "whom", .choices = "client|server"),
             MAY("content", CONTENT, "of it"), BYTES))
COMMAND("inject.event", "POST", "/api/v1/flows/{id}/messages",
        "Sends an event of our own in a stream of events",
        ARGS(FLOW, NEED("to", CHOICE, "whom", .choices = "client"), MAY("event", TEXT, "its type"),
             MAY("content", CONTENT, "its data"), BYTES))

/* Rules */
COMMAND("rules.list", "GET", "/api/v1/rules", "The rules in their order", NO_ARGS)
COMMAND("rules.actions", "GET", "/api/v1/rules/actions", "What rules can do", NO_ARGS)
COMMAND("rules.show", "GET", "/api/v1/rules/{id}", "One rule", ARGS(RULE))
COMMAND("rules.add", "POST", "/api/v1/rules?before={before}", "Adds a rule",
        ARGS(NEED("do", TEXT, "the action"), MAY("when", QUERY, "the query; without: all"),
             MAY("name", TEXT, "its name"), MAY("folder", TEXT, "where it is shown"),
             MAY("args", OBJECT, "the arguments of the action"),
             MAY("before", RULE, "in front of which it goes; without: at the end")))
COMMAND("rules.set", "PATCH", "/api/v1/rules/{id}", "Changes parts of a rule",
        ARGS(RULE, NEED("args", OBJECT, "the parts")))
COMMAND("rules.on", "PATCH", "/api/v1/rules/{id}", "Turns a rule on", ARGS(RULE),
        .body = "{\"on\": true}")
COMMAND("rules.off", "PATCH", "/api/v1/rules/{id}", "Turns a rule off", ARGS(RULE),
        .body = "{\"on\": false}")
COMMAND("rules.remove", "DELETE", "/api/v1/rules/{id}", "Removes a rule", ARGS(RULE))
COMMAND("rules.move", "POST", "/api/v1/rules/{id}/move", "Puts a rule in front of another one",
        ARGS(RULE, NEED("before", RULE, "that one; 0: at the end")))
COMMAND("rules.import", "POST", "/api/v1/rules/import?format={format}",
        "Adds the rules of a file of another program",
        ARGS(NEED("content", CONTENT, "the file"),
             MAY("format", CHOICE, "without: by its beginning",
                 .choices = "burp|charles|mitmproxy")))

/* Presets */
COMMAND("presets.list", "GET", "/api/v1/presets", "Queries with names, '@name' in others", NO_ARGS)
COMMAND("presets.set", "PUT", "/api/v1/presets/{name}",
        "Adds or changes a preset, in all rules that name it",
        ARGS(NEED("name", TEXT, "letters, digits, '.', '-', '_'"),
             NEED("query", QUERY, "what it stands for")))
COMMAND("presets.remove", "DELETE", "/api/v1/presets/{name}", "Removes one that nothing names",
        ARGS(NEED("name", TEXT, "which one")))

/* Options */
COMMAND("options.list", "GET", "/api/v1/options", "All options with their values", NO_ARGS)
COMMAND("options.get", "GET", "/api/v1/options/{name}", "One option with its value",
        ARGS(NEED("name", OPTION, "which one")))
COMMAND("options.set", "PUT", "/api/v1/options/{name}", "Gives an option another value",
        ARGS(NEED("name", OPTION, "which one"),
             NEED("value", VALUE, "as one would type it; null: the default")))

COMMAND("options.toggle", "POST", "/api/v1/options/{name}/toggle", "Turns an option on or off",
        ARGS(NEED("name", OPTION, "which one")))
COMMAND("options.reset.one", "DELETE", "/api/v1/options/{name}",
        "Takes a value back that was set: command line, environment and file decide again",
        ARGS(NEED("name", OPTION, "which one")))
COMMAND("options.reset", "DELETE", "/api/v1/options", "Takes all values back that were set",
        NO_ARGS)
COMMAND("options.load", "POST", "/api/v1/options",
        "Sets options as a config file says: all or none",
        ARGS(NEED("content", CONTENT, "the file")))
COMMAND("options.save", "GET", "/api/v1/options/file",
        "A config file for what the options are now; secrets are left out", NO_ARGS)

/* The program */
COMMAND("version", "GET", "/api/v1/version", "The program and the version of the API", NO_ARGS)
COMMAND("proxyserver.active_connections", "GET", "/api/v1/statistics",
        "How many clients are connected, among the other numbers of the engine", NO_ARGS)
COMMAND("listeners.list", "GET", "/api/v1/listeners", "Where the engine listens", NO_ARGS)
COMMAND("listeners.add", "POST", "/api/v1/listeners", "Opens one more listener",
        ARGS(NEED("mode", TEXT, "MODE[@[HOST:]PORT]")))
COMMAND("listeners.remove", "DELETE", "/api/v1/listeners?mode={mode}",
        "Closes a listener; its connections go on",
        ARGS(NEED("mode", TEXT, "as it was asked for, one of 'specs' of listeners.list")))
COMMAND("modes.list", "GET", "/api/v1/modes", "The ways in that there are", NO_ARGS)
COMMAND("ca.export", "GET", "/api/v1/ca/{format}", "The certificate of the authority",
        ARGS(NEED("format", CHOICE, "of the file", .choices = "pem|cer|p12")))
COMMAND("eventstore.list", "GET", "/api/v1/events?after={after}",
        "What the program said about itself",
        ARGS(MAY("after", NUMBER, "only lines with a greater id")))
COMMAND("learnt", "GET", "/api/v1/learnt",
        "Clients whose TLS is left closed since they refused our certificate", NO_ARGS)
COMMAND("learnt.forget", "DELETE", "/api/v1/learnt/{id}", "Forgets one of them",
        ARGS(NEED("id", NUMBER, "its number")))
COMMAND("learnt.clear", "DELETE", "/api/v1/learnt", "Forgets all of them", NO_ARGS)
COMMAND("eventstore.clear", "DELETE", "/api/v1/events", "Forgets what it said so far", NO_ARGS)
COMMAND("audit.list", "GET", "/api/v1/audit?after={after}", "Who has changed something",
        ARGS(MAY("after", NUMBER, "only lines with a greater id")))

#undef FLOWS
#undef FLOW
#undef RULE
#undef SIDE
#undef BYTES

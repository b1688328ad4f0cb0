/*
 * The options, in the order of the help: OPTION(field of struct config, type, the rest of struct
 * option by name). GROUP(title) stands in front of those that belong together.
 */

GROUP("Listening")
OPTION(mode, LIST, .name = "mode", .letter = 'm', .def = "regular", .arg = "SPEC", .live = true,
       .check = check_mode,
       .help = "what to serve, and where: MODE[:DATA][@[HOST:]PORT]. 'regular' is the proxy that "
               "clients are told of; 'reverse:SERVER' stands in front of one server, "
               "[http://|https://|tcp://|tls://]HOST[:PORT]. May be given several times: all run at once")
OPTION(listen_host, TEXT, .name = "listen-host", .arg = "ADDRESS", .live = true,
       .check = check_address,
       .help = "where modes listen that do not say it. Without it: 127.0.0.1 and ::1")
OPTION(listen_port, INT, .name = "listen-port", .letter = 'p', .max = 65535, .arg = "PORT",
       .live = true,
       .help = "the port of modes that do not say it; 0 takes a free one. Without it: the mode's "
               "own, 8080 for regular")
OPTION(keep_host_header, BOOL, .name = "keep-host-header", .def = "no", .live = true,
       .help = "in mode reverse, leave Host as the client wrote it; else it names the server")
OPTION(port_file, PATH, .name = "port-file",
       .help = "write the lines 'listening MODE ADDRESS:PORT' to this file as well")
OPTION(threads, INT, .name = "threads", .def = "0", .max = 1024,
       .help = "event loops, one thread each. 0: one per core")
OPTION(connections_max, INT, .name = "connections-max", .def = "20000", .min = 1, .max = 10000000,
       .live = true,
       .help = "clients that may be connected at the same time; more wait in the queue of the "
               "kernel or are closed")
OPTION(connections_per_client, INT, .name = "connections-per-client", .def = "10000", .min = 1,
       .max = 10000000, .live = true,
       .help = "connections that one address may have at the same time (of IPv6, one /64); more are "
               "closed")
OPTION(block_global, BOOL, .name = "block-global", .def = "yes", .live = true,
       .help = "refuse clients with public addresses, so that this is no open proxy")
OPTION(block_private, BOOL, .name = "block-private", .def = "no", .live = true,
       .help = "refuse clients from private networks. Those of this machine are always served")
OPTION(
    proxyauth, TEXT, .name = "proxyauth", .secret = true, .arg = "USER:PASSWORD|@FILE", .live = true,
    .check = check_proxyauth,
    .help =
        "ask clients for this user and password, or for one of an htpasswd file with bcrypt hashes")
OPTION(sandbox, BOOL, .name = "sandbox", .def = "yes",
       .help = "once it serves, give up what is not needed: privileges, programs, and all files "
               "but the folder of the authority and those that the options name at the start")
OPTION(
    onboarding, BOOL, .name = "onboarding", .def = "yes", .live = true,
    .help = "answer requests for the onboarding host with the page that hands out the certificate")
OPTION(onboarding_host, TEXT, .name = "onboarding-host", .def = "weir.it", .arg = "HOST",
       .live = true, .check = check_host, .help = "the host of that page")

GROUP("Control API")
OPTION(api, BOOL, .name = "api", .def = "no",
       .help = "serve the control API, which 'weir web' does in any case: on --web-listen, and on "
               "the socket 'api.sock' in the folder of the authority")
OPTION(web_listen, TEXT, .name = "web-listen", .def = "127.0.0.1:8081", .arg = "ADDRESS:PORT",
       .check = check_web_listen,
       .help = "where the control API is served; port 0 takes a free one. On an address that is not "
               "of this machine alone it speaks TLS, with a certificate of this authority")
OPTION(web_password, TEXT, .name = "web-password", .arg = "TEXT", .secret = true,
       .help = "a password that opens the control API as its token does, or the scrypt hash of one "
               "('$7$...', made by 'mkpasswd -m scrypt'). Others can see it on the command line: "
               "better in the environment or the file")
OPTION(mcp_allow_actions, BOOL, .name = "mcp-allow-actions", .def = "no",
       .help = "coding assistants that come by the control API (POST /api/v1/mcp) get tools that "
               "change something, too")

GROUP("Certificate authority")
OPTION(confdir, PATH, .name = "confdir", .def = "~/.weir", .arg = "DIR",
       .help = "the folder with the authority and config.yaml. It is created with mode 0700")
OPTION(ca_key, TEXT, .name = "ca-key", .def = "rsa:2048", .arg = "TYPE", .check = ca_key_type_check,
       .help = "the key of an authority that is to be made: rsa:2048, rsa:3072, rsa:4096, "
               "ecdsa:p256 or ecdsa:p384")
OPTION(ca_passphrase, TEXT, .name = "ca-passphrase", .secret = true, .aliases = "cert-passphrase", .arg = "TEXT",
       .help = "opens the key of the authority, or encrypts the one that is to be made. Others can "
               "see it on the command line: "
               "better in the environment or the file")
OPTION(ca_name_constraints, TEXT, .name = "ca-name-constraints", .arg = "LIST",
       .check = ca_name_constraints_check,
       .help = "an authority that is to be made may only speak for these: names, names with a dot "
               "in front for all below, "
               "networks; commas between them")
OPTION(ca_lifetime, INT, .name = "ca-lifetime", .def = "3650", .min = 1, .max = 36500,
       .arg = "DAYS", .help = "of an authority that is to be made")
OPTION(cert_cache, INT, .name = "cert-cache", .def = "1000", .min = 1, .max = 1000000,
       .help = "certificates of hosts that are kept in memory")
OPTION(mint_limit, INT, .name = "mint-limit", .def = "50", .max = 1000000,
       .help = "certificates for hosts that are new, per second and client, after ten seconds' "
               "worth at once; handshakes beyond that fail. 0 is no limit, and clients of this "
               "machine have none")

GROUP("TLS")
OPTION(ssl_insecure, BOOL, .name = "ssl-insecure", .letter = 'k', .def = "no", .live = true,
       .help = "talk to servers whose certificate is bad")
OPTION(upstream_ca, PATH, .name = "upstream-ca", .arg = "FILE|DIR", .live = true,
       .aliases = "ssl-verify-upstream-trusted-ca ssl-verify-upstream-trusted-confdir",
       .help = "whom to trust about servers: PEM certificates, in place of the roots of the system")
OPTION(upstream_crl, PATH, .name = "upstream-crl", .live = true,
       .help = "revocation lists in PEM: certificates of their issuers are looked up in them")
OPTION(on_invalid_upstream, CHOICE, .name = "on-invalid-upstream", .def = "error",
       .choices = "error|mirror|allow", .live = true,
       .help = "when the certificate of a server is bad: answer with an error page, show the "
               "client a certificate with the same "
               "fault, or go on")
OPTION(insecure_hosts, LIST, .name = "insecure-host", .arg = "HOST", .live = true,
       .check = check_host,
       .help = "go on when the certificate of this host is bad, and of no other: a name or an "
               "address. May be given several times")
OPTION(client_certs, PATH, .name = "client-certs", .arg = "FILE|DIR", .live = true,
       .help = "certificate and key in PEM for servers that ask for one: a file for all, or a "
               "folder with HOST.pem files")
OPTION(upstream_cert, BOOL, .name = "upstream-cert", .def = "yes", .live = true,
       .help = "look at the certificate of the server before one is made for the client, so that "
               "names agree")
OPTION(tls_version_client_min, CHOICE, .name = "tls-version-client-min", .def = "TLS1_2",
       .choices = TLS_VERSIONS, .live = true, .help = "the oldest version that clients may speak")
OPTION(tls_version_client_max, CHOICE, .name = "tls-version-client-max", .def = "UNBOUNDED",
       .choices = TLS_VERSIONS, .live = true, .help = "the newest version that clients may speak")
OPTION(tls_version_server_min, CHOICE, .name = "tls-version-server-min", .def = "TLS1_2",
       .choices = TLS_VERSIONS, .live = true, .help = "the oldest version that servers may speak")
OPTION(tls_version_server_max, CHOICE, .name = "tls-version-server-max", .def = "UNBOUNDED",
       .choices = TLS_VERSIONS, .live = true, .help = "the newest version that servers may speak")
OPTION(ciphers_client, TEXT, .name = "ciphers-client", .arg = "LIST", .live = true,
       .help =
           "ciphers for clients, in OpenSSL's spelling; names that begin with TLS_ are for TLS 1.3")
OPTION(ciphers_server, TEXT, .name = "ciphers-server", .arg = "LIST", .live = true,
       .help = "the same for servers")
OPTION(tls_ecdh_curve_client, TEXT, .name = "tls-ecdh-curve-client", .arg = "LIST", .live = true,
       .help = "groups of the key exchange with clients, in OpenSSL's spelling: X25519:P-256")
OPTION(tls_ecdh_curve_server, TEXT, .name = "tls-ecdh-curve-server", .arg = "LIST", .live = true,
       .help = "the same for servers")

GROUP("Servers")
OPTION(resolve, LIST, .name = "resolve", .arg = "HOST:PORT:ADDRESS", .live = true,
       .check = check_resolve,
       .help = "the address of a host, in place of what DNS says. May be given several times")
OPTION(deny_targets, LIST, .name = "deny-targets", .arg = "LIST", .separator = ',', .live = true,
       .check = check_target,
       .help = "addresses that are never connected to, whatever name led there: private, "
               "link-local, loopback, or networks like "
               "10.0.0.0/8; commas between them")
OPTION(
    connection_strategy, CHOICE, .name = "connection-strategy", .def = "eager",
    .choices = "eager|lazy", .live = true,
    .help = "connect to a server as soon as its name is known, or only when a request must go out")
OPTION(upstream_per_host, INT, .name = "upstream-per-host", .def = "256", .min = 1, .max = 1000000,
       .live = true, .help = "connections to one server per thread; requests beyond that wait")
OPTION(upstream_idle, INT, .name = "upstream-idle", .def = "256", .max = 1000000, .live = true,
       .help = "connections to one server that are kept for the next request, per thread")
OPTION(upstream_idle_time, DURATION, .name = "upstream-idle-time", .def = "60s", .live = true,
       .help = "how long they are kept")

GROUP("What is left closed")
OPTION(ignore_hosts, LIST, .name = "ignore-hosts", .arg = "REGEX", .live = true,
       .check = check_regex,
       .help = "leave what goes to these hosts alone: their TLS stays closed, rules touch nothing, and "
               "only how much it was is recorded; looked for in HOST:PORT, with the name in the "
               "ClientHello, too")
OPTION(allow_hosts, LIST, .name = "allow-hosts", .arg = "REGEX", .live = true,
       .check = check_regex, .help = "leave all hosts but these alone")
OPTION(tcp_hosts, LIST, .name = "tcp-hosts", .arg = "REGEX", .live = true, .check = check_regex,
       .help = "record what is said with these hosts as it is, and do not read it as HTTP")
OPTION(pass_refused, DURATION, .name = "pass-refused", .def = "0s", .live = true, .arg = "TIME",
       .help = "when a client has refused our certificate for a host, leave its TLS with that host "
               "alone for so long. 0: never")

GROUP("HTTP")
OPTION(allow_malformed, BOOL, .name = "allow-malformed", .def = "no",
       .aliases = "!validate-inbound-headers", .live = true,
       .help = "forward malformed messages byte for byte, one connection per request, in place of "
               "refusing them")
OPTION(forward_chunk_ext, BOOL, .name = "forward-chunk-ext", .def = "no", .live = true,
       .help = "forward the extensions of chunks")
OPTION(http2_client, BOOL, .name = "http2-client", .def = "yes", .live = true,
       .help = "speak HTTP/2 with clients that offer it, when their server chose it as well, and in "
               "clear with those that ask for it (Upgrade: h2c) or begin with it")
OPTION(http2_server, BOOL, .name = "http2-server", .def = "yes", .live = true,
       .help = "offer HTTP/2 to servers whose clients offer it. With one of the two off, messages "
               "are translated between the versions")
OPTION(share_upstream, BOOL, .name = "share-upstream", .def = "no", .live = true,
       .help = "let all clients use the same connections of HTTP/2 to a server, per thread. Without "
               "it each client has its own, which look to the server like the client's")
OPTION(http2_streams, INT, .name = "http2-streams", .def = "100", .min = 1, .max = 10000,
       .live = true, .help = "requests that a client of HTTP/2 may have under way on a connection")
OPTION(http2_resets, INT, .name = "http2-resets", .def = "200", .max = 1000000, .live = true,
       .help = "requests of a connection of HTTP/2 that its client may take back in ten seconds; "
               "the connection ends beyond that. 0: any number")
OPTION(http2_frames, INT, .name = "http2-frames", .def = "1000", .max = 100000000, .live = true,
       .help = "frames of HTTP/2 in ten seconds that carry nothing (pings, settings, windows "
               "beyond what content needs); the connection ends beyond that. 0: any number")
OPTION(head_max, SIZE, .name = "head-max", .def = "64k", .min = 1024, .max = 786432,
       .live = true, .help = "the largest head of a message")
OPTION(line_max, SIZE, .name = "line-max", .def = "16k", .min = 256, .max = 786432,
       .live = true, .help = "the longest request line or status line")
OPTION(fields_max, INT, .name = "fields-max", .def = "128", .min = 8, .max = 4096, .live = true,
       .help = "the most header fields of a message")

GROUP("Times")
OPTION(head_time, DURATION, .name = "head-time", .def = "10s", .min = 1, .live = true,
       .help = "for a head to arrive, once it has begun")
OPTION(body_rate, SIZE, .name = "body-rate", .def = "500", .live = true,
       .help = "bytes a second that a client must send of a content, and take of one; 0: none, so "
               "that a debugger may hold it in the middle of one")
OPTION(body_time, DURATION, .name = "body-time", .def = "10s", .min = 1, .live = true,
       .help = "how long a client may fall behind --body-rate")
OPTION(idle_time, DURATION, .name = "idle-time", .def = "600s", .aliases = "tcp-timeout", .min = 1,
       .live = true, .help = "without a byte, while a message or a tunnel is under way")
OPTION(keepalive_time, DURATION, .name = "keepalive-time", .def = "120s", .min = 1, .live = true,
       .help = "a client may stay connected without a request")
OPTION(handshake_time, DURATION, .name = "handshake-time", .def = "10s", .min = 1, .live = true,
       .help = "for a TLS handshake")
OPTION(connect_time, DURATION, .name = "connect-time", .def = "10s", .min = 1, .live = true,
       .help = "for a connection to a server, name resolution included")
OPTION(grace_time, DURATION, .name = "grace-time", .def = "5s", .live = true,
       .help = "for what is running when the program is told to end")

GROUP("Holding")
OPTION(hold_timeout, DURATION, .name = "hold-timeout", .def = "10m", .arg = "TIME", .live = true,
       .help = "how long a message that is held waits for a decision. 0: for ever")
OPTION(hold_default, CHOICE, .name = "hold-default", .def = "forward", .choices = "forward|drop",
       .live = true, .help = "what becomes of it then")
OPTION(hold_orphans, CHOICE, .name = "hold-orphans", .def = "forward",
       .choices = "keep|forward|drop", .live = true,
       .help = "what becomes of messages that are held when the last user interface goes away")
OPTION(hold_max, INT, .name = "hold-max", .def = "10000", .max = 1000000, .live = true,
       .help = "messages that may be held at the same time; more go on, and are counted")

GROUP("Rules")
OPTION(map_remote, LIST, .name = "map-remote", .letter = 'M', .arg = "/QUERY/REGEX/NEW",
       .live = true, .check = rules_mitm_check_map_remote,
       .help = "rewrite URLs: what the expression matches becomes NEW, with \\1 or \\g<name> for "
               "groups. The first character separates; QUERY and its separator may be left out")
OPTION(map_local, LIST, .name = "map-local", .arg = "/QUERY/REGEX/PATH", .live = true,
       .check = rules_mitm_check_map_local,
       .help = "answer from a file, or from a folder by what is behind the match in the URL (or its "
               "first group)")
OPTION(modify_body, LIST, .name = "modify-body", .letter = 'B', .arg = "/QUERY/REGEX/[@]NEW",
       .live = true, .check = rules_mitm_check_modify_body,
       .help = "replace what the expression matches in contents of both directions by NEW, or by "
               "what is in the file behind @")
OPTION(modify_headers, LIST, .name = "modify-headers", .letter = 'H', .arg = "/QUERY/NAME/[@]VALUE",
       .live = true, .check = rules_mitm_check_modify_headers,
       .help = "remove the header fields with the name in both directions, and add one with the "
               "value, or with what is in the file behind @; without a value only remove them")
OPTION(block_list, LIST, .name = "block-list", .arg = "/QUERY/STATUS", .live = true,
       .check = rules_mitm_check_block_list,
       .help = "answer matching requests with the status and without content; 444 closes the "
               "connection instead")
OPTION(stickycookie, TEXT, .name = "stickycookie", .arg = "QUERY", .live = true,
       .check = rules_mitm_check_query,
       .help = "keep the cookies that servers set on matching exchanges, for later requests")
OPTION(stickyauth, TEXT, .name = "stickyauth", .arg = "QUERY", .live = true,
       .check = rules_mitm_check_query,
       .help = "keep the credentials of matching requests, for later ones to the same host")
OPTION(anticache, BOOL, .name = "anticache", .def = "no", .live = true,
       .help = "take If-None-Match and If-Modified-Since out of requests, so that servers send "
               "everything, and set Cache-Control: no-store")
OPTION(anticomp, BOOL, .name = "anticomp", .def = "no", .live = true,
       .help = "ask servers for contents that are not compressed")

GROUP("What is kept and shown")
OPTION(
    body_limit, SIZE, .name = "body-limit", .def = "8m", .live = true,
    .help = "bytes of each message's content that are recorded; all of it is forwarded in any case")
OPTION(memory_limit, SIZE, .name = "memory-limit", .def = "512m", .min = 1 << 20,
       .help = "memory for recorded things; the oldest go first")
OPTION(save_stream_file, PATH, .name = "save-stream-file", .letter = 'w',
       .help = "append finished exchanges to this file, as one JSON object a line with everything "
               "that was recorded")
OPTION(filter, TEXT, .name = "filter", .arg = "QUERY", .aliases = "view-filter",
       .check = check_filter,
       .help = "print only exchanges that the query matches, see filters.md; all are recorded")
OPTION(flow_detail, INT, .name = "flow-detail", .def = "1", .aliases = "detail", .max = 4,
       .arg = "0..4",
       .help = "0 prints nothing, 1 a line per exchange, 2 heads too, 3 decoded contents "
               "shortened, connections and times, 4 everything")
OPTION(json, BOOL, .name = "json", .def = "no",
       .help = "print one JSON object a line; from detail 3 on with contents and heads in base64")
OPTION(color, CHOICE, .name = "color", .def = "auto", .choices = "auto|always|never",
       .help = "colours: on a terminal unless NO_COLOR is set, always, or never")
OPTION(decode_limit, SIZE, .name = "decode-limit", .def = "32m", .min = 1024,
       .help = "the most that a content is decoded to for printing")
OPTION(decode_ratio, INT, .name = "decode-ratio", .def = "200", .max = 1000000,
       .help = "how many times its size a content may be decoded to for printing, once that is "
               "more than 64 KiB; 0: any number of times")
OPTION(verbosity, CHOICE, .name = "verbosity", .def = "info", .aliases = "termlog-verbosity",
       .choices = "error|warn|info|debug", .live = true,
       .help = "what the program says about itself on standard error. -q is 'error', -v is 'debug'")

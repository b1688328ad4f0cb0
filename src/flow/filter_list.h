/* The fields of the query language, by groups: a name, what it is called in a sentence, and how it
 * is read. */
GROUP("Who and where")
FIELD("text", "the URL, a header or the note", .text = get_text, .part = FILTER_PART_HEAD,
      .needs = FILTER_NEEDS_RESPONSE, .slash = true, .regex = REGEX_LINES)
FIELD("id", "the number of the flow", .type = FILTER_NUMBER, .number = get_id)
FIELD("conn", "the number of the client's connection", .type = FILTER_NUMBER, .number = get_conn)
FIELD("kind", "the kind", .type = FILTER_WORDS, .words = filter_kinds)
FIELD("tool", "the tool that it came from", .type = FILTER_WORDS, .words = filter_tools)
FIELD("client", "the client's address", .type = FILTER_ADDRESS, .text = get_client)
FIELD("listener", "the address that the client connected to", .type = FILTER_ADDRESS,
      .text = get_listener)
FIELD("stream", "the number of the stream", .type = FILTER_NUMBER)
FIELD("session", "the session", .type = FILTER_NAME)
FIELD("app", "the program of the client", .type = FILTER_TEXT)
FIELD("pid", "the process of the client", .type = FILTER_NUMBER)
FIELD("user", "the user of the proxy", .type = FILTER_NAME)
FIELD("mode", "the mode of the proxy", .type = FILTER_NAME)

GROUP("Target")
FIELD("host", "the host", .text = get_host)
FIELD("port", "the port", .type = FILTER_NUMBER, .number = get_port)
FIELD("scheme", "the scheme", .type = FILTER_NAME, .text = get_scheme)
FIELD("server", "the server's address", .type = FILTER_ADDRESS, .text = get_server,
      .needs = FILTER_NEEDS_RESPONSE)
FIELD("sni", "the name in the client's TLS greeting", .text = get_sni)
FIELD("alpn", "the protocol that TLS agreed on with the client", .type = FILTER_NAME,
      .text = get_alpn)
FIELD("url", "the URL", .text = get_url, .slash = true)
FIELD("path", "the path", .text = get_path, .slash = true)
FIELD("query", "the query of the URL", .text = get_query, .slash = true)
FIELD("ext", "the extension of the path", .type = FILTER_NAME, .text = get_ext)

GROUP("Request")
FIELD("method", "the method", .type = FILTER_NAME, .text = get_method)
FIELD("version", "the version of HTTP of the request", .type = FILTER_NAME, .text = get_version)
FIELD("param", "the parameter of the query", .text = get_param, .named = true, .slash = true)
FIELD("cookie", "the cookie that the client sent", .text = get_cookie, .part = FILTER_PART_HEAD,
      .named = true)
FIELD("req.header", "the request header", .text = get_header, .side = FILTER_REQUEST,
      .part = FILTER_PART_HEAD, .named = true, .regex = REGEX_LINES)
FIELD("req.header.name", "the name of a request header", .text = get_header_name,
      .side = FILTER_REQUEST, .part = FILTER_PART_HEAD)
FIELD("req.header.value", "the value of a request header", .text = get_header_value,
      .side = FILTER_REQUEST, .part = FILTER_PART_HEAD)
FIELD("req.type", "the media type of the request", .text = get_type, .side = FILTER_REQUEST)
FIELD("req.body", "the request content", .text = get_body, .side = FILTER_REQUEST,
      .part = FILTER_PART_BODY, .needs = FILTER_NEEDS_REQUEST_BODY, .regex = REGEX_ALL)
FIELD("req.json", "the value in the request's JSON", .text = get_json, .side = FILTER_REQUEST,
      .part = FILTER_PART_BODY, .needs = FILTER_NEEDS_REQUEST_BODY, .named = true,
      .must_be_named = true, .regex = REGEX_ALL)
FIELD("req.size", "the size of the request content", .type = FILTER_SIZE, .number = get_size,
      .side = FILTER_REQUEST, .needs = FILTER_NEEDS_REQUEST_BODY)
FIELD("req.len", "the size of the whole request", .type = FILTER_SIZE, .number = get_len,
      .side = FILTER_REQUEST, .needs = FILTER_NEEDS_REQUEST_BODY)
FIELD("req.raw", "the whole request", .text = get_raw, .side = FILTER_REQUEST,
      .part = FILTER_PART_BODY, .needs = FILTER_NEEDS_REQUEST_BODY, .regex = REGEX_LINES)

GROUP("Response")
FIELD("status", "the status", .type = FILTER_NUMBER, .number = get_status,
      .needs = FILTER_NEEDS_RESPONSE)
FIELD("reason", "the reason of the status", .text = get_reason, .needs = FILTER_NEEDS_RESPONSE)
FIELD("setcookie", "the cookie that the server set", .text = get_setcookie,
      .part = FILTER_PART_HEAD, .needs = FILTER_NEEDS_RESPONSE, .named = true)
FIELD("resp.header", "the response header", .text = get_header, .side = FILTER_RESPONSE,
      .part = FILTER_PART_HEAD, .needs = FILTER_NEEDS_RESPONSE, .named = true, .regex = REGEX_LINES)
FIELD("resp.header.name", "the name of a response header", .text = get_header_name,
      .side = FILTER_RESPONSE, .part = FILTER_PART_HEAD, .needs = FILTER_NEEDS_RESPONSE)
FIELD("resp.header.value", "the value of a response header", .text = get_header_value,
      .side = FILTER_RESPONSE, .part = FILTER_PART_HEAD, .needs = FILTER_NEEDS_RESPONSE)
FIELD("type", "the media type of the response", .text = get_type, .side = FILTER_RESPONSE,
      .needs = FILTER_NEEDS_RESPONSE)
FIELD("resp.body", "the response content", .text = get_body, .side = FILTER_RESPONSE,
      .part = FILTER_PART_BODY, .needs = WHOLE_RESPONSE, .regex = REGEX_ALL)
FIELD("resp.json", "the value in the response's JSON", .text = get_json, .side = FILTER_RESPONSE,
      .part = FILTER_PART_BODY, .needs = WHOLE_RESPONSE, .named = true, .must_be_named = true,
      .regex = REGEX_ALL)
FIELD("resp.size", "the size of the response content", .type = FILTER_SIZE, .number = get_size,
      .side = FILTER_RESPONSE, .needs = WHOLE_RESPONSE)
FIELD("resp.len", "the size of the whole response", .type = FILTER_SIZE, .number = get_len,
      .side = FILTER_RESPONSE, .needs = WHOLE_RESPONSE)
FIELD("resp.raw", "the whole response", .text = get_raw, .side = FILTER_RESPONSE,
      .part = FILTER_PART_BODY, .needs = WHOLE_RESPONSE, .regex = REGEX_LINES)

GROUP("Both")
FIELD("header", "a header", .text = get_header, .side = BOTH, .part = FILTER_PART_HEAD,
      .needs = FILTER_NEEDS_RESPONSE, .named = true, .regex = REGEX_LINES)
FIELD("body", "a content", .text = get_body, .side = BOTH, .part = FILTER_PART_BODY,
      .needs = FILTER_NEEDS_REQUEST_BODY | WHOLE_RESPONSE, .regex = REGEX_ALL)
FIELD("raw", "a whole message", .text = get_raw, .side = BOTH, .part = FILTER_PART_BODY,
      .needs = FILTER_NEEDS_REQUEST_BODY | WHOLE_RESPONSE, .regex = REGEX_LINES)
FIELD("size", "the size of both contents", .type = FILTER_SIZE, .number = get_size, .side = BOTH,
      .needs = FILTER_NEEDS_REQUEST_BODY | WHOLE_RESPONSE)

GROUP("TLS")
FIELD("tls", "TLS with the client", .type = FILTER_WORDS, .words = filter_tls_words)
FIELD("tls.version", "a version of TLS", .type = FILTER_NAME, .text = get_tls_version,
      .needs = FILTER_NEEDS_RESPONSE)
FIELD("tls.cipher", "a cipher of TLS", .text = get_tls_cipher, .needs = FILTER_NEEDS_RESPONSE)
FIELD("ja3", "the client's JA3", .type = FILTER_NAME, .text = get_ja3)
FIELD("ja4", "the client's JA4", .type = FILTER_NAME, .text = get_ja4)
FIELD("cert.valid", "a good certificate of the server", .type = FILTER_WORDS,
      .words = filter_valid_words)
FIELD("cert.cn", "the common name of the server's certificate", .text = get_cert_cn,
      .needs = FILTER_NEEDS_RESPONSE)
FIELD("cert.san", "a name in the server's certificate", .text = get_cert_san,
      .needs = FILTER_NEEDS_RESPONSE)
FIELD("cert.issuer", "the issuer of the server's certificate", .text = get_cert_issuer,
      .needs = FILTER_NEEDS_RESPONSE)
FIELD("cert.expires", "the time that the server's certificate has left", .type = FILTER_DURATION,
      .number = get_cert_expires, .needs = FILTER_NEEDS_RESPONSE)

GROUP("Time")
FIELD("time", "the time of the whole exchange", .type = FILTER_DURATION, .number = get_time,
      .needs = FILTER_NEEDS_END)
FIELD("ttfb", "the time to the response", .type = FILTER_DURATION, .number = get_ttfb,
      .needs = FILTER_NEEDS_RESPONSE)
FIELD("connect", "the time to connect to the server", .type = FILTER_DURATION,
      .number = get_connect, .needs = FILTER_NEEDS_RESPONSE)
FIELD("handshake", "the time of the server's TLS handshake", .type = FILTER_DURATION,
      .number = get_handshake, .needs = FILTER_NEEDS_RESPONSE)
FIELD("age", "the age", .type = FILTER_DURATION, .number = get_age)
FIELD("at", "the time when it began", .type = FILTER_TIME, .number = get_at)

GROUP("Messages")
FIELD("msg.dir", "the direction of a message", .type = FILTER_NAME, .text = get_msg_dir,
      .part = FILTER_PART_HEAD, .needs = FILTER_NEEDS_MESSAGE)
FIELD("msg.op", "the kind of a message", .type = FILTER_NAME, .text = get_msg_op,
      .part = FILTER_PART_HEAD, .needs = FILTER_NEEDS_MESSAGE)
FIELD("msg.body", "a message", .type = FILTER_TEXT, .text = get_msg_body, .part = FILTER_PART_BODY,
      .needs = FILTER_NEEDS_MESSAGE, .regex = REGEX_ALL)
FIELD("msg.size", "the size of a message", .type = FILTER_SIZE, .number = get_msg_size,
      .needs = FILTER_NEEDS_MESSAGE)

GROUP("State and judgement")
FIELD("is", "a state", .type = FILTER_WORDS, .words = filter_states)
FIELD("error", "the error", .text = get_error, .needs = FILTER_NEEDS_END)
FIELD("mark", "the mark", .type = FILTER_NAME, .text = get_mark)
FIELD("note", "the note", .text = get_note, .regex = REGEX_LINES)
FIELD("tag", "a tag", .type = FILTER_NAME, .text = get_tag)
FIELD("rule", "a rule that touched it", .type = FILTER_NAME, .text = get_rule,
      .needs = FILTER_NEEDS_END)
FIELD("finding", "a finding", .type = FILTER_TEXT)
FIELD("severity", "the severity of a finding", .type = FILTER_NAME)
FIELD("meta", "a fact that an imported flow brought along", .type = FILTER_TEXT,
      .regex = REGEX_LINES)

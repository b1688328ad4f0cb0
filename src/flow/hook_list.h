/*
 * The hooks: HOOK(id, name, mitmproxy's name for it or "", when it happens and what is said then).
 * Those with the name of a stage (flow/hook.h) are places where rules and people act.
 *
 * Said of each: the time, and what there is of the flow, the client's and the server's connection.
 * What else is said stands in the row: 'word' for programs, 'text' for people, 'size' and content
 * of a piece of data, 'fields' of a head.
 */

/* clang-format off */
HOOK(RUNNING, "running", "running", "the engine serves; who asks for it is told at once, since he comes later")
HOOK(RELOADED, "reloaded", "", "new connections get the configuration that was just read or changed")
HOOK(OPTION_CHANGED, "option-changed", "configure", "an option has another value; 'word' is its name")
HOOK(RULES_CHANGED, "rules-changed", "", "new requests get another list of rules; 'size' is how many there are")
HOOK(DONE, "done", "done", "the engine was told to end: what is under way may finish")
HOOK(LOG, "log", "add_log", "the program says something about itself; 'word' is the level, 'text' the line")

HOOK(CLIENT_CONNECTED, "client-connected", "client_connected", "a client's connection was accepted")
HOOK(CLIENT_DISCONNECTED, "client-disconnected", "client_disconnected", "it has ended")
HOOK(NEXT_LAYER, "next-layer", "next_layer", "the first bytes in a tunnel tell its protocol; 'word' is the layer that reads on")

HOOK(CONNECT, "connect", "http_connect", "a CONNECT came, and was decided upon; 'fields' of its head")
HOOK(CONNECT_ESTABLISHED, "connect-established", "http_connected", "it was answered with 200: the tunnel is open")
HOOK(CONNECT_FAILED, "connect-failed", "http_connect_error", "it was not; 'word' and 'text' are the reason")

HOOK(CLIENT_HELLO, "client-hello", "tls_clienthello", "a client's ClientHello was read, nothing is answered yet; 'word' is the name that it asks for (SNI)")
HOOK(TLS_CLIENT_START, "tls-client-start", "tls_start_client", "our handshake with a client begins: the certificate for it is chosen")
HOOK(TLS_CLIENT_ESTABLISHED, "tls-client-established", "tls_established_client", "it is done")
HOOK(TLS_CLIENT_FAILED, "tls-client-failed", "tls_failed_client", "it failed; or the client left behind it without a word, as those do that refuse our certificate; 'word' and 'text' are the reason")

HOOK(SERVER_CONNECT, "server-connect", "server_connect", "a server is about to be dialled; connections that are kept for it are used first, and say nothing")
HOOK(SERVER_CONNECTED, "server-connected", "server_connected", "it has accepted the connection")
HOOK(SERVER_FAILED, "server-failed", "server_connect_error", "there is no connection: no name, no answer, not allowed; 'word' and 'text' are the reason")
HOOK(SERVER_DISCONNECTED, "server-disconnected", "server_disconnected", "a connection that was there has ended")
HOOK(TLS_SERVER_START, "tls-server-start", "tls_start_server", "our handshake with a server begins")
HOOK(TLS_SERVER_ESTABLISHED, "tls-server-established", "tls_established_server", "it is done, and the certificate found good, or tolerated")
HOOK(TLS_SERVER_FAILED, "tls-server-failed", "tls_failed_server", "it failed, or the certificate is not good; 'word' and 'text' are the reason")

HOOK(H2_SETTINGS, "h2-settings", "", "a peer of HTTP/2 says how it wants to be spoken to; 'word' is client or server, 'text' its SETTINGS as id=value")
HOOK(H2_CONTROL, "h2-control", "", "another frame of HTTP/2 that is neither head nor content came; 'word' is client or server, 'text' its type, stream, and what it says")

HOOK(REQUEST_HEAD, "request-head", "requestheaders", "the head of a request is there, rules have yet to act on it; 'fields' of the head")
HOOK(REQUEST_CHUNK, "request-chunk", "", "a piece of its content came: its 'size', and the content for who asks for it")
HOOK(REQUEST_TRAILERS, "request-trailers", "", "its trailers came: 'fields'")
HOOK(REQUEST, "request", "request", "all of it is there; contents are passed on as they come, so the server may have been asked before")
HOOK(INTERIM, "interim", "", "a 1xx response came: its 'status' and 'fields'")
HOOK(RESPONSE_HEAD, "response-head", "responseheaders", "the head of the final response is there, rules have yet to act on it; 'fields' of the head")
HOOK(RESPONSE_CHUNK, "response-chunk", "", "a piece of its content came: its 'size', and the content for who asks for it")
HOOK(RESPONSE_TRAILERS, "response-trailers", "", "its trailers came: 'fields'")
HOOK(RESPONSE, "response", "response", "all of it is there; answers of rules too")
HOOK(ERROR, "error", "error", "an exchange failed, the client may have got a page that says why; 'word' and 'text' are the reason")

HOOK(TUNNEL_START, "tunnel-start", "tcp_start", "two connections are joined byte for byte")
HOOK(TUNNEL_CHUNK, "tunnel-chunk", "tcp_message", "bytes went through: their 'size', and they themselves for who asks for it; 'word' is client or server, who sent them; those of a WebSocket too")
HOOK(TUNNEL_END, "tunnel-end", "tcp_end", "it has ended")
HOOK(TUNNEL_FAILED, "tunnel-failed", "tcp_error", "it broke; 'word' and 'text' are the reason")
HOOK(WEBSOCKET_START, "websocket-start", "websocket_start", "a 101 was sent: the connection is a WebSocket, in place of tunnel-start")
HOOK(MESSAGE, "message", "websocket_message", "a message that crosses the flow is whole, rules have yet to act on it: of a WebSocket, an event, of gRPC, a segment of a tunnel; 'word' is client or server, who sent it, 'text' its opcode, or tcp, sse, grpc, 'size' that of its content, decoded")
HOOK(WEBSOCKET_END, "websocket-end", "websocket_end", "it has ended, well or not; 'word' and 'text' are the reason, if there was one")

HOOK(FLOW_UPDATED, "flow-updated", "update", "somebody has changed the mark, the note or the tags of a flow that is stored")
/* clang-format on */

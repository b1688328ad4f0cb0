"""Why the codec under test may read otherwise than others: one sentence for each group of disagreements."""

# It refuses, for this reason (a word of src/codec/http1_fault_list.h), what another reads.
REFUSED = {
    "length-and-chunked": "RFC 9112 section 6.1 lets a proxy drop the length or refuse; what is refused cannot be read in two ways by anybody behind.",
    "unknown-transfer-coding": "The content cannot be passed on without understanding its coding (RFC 9112 section 6.1: 501).",
    "bad-transfer-encoding": "Only exactly `chunked` is chunked to everybody; empty elements, quotes and parameters are not.",
    "repeated-transfer-encoding": "Two lines of codings are one list to some and the first or last of them to others.",
    "transfer-encoding-in-1.0": "RFC 9112 section 6.1: the framing of such a message is to be taken for faulty.",
    "repeated-content-length": "Equal lengths may be collapsed or refused (RFC 9110 section 8.6); refusing needs no trust in the next reader.",
    "content-length-list": "As with repeated lengths: a list is refused even where its members are equal.",
    "bad-content-length": "More digits than the largest length has: to some readers they overflow, to others they are zeros.",
    "content-length-forbidden": "CONNECT has no content (RFC 9110 section 9.3.6); what follows it belongs to the tunnel.",
    "transfer-encoding-forbidden": "CONNECT has no content (RFC 9110 section 9.3.6); what follows it belongs to the tunnel.",
    "obs-fold": "RFC 9112 section 5.2 lets a server refuse folded fields; unfolding is where readers differ.",
    "bare-lf": "RFC 9112 section 2.2 allows a recipient to take LF for a line end, not to send one on; line ends are CR LF.",
    "bare-cr": "RFC 9112 section 2.2: a CR alone is invalid, or to be made a blank; it is a line end to some.",
    "control-byte": "RFC 9110 section 5.5: control bytes in values are invalid; some end a line or a string at them.",
    "nul-byte": "RFC 9110 section 5.5: NUL is never a part of a value; it ends a string to some.",
    "blank-line": "One empty line in front of a request is skipped (RFC 9112 section 2.2), a second one is no request.",
    "bad-name": "A name is a token (RFC 9110 section 5.1); nginx drops such a field silently, and what one reader drops another obeys.",
    "no-colon": "A line without a colon is no field; nginx drops it silently.",
    "empty-name": "A name has at least one byte (RFC 9110 section 5.1); a field without one has ended heads elsewhere.",
    "space-before-colon": "RFC 9112 section 5.1: a server must refuse white space between name and colon.",
    "bad-host": "RFC 9110 section 7.2 and RFC 9112 section 3.2: an invalid Host is to be answered with 400; routing by it would be guesswork.",
    "repeated-host": "RFC 9112 section 3.2: more than one Host is to be answered with 400.",
    "no-host": "RFC 9112 section 3.2: HTTP/1.1 without Host is to be answered with 400.",
    "bad-chunk-size": "A size is hexadecimal digits alone (RFC 9112 section 7.1), no blanks, and not more of them than 64 bits have.",
    "bad-chunk-extension": "An extension is `;name` or `;name=value` (RFC 9112 section 7.1.1); others skip to the line end whatever comes, and differ about what ends the line. Blanks there are legal but bad, and refused.",
    "chunk-extension-too-long": "A limit of 256 bytes each: nobody needs more, and RFC 9112 section 7.1.1 asks for a limit.",
    "bad-chunk-end": "The data of a chunk ends with CR LF (RFC 9112 section 7.1).",
    "unsupported-version": "Only 1.0 and 1.1 are spoken; others are answered with 505.",
    "bad-version": "The version is `HTTP/`, a digit, a dot, a digit (RFC 9112 section 2.3).",
    "request-line": "Single blanks separate exactly three parts; RFC 9112 section 3 lets lenient readers differ, and they do. There is no HTTP/0.9.",
    "target-url": "Other schemes, user names and ports that are none are no target of a proxy (RFC 9110 section 4.2.4 for user names).",
    "target-form": "The form of a target hangs on the method (RFC 9112 section 3.2): authority for CONNECT and for it alone.",
    "target-fragment": "A target has no fragment (RFC 9112 section 3.2); filters that stop at '#' and servers that do not have been played off.",
    "target-byte": "Bytes above 0x7f have no place in a target (RFC 3986 section 2).",
    "unknown-expectation": "RFC 9110 section 10.1.1 allows 417; others ignore what they do not know, and wait or do not wait for the content.",
    "too-many-options": "A limit of 64 options: each costs a search through the fields.",
    "end": "`close` anywhere in Connection, or alone in Proxy-Connection, ends the connection behind this request.",
}

# It reads what another refuses, or more of it.
READ = {
    "M2": "Tabs around a value are OWS (RFC 9110 section 5.6.3), and a field with another name is another field.",
    "M4": "Tabs around a value are OWS (RFC 9110 section 5.6.3).",
    "M7": "The content in question was none: a request without framing ends with its head, and the rest is judged as a request of its own.",
    "M8": "Tabs are OWS around a value and legal within it (RFC 9110 section 5.5).",
    "M12": "The last chunk was complete: what follows is a field of the trailers, or a request of its own.",
    "M13": "Trailers that must not be there are well formed; they are dropped and never merged, so they need not be refused (RFC 9110 section 6.5.1).",
    "M14": "The connection ends behind an HTTP/1.0 request; node calls what follows an error, we leave it unread.",
    "M15": "The bytes are legal: a method is any token, `*` goes with OPTIONS; %zz and %00 are for the server to judge, we forward them as they are.",
    "M16": "The connection ends behind an HTTP/1.0 request; node calls what follows an error, we leave it unread.",
    "M17": "TRACE and methods of one's own have content like all others; we forward what we can frame.",
    "M18": "The first requests are in order and are served; only then comes what is refused. An empty line in front of a request is skipped once.",
    "M19": "The connection ends behind such a request, and what follows is unread; an option in quotes or with a parameter is not `close`.",
    "M20": "Node stops reading at an Upgrade that it does not follow; the request is an ordinary one, and the h2c in it is not forwarded.",
    "M25": "CONNECT is what a proxy is for; nginx is none.",
    "M29": "A path is forwarded as it is: judging its escapes is for the server.",
    "pairs": "As in the two classes, one by one.",
}

# Both read it, to different ends.
OTHER = {
    "M15": "nginx shows the path of an absolute target, rewritten; the target is the same.",
    "M18": "node takes any target of a CONNECT; ours must be an authority.",
    "M26": "nginx shows the path of an absolute target; the target is the same.",
}

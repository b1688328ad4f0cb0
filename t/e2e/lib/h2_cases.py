"""What an endpoint of HTTP/2 must take, and what it must refuse and how: the cases that conformance suites look at, as rows.

A case is what one side sends, and the outcomes that RFC 9113 (RFC 7541 for HPACK) allows, by section: SERVER, what a client says
to us as a server; CLIENT, what a server says to us as a client, once it has our request on stream 1. It is sent behind the
preface and the SETTINGS of both sides, unless 'bare'. A step is bytes, or Until, which waits, or a function of the Talk that
returns bytes. Behind a case the other request of its connection must be answered, or the connection is over."""
from lib.h2_raw import (
    ACK, CANCEL, COMPRESSION_ERROR, CONTINUATION, DATA, ENABLE_PUSH, END_HEADERS, END_STREAM, FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR, GOAWAY, HEADERS, INITIAL_WINDOW_SIZE, INTERNAL_ERROR, MAX_CONCURRENT_STREAMS, MAX_FRAME_SIZE,
    NO_ERROR, PADDED, PREFACE, PRIORITIZED, PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE, REFUSED_STREAM, RST_STREAM,
    SETTINGS, STREAM_CLOSED, WINDOW_MAX, WINDOW_UPDATE, block, data, dependency, frame, goaway, headers, integer,
    literal, ping, request, reset, response, settings, text, window)

BODY = b"0123456789"  # of every answer


class Until:
    def __init__(self, true):
        self.true = true


class Outcome:
    """'streams': those that end by it; 'final': the connection does; 'error': an answer that is under way is lost."""

    def __init__(self, name, holds, *streams, final=False, error=False):
        self.name, self.holds, self.streams, self.final, self.error = name, holds, streams, final, error


def connection(*codes):
    return Outcome(f"GOAWAY {codes}, and the end", lambda talk: talk.over and talk.goaway in codes, final=True, error=True)


PROTOCOL, FRAME_SIZE, COMPRESSION, FLOW_CONTROL = (
    connection(code) for code in (PROTOCOL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR, FLOW_CONTROL_ERROR))


def stream(*codes, on=1):
    return Outcome(f"RST_STREAM {on} {codes}", lambda talk: alive(talk) and talk.resets.get(on) in codes, on, error=True)


def alive(talk):
    return not talk.over and talk.goaway is None


def answer(on=1, body=b"", method="GET", fields=(), trailers=(), last=False):
    """The request arrives at the server as it was meant, and its answer here; 'last': the connection may end with it."""
    want = (on, method, body)

    def holds(talk):
        found = [asked for asked in talk.asked if asked[:3] == want]
        whole = talk.status(on) == "200" and talk.content.get(on, b"") == (b"" if method == "HEAD" else BODY)
        return ((alive(talk) or last) and on in talk.ended and not talk.resets.keys() - {on} and whole and len(found) == 1 and
                all(field in found[0][3] for field in fields) and all(field in found[0][4] for field in trailers))
    return Outcome(f"{method} {on} is answered", holds, on)


def refused(on=1, late=False):
    """A message that is malformed (section 8.1.1): nothing whole of it arrives at the server, unless it was whole until 'late'."""
    def holds(talk):
        told = talk.resets.get(on) == PROTOCOL_ERROR or (talk.status(on) or "").startswith("4")
        return alive(talk) and told and (late or not any(asked[0] == on for asked in talk.asked))
    return Outcome(f"{on} is refused", holds, on)


def seen(name, true):
    return Outcome(name, lambda talk: alive(talk) and not talk.resets and true(talk))


def pong(content):
    return seen(f"PING ack {content}", lambda talk: talk.pongs == [content])


IGNORED = seen("nothing", lambda talk: not talk.pongs)
ACKED = seen("SETTINGS ack", lambda talk: talk.acks == 2)
CLOSED = Outcome("the end", lambda talk: talk.over, final=True)

SERVER, CLIENT = {}, {}


class Row:
    """'bare': no SETTINGS in front. CLIENT only: 'asks', the steps of the client; 'says', its SETTINGS; 'gets', what becomes of
    its request: the content of the answer, None for an error, or either of them; 'lingers', the server does not close its end."""

    def __init__(self, steps, outcomes, **how):
        self.steps = steps if isinstance(steps, list) else [steps]
        self.outcomes, self.bare, self.lingers = outcomes, how.get("bare"), how.get("lingers")
        self.asks, self.says, gets = how.get("asks"), how.get("says", ()), how.get("gets")
        self.gets = gets or ((None,) if any(outcome.error for outcome in outcomes) else (BODY,))

    @property
    def streams(self):
        """Those that must have ended before one can tell, when the connection goes on."""
        sets = [set(outcome.streams) for outcome in self.outcomes if not outcome.final]
        return set.intersection(*sets) if sets else set()


def server(section, name, steps, *outcomes, bare=False):
    key = f"{section} {name}"
    assert key not in SERVER, key
    SERVER[key] = Row(steps, outcomes, bare=bare)


def client(section, name, steps, *outcomes, **how):
    key = f"{section} {name}"
    assert key not in CLIENT, key
    CLIENT[key] = Row(steps, outcomes, **how)


def get(on=1, *fields, end=True, flags=END_HEADERS, **changes):
    return headers(on, request(on, *fields, **changes), end, flags)


def post(on=1, *fields, **how):
    return get(on, *fields, end=False, method="POST", **how)


def lead(on=1, end=True, method="GET"):
    """A HEADERS without the end of its block, which is a field."""
    return headers(on, request(on, method=method), end, flags=0)


def rest(on=1, last=True, name="x-more"):
    return frame(CONTINUATION, on, literal(name, "1"), END_HEADERS if last else 0)


def coded(extra, before=b""):
    """A request on stream 1 with bytes of HPACK around its fields."""
    return headers(1, before + block(request(1)) + extra)


# Beginning.
server("3.4", "the preface, SETTINGS, a request", get(), answer())
server("3.4", "a request in the same piece as the preface", PREFACE + settings() + get(), answer(), bare=True)
server("3.4", "a preface that is another", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + settings(), PROTOCOL, CLOSED, bare=True)
server("3.4", "a preface without SETTINGS behind it", PREFACE + get(), PROTOCOL, bare=True)
server("3.4", "a PING in front of SETTINGS", PREFACE + ping() + settings(), PROTOCOL, bare=True)

# Frames.
server("4.1", "a frame of a type that nobody knows", frame(0x16, 0, b"12345678"), IGNORED)
server("4.1", "flags that mean nothing", ping(flags=0xfe), pong(b"8 bytes."))
server("4.1", "the reserved bit of a stream's number", ping(stream=1 << 31), pong(b"8 bytes."))
server("4.1", "the reserved bit of a HEADERS", get(on=1)[:5] + b"\x80" + get(on=1)[6:], answer())
server("4.2", "DATA of 16384 bytes", post() + data(1, b"d" * 16384, True), answer(body=b"d" * 16384, method="POST"))
server("4.2", "DATA of 16385 bytes", post() + data(1, b"d" * 16385, True), FRAME_SIZE, stream(FRAME_SIZE_ERROR))
server("4.2", "HEADERS of 16385 bytes", get(1, ("x", "v" * 16385)), FRAME_SIZE)
server("4.2", "SETTINGS of 16386 bytes", settings(*[(0x99, 0)] * 2731), FRAME_SIZE)
server("4.2", "an unknown frame of 16385 bytes", frame(0x16, 0, b"x" * 16385), FRAME_SIZE)
server("4.3", "a block that is no HPACK", headers(1, b"\xff\xff\xff\xff\xff\xff\xff\xff"), COMPRESSION)
server("4.3", "a block that stops in the middle of a field", headers(1, block(request(1)) + b"\x00\x05x-"), COMPRESSION)
server("4.3", "PRIORITY inside a block", lead() + frame(PRIORITY, 1, dependency()) + rest(), PROTOCOL)
server("4.3", "HEADERS of another stream inside a block", lead() + get(3) + rest(), PROTOCOL)
server("4.3", "a PING inside a block", lead() + ping() + rest(), PROTOCOL)

# Streams.
for _name, _frame in (("DATA", data(1, b"x", True)), ("RST_STREAM", reset(1)), ("WINDOW_UPDATE", window(1, 100)),
                      ("CONTINUATION", rest())):
    server("5.1", f"{_name} on an idle stream", _frame, PROTOCOL)
server("5.1", "PRIORITY on an idle stream", frame(PRIORITY, 1, dependency()), IGNORED)
server("5.1", "DATA behind END_STREAM", get() + data(1, b"x", True), stream(STREAM_CLOSED), connection(STREAM_CLOSED))
server("5.1", "HEADERS behind END_STREAM", get() + get(), stream(STREAM_CLOSED), connection(STREAM_CLOSED))
server("5.1", "CONTINUATION behind END_STREAM", get() + rest(), stream(STREAM_CLOSED), connection(STREAM_CLOSED, PROTOCOL_ERROR))
server("5.1", "WINDOW_UPDATE behind END_STREAM", get() + window(1, 100), answer())
server("5.1", "PRIORITY behind END_STREAM", get() + frame(PRIORITY, 1, dependency()), answer())
server("5.1", "RST_STREAM behind END_STREAM", get() + reset(1), IGNORED)
_LATE = stream(STREAM_CLOSED), connection(STREAM_CLOSED)
server("5.1", "DATA behind RST_STREAM", post() + reset(1) + data(1, b"x", True), *_LATE, IGNORED)
server("5.1", "HEADERS behind RST_STREAM", post() + reset(1) + get(), *_LATE, PROTOCOL, IGNORED)
server("5.1", "CONTINUATION behind RST_STREAM", post() + reset(1) + rest(), *_LATE, PROTOCOL)
_ANSWERED = Until(lambda talk: talk.done(1))
server("5.1", "DATA on a stream that is closed", [get(), _ANSWERED, data(1, b"x", True)], connection(STREAM_CLOSED), answer())
server("5.1", "HEADERS on a stream that is closed", [get(), _ANSWERED, get()], connection(STREAM_CLOSED, PROTOCOL_ERROR), answer())
server("5.1", "CONTINUATION on a stream that is closed", [get(), _ANSWERED, rest()], connection(STREAM_CLOSED, PROTOCOL_ERROR))
for _name, _frame in (("WINDOW_UPDATE", window(1, 100)), ("PRIORITY", frame(PRIORITY, 1, dependency())), ("RST_STREAM", reset(1))):
    server("5.1", f"{_name} on a stream that is closed", [get(), _ANSWERED, _frame], answer())
server("5.1.1", "an even number", get(2), PROTOCOL)
server("5.1.1", "a number below the last one", get(5) + get(3), PROTOCOL)
server("5.1.1", "a number that was skipped, with DATA", get(5) + data(3, b"x", True), connection(STREAM_CLOSED, PROTOCOL_ERROR),
       answer(5))
server("5.1.2", "one stream more than SETTINGS allow",
       [lambda talk: b"".join(post(2 * n + 1) for n in range(talk.settings[MAX_CONCURRENT_STREAMS] + 1)),
        Until(lambda talk: talk.resets), lambda talk: b"".join(reset(2 * n + 1) for n in range(talk.settings[MAX_CONCURRENT_STREAMS]))],
       stream(REFUSED_STREAM, PROTOCOL_ERROR, on=201), PROTOCOL)
server("5.3.1", "HEADERS that depends on its own stream",
       headers(1, dependency(1) + block(request(1)), flags=END_HEADERS | PRIORITIZED),
       answer(), stream(PROTOCOL_ERROR), PROTOCOL)  # no rule any more, but one of RFC 7540
server("5.3.1", "PRIORITY that depends on its own stream", frame(PRIORITY, 1, dependency(1)),
       IGNORED, stream(PROTOCOL_ERROR), PROTOCOL)
server("5.4.1", "an error: GOAWAY, and the end of the connection", ping(stream=1) + get(), PROTOCOL)
server("5.5", "unknown frames on a stream that is open", post() + frame(0xff, 1, b"x") + data(1, b"x", True),
       answer(body=b"x", method="POST"))
server("5.5", "an unknown frame inside a block", lead() + frame(0x16, 1, b"x") + rest(), PROTOCOL)

# Kinds of frames.
server("6.1", "content in one DATA", post() + data(1, b"hello", True), answer(body=b"hello", method="POST"))
server("6.1", "content in three DATA", post() + data(1, b"a") + data(1, b"b") + data(1, b"c", True),
       answer(body=b"abc", method="POST"))
server("6.1", "content that ends with an empty DATA", post() + data(1, b"a") + data(1, b"", True), answer(body=b"a", method="POST"))
server("6.1", "padding", post() + frame(DATA, 1, b"\x04x" + bytes(4), END_STREAM | PADDED), answer(body=b"x", method="POST"))
server("6.1", "nothing but padding", post() + frame(DATA, 1, b"\xff" + bytes(255), END_STREAM | PADDED), answer(method="POST"))
server("6.1", "DATA on stream 0", data(0, b"x", True), PROTOCOL)
server("6.1", "padding as long as the frame", post() + frame(DATA, 1, b"\x06x" + bytes(4), END_STREAM | PADDED), PROTOCOL)
server("6.1", "padding without its length", post() + frame(DATA, 1, b"", END_STREAM | PADDED),
       connection(FRAME_SIZE_ERROR, PROTOCOL_ERROR))
server("6.2", "padding", frame(HEADERS, 1, b"\x04" + block(request(1)) + bytes(4), END_STREAM | END_HEADERS | PADDED), answer())
server("6.2", "a priority",
       frame(HEADERS, 1, dependency(0, 201, True) + block(request(1)), END_STREAM | END_HEADERS | PRIORITIZED), answer())
server("6.2", "padding and a priority", frame(HEADERS, 1, b"\x01" + dependency() + block(request(1)) + b"\0",
                                              END_STREAM | END_HEADERS | PADDED | PRIORITIZED), answer())
server("6.2", "HEADERS on stream 0", get(0), PROTOCOL)
server("6.2", "padding longer than the frame", frame(HEADERS, 1, b"\xff" + block(request(1)), END_STREAM | END_HEADERS | PADDED),
       PROTOCOL)
server("6.2", "padding over the priority", frame(HEADERS, 1, b"\x02\0\0\0\0\0", END_STREAM | END_HEADERS | PADDED | PRIORITIZED),
       connection(PROTOCOL_ERROR, FRAME_SIZE_ERROR))
for _name, _content in (("weight 1", dependency(0, 1)), ("weight 256", dependency(0, 256)), ("a stream before it", dependency(1)),
                        ("exclusive", dependency(1, 16, True))):
    server("6.3", f"PRIORITY, {_name}", frame(PRIORITY, 3, _content) + get(3), answer(3))
server("6.3", "PRIORITY of a stream, then a request on one below", frame(PRIORITY, 99, dependency()) + get(1), answer())
server("6.3", "PRIORITY on stream 0", frame(PRIORITY, 0, dependency()), PROTOCOL)
for _size in (0, 4, 6):
    server("6.3", f"PRIORITY of {_size} bytes", post() + frame(PRIORITY, 1, bytes(_size)), stream(FRAME_SIZE_ERROR), FRAME_SIZE)
server("6.4", "RST_STREAM of a request under way", post() + reset(1), IGNORED)
server("6.4", "RST_STREAM on stream 0", reset(0), PROTOCOL)
for _size in (0, 3, 5):
    server("6.4", f"RST_STREAM of {_size} bytes", post() + frame(RST_STREAM, 1, bytes(_size)), FRAME_SIZE)
server("6.5", "SETTINGS that are none", settings(), ACKED)
server("6.5", "SETTINGS ack that nobody waits for", settings(flags=ACK), IGNORED, PROTOCOL)
server("6.5", "SETTINGS ack with content", settings((3, 1), flags=ACK), FRAME_SIZE)
server("6.5", "SETTINGS on a stream", settings((3, 1), stream=1), PROTOCOL)
server("6.5", "SETTINGS of 3 bytes", frame(SETTINGS, 0, b"\0\3\0"), FRAME_SIZE)
for _value in (0, 1):
    server("6.5.2", f"ENABLE_PUSH {_value}", settings((ENABLE_PUSH, _value)), ACKED)
server("6.5.2", "ENABLE_PUSH 2", settings((ENABLE_PUSH, 2)), PROTOCOL)
server("6.5.2", "INITIAL_WINDOW_SIZE 2^31-1", settings((INITIAL_WINDOW_SIZE, WINDOW_MAX)), ACKED)
server("6.5.2", "INITIAL_WINDOW_SIZE 2^31", settings((INITIAL_WINDOW_SIZE, 1 << 31)), FLOW_CONTROL)
for _value in (1 << 14, (1 << 24) - 1):
    server("6.5.2", f"MAX_FRAME_SIZE {_value}", settings((MAX_FRAME_SIZE, _value)), ACKED)
for _value in (0, (1 << 14) - 1, 1 << 24):
    server("6.5.2", f"MAX_FRAME_SIZE {_value}", settings((MAX_FRAME_SIZE, _value)), PROTOCOL)
server("6.5.2", "a setting that nobody knows", settings((0xff, 1)), ACKED)
server("6.5.3", "INITIAL_WINDOW_SIZE twice in one frame: the last counts",
       [settings((INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 1)) + get(), Until(lambda talk: 1 in talk.sizes)],
       seen("one byte", lambda talk: talk.sizes.get(1) == [1]))
server("6.5.3", "two SETTINGS, two acks", settings((3, 10)) + settings((3, 20)), seen("two acks", lambda talk: talk.acks == 3))
server("6.7", "PING", ping(b"\0\1\2\3\4\5\6\7"), pong(b"\0\1\2\3\4\5\6\7"))
server("6.7", "PING ack", ping(flags=ACK), IGNORED)
server("6.7", "PING on a stream", ping(stream=1), PROTOCOL)
for _size in (0, 6, 9):
    server("6.7", f"PING of {_size} bytes", ping(bytes(_size)), FRAME_SIZE)
server("6.8", "GOAWAY, then the rest of a request", post() + goaway() + data(1, b"x", True),
       answer(body=b"x", method="POST", last=True))
server("6.8", "GOAWAY on a stream", goaway(stream=1), PROTOCOL)
server("6.8", "GOAWAY of 7 bytes", frame(GOAWAY, 0, bytes(7)), FRAME_SIZE)
server("6.9", "WINDOW_UPDATE of the connection", window(0, 1), IGNORED)
server("6.9", "WINDOW_UPDATE of a stream", post() + window(1, 1) + data(1, b"x", True), answer(body=b"x", method="POST"))
server("6.9", "WINDOW_UPDATE of the connection by 0", window(0, 0), PROTOCOL)
server("6.9", "WINDOW_UPDATE of a stream by 0", post() + window(1, 0), stream(PROTOCOL_ERROR), PROTOCOL)
for _size in (0, 3, 5):
    server("6.9", f"WINDOW_UPDATE of {_size} bytes", frame(WINDOW_UPDATE, 0, bytes(_size)), FRAME_SIZE)
server("6.9.1", "a window of one byte", [settings((INITIAL_WINDOW_SIZE, 1)) + get(), Until(lambda talk: 1 in talk.sizes)],
       seen("one byte", lambda talk: talk.sizes.get(1) == [1]))
server("6.9.1", "the window of the connection above 2^31-1", window(0, WINDOW_MAX) * 2, FLOW_CONTROL)
server("6.9.1", "the window of a stream above 2^31-1", post() + window(1, WINDOW_MAX) * 2, stream(FLOW_CONTROL_ERROR), FLOW_CONTROL)
server("6.9.2", "a window that opens behind the request",
       [settings((INITIAL_WINDOW_SIZE, 0)) + get(), Until(lambda talk: 1 in talk.heads), settings((INITIAL_WINDOW_SIZE, 1)),
        Until(lambda talk: 1 in talk.sizes)], seen("one byte", lambda talk: talk.sizes.get(1) == [1]))
server("6.9.2", "a window below nothing",
       [settings((INITIAL_WINDOW_SIZE, 3)) + get(), Until(lambda talk: 1 in talk.sizes), settings((INITIAL_WINDOW_SIZE, 2)) + window(1, 2),
        Until(lambda talk: len(talk.sizes.get(1, [])) > 1)], seen("three bytes and one", lambda talk: talk.sizes.get(1) == [3, 1]))
server("6.9.2", "a window that is above 2^31-1 by SETTINGS",
       post() + window(1, WINDOW_MAX - 65535) + settings((INITIAL_WINDOW_SIZE, 65536)),
       FLOW_CONTROL, stream(FLOW_CONTROL_ERROR))  # the latter is nghttp2's, for each stream that it is true of
server("6.10", "a block in two frames", lead() + rest(), answer(fields=[("x-more", "1")]))
server("6.10", "a block in four frames", lead() + rest(last=False, name="x-1") + rest(last=False, name="x-2") + rest(),
       answer(fields=[("x-1", "1"), ("x-2", "1"), ("x-more", "1")]))
server("6.10", "a block in two frames, and content", lead(end=False, method="POST") + rest() + data(1, b"x", True),
       answer(body=b"x", method="POST"))
server("6.10", "an empty HEADERS, then its block",
       frame(HEADERS, 1, b"", END_STREAM) + frame(CONTINUATION, 1, block(request(1)), END_HEADERS), answer())
server("6.10", "DATA inside a block", lead() + data(1, b"x") + rest(), PROTOCOL)
server("6.10", "CONTINUATION on stream 0", lead() + rest(0), PROTOCOL)
server("6.10", "CONTINUATION of another stream", lead() + rest(3), PROTOCOL)
server("6.10", "CONTINUATION behind a whole block", post() + rest(), PROTOCOL)
server("6.10", "CONTINUATION behind a CONTINUATION that was the last", lead(end=False) + rest() + rest(), PROTOCOL)
server("6.10", "CONTINUATION behind DATA", post() + data(1, b"x") + rest(), PROTOCOL)
server("7", "GOAWAY with a code that nobody knows", goaway(0xff) + get(), answer(last=True))
server("7", "RST_STREAM with a code that nobody knows", post() + reset(1, 0xff), IGNORED)

# Messages.
server("8.1", "HEAD", get(method="HEAD"), answer(method="HEAD"))
server("8.1", "content and trailers", post() + data(1, b"x") + headers(1, [("x-sum", "9")]),
       answer(body=b"x", method="POST", trailers=[("x-sum", "9")]))
server("8.1", "HEADERS behind the content that do not end the stream",
       post() + data(1, b"x") + headers(1, [("x-sum", "9")], end=False) + data(1, b"y", True), refused())
server("8.1", "a second HEADERS that does not end the stream", post() + headers(1, [("x-sum", "9")], end=False), refused())
for _name in ("X-Upper", "x-uppeR"):
    server("8.2", f"the name {_name}", get(1, (_name, "1")), refused())
for _name, _value in (("", "1"), ("x y", "1"), ("x:y", "1"), ("x\0", "1"), ("x\u00e9", "1"), ("x", "a\0b"), ("x", "a\rb"), ("x", "a\nb"),
                      ("x", " a"), ("x", "a\t")):
    server("8.2.1", f"the field {ascii(_name)}: {ascii(_value)}", get(1, (_name, _value)), refused())
for _name in ("connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"):
    server("8.2.2", f"the field {_name}", get(1, (_name, "chunked" if _name[0] == "t" else "x")), refused())
server("8.2.2", "te: trailers", get(1, ("te", "trailers")), answer())
server("8.2.2", "te: trailers, deflate", get(1, ("te", "trailers, deflate")), refused())
server("8.2.3", "cookies in pieces", get(1, ("cookie", "a=1"), ("cookie", "b=2")), answer())
server("8.3", "a pseudo-field that nobody knows", get(1, (":test", "x")), refused())
server("8.3", "a pseudo-field of responses", get(1, (":status", "200")), refused())
server("8.3", "a pseudo-field among trailers", post() + data(1, b"x") + headers(1, [(":method", "GET")]), refused())
server("8.3", "a pseudo-field behind a field", headers(1, [("x", "1"), *request(1)]), refused())
server("8.3.1", "an empty :path", headers(1, [(n, "" if n == ":path" else v) for n, v in request(1)]), refused())
server("8.3.1", "a :path that is none", get(path="x y"), refused())
server("8.3.1", "an :authority with a user", get(authority="user@site.test"), refused())
server("8.3.1", "an :authority and another Host", get(1, ("host", "other.test")), refused())
for _name in ("method", "scheme", "path"):
    server("8.3.1", f"no :{_name}", headers(1, [pair for pair in request(1) if pair[0] != f":{_name}"]), refused())
    server("8.3.1", f":{_name} twice", headers(1, [pair for pair in request(1) if pair[0] == f":{_name}"] + request(1)), refused())
server("8.1.1", "content-length as long as the content", post(1, ("content-length", "3")) + data(1, b"ab") + data(1, b"c", True),
       answer(body=b"abc", method="POST"))
server("8.1.1", "content-length, and less content", post(1, ("content-length", "2")) + data(1, b"x", True), refused())
server("8.1.1", "content-length, and more content", post(1, ("content-length", "1")) + data(1, b"xy", True), refused())
server("8.1.1", "content-length, and less content in two frames",
       post(1, ("content-length", "3")) + data(1, b"x") + data(1, b"y", True), refused())
server("8.1.1", "content-length, and more content in two frames",
       post(1, ("content-length", "1")) + data(1, b"x") + data(1, b"y", True), refused(late=True), answer(1, b"x", method="POST"))
server("8.1.1", "content-length, and no content", get(1, ("content-length", "1"), method="POST"), refused())
server("8.1.1", "content-length that is no number", post(1, ("content-length", "+1")) + data(1, b"x", True), refused())
server("8.4", "PUSH_PROMISE of a client", frame(PUSH_PROMISE, 1, b"\0\0\0\2" + block(request(2)), END_HEADERS), PROTOCOL)

# HPACK (RFC 7541).
USER_AGENT, TEST = bytes.fromhex("87b505b161cc5a93"), bytes.fromhex("8349509f")  # Huffman codes, with their lengths
_ODD = bytes.fromhex("85f2b1e493") + b"\xff"
for _kind, _name in ((0x40, "a literal that goes into the table"), (0, "a literal that does not"), (0x10, "a literal that never may")):
    _first = bytes([_kind])
    server("HPACK 6.2", f"{_name}, a name of the table", coded(integer(_kind, 6 if _kind == 0x40 else 4, 58) + text(b"test")),
           answer(fields=[("user-agent", "test")]))
    server("HPACK 6.2", f"{_name}, a name of the table, Huffman", coded(integer(_kind, 6 if _kind == 0x40 else 4, 58) + TEST),
           answer(fields=[("user-agent", "test")]))
    server("HPACK 6.2", f"{_name}, a new name", coded(_first + text(b"x-test") + text(b"test")),
           answer(fields=[("x-test", "test")]))
    server("HPACK 6.2", f"{_name}, a new name, Huffman", coded(_first + USER_AGENT + TEST), answer(fields=[("user-agent", "test")]))
server("HPACK 6.1", "a field of the table", coded(b"\x90"), answer(fields=[("accept-encoding", "gzip, deflate")]))
server("HPACK 6.1", "a field that an earlier request put there", headers(1, block(request(1)) + literal("x-kept", "1", 0x40)) +
       headers(3, block(request(3)) + b"\xbe"), answer(3, fields=[("x-kept", "1")]))
server("HPACK 6.3", "a table of nothing", coded(b"", before=b"\x20"), answer())
server("HPACK 6.3", "two sizes of the table", coded(b"", before=b"\x20" + integer(0x20, 5, 4096)), answer())
server("HPACK 2.3.3", "a field that is in no table", coded(integer(0x80, 7, 70)), COMPRESSION)
server("HPACK 2.3.3", "a name that is in no table", coded(integer(0x40, 6, 70) + text(b"x")), COMPRESSION)
server("HPACK 4.2", "a size of the table at the end of a block", coded(b"\x20"), COMPRESSION)
server("HPACK 5.1", "a number without end", coded(b"\xff" + b"\x80" * 10 + b"\x01"), COMPRESSION)
server("HPACK 5.2", "a Huffman code and 8 bits of padding", coded(b"\x00" + text(b"x") + b"\x82\x1f\xff"), COMPRESSION)
server("HPACK 5.2", "a Huffman code and zeros for padding", coded(b"\x00" + text(b"x") + b"\x81\x18"), COMPRESSION)
server("HPACK 5.2", "the Huffman code of the end", coded(b"\x00" + text(b"x") + b"\x84\xff\xff\xff\xff"), COMPRESSION)
server("HPACK 6.1", "the field 0", coded(b"\x80"), COMPRESSION)
server("HPACK 6.3", "a table larger than SETTINGS allow", coded(b"", before=integer(0x20, 5, 4097)), COMPRESSION)


# What a server may say.
HEAD = headers(1, response(), end=False)
ANSWER = HEAD + data(1, BODY, True)
EITHER = BODY, None  # the answer was whole by then


def told(*fields, end=False, **how):
    return headers(1, response(*fields, **how), end)


def packed(extra, before=b""):
    """An answer with bytes of HPACK around its fields."""
    return headers(1, before + block(response()) + extra, end=False) + data(1, BODY, True)


def part(fields, last=True, on=1):
    return frame(CONTINUATION, on, block(fields), END_HEADERS if last else 0)


_LEAD = headers(1, response(), end=False, flags=0)
client("3.4", "the preface, then SETTINGS, then the request", ANSWER, seen("SETTINGS first", lambda talk: talk.first == SETTINGS))
client("3.4", "an answer in front of SETTINGS", ANSWER + settings(), PROTOCOL, bare=True)
client("3.4", "a PING in front of SETTINGS", ping() + settings() + ANSWER, PROTOCOL, bare=True)
client("3.4", "HTTP/1", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", connection(PROTOCOL_ERROR, FRAME_SIZE_ERROR), bare=True)
client("4.1", "a frame of a type that nobody knows", frame(0x16, 0, b"12345678") + ANSWER, IGNORED)
client("4.1", "flags that mean nothing", ping(flags=0xfe) + ANSWER, pong(b"8 bytes."))
client("4.1", "the reserved bit of a stream's number", ping(stream=1 << 31) + ANSWER, pong(b"8 bytes."))
client("4.2", "DATA of 16384 bytes", HEAD + data(1, b"d" * 16384, True), IGNORED, gets=(b"d" * 16384,))
client("4.2", "DATA of 16385 bytes", HEAD + data(1, b"d" * 16385, True), FRAME_SIZE, stream(FRAME_SIZE_ERROR))
client("4.2", "HEADERS of 16385 bytes", told(("x", "v" * 16385)) + data(1, BODY, True), FRAME_SIZE)
client("4.2", "DATA as large as the client allowed", HEAD + data(1, b"d" * 20000, True), IGNORED, gets=(b"d" * 20000,),
       says=[(MAX_FRAME_SIZE, 20000)])
client("4.3", "a block that is no HPACK", headers(1, b"\xff\xff\xff\xff\xff\xff\xff\xff"), COMPRESSION)
client("4.3", "PRIORITY inside a block", _LEAD + frame(PRIORITY, 1, dependency()) + part([]), PROTOCOL)
client("4.3", "HEADERS of another stream inside a block", _LEAD + headers(3, response()) + part([]), PROTOCOL)
for _name, _frame in (("DATA", data(5, b"x", True)), ("RST_STREAM", reset(5)), ("WINDOW_UPDATE", window(5, 100)),
                      ("CONTINUATION", rest(5)), ("HEADERS", headers(5, response()))):
    client("5.1", f"{_name} on an idle stream of ours", _frame + ANSWER, PROTOCOL)
for _name, _frame in (("DATA", data(2, b"x", True)), ("RST_STREAM", reset(2)), ("WINDOW_UPDATE", window(2, 100)),
                      ("HEADERS", headers(2, response()))):
    client("5.1", f"{_name} on a stream that was never promised", _frame + ANSWER, PROTOCOL)
client("5.1", "DATA behind the end", ANSWER + data(1, b"x", True), connection(STREAM_CLOSED), stream(STREAM_CLOSED), IGNORED,
       gets=EITHER)
client("5.1", "HEADERS behind the end", ANSWER + HEAD, connection(STREAM_CLOSED, PROTOCOL_ERROR), stream(STREAM_CLOSED), IGNORED,
       gets=EITHER)
client("5.1", "CONTINUATION behind the end", ANSWER + rest(), connection(STREAM_CLOSED, PROTOCOL_ERROR), gets=EITHER, lingers=True)
for _name, _frame in (("WINDOW_UPDATE", window(1, 100)), ("PRIORITY", frame(PRIORITY, 1, dependency())),
                      ("RST_STREAM", reset(1, NO_ERROR))):
    client("5.1", f"{_name} behind the end", ANSWER + _frame, IGNORED)
client("5.1", "DATA behind RST_STREAM", HEAD + reset(1) + data(1, b"x", True), *_LATE, IGNORED, gets=(None,))
client("5.1", "HEADERS behind RST_STREAM", HEAD + reset(1) + HEAD, *_LATE, IGNORED)
client("5.1", "CONTINUATION behind RST_STREAM", HEAD + reset(1) + rest(), connection(STREAM_CLOSED, PROTOCOL_ERROR))
client("5.4.1", "an error: GOAWAY, and the end of the connection", ping(stream=1) + ANSWER, PROTOCOL)
client("5.5", "unknown frames on a stream that is open", HEAD + frame(0xff, 1, b"x") + data(1, BODY, True), IGNORED)
client("5.5", "an unknown frame inside a block", _LEAD + frame(0x16, 1, b"x") + part([]), PROTOCOL)
client("6.1", "padding", HEAD + frame(DATA, 1, b"\x04" + BODY + bytes(4), END_STREAM | PADDED), IGNORED)
client("6.1", "content in many DATA, some of them empty",
       HEAD + b"".join(data(1, bytes([c])) + data(1) for c in BODY) + data(1, end=True), IGNORED)
client("6.1", "DATA on stream 0", data(0, b"x", True) + ANSWER, PROTOCOL)
client("6.1", "padding as long as the frame", HEAD + frame(DATA, 1, b"\x06x" + bytes(4), END_STREAM | PADDED), PROTOCOL)
client("6.2", "padding and a priority",
       frame(HEADERS, 1, b"\x01" + dependency() + block(response()) + b"\0", END_HEADERS | PADDED | PRIORITIZED) +
       data(1, BODY, True), IGNORED)
client("6.2", "HEADERS on stream 0", headers(0, response()), PROTOCOL)
client("6.2", "padding longer than the frame", frame(HEADERS, 1, b"\xff" + block(response()), END_STREAM | END_HEADERS | PADDED),
       PROTOCOL)
client("6.3", "PRIORITY", frame(PRIORITY, 1, dependency()) + ANSWER, IGNORED)
client("6.3", "PRIORITY on stream 0", frame(PRIORITY, 0, dependency()) + ANSWER, PROTOCOL)
for _size in (4, 6):
    client("6.3", f"PRIORITY of {_size} bytes", frame(PRIORITY, 1, bytes(_size)) + ANSWER, stream(FRAME_SIZE_ERROR), FRAME_SIZE)
client("6.4", "RST_STREAM in place of an answer", reset(1), IGNORED, gets=(None,))
client("6.4", "RST_STREAM in the middle of the content", HEAD + data(1, b"01234") + reset(1, NO_ERROR), IGNORED, gets=(None,))
client("6.4", "RST_STREAM on stream 0", reset(0) + ANSWER, PROTOCOL)
for _size in (3, 5):
    client("6.4", f"RST_STREAM of {_size} bytes", frame(RST_STREAM, 1, bytes(_size)) + ANSWER, FRAME_SIZE)
client("6.5", "SETTINGS again", settings((3, 10)) + ANSWER, ACKED)
client("6.5", "SETTINGS ack with content", settings((3, 1), flags=ACK) + ANSWER, FRAME_SIZE)
client("6.5", "SETTINGS on a stream", settings((3, 1), stream=1) + ANSWER, PROTOCOL)
client("6.5", "SETTINGS of 3 bytes", frame(SETTINGS, 0, b"\0\3\0") + ANSWER, FRAME_SIZE)
client("6.5.2", "ENABLE_PUSH 0", settings((ENABLE_PUSH, 0)) + ANSWER, ACKED)
for _value in (1, 2):
    client("6.5.2", f"ENABLE_PUSH {_value}", settings((ENABLE_PUSH, _value)) + ANSWER, PROTOCOL)
client("6.5.2", "INITIAL_WINDOW_SIZE 2^31", settings((INITIAL_WINDOW_SIZE, 1 << 31)) + ANSWER, FLOW_CONTROL)
for _value in ((1 << 14) - 1, 1 << 24):
    client("6.5.2", f"MAX_FRAME_SIZE {_value}", settings((MAX_FRAME_SIZE, _value)) + ANSWER, PROTOCOL)
client("6.5.2", "a setting that nobody knows", settings((0xff, 1)) + ANSWER, ACKED)
client("6.5.3", "two SETTINGS, two acks", settings((3, 10)) + settings((3, 20)) + ANSWER,
       seen("two acks", lambda talk: talk.acks == 3))
client("6.7", "PING", ping(b"\0\1\2\3\4\5\6\7") + ANSWER, pong(b"\0\1\2\3\4\5\6\7"))
client("6.7", "PING ack", ping(flags=ACK) + ANSWER, IGNORED)
client("6.7", "PING on a stream", ping(stream=1) + ANSWER, PROTOCOL)
client("6.7", "PING of 6 bytes", ping(bytes(6)) + ANSWER, FRAME_SIZE)
client("6.8", "GOAWAY, then the answer", goaway(last=1) + ANSWER, CLOSED)
client("6.8", "GOAWAY on a stream", goaway(stream=1) + ANSWER, PROTOCOL)
client("6.9", "WINDOW_UPDATE", window(0, 1) + window(1, 1) + ANSWER, IGNORED)
client("6.9", "WINDOW_UPDATE of the connection by 0", window(0, 0) + ANSWER, PROTOCOL)
client("6.9", "WINDOW_UPDATE of a stream by 0", window(1, 0) + ANSWER, stream(PROTOCOL_ERROR), PROTOCOL)
client("6.9", "WINDOW_UPDATE of 3 bytes", frame(WINDOW_UPDATE, 0, bytes(3)) + ANSWER, FRAME_SIZE)
client("6.9.1", "the window of the connection above 2^31-1", window(0, WINDOW_MAX) * 2 + ANSWER, FLOW_CONTROL)
client("6.9.1", "the window of a stream above 2^31-1", window(1, WINDOW_MAX) * 2 + ANSWER, stream(FLOW_CONTROL_ERROR), FLOW_CONTROL)
client("6.9.1", "content beyond the window of its stream", HEAD + data(1, b"x" * 101) + data(1, b"", True),
       stream(FLOW_CONTROL_ERROR), FLOW_CONTROL, says=[(INITIAL_WINDOW_SIZE, 100)])
client("6.9.2", "a window that opens as the request is under way",
       [settings((INITIAL_WINDOW_SIZE, 1)) + headers(1, response(status="103"), end=False), Until(lambda talk: 1 in talk.sizes),
        window(1, 1), Until(lambda talk: len(talk.sizes.get(1, [])) > 1),
        settings((INITIAL_WINDOW_SIZE, 3)), Until(lambda talk: 1 in talk.ended), ANSWER],
       seen("a byte, one more, and two", lambda talk: talk.sizes.get(1) in ([1, 1, 2], [1, 1, 2, 0])),
       asks=[post(), Until(lambda talk: 1 in talk.heads), data(1, b"abcd", True)])
client("6.10", "a block in three frames",
       headers(1, b"", end=False, flags=0) + part(response(), False) + part([("x", "1")]) + data(1, BODY, True), IGNORED)
client("6.10", "DATA inside a block", _LEAD + data(1, b"x") + part([]), PROTOCOL)
client("6.10", "CONTINUATION on stream 0", _LEAD + rest(0), PROTOCOL)
client("6.10", "CONTINUATION of another stream", _LEAD + rest(3), PROTOCOL)
client("6.10", "CONTINUATION behind a whole block", HEAD + rest(), PROTOCOL)
client("6.10", "CONTINUATION behind DATA", HEAD + data(1, b"x") + rest(), PROTOCOL)
client("7", "RST_STREAM with a code that nobody knows", reset(1, 0xff), IGNORED, gets=(None,))
_WRONG = stream(PROTOCOL_ERROR), PROTOCOL
client("8.1", "interim answers and trailers",
       headers(1, response(status="103"), end=False) + HEAD + data(1, BODY) + headers(1, [("x", "1")]), IGNORED)
client("8.1", "an answer before the request is whole, and RST_STREAM without an error", ANSWER + reset(1, NO_ERROR), IGNORED,
       stream(NO_ERROR, CANCEL), asks=[post()], gets=(BODY,))
client("8.1", "content in front of the head", data(1, BODY) + told(end=True), *_WRONG)
client("8.1", "nothing but an interim answer", headers(1, response(status="103")), *_WRONG)
client("8.1", "HEADERS behind the content that do not end the stream", HEAD + data(1, BODY) + headers(1, [("x", "1")], end=False),
       *_WRONG)
client("8.1", "a second final head", HEAD + HEAD + data(1, BODY, True), *_WRONG)
for _name, _value in (("X-Upper", "1"), ("x y", "1"), ("x:y", "1"), ("", "1"), ("x", "a\0b"), ("x", "a\rb"), ("x", "a\nb"),
                      ("connection", "close"),
                      ("keep-alive", "1"), ("transfer-encoding", "chunked"), ("upgrade", "x"), ("proxy-connection", "x"), (":test", "x"),
                      (":path", "/"), (":status", "200"), ("content-length", "x"), ("content-length", "-1")):
    client("8.2", f"the field {ascii(_name)}: {ascii(_value)}", told((_name, _value)) + data(1, BODY, True), *_WRONG)
client("8.3", "a pseudo-field behind a field", headers(1, [("x", "1"), *response()], end=False) + data(1, BODY, True), *_WRONG)
client("8.3", "a pseudo-field among trailers", HEAD + data(1, BODY) + headers(1, response()), *_WRONG)
client("8.3.2", "no :status", headers(1, [("x", "1")], end=False) + data(1, BODY, True), *_WRONG)
for _value in ("", "20", "2000", "abc", "099", "101"):
    client("8.3.2", f"the :status {_value!r}", told(status=_value) + data(1, BODY, True), *_WRONG)
client("8.1.1", "content-length as long as the content", told(("content-length", "10")) + data(1, BODY, True), IGNORED)
for _value in (9, 11):
    client("8.1.1", f"content-length {_value}, and 10 bytes", told(("content-length", str(_value))) + data(1, BODY, True), *_WRONG)
    client("8.1.1", f"content-length {_value}, and 10 bytes in two frames",
           told(("content-length", str(_value))) + data(1, BODY[:5]) +
           data(1, BODY[5:], True), *_WRONG)
client("8.1.1", "content-length, and no content", told(("content-length", "10"), end=True), *_WRONG)
client("8.1.1", "204 with content", told(status="204") + data(1, BODY, True), *_WRONG)
client("8.1.1", "content for HEAD", ANSWER, *_WRONG, asks=[get(method="HEAD")])
client("8.1.1", "content-length for HEAD", told(("content-length", "10"), end=True), IGNORED, asks=[get(method="HEAD")],
       gets=(b"",))
_PUSH = frame(PUSH_PROMISE, 1, b"\0\0\0\2" + block(request(2)), END_HEADERS)
client("8.4", "a push that the client forbade", _PUSH + ANSWER, PROTOCOL, says=[(ENABLE_PUSH, 0)])
client("8.4", "a push that the client would have", _PUSH + ANSWER, stream(CANCEL, REFUSED_STREAM, INTERNAL_ERROR, on=2), PROTOCOL,
       gets=EITHER)
client("8.4", "a push for an odd stream", frame(PUSH_PROMISE, 1, b"\0\0\0\7" + block(request(2)), END_HEADERS) + ANSWER, PROTOCOL)
client("8.4", "a push on stream 0", frame(PUSH_PROMISE, 0, b"\0\0\0\2" + block(request(2)), END_HEADERS) + ANSWER, PROTOCOL)
client("HPACK 6.2", "a literal of each kind",
       packed(literal("x", "1", 0x40) + literal("y", "1", 0x10) + b"\x00" + USER_AGENT + TEST + b"\xbe"), IGNORED)
client("HPACK 2.3.3", "a field that is in no table", packed(integer(0x80, 7, 70)), COMPRESSION)
client("HPACK 2.3.3", "a name that is in no table", packed(integer(0x40, 6, 70) + text(b"x")), COMPRESSION)
client("HPACK 4.2", "a size of the table at the end of a block", packed(b"\x20"), COMPRESSION)
client("HPACK 5.2", "a Huffman code and 8 bits of padding", packed(b"\x00" + text(b"x") + b"\x82\x1f\xff"), COMPRESSION)
client("HPACK 5.2", "a Huffman code and zeros for padding", packed(b"\x00" + text(b"x") + b"\x81\x18"), COMPRESSION)
client("HPACK 5.2", "the Huffman code of the end", packed(b"\x00" + text(b"x") + b"\x84\xff\xff\xff\xff"), COMPRESSION)
client("HPACK 6.1", "the field 0", packed(b"\x80"), COMPRESSION)
client("HPACK 6.3", "a table larger than SETTINGS allow", packed(b"", before=integer(0x20, 5, 4097)), COMPRESSION)

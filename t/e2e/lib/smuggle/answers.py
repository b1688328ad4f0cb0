"""Responses that are ambiguous, cut short, or followed by something: what an origin sends to a request."""
import itertools

from lib.smuggle.draft import BYTES, CHUNKED, ID, LINE_ENDS, PLACES, ZERO, chunk, collect, length
from lib.smuggle.queries import CODINGS, LENGTHS, SIZES, each_byte, filled

SMUGGLED = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX-Smuggled: yes\r\n\r\nsmuggled"
HELLO = chunk(b"hello") + ZERO
METHODS = (b"GET", b"HEAD", b"POST")


class Answer:
    """A response in pieces."""

    def __init__(self, status=b"200 OK", version=b"HTTP/1.1"):
        self.line = version + b" " + status + b"\r\n"
        self.fields = [b"X-Case: " + ID + b"\r\n", b"X-Last: z\r\n"]
        self.end = b"\r\n"
        self.body = b""

    def add(self, *lines, place="middle"):
        at = {"first": 0, "middle": 1, "last": len(self.fields)}[place]
        self.fields[at:at] = lines
        return self

    def with_body(self, body):
        self.body = body
        return self

    def bytes(self):
        return self.line + b"".join(self.fields) + self.end + self.body


def status_lines():
    for b in BYTES:
        for place, line in (("in front", b + b"HTTP/1.1 200 OK"), ("in the version", b"HTTP/" + b + b"1.1 200 OK"), ("behind the version", b"HTTP/1.1" + b + b" 200 OK"),
                            ("for the blank", b"HTTP/1.1" + b + b"200 OK"), ("before the status", b"HTTP/1.1 " + b + b"200 OK"), ("in the status", b"HTTP/1.1 2" + b + b"00 OK"),
                            ("behind the status", b"HTTP/1.1 200" + b + b" OK"), ("for the second blank", b"HTTP/1.1 200" + b + b"OK"), ("in the reason", b"HTTP/1.1 200 O" + b + b"K"),
                            ("behind the reason", b"HTTP/1.1 200 OK" + b)):
            answer = Answer().add(length(5)).with_body(b"hello")
            answer.line = line + b"\r\n"
            yield f"{b[0]:02x} {place}", answer
    for line in (b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1  200 OK", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 2 OK", b"HTTP/1.1 OK", b"HTTP/1.1", b"HTTP/1.1 ", b"200 OK", b"OK", b"", b"HTTP/1.1 099 X", b"HTTP/1.1 000 X",
                 b"HTTP/1.1 999 X", b"HTTP/1.1 600 X", b"HTTP/1.1 +20 OK", b"HTTP/1.1 -20 OK", b"HTTP/1.1 2e2 OK", b"HTTP/1.1 0x0 OK", b"HTTP/1.1 200.1 OK", b"HTTP/1.0 200 OK", b"HTTP/0.9 200 OK", b"HTTP/2.0 200 OK", b"HTTP/2 200 OK",
                 b"HTTP/1.2 200 OK", b"HTTP/1.10 200 OK", b"http/1.1 200 OK", b"ICY 200 OK", b"HTTP 200 OK", b"HTTP/1 200 OK", b"SSH-2.0-x", b"GET / HTTP/1.1", b"HTTP/1.1\t200\tOK", b"XHTTP/1.1 200 OK", b"HTTP/1.1 200OK", b"HTTP/01.1 200 OK"):
        for framing, body in ((length(5), b"hello"), (CHUNKED, HELLO), (b"X-Any: a\r\n", b"hello")):
            answer = Answer().add(framing).with_body(body)
            answer.line = line + b"\r\n"
            yield f"{line!r} {framing[:8]!r}", answer


def framings():
    for coding, place in itertools.product(CODINGS, PLACES):
        yield f"coding {coding!r} {place}", Answer().add(b"Transfer-Encoding: " + coding + b"\r\n", place=place).with_body(HELLO)
        yield f"coding and length {coding!r} {place}", Answer().add(b"Transfer-Encoding: " + coding + b"\r\n", length(5), place=place).with_body(HELLO)
    for form, place in itertools.product(LENGTHS, PLACES):
        yield f"length {form!r} {place}", Answer().add(b"Content-Length: " + filled(form, 5) + b"\r\n", place=place).with_body(b"hello" + SMUGGLED)
    for a, b, place in itertools.product((5, 0, 69, 4, 6), (5, 0, 69), PLACES):
        yield f"lengths {a} {b} {place}", Answer().add(length(a), place=place).add(b"content-length: %d\r\n" % b).with_body(b"hello" + SMUGGLED)
    for n, place, order in itertools.product((0, 5, 15, len(HELLO), 100), PLACES, (1, -1)):
        yield f"both {n} {place} {order}", Answer().add(*[length(n), CHUNKED][::order], place=place).with_body(HELLO)
    for name, value in ((b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"5"), (b"X-Any", b"abcd")):
        for label, line in each_byte(name, value):
            yield f"{label} of {name.decode()}", Answer().add(line).with_body(HELLO if b"T" in name else b"hello")
    for (name, end), field in itertools.product(LINE_ENDS.items(), (length(5), CHUNKED, b"X-Any: a\r\n")):
        lines = Answer().add(field).bytes()[:-2].split(b"\r\n")[:-1]
        for i in range(len(lines) + 1):
            head = b"".join(line + (end if n == i else b"\r\n") for n, line in enumerate(lines + [b""]))
            yield f"{name} ends line {i} {field[:8]!r}", head + (HELLO if field == CHUNKED else b"hello")
        yield f"{name} hides {field[:8]!r}", Answer().add(b"X-Any: a" + end + field).with_body(HELLO)
    for blank, field in itertools.product((b" ", b"\t"), (length(5), CHUNKED, b"X-Any: a\r\n")):
        yield f"fold {blank!r} {field[:8]!r}", Answer().add(b"X-Fold: a\r\n" + blank + field).with_body(HELLO)
        yield f"first fold {blank!r} {field[:8]!r}", Answer().add(blank + field, place="first").with_body(HELLO)
        yield f"colon {blank!r} {field[:8]!r}", Answer().add(field.replace(b":", blank + b":", 1)).with_body(HELLO)
    for version, connection in itertools.product((b"HTTP/1.0", b"HTTP/1.1"), (b"", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: Content-Length\r\n", b"Connection: transfer-encoding\r\n")):
        for field, body in ((CHUNKED, HELLO), (length(5), b"hello"), (b"X-Any: a\r\n", b"hello")):
            yield f"{version!r} {connection!r} {field[:8]!r}", Answer(version=version).add(field, *filter(None, [connection])).with_body(body)


def chunks():
    for size in SIZES:
        yield f"size {size[:20]!r}", Answer().add(CHUNKED).with_body(size + b"\r\nhello\r\n" + ZERO)
        yield f"later size {size[:20]!r}", Answer().add(CHUNKED).with_body(chunk(b"hello") + size + b"\r\nhello\r\n" + ZERO)
    for b in BYTES:
        yield f"{b[0]:02x} behind a size", Answer().add(CHUNKED).with_body(b"5" + b + b"\r\nhello\r\n" + ZERO)
        yield f"{b[0]:02x} in an extension", Answer().add(CHUNKED).with_body(b"5;a" + b + b"b\r\nhello\r\n" + ZERO)
        yield f"{b[0]:02x} for CR", Answer().add(CHUNKED).with_body(b"5\r\nhello" + b + b"\n" + ZERO)
        yield f"{b[0]:02x} for LF", Answer().add(CHUNKED).with_body(b"5\r\nhello\r" + b + ZERO)
        yield f"{b[0]:02x} in a trailer", Answer().add(CHUNKED).with_body(b"5\r\nhello\r\n0\r\nX-Any" + b + b": a\r\n\r\n")
    for name in (b"Content-Length", b"Transfer-Encoding", b"Set-Cookie", b"Connection", b"Location", b"Content-Type", b"X-Any", b"Content-Encoding"):
        yield f"trailer {name!r}", Answer().add(CHUNKED).with_body(b"5\r\nhello\r\n0\r\n" + name + b": 8\r\n\r\n")
    for ext in (b";", b";;", b";a=", b";a=\"", b";a\n", b";a\r", b";" + b"a" * 300, b" ;a", b";a", b";a=b", b";a=\"b\""):
        yield f"extension {ext[:10]!r}", Answer().add(CHUNKED).with_body(b"5" + ext + b"\r\nhello\r\n" + ZERO)


def injections():
    """A server that puts what it was sent into its head."""
    for end, what in itertools.product(LINE_ENDS.values(), (b"Set-Cookie: a=b", CHUNKED[:-2], b"Content-Length: 0", b"\r\n" + SMUGGLED, b"Location: //evil.test")):
        yield f"{end!r} {what[:10]!r}", Answer().add(b"X-Echo: a" + end + what + b"\r\n", length(5)).with_body(b"hello")


def wholes():
    yield Answer().add(length(40)).with_body(b"x" * 40)
    yield Answer().add(CHUNKED).with_body(chunk(b"hello") + chunk(b"x" * 20) + ZERO)
    yield Answer().add(CHUNKED, b"Trailer: X-Any\r\n").with_body(b"5;a=b\r\nhello\r\n0\r\nX-Any: b\r\n\r\n")
    yield Answer(b"404 Not Found").add(b"Connection: close\r\n", length(5)).with_body(b"hello")


def cuts():
    """Broken off behind each byte."""
    for i, answer in enumerate(wholes()):
        raw = answer.bytes()
        for n in range(len(raw)):
            yield f"answer {i} ends at {n}", raw[:n]


def leftovers():
    """M23: more than one answer, or content where there is none."""
    for i, answer in enumerate(wholes()):
        for extra in (SMUGGLED, SMUGGLED * 3, b"\r\n", b"\r\n" + SMUGGLED, b"\0", b"x", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" + SMUGGLED, ZERO, b"0\r\n\r\n" + SMUGGLED, SMUGGLED[:20]):
            yield f"answer {i} and {extra[:24]!r}", answer.bytes() + extra
    for status in (b"204 No Content", b"304 Not Modified", b"205 Reset Content", b"200 OK", b"100 Continue", b"103 Early Hints", b"199 X", b"500 X"):
        for fields, body in (([], b""), ([length(5)], b"hello"), ([CHUNKED], HELLO), ([length(0)], b""), ([length(len(SMUGGLED))], SMUGGLED), ([], SMUGGLED), ([CHUNKED], chunk(SMUGGLED) + ZERO), ([length(0)], SMUGGLED)):
            yield f"{status!r} {fields} {body[:9]!r}", Answer(status).add(*fields).with_body(body)
    final = Answer().add(length(5)).with_body(b"hello").bytes()
    for n, interim in itertools.product((1, 2, 31, 32, 33, 500), (b"100 Continue", b"103 Early Hints", b"102 Processing", b"199 X")):
        yield f"{n} times {interim!r}", (b"HTTP/1.1 " + interim + b"\r\nLink: x\r\n\r\n") * n + final
    for fields in ([length(5)], [CHUNKED], [b"Connection: close\r\n"], [b"Upgrade: x\r\n"], [length(0)]):
        yield f"100 with {fields}", Answer(b"100 Continue").add(*fields).bytes() + final
    yield "nothing but 100", b"HTTP/1.1 100 Continue\r\n\r\n"


def switches():
    """M20: another protocol that nobody asked for."""
    for fields in ([], [b"Upgrade: websocket\r\n", b"Connection: Upgrade\r\n"], [b"Upgrade: h2c\r\n", b"Connection: Upgrade\r\n"], [length(0)], [length(5)], [CHUNKED], [b"Upgrade: \r\n"]):
        for body in (b"", SMUGGLED, b"hello", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"):
            yield f"101 {fields} {body[:9]!r}", Answer(b"101 Switching Protocols").add(*fields).with_body(body)
    for status in (b"426 Upgrade Required", b"200 OK"):
        yield f"{status!r} with an upgrade", Answer(status).add(b"Upgrade: h2c\r\n", b"Connection: Upgrade\r\n", length(5)).with_body(b"hello" + SMUGGLED)


SOURCES = (("M24", status_lines, METHODS[:1]), ("M24", framings, METHODS[:1]), ("M24", chunks, METHODS[:1]), ("M24", injections, METHODS[:1]),
           ("M24", cuts, (b"GET", b"HEAD", b"1.0")), ("M23", leftovers, (*METHODS, b"1.0")), ("M20", switches, METHODS))


def all_answers():
    def source():
        for group, make, methods in SOURCES:
            for (name, answer), method in itertools.product(list(make()), methods):
                raw = answer if isinstance(answer, bytes) else answer.bytes()
                yield group, f"{name} to {method.decode()}", raw, method
    return collect(source())

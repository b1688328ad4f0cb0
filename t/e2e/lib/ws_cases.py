"""What an endpoint of a WebSocket may say, and what not: the cases that conformance suites look at, as rows of a table.

A case is a number of frames of one side, and what becomes of them: PASS, they arrive as they were sent; or the code of the Close
that both sides get, while nothing of the frame that is wrong arrives. A frame is (opcode, content, fin, reserved bits)."""
from lib.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

PASS = "pass"
WRONG, NO_TEXT = 1002, 1007
LAST = "last"  # the frame in front of it is a Close: what follows is dropped


def f(opcode, content=b"", fin=True, bits=0):
    return opcode, content, fin, bits


def text(content, **how):
    return f(TEXT, content.encode() if isinstance(content, str) else content, **how)


def pieces(opcode, content, size):
    """A message in fragments of at most so many bytes."""
    parts = [content[i:i + size] for i in range(0, len(content), size)] or [b""]
    return [f(opcode if i == 0 else CONTINUATION, part, i == len(parts) - 1) for i, part in enumerate(parts)]


def close(code, reason=b""):
    return f(CLOSE, code.to_bytes(2, "big") + reason)


CASES = {}


def case(name, frames, outcome=PASS):
    assert name not in CASES, name
    CASES[name] = (frames, outcome)


# Framing: all spellings of a length.
for _opcode, _kind in ((TEXT, "text"), (BINARY, "binary")):
    for _size in (0, 1, 125, 126, 127, 128, 65535, 65536, 65537):
        case(f"{_kind} of {_size} bytes", [f(_opcode, b"*" * _size)])
    case(f"{_kind} in fragments of 997 bytes", pieces(_opcode, b"*" * 65536, 997))

# Pings and pongs.
case("ping without content", [f(PING)])
case("ping with text", [f(PING, b"Hello, world!")])
case("ping with bytes that are no text", [f(PING, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")])
case("ping of 125 bytes", [f(PING, b"\xfe" * 125)])
case("ping of 126 bytes", [f(PING, b"\xfe" * 126)], WRONG)
case("pong of 126 bytes", [f(PONG, b"\xfe" * 126)], WRONG)
case("pong that nobody asked for", [f(PONG)])
case("pong that nobody asked for, with content", [f(PONG, b"unsolicited")])
case("pong that nobody asked for, then a ping", [f(PONG, b"unsolicited"), f(PING, b"ping")])
case("ten pings", [f(PING, b"payload-%d" % i) for i in range(10)])

# Reserved bits, which nobody agreed on.
for _bits in range(1, 8):
    case(f"reserved bits {_bits} of a text", [text("small", bits=_bits)], WRONG)
    case(f"reserved bits {_bits} of a ping", [f(PING, b"p", bits=_bits)], WRONG)
case("reserved bit behind a good text", [text("Hello"), text("bad", bits=2), f(PING)], WRONG)
case("reserved bit of a Close", [f(CLOSE, b"\x03\xe8", bits=7)], WRONG)
case("reserved bit of a continuation", [text("a", fin=False), f(CONTINUATION, b"b", bits=4)], WRONG)

# Opcodes without a meaning.
for _opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
    case(f"opcode {_opcode}", [f(_opcode)], WRONG)
    case(f"opcode {_opcode} with content", [f(_opcode, b"reserved")], WRONG)
    case(f"opcode {_opcode} behind a good text, a ping behind it", [text("Hello"), f(_opcode, b"x"), f(PING)], WRONG)

# Fragments.
case("ping in two fragments", [f(PING, b"frag", False), f(CONTINUATION, b"ment")], WRONG)
case("pong in two fragments", [f(PONG, b"frag", False), f(CONTINUATION, b"ment")], WRONG)
case("text in two fragments", pieces(TEXT, b"fragment1fragment2", 9))
case("text in two fragments, a ping between", [text("fr", fin=False), f(PING, b"p"), f(CONTINUATION, b"ag")])
case("text in five fragments, pings between", [
    text("1", fin=False), f(CONTINUATION, b"2", False), f(PING, b"p1"), f(CONTINUATION, b"3", False),
    f(CONTINUATION, b"4", False), f(PING, b"p2"), f(CONTINUATION, b"5")])
case("text in fragments that are empty", [text("", fin=False), f(CONTINUATION, b"", False), f(CONTINUATION)])
case("text in fragments, the middle one is not empty",
     [text("", fin=False), f(CONTINUATION, b"middle", False), f(CONTINUATION)])
case("continuation of nothing, the last one", [f(CONTINUATION, b"x"), text("Hello")], WRONG)
case("continuation of nothing, not the last one", [f(CONTINUATION, b"x", False), text("Hello")], WRONG)
case("continuation of nothing behind a message", [*pieces(TEXT, b"ab", 1), f(CONTINUATION, b"x", False)], WRONG)
case("continuation of nothing behind a message, the last one", [text("ab"), f(CONTINUATION, b"x")], WRONG)
case("text in a text", [text("fragment1", fin=False), text("fragment2")], WRONG)
case("binary in a text", [text("fragment1", fin=False), f(BINARY, b"x", False)], WRONG)
case("text behind a fragmented ping", [f(PING, b"", False), text("x")], WRONG)
case("65536 bytes in fragments of 1300", pieces(TEXT, b"*" * 65536, 1300))
case("4 MiB in fragments of 64 KiB", pieces(BINARY, bytes(range(256)) * 16384, 65536))
case("1 MiB in one frame", [f(BINARY, b"\xfe" * (1 << 20))])

# UTF-8.
GOOD_TEXTS = {
    "of many scripts": "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!", "of Greek": "\u03ba\u1f79\u03c3\u03bc\u03b5",
    "the first of two bytes": "\u0080", "the last of two": "\u07ff", "the first of three": "\u0800", "the last of three": "\uffff",
    "the first of four": "\U00010000", "the last of all": "\U0010ffff", "before the surrogates": "\ud7ff",
    "behind the surrogates": "\ue000", "no character": "\ufdd0\ufffe", "replacement": "\ufffd", "a NUL": "\0", "DEL": "\x7f",
    "no character of other planes": "\U0001fffe\U0010fffe"}
for _name, _content in GOOD_TEXTS.items():
    case(f"text: {_name}", [text(_content)])
    case(f"text: {_name}, byte by byte", pieces(TEXT, _content.encode(), 1))
BAD_TEXTS = {
    "a surrogate": b"\xed\xa0\x80", "the last surrogate": b"\xed\xbf\xbf", "two surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "a surrogate in a word": b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", "beyond the last": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80", "six bytes": b"\xfc\x84\x80\x80\x80\x80", "FE": b"\xfe", "FF": b"\xff", "FE FE FF FF": b"\xfe\xfe\xff\xff",
    "a continuation alone": b"\x80", "another continuation alone": b"\xbf", "two continuations": b"\x80\xbf", "all continuations": bytes(range(0x80, 0xc0)),
    "first bytes with blanks": b" ".join(bytes([c]) for c in range(0xc0, 0xf8)), "a slash in two bytes": b"\xc0\xaf",
    "a slash in three": b"\xe0\x80\xaf", "a slash in four": b"\xf0\x80\x80\xaf", "a NUL in two bytes": b"\xc0\x80", "the longest too long": b"\xc1\xbf",
    "three bytes that would fit in two": b"\xe0\x9f\xbf", "four that would fit in three": b"\xf0\x8f\xbf\xbf",
    "two of three bytes": b"\xe0\xa0", "one of two": b"\xdf", "three of four": b"\xf0\x90\x80", "half of the last letter": b"\xce\xba\xe1\xbd"}
for _name, _content in BAD_TEXTS.items():
    case(f"no text: {_name}", [text(_content)], NO_TEXT)
    case(f"no text: {_name}, in a binary message", [f(BINARY, _content)])
case("no text, found in the second of three fragments", [
    text(b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", fin=False), f(CONTINUATION, b"\xf4\x90\x80\x80", False), f(CONTINUATION, b"edited")], NO_TEXT)
case("no text, found before its character is complete", [
    text(b"\xce\xba\xe1\xbd\xb9\xf4", fin=False), f(CONTINUATION, b"\x90", False), f(CONTINUATION, b"\x80\x80edited")], NO_TEXT)
case("no text, found at the end of the fragments", [text(b"\xf0", fin=False), f(CONTINUATION, b"\x90", False), f(CONTINUATION, b"\x80")], NO_TEXT)

# Close.
case("Close without content", [f(CLOSE)])
case("Close with half a code", [f(CLOSE, b"\x03")], WRONG)
case("Close with a code", [close(1000)])
case("Close with a reason", [close(1000, b"ok")])
case("Close of 125 bytes", [close(1000, b"*" * 123)])
case("Close of 126 bytes", [close(1000, b"*" * 124)], WRONG)
case("Close in two fragments", [f(CLOSE, b"\x03\xe8", False)], WRONG)
case("Close with a reason that is no text", [close(1000, b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80")], NO_TEXT)
for _code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
    case(f"Close with the code {_code}", [close(_code, b"reason")])
for _code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):
    case(f"Close with the code {_code}", [close(_code)], WRONG)
case("Close in the middle of a message", [text("a", fin=False), close(1000)])
case("two Closes", [close(1000), close(1001)], LAST)
case("ping behind a Close", [close(1000), f(PING, b"late")], LAST)
case("text behind a Close", [close(1000), text("late")], LAST)
case("fragment behind a Close", [text("a", fin=False), close(1000), f(CONTINUATION, b"b")], LAST)
case("a large message behind a Close", [close(1000), f(BINARY, b"x" * 100000)], LAST)

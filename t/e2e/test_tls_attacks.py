"""Clients that break the rules of TLS, byte by byte: each gets the alert that the standard names, and the next is served."""
import base64
import struct

import pytest

from lib import tls_raw as raw
from lib.message import read_response
from lib.origin import Origin
from lib.tls_raw import (ALERT, CCS, DATA, HANDSHAKE, Client12, Client13, client_hello, extension, extensions,
                         hello_body, message, numbers, record, share, usual, vec)
from lib.weir import Weir

GET = b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n"


class Target:
    """One proxy for all clients, since it must survive every one of them."""

    def __init__(self, folder, shared, world):
        self.site = Origin(cert=world.good())
        self.proxy = Weir(folder, "--upstream-ca", shared["root"], "--grace-time", "1s", "--threads", "1",
                          "--resolve", f"site.test:{self.site.port}:127.0.0.1", ca=shared["ca"]).start()
        self.serve()

    def tunnel(self):
        return self.proxy.tunnel(f"site.test:{self.site.port}")

    def serve(self):
        with self.proxy.secure("site.test", self.site.port) as pipe:
            assert read_response(pipe.send(GET)).status == 200

    def stop(self):
        self.proxy.stop()
        self.site.stop()


@pytest.fixture(scope="module")
def target(tmp_path_factory, shared, world):
    one = Target(tmp_path_factory.mktemp("target"), shared, world)
    yield one
    one.stop()


# Hellos -------------------------------------------------------------------------------------------------------------------


def hello(changes=None, **how):
    return record(HANDSHAKE, client_hello(changes, **how), version=0x0301)


def hello12(changes=None, **how):
    return hello(changes, version=raw.TLS12, **how)


def hello_with(extra, **how):
    """The bytes of the extensions as they are."""
    return record(HANDSHAKE, message(raw.CLIENT_HELLO, hello_body(extra, **how)), version=0x0301)


def hello_cut(n):
    """A message that says it is complete, and is not: its last n bytes are missing."""
    body = client_hello()[4:]
    return record(HANDSHAKE, message(raw.CLIENT_HELLO, body[:-n]), version=0x0301)


def hello_behind(data):
    """With bytes behind the extensions, within the message."""
    return record(HANDSHAKE, message(raw.CLIENT_HELLO, client_hello()[4:] + data), version=0x0301)


def twice(kind):
    made = usual()
    return hello_with(extensions(made) + extension(kind, made[kind]))


def in_records(msg, size):
    return b"".join(record(HANDSHAKE, msg[i:i + size], version=0x0301) for i in range(0, len(msg), size))


def large(n):
    """A hello of some n bytes, in order but for its size."""
    return in_records(client_hello({0x5000: b"x" * 20000}, ciphers=[raw.AES_128_GCM_SHA256] * ((n - 20000) // 2)), 16384)


OLD_TICKET = vec(2, vec(2, b"t" * 32) + b"\x00" * 4) + vec(2, vec(1, b"b" * 32))
BAD_POINT = b"\x04" + b"\x01" * 64

# What the client sends in place of a ClientHello; the alert; and what the standard says where OpenSSL has another alert.
# Numbers are sections of RFC 8446 where nothing else is said.
HELLOS = {
    # Records (5.1, 5.2)
    "record of 2^14+1 bytes": (record(HANDSHAKE, client_hello() + b"\x00" * 16500), "record_overflow"),
    "record of 2^16-1 bytes": (record(HANDSHAKE, client_hello()[:100], length=65535), "record_overflow"),
    "two records with an alert between": (
        record(HANDSHAKE, client_hello()[:50]) + record(ALERT, b"\x01\x00") + record(HANDSHAKE, client_hello()[50:]),
        "unexpected_message"),  # 5.1: no other type within a message
    "second record without content": (
        record(HANDSHAKE, client_hello()[:50]) + record(HANDSHAKE, b""), "unexpected_message"),
    "65 records of one byte": (in_records(client_hello(), 1), "decode_error"),
    # The message (4, 4.1.2)
    "message of 2^24-1 bytes": (record(HANDSHAKE, message(1, b"x" * 100, length=0xffffff)), "decode_error"),
    "message without content": (record(HANDSHAKE, message(1, b"")), "decode_error"),
    "message longer than its content": (hello_behind(b"\x00"), "decode_error"),
    "message longer by an extension": (hello_behind(extension(0x5555, b"")), "decode_error"),
    "second message in the record": (record(HANDSHAKE, client_hello() + message(raw.FINISHED, b"x" * 32)),
                                     "unexpected_message"),  # 5.1: keys change behind the hello
    "message cut by 1": (hello_cut(1), "decode_error"),
    "message cut by 40": (hello_cut(40), "decode_error"),
    "random cut": (record(HANDSHAKE, message(1, b"\x03\x03" + b"R" * 31)), "decode_error"),
    "session id of 33 bytes": (hello(session=b"s" * 33), "decode_error"),
    "session id longer than the message": (record(HANDSHAKE, message(1, b"\x03\x03" + b"R" * 32 + b"\xff")), "decode_error"),
    "no cipher suites": (hello(ciphers=[]), "decode_error"),
    "half a cipher suite": (record(HANDSHAKE, message(1, b"\x03\x03" + b"R" * 32 + b"\x00" + vec(2, b"\x13\x01\x13") +
                                                      b"\x01\x00" + vec(2, extensions(usual())))), "decode_error"),
    "no compression methods": (hello(compression=b""), "decode_error"),
    "compression that is not null": (hello(compression=b"\x01"), "illegal_parameter"),
    "compression besides null, in 1.3": (hello(compression=b"\x00\x01"), "illegal_parameter"),
    "compression without null, in 1.2": (hello12(compression=b"\x01"), "illegal_parameter"),  # RFC 3749, RFC 5246 7.4.1.2
    "hello of 70000 bytes": (large(70000), "decode_error"),  # ours: 64 KiB
    # What is in it (4.1.1, 4.2)
    "version 1.1 only": (hello_with(extensions(usual(version=raw.TLS12)), version=0x0302,
                         ciphers=[0xC009]), "protocol_version"),
    "version 3.0 only": (hello_with(extensions(usual(version=raw.TLS12)), version=0x0300, ciphers=[0xC009]),
                         "handshake_failure"),  # SSL 3.0 has no protocol_version
    "version 0.2": (hello_with(extensions(usual(version=raw.TLS12)), version=0x0002, ciphers=[0xC009]), "protocol_version"),
    "versions that nobody knows": (hello({raw.VERSIONS: vec(1, numbers([0x7f12, 0x0a0a]))}), "protocol_version"),
    "versions too old": (hello({raw.VERSIONS: vec(1, numbers([0x0302, 0x0301]))}), "protocol_version"),
    "version 1.3 by the old field": (hello_with(extensions(usual(version=raw.TLS12)), version=0x0304, ciphers=[0x1301]),
                                     "handshake_failure"),  # D.2: it means 1.2, which has none of its suites
    "no versions in the list": (hello({raw.VERSIONS: vec(1, b"")}), "decode_error"),
    "half a version": (hello({raw.VERSIONS: vec(1, b"\x03\x04\x03")}), "decode_error"),
    "bytes behind the versions": (hello({raw.VERSIONS: vec(1, numbers([0x0304])) + b"\x00"}), "decode_error"),
    "fallback": (hello12(ciphers=[raw.ECDHE_ECDSA_AES128_GCM_SHA256, raw.FALLBACK_SCSV]), "inappropriate_fallback"),
    "no common suite, 1.3": (hello(ciphers=[0x1399, 0x1304]), "handshake_failure"),
    "no common suite, 1.2": (hello12(ciphers=[0x002f, 0x000a, 0x0005]), "handshake_failure"),
    "suites of the other version, 1.3": (hello(ciphers=[raw.ECDHE_ECDSA_AES128_GCM_SHA256]), "handshake_failure"),
    "suites of the other version, 1.2": (hello12(ciphers=[raw.AES_128_GCM_SHA256]), "handshake_failure"),
    "suites: export, null, anonymous, RC4": (hello12(ciphers=[0x0003, 0x0001, 0x0018, 0x0034, 0xc018, 0x0004, 0xc011]),
                                             "handshake_failure"),
    "suites: static RSA, CBC, finite field": (hello12(ciphers=[0x009c, 0xc009, 0xc023, 0x009e, 0x0067, 0x0033]),
                                              "handshake_failure"),
    "no extensions at all": (hello_with(None), "handshake_failure"),  # it means 1.2, which has none of its suites
    "an extension without a name": (hello({raw.SNI: b""}), "decode_error"),
    "no groups, 1.3": (hello({raw.GROUPS: None}), "missing_extension"),  # 9.2
    "no key share, 1.3": (hello({raw.KEY_SHARE: None}), "missing_extension"),  # 9.2
    "no signature algorithms, 1.3": (hello({raw.SIG_ALGS: None}), "missing_extension"),  # 9.2
    "no common group, 1.3": (hello({raw.GROUPS: vec(2, numbers([0x0101, 0x1234])), raw.KEY_SHARE: vec(2, b"")}),
                             "handshake_failure"),
    "finite-field group, 1.3": (hello({raw.GROUPS: vec(2, numbers([0x0100, 0x0104])),
                                       raw.KEY_SHARE: vec(2, share(b"\x02" * 256, 0x0100))}), "handshake_failure"),
    "no common group, 1.2": (hello12({raw.GROUPS: vec(2, numbers([0x0101, 0x1234]))}), "handshake_failure"),
    "no common signature algorithm, 1.3": (hello({raw.SIG_ALGS: vec(2, numbers([0x0201, 0x0203]))}), "handshake_failure"),
    "no common signature algorithm, 1.2": (hello12({raw.SIG_ALGS: vec(2, numbers([0x0101, 0x0103]))}), "handshake_failure"),
    "SHA-1 signatures only, 1.2": (hello12({raw.SIG_ALGS: vec(2, numbers([0x0201, 0x0203]))}), "handshake_failure"),
    "no groups in the list": (hello({raw.GROUPS: vec(2, b"")}), "decode_error"),
    "half a group": (hello({raw.GROUPS: vec(2, b"\x00\x1d\x00")}), "decode_error"),
    "no signature algorithms in the list": (hello({raw.SIG_ALGS: vec(2, b"")}), "decode_error"),
    "half a signature algorithm": (hello({raw.SIG_ALGS: vec(2, b"\x04\x03\x08")}), "decode_error"),
    "formats without the uncompressed one": (hello12({raw.FORMATS: vec(1, b"\x01")}),
                                             "handshake_failure", "illegal_parameter"),
    "key share of a group that is not listed": (
        hello({raw.GROUPS: vec(2, numbers([raw.P256])), raw.KEY_SHARE: vec(2, share(b"k" * 32))}),
        "illegal_parameter"),  # 4.2.8
    "key share of zeros": (hello({raw.KEY_SHARE: vec(2, share(b"\x00" * 32))}), "illegal_parameter"),  # 7.4.2
    "key share of 31 bytes": (hello({raw.KEY_SHARE: vec(2, share(b"k" * 31))}), "illegal_parameter"),
    "key share of no bytes": (hello({raw.KEY_SHARE: vec(2, share(b""))}), "decode_error"),
    "key share that is not on the curve": (hello({raw.KEY_SHARE: vec(2, share(BAD_POINT, raw.P256))}), "illegal_parameter"),
    "key share that is compressed": (hello({raw.KEY_SHARE: vec(2, share(b"\x02" + b"\x01" * 32, raw.P256))}),
                                     "illegal_parameter"),
    "key share longer than the extension": (hello({raw.KEY_SHARE: vec(2, numbers([29, 99]) + b"k" * 32)}), "decode_error"),
    "bytes behind the key shares": (hello({raw.KEY_SHARE: vec(2, share(b"k" * 32)) + b"\x00"}), "decode_error"),
    "server name twice": (twice(raw.SNI), "illegal_parameter"),  # 4.2
    "versions twice": (twice(raw.VERSIONS), "illegal_parameter"),
    "key share twice": (twice(raw.KEY_SHARE), "illegal_parameter"),
    "unknown extension twice": (hello_with(extensions(usual()) + extension(0x5555, b"") * 2), "illegal_parameter"),
    "extension longer than the block": (hello_with(extensions(usual()) + struct.pack(">HH", 0x5555, 9)), "decode_error"),
    "extension of one byte": (hello_with(extensions(usual()) + b"\x00"), "decode_error"),
    "more than 64 extensions": (hello_with(extensions(usual()) + b"".join(extension(0x5000 + i, b"") for i in range(60))),
                      "decode_error"),  # ours: 64
    "server name with a NUL": (hello({raw.SNI: vec(2, b"\x00" + vec(2, b"site.test\x00.x"))}), "unrecognized_name"),
    "server name of 300 bytes": (hello({raw.SNI: vec(2, b"\x00" + vec(2, b"a." * 148 + b"test"))}), "unrecognized_name"),
    "server name of no bytes": (hello({raw.SNI: vec(2, b"\x00" + vec(2, b""))}), "decode_error"),
    "two server names": (hello({raw.SNI: vec(2, b"\x00" + vec(2, b"a.test") + b"\x00" + vec(2, b"b.test"))}),
                                  "decode_error"),
    "server name longer than the list": (hello({raw.SNI: vec(2, b"\x00\x00\x99site.test")}), "decode_error"),
    "no protocols in the list": (hello({raw.ALPN: vec(2, b"")}), "decode_error"),  # RFC 7301
    "protocol of no bytes": (hello({raw.ALPN: vec(2, vec(1, b""))}), "decode_error"),
    "no common protocol": (hello({raw.ALPN: vec(2, vec(1, b"h9"))}), "no_application_protocol"),
    "secret of a renegotiation": (hello12({raw.RENEGOTIATION: vec(1, b"x" * 12)}), "handshake_failure"),  # RFC 5746 3.6
    "early data of a byte": (hello({raw.EARLY_DATA: b"\x00"}), "decode_error"),
    "ticket that is not last": (hello_with(extensions({**usual(), raw.PSK_MODES: b"\x01\x01", raw.PSK: OLD_TICKET}) +
                                           extension(0x5555, b"")), "illegal_parameter"),  # 4.2.11
    "ticket without modes": (hello({raw.PSK: OLD_TICKET}),
                             "missing_extension"),  # 4.2.9
}


# What is not the beginning of a ClientHello may be any protocol: the answer is that of HTTP.
OTHERS = {
    "record without content": record(HANDSHAKE, b"") + hello(),
    "application data": record(DATA, b"x" * 20),
    "change_cipher_spec": record(CCS, b"\x01") + hello(),
    "heartbeat": record(24, b"\x01\xff\xff"),
    "unknown type": record(99, b"x" * 20),
    "version 2.0": record(HANDSHAKE, client_hello(), version=0x0200),
    "version 4.0": record(HANDSHAKE, client_hello(), version=0x0400),
    "alert": record(ALERT, b"\x02\x28"),
    "message that is no hello": record(HANDSHAKE, message(raw.FINISHED, b"x" * 32)),
    "server hello": record(HANDSHAKE, raw.server_hello({})),
    "hello of SSL 2.0": bytes.fromhex("802e0100020015000000100100800300800700c0050080060040020080040080") + b"c" * 16,
}

# OpenSSL lets these pass where the standards speak of an alert, or of a server that may send one. None makes the
# connection weaker: what is wrong is not used.
TOLERATED = {
    "two key shares of a group": hello({raw.KEY_SHARE: vec(2, share(b"k" * 32) * 2)}),  # 4.2.8: servers may check
    "early data without a ticket": hello({raw.EARLY_DATA: b""}),  # 4.2.10; it is not taken in any case
    "ticket without binder": hello({raw.PSK_MODES: b"\x01\x01",  # 4.2.11; nobody knows the ticket
                                    raw.PSK: vec(2, vec(2, b"t" * 32) + b"\x00" * 4) + vec(2, b"")}),
}


@pytest.mark.parametrize("what", HELLOS)
def test_bad_hello(what, target):
    data, alert, *_ = HELLOS[what]
    with target.tunnel() as pipe:
        pipe.send(data)
        assert raw.Peer(pipe).outcome() == alert
    target.serve()


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_no_hello_is_nothing_to_us(what, target):
    """It goes to the server as it is, which may answer as it likes."""
    before = sum(flow["kind"] == "tunnel" for flow in target.proxy.flows())
    with target.tunnel() as pipe:
        pipe.send(OTHERS[what]).shut()
        pipe.read_rest()
    flow = target.proxy.wait_flows(before + 1, kind="tunnel")[-1]
    sent = [base64.b64decode(one["base64"]) for one in flow["messages"]["list"] if one["from"] == "client"]
    assert b"".join(sent) == OTHERS[what]
    target.serve()


def test_large_hello_is_served(target):
    with target.tunnel() as pipe:
        pipe.send(large(60000))
        assert raw.Peer(pipe).hear()[0] == raw.SERVER_HELLO


@pytest.mark.parametrize("what", TOLERATED)
def test_tolerated_hello(what, target):
    with target.tunnel() as pipe:
        pipe.send(TOLERATED[what])
        assert raw.Peer(pipe).hear()[0] == raw.SERVER_HELLO
    target.serve()


# TLS 1.3 ------------------------------------------------------------------------------------------------------------------


def before_finished(work):
    """In the handshake, where the client's Finished belongs; 'work' gets a client that sends under the keys of it."""
    def case(pipe):
        client = Client13(pipe).hello().keys().flight()
        work(client)
        return client
    return case


def after_finished(work, n=1):
    """On a connection that has answered a request."""
    def case(pipe):
        client = Client13(pipe).connect()
        client.send(DATA, GET)
        while client.record()[0] != DATA:
            pass
        for _ in range(n):
            work(client)
        return client
    return case


def plain(kind, body):
    return lambda client: client.pipe.send(record(kind, body))


def sealed(kind, body):
    return lambda client: client.send(kind, body)


def said(kind, body, length=None):
    return sealed(HANDSHAKE, message(kind, body, length))


def damaged(client):
    sent = bytearray(client.sealer.seal(DATA, b"x" * 100))
    sent[-1] ^= 1
    client.pipe.send(bytes(sent))


def skipped(client):
    """A record is missing."""
    client.sealer.seal(DATA, b"lost")
    client.send(DATA, b"x")


def too_long(n):
    """So many bytes of content and padding under a good seal."""
    return lambda client: client.pipe.send(client.sealer.seal(DATA, b"x" * n))


def first_hello():
    """Its key share is of no use."""
    return client_hello({raw.GROUPS: vec(2, numbers([0x1234, raw.P384])), raw.KEY_SHARE: vec(2, share(b"k" * 32, 0x1234))})


def retried(second):
    """Asked for another hello, the client sends what second(client) makes."""
    def case(pipe):
        client = Client13(pipe)
        client.say(first_hello())
        retry = raw.Hello(client.hear(raw.SERVER_HELLO))
        assert retry.random == raw.RETRY and retry.extensions[raw.KEY_SHARE] == numbers([raw.P384])
        pipe.send(second(client))
        return client
    return case


def cut_by_data(client):
    half = message(raw.KEY_UPDATE, b"\x00")
    client.send(HANDSHAKE, half[:2]).send(DATA, b"x").send(HANDSHAKE, half[2:])


def finish_with(behind):
    def work(client):
        client.send(HANDSHAKE, client.finished(client.secrets[0]) + behind)
    return work


IN_13 = {
    "finished that is wrong": (before_finished(said(raw.FINISHED, b"x" * 32)), "decrypt_error"),
    "finished that is short": (before_finished(said(raw.FINISHED, b"x" * 31)), "decode_error"),
    "finished in the clear": (before_finished(plain(HANDSHAKE, message(raw.FINISHED, b"x" * 32))), "unexpected_message"),
    "message behind finished": (before_finished(finish_with(message(raw.KEY_UPDATE, b"\x00"))), "unexpected_message"),
    "data before finished": (before_finished(sealed(DATA, GET)), "unexpected_message"),
    "data in the clear before finished": (before_finished(plain(DATA, GET)), "bad_record_mac"),
    "damaged record before finished": (before_finished(damaged), "bad_record_mac"),
    "record without content before finished": (before_finished(sealed(HANDSHAKE, b"")), "unexpected_message"),
    "record without type": (before_finished(sealed(None, b"")), "bad_record_mac", "unexpected_message"),
    "certificate that nobody asked for": (before_finished(said(raw.CERTIFICATE, b"\x00" * 4)),
                                          "unexpected_message"),
    "certificate verify in place of finished": (before_finished(said(raw.CERTIFICATE_VERIFY, b"\x00" * 8)),
                                                "unexpected_message"),
    "key update before finished": (before_finished(said(raw.KEY_UPDATE, b"\x00")), "unexpected_message"),
    "end of early data": (before_finished(said(raw.END_OF_EARLY_DATA, b"")), "unexpected_message"),
    "hello in place of finished": (before_finished(sealed(HANDSHAKE, client_hello())), "unexpected_message"),
    "change_cipher_spec of value 2": (before_finished(plain(CCS, b"\x02")), "illegal_parameter", "unexpected_message"),  # 5
    "change_cipher_spec of two bytes": (before_finished(plain(CCS, b"\x01\x01")), "illegal_parameter", "unexpected_message"),
    "change_cipher_spec under keys": (before_finished(sealed(CCS, b"\x01")), "unexpected_message"),
    "flood of change_cipher_spec": (before_finished(lambda c: c.pipe.send(record(CCS, b"\x01") * 40)), "unexpected_message"),
    "second hello without the group": (retried(lambda c: record(HANDSHAKE, first_hello())), "illegal_parameter"),  # 4.1.2
    "second hello of other ciphers": (retried(lambda c: record(HANDSHAKE, client_hello(
        {raw.GROUPS: vec(2, numbers([raw.P384])), raw.KEY_SHARE: vec(2, share(b"\x04" + b"k" * 96, raw.P384))},
        ciphers=[0x1302]))), "illegal_parameter"),
    "second hello of TLS 1.2": (retried(lambda c: hello12()), "protocol_version"),
    "finished in place of the second hello": (retried(lambda c: record(HANDSHAKE, message(raw.FINISHED, b"x" * 32))),
                                              "unexpected_message"),
    "damaged record": (after_finished(damaged), "bad_record_mac"),
    "missing record": (after_finished(skipped), "bad_record_mac"),
    "data in the clear": (after_finished(plain(DATA, GET)), "bad_record_mac"),
    "handshake in the clear": (after_finished(plain(HANDSHAKE, client_hello())), "unexpected_message"),
    "alert in the clear": (after_finished(plain(ALERT, b"\x02\x28")), "unexpected_message"),
    "change_cipher_spec": (after_finished(plain(CCS, b"\x01")), "unexpected_message"),
    "record of 2^14+257 bytes": (after_finished(plain(DATA, b"x" * (16384 + 257))), "record_overflow"),  # 5.2
    "record of 2^14+1 bytes under seal": (after_finished(too_long(16385)), "record_overflow"),  # 5.4
    "record without type, later": (after_finished(sealed(None, b"\x00" * 10)), "unexpected_message"),  # 5.4
    "heartbeat": (after_finished(sealed(raw.HEARTBEAT, b"\x01\x40\x00")), "unexpected_message"),
    "record of unknown type": (after_finished(sealed(99, b"x")), "unexpected_message"),
    "key update of value 2": (after_finished(said(raw.KEY_UPDATE, b"\x02")), "illegal_parameter"),  # 4.6.3
    "key update without value": (after_finished(said(raw.KEY_UPDATE, b"")), "decode_error"),
    "key update of two bytes": (after_finished(said(raw.KEY_UPDATE, b"\x00\x00")), "illegal_parameter", "decode_error"),
    "two key updates in a record": (after_finished(sealed(HANDSHAKE, message(raw.KEY_UPDATE, b"\x00") * 2)),
                                    "unexpected_message"),
    "key update with data within": (after_finished(cut_by_data), "unexpected_message"),  # 5.1
    "renegotiation": (after_finished(sealed(HANDSHAKE, client_hello())), "unexpected_message"),  # 4.1.2
    "ticket of a client": (after_finished(said(raw.NEW_TICKET, b"\x00" * 14)), "unexpected_message"),
    "certificate request of a client": (after_finished(said(raw.CERTIFICATE_REQUEST, b"\x00\x00\x00")),
                                        "unexpected_message"),
    "second finished": (after_finished(said(raw.FINISHED, b"x" * 32)), "unexpected_message"),
    "message of unknown type": (after_finished(said(99, b"x")), "unexpected_message"),
    "key update of 2^24-1 bytes": (after_finished(said(raw.KEY_UPDATE, b"x", length=0xffffff)),
                                   "illegal_parameter", "decode_error"),
    "alert of one byte": (after_finished(sealed(ALERT, b"\x01")), "unexpected_message", "decode_error"),
    "alert of three bytes": (after_finished(sealed(ALERT, b"\x01\x00\x00")), "unexpected_message", "decode_error"),
    "fatal alert": (after_finished(sealed(ALERT, b"\x02\x28")), "eof"),
    "close_notify": (after_finished(sealed(ALERT, b"\x01\x00")), "close_notify"),
    "flood of key updates": (after_finished(lambda c: c.update(), 40), "unexpected_message"),
    "flood of key updates that want an answer": (after_finished(lambda c: c.update(b"\x01"), 40), "unexpected_message"),
    "flood of records without data": (after_finished(sealed(DATA, b""), 40), "unexpected_message"),
    "flood of warnings": (after_finished(sealed(ALERT, b"\x01\x5a"), 40), "unexpected_message"),
}


@pytest.mark.parametrize("what", IN_13)
def test_bad_tls_13(what, target):
    case, alert, *_ = IN_13[what]
    with target.tunnel() as pipe:
        assert case(pipe).outcome() == alert
    target.serve()


# TLS 1.2 ------------------------------------------------------------------------------------------------------------------


def in_12(*steps, until="flight"):
    """A client that has come to 'until', and then does the steps."""
    def case(pipe):
        client = Client12(pipe)
        if until == "end":
            client.connect()
            client.send(DATA, GET)
            while client.record()[0] != DATA:
                pass
        else:
            client.hello().flight()
        for step in steps:
            step(client)
        return client
    return case


def exchange(client):
    client.exchange()


def change(client):
    client.change()


def key_exchange(body):
    return said(raw.CLIENT_KEY_EXCHANGE, body)


def repeat(n, step):
    return lambda client: [step(client) for _ in range(n)]


AGAIN = sealed(HANDSHAKE, client_hello(version=raw.TLS12))
FINISH = said(raw.FINISHED, b"x" * 12)
IN_12 = {
    "finished that is wrong": (in_12(exchange, change, FINISH), "decrypt_error"),
    "finished that is short": (in_12(exchange, change, said(raw.FINISHED, b"x" * 11)), "decode_error"),
    "finished in the clear": (in_12(exchange, FINISH), "unexpected_message"),
    "finished in the clear behind change_cipher_spec": (in_12(exchange, change, 
                                                              plain(HANDSHAKE, message(raw.FINISHED, b"x" * 12))),
                                                        "internal_error", "bad_record_mac"),
    "damaged finished": (in_12(exchange, change, damaged), "bad_record_mac"),
    "early change_cipher_spec": (in_12(change, exchange), "unexpected_message"),  # CVE-2014-0224
    "finished in place of the key": (in_12(FINISH), "unexpected_message"),
    "two keys": (in_12(exchange, exchange), "unexpected_message"),
    "key without bytes": (in_12(key_exchange(b"")), "handshake_failure", "decode_error"),
    "key of no bytes": (in_12(key_exchange(vec(1, b""))), "illegal_parameter", "decode_error"),
    "key of 31 bytes": (in_12(key_exchange(vec(1, b"k" * 31))), "illegal_parameter"),
    "key of zeros": (in_12(key_exchange(vec(1, b"\x00" * 32))), "illegal_parameter"),  # RFC 8422 5.11
    "bytes behind the key": (in_12(key_exchange(vec(1, b"k" * 32) + b"\x00")), "decode_error"),
    "key longer than the message": (in_12(key_exchange(b"\x40" + b"k" * 32)), "decode_error"),
    "change_cipher_spec of value 2": (in_12(exchange, plain(CCS, b"\x02")), "unexpected_message"),
    "change_cipher_spec of two bytes": (in_12(exchange, plain(CCS, b"\x01\x01")), "unexpected_message"),
    "two change_cipher_spec": (in_12(exchange, change, plain(CCS, b"\x01")), "internal_error", "bad_record_mac"),
    "data before finished": (in_12(exchange, change, sealed(DATA, GET)), "unexpected_message"),
    "data in the clear": (in_12(plain(DATA, GET)), "unexpected_message"),
    "certificate that nobody asked for": (in_12(said(raw.CERTIFICATE, b"\x00\x00\x00")), "unexpected_message"),
    "ticket of a client": (in_12(said(raw.NEW_TICKET, b"\x00" * 6)), "unexpected_message"),
    "second hello": (in_12(AGAIN), "unexpected_message"),
    "heartbeat in the handshake": (in_12(plain(raw.HEARTBEAT, b"\x01\x40\x00")), "unexpected_message"),  # CVE-2014-0160
    "record without content in the handshake": (in_12(plain(HANDSHAKE, b""), exchange, change, FINISH), "decrypt_error"),
    "flood of records without content in the handshake": (in_12(repeat(40, plain(HANDSHAKE, b""))), "unexpected_message"),
    "flood of warnings in the handshake": (in_12(repeat(10, plain(ALERT, b"\x01\x5a"))), "unexpected_message"),
    "damaged record": (in_12(damaged, until="end"), "bad_record_mac"),
    "missing record": (in_12(skipped, until="end"), "bad_record_mac"),
    "record that is too short for a seal": (in_12(plain(DATA, b"x" * 23), until="end"), "internal_error", "bad_record_mac"),
    "record of 2^14+2049 bytes": (in_12(plain(DATA, b"x" * (16384 + 2049)), until="end"), "record_overflow"),
    "record of 2^14+1 bytes under seal": (in_12(too_long(16385), until="end"), "record_overflow"),
    "heartbeat": (in_12(sealed(raw.HEARTBEAT, b"\x01\x40\x00"), until="end"), "unexpected_message"),
    "change_cipher_spec": (in_12(sealed(CCS, b"\x01"), until="end"), "unexpected_message"),
    "hello request of a client": (in_12(said(raw.HELLO_REQUEST, b""), until="end"), "unexpected_message"),
    "second finished": (in_12(FINISH, until="end"), "unexpected_message"),
    "renegotiation": (in_12(AGAIN, until="end"), "no_renegotiation"),  # RFC 5746
    "flood of renegotiations": (in_12(repeat(40, AGAIN), until="end"), "no_renegotiation"),
    "fatal alert": (in_12(sealed(ALERT, b"\x02\x28"), until="end"), "eof"),
    "close_notify": (in_12(sealed(ALERT, b"\x01\x00"), until="end"), "close_notify"),
    "flood of records without data": (in_12(repeat(40, sealed(DATA, b"")), until="end"), "unexpected_message"),
    "flood of warnings": (in_12(repeat(10, sealed(ALERT, b"\x01\x5a")), until="end"), "unexpected_message"),
}


@pytest.mark.parametrize("what", IN_12)
def test_bad_tls_12(what, target):
    case, alert, *_ = IN_12[what]
    with target.tunnel() as pipe:
        assert case(pipe).outcome() == alert
    target.serve()


# Anywhere -----------------------------------------------------------------------------------------------------------------


def ending(target, data):
    """What comes back when that is all that a client sends."""
    with target.tunnel() as pipe:
        pipe.send(data).shut()
        back = pipe.read_rest()
        assert pipe.end in ("eof", "reset")
    return back


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xff])
def test_hello_with_any_byte_changed(flip, target):
    whole = hello()
    name = whole.index(b"site.test")
    # A length that grew, or another name that Weir asks the server about: then the client has left before.
    quiet = {*range(9), *range(name, name + 9)}
    for i in range(len(whole)):
        back = ending(target, whole[:i] + bytes([whole[i] ^ flip]) + whole[i + 1:])
        assert back[:1] in (b"\x15", b"\x16") or back.startswith(b"HTTP/1.1 400 ") or (i in quiet and not back), i
    target.serve()


def test_hello_that_ends_anywhere(target):
    whole = hello()
    for i in range(1, len(whole), 3):
        back = ending(target, whole[:i])
        assert not back or (back[0], back[5:]) == (ALERT, b"\x01\x00"), (i, back[:40])
    target.serve()


@pytest.mark.parametrize("kind", [Client13, Client12])
def test_finished_with_any_byte_changed(kind, target):
    """Type, version, length, content and seal. Who hears of more bytes than there are waits for them."""
    for i in range(58 if kind == Client13 else 45):
        with target.tunnel() as pipe:
            client = kind(pipe).hello().flight() if kind == Client12 else kind(pipe).hello().keys().flight()
            if kind == Client12:
                client.exchange().change()
            msg = client.finished(client.secrets[0]) if kind == Client13 else client.finished()
            sent = bytearray(client.sealer.seal(HANDSHAKE, msg))
            sent[i] ^= 0x80
            pipe.send(bytes(sent)).shut()
            got = client.outcome()
            assert got in ("bad_record_mac", "record_overflow", "unexpected_message", "protocol_version", "decode_error",
                           "internal_error", "eof", "close_notify") and (got not in ("eof", "close_notify") or i == 4), (i, got)
    target.serve()

"""The table of chains that must be refused, with the word for each, and of odd ones that must be taken."""
from dataclasses import dataclass, replace
from typing import Callable

from lib import der
from lib.bench import Bench, Made, issue
from lib.der import basic, constraints, directory, dns, eku, email, ip, key, uri, usage

NO = None
GARBAGE = b"\x30\x05\x01"


@dataclass(frozen=True)
class Case:
    row: str  # of the security table
    what: str
    word: str  # the verdict; None: it must be taken
    make: Callable[[Bench], Made]
    host: str = "site.test"
    early: bool = False  # on the wire, the handshake fails before there is a verdict, or behind it

    def __str__(self):
        return f"{self.row}-{self.what}"


def spare(label, kind="p256"):
    return key(kind, "spare " + label)


# Chains that take more than a line


def below_a_leaf(b):
    """A server's certificate that has issued another."""
    return b.leaf(b.leaf(common="innocent.test"))


def deep(b, n):
    above = b.root
    for i in range(n):
        above = b.mid(f"Level {i}", above)
    return b.leaf(above)


def untrusted_loop(b):
    """Two authorities that have signed each other, and no root."""
    one, two = key("p256", "Loop One"), key("p256", "Loop Two")
    first = issue("Loop One", ca=True, key=one)
    second = issue("Loop Two", first, ca=True, key=two)
    first = issue("Loop One", second, ca=True, key=one)
    return b.leaf(first).with_chain(first, second)


def trusted_loop(b):
    """The same, but one of them is also signed by a root that is trusted."""
    made = untrusted_loop(b)
    return made.with_chain(*made.chain, issue("Loop Two", b.root, ca=True, key=key("p256", "Loop Two")))


def cross_signed(b, first, second):
    """One authority, signed by two roots."""
    pair = [issue("Crossed", above, ca=True, key=key("p256", "Crossed")) for above in (first, second)]
    return b.leaf(pair[0]).with_chain(*pair)


def crossed_above(b, first, second):
    """The authority above the one that has signed the leaf was signed by two roots."""
    pair = [issue("Upper", above, ca=True, key=key("p256", "Upper")) for above in (first, second)]
    lower = issue("Lower", pair[0], ca=True, key=key("p256", "Lower"))
    return b.leaf(lower).with_chain(lower, *pair)


def candidates(b, n, good=True, upper=1):
    """n authorities with the name of the right one but other keys, in front of it, on each of so many levels."""
    above, chain = b.root, ()
    for level in range(upper):
        name = f"Candidate {level}"
        right = issue(name, above, ca=True, ski=name.encode(), key=spare(name))
        wrong = [issue(name, above, ca=True, ski=name.encode(), key=spare(f"{name} {i}")) for i in range(n)]
        above, chain = right, (*wrong, *((right,) if good else ()), *chain)
    return b.leaf(above).with_chain(*chain)


def renewed(b, **how):
    """An authority with two certificates for the same key: the first has a fault, the second is good."""
    pair = spare("renewed")
    old, new = (issue("Renewed", b.root, ca=True, key=pair, **{"days": 1000, **more}) for more in (how, {}))
    return b.leaf(old).with_chain(old, new)


def renewed_short(b):
    """Of the two for the same key, the first allows no authority below."""
    pair = spare("renewed short")
    old, new = (issue("Renewed", b.root, ca=True, key=pair, ext={"basic": (True, basic(True, n))}) for n in (0, 1))
    lower = b.mid("Lower", old)
    return b.leaf(lower).with_chain(lower, old, new)


def replaced_key(b):
    """The certificate of the real server, with another key in it and the old signature."""
    good, other = b.leaf(), spare("replaced")
    return replace(good, der=good.der.replace(good.key.spki, other.spki), key=other)


def undecodable(b):
    """The version has another tag."""
    good = b.leaf()
    return replace(good, der=good.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa9\x03\x02\x01\x02", 1), double=good.der)


def forged(b, above):
    """Below an authority with a leaked key, which we do without: it is known before the signature is looked at."""
    return b.leaf(above, signer=spare("leaked", "rsa2048"))


def by_own(b):
    return b.leaf(b.own)


def by_own_below(b):
    return b.leaf(b.mid("Below Weir", b.own))


def with_one(b, exponent=1):
    """The key of the authority fits everything."""
    modulus = key("rsa2048", "modulus").private.private_numbers().public_numbers.n
    return b.leaf(b.mid("One", key=der.OneKey(modulus, exponent)))


def bound(b, ext, names=None, **how):
    """Below an authority with these name constraints, or another extension."""
    return b.leaf(b.mid("Bounded", ext={"constraints": (True, ext)}), names=names, **how)


def twice(b, outer, inner):
    """Name constraints on two levels."""
    upper = b.mid("Upper Bounded", ext={"constraints": (True, outer)})
    return b.leaf(b.mid("Lower Bounded", upper, ext={"constraints": (True, inner)}))


def many_names(b, n):
    """As many names as constraints, and none meets another."""
    return bound(b, constraints((), [dns(f"x{i}.test") for i in range(n)]),
                 names=[dns("site.test"), *(dns(f"*.h{i}.test") for i in range(n))])


def named(*names, **how):
    return lambda b: b.leaf(names=list(names), **how)


def leaf(**how):
    return lambda b: b.leaf(**how)


def below(**how):
    """A good leaf below an authority like that."""
    return lambda b: b.leaf(b.mid("Odd Intermediate", **how))


def under(odd):
    """A good chain below one of the odd roots."""
    return lambda b: b.leaf(b.mid("Middle", b.odd[odd]))


def by_rsa(**how):
    """A leaf signed by an RSA root."""
    return lambda b: b.leaf(b.odd["rsa"], **how)


def mid_by_rsa(**how):
    return lambda b: b.leaf(b.mid("Signed by RSA", b.odd["rsa"], **how))


BAD = [
    # Dates
    Case("V1", "leaf", "expired", leaf(begin=-30, days=29)),
    Case("V1", "intermediate", "expired", below(begin=-30, days=29)),
    Case("V1", "root", "expired", under("expired")),
    Case("V1", "all", "expired", lambda b: b.leaf(b.mid("Old", b.odd["expired"], begin=-30, days=29), begin=-30, days=29)),
    Case("V2", "leaf", "not-yet-valid", leaf(begin=2)),
    Case("V2", "intermediate", "not-yet-valid", below(begin=2)),
    Case("V2", "root", "not-yet-valid", under("future")),
    # Names
    Case("V3", "other-name", "wrong-host", named(dns("other.test"))),
    Case("V3", "host-in-cn-other-name-in-san", "wrong-host", named(dns("other.test"), common="site.test")),
    Case("V3", "name-in-cn-only", "name-in-cn-only", named()),
    Case("V3", "no-name-at-all", "no-san", leaf(names=[], subject=der.name(organisation="Nobody"))),
    Case("V3", "email-and-uri-only", "no-san",
         named(email("me@site.test"), uri("https://site.test/"), subject=der.name(organisation="Nobody"))),
    Case("V3", "host-is-the-beginning", "wrong-host", named(dns("site.test.evil.test"))),
    Case("V3", "host-is-the-end", "wrong-host", named(dns("evilsite.test"), dns("evil.site.test"))),
    Case("V3", "parent-domain", "wrong-host", named(dns("site.test")), "www.site.test"),
    Case("V3", "address-for-a-name", "wrong-host", named(ip("127.0.0.1"))),
    Case("V4", "wildcard-for-its-base", "wrong-host", named(dns("*.site.test"))),
    Case("V4", "wildcard-two-labels", "wrong-host", named(dns("*.site.test")), "x.y.site.test"),
    Case("V4", "wildcard-of-a-top-domain", "wrong-host", named(dns("*.test"))),
    Case("V4", "wildcard-alone", "wrong-host", named(dns("*"))),
    Case("V4", "wildcard-alone-one-label", "wrong-host", named(dns("*")), "intranet"),
    Case("V4", "partial-in-front", "wrong-host", named(dns("w*.site.test")), "www.site.test"),
    Case("V4", "partial-behind", "wrong-host", named(dns("*w.site.test")), "www.site.test"),
    Case("V4", "partial-around", "wrong-host", named(dns("w*w.site.test")), "www.site.test"),
    Case("V4", "wildcard-inside", "wrong-host", named(dns("www.*.test")), "www.site.test"),
    Case("V4", "two-wildcards", "wrong-host", named(dns("*.*.test")), "www.site.test"),
    Case("V4", "wildcard-at-the-end", "wrong-host", named(dns("www.site.*")), "www.site.test"),
    Case("V4", "wildcard-in-an-encoded-label", "wrong-host", named(dns("xn--*.site.test")), "xn--bcher-kva.site.test"),
    Case("V4", "name-not-encoded", "bad-name", named(dns("bücher.site.test".encode())), "xn--bcher-kva.site.test"),
    Case("V4", "address-as-dns-name", "wrong-host", named(dns("127.0.0.1")), "127.0.0.1"),
    Case("V4", "wildcard-address", "wrong-host", named(dns("*.0.0.1"), dns("127.0.0.*")), "127.0.0.1"),
    Case("V5", "address-in-cn-only", "name-in-cn-only", named(common="127.0.0.1"), "127.0.0.1"),
    Case("V5", "another-address", "wrong-host", named(ip("127.0.0.2")), "127.0.0.1"),
    Case("V5", "address-as-uri", "wrong-host", named(uri("https://127.0.0.1/"), dns("site.test")), "127.0.0.1"),
    Case("V5", "v4-mapped-for-v4", "wrong-host", named(ip("::ffff:127.0.0.1")), "127.0.0.1"),
    Case("V5", "v4-compatible-for-v4", "wrong-host", named(ip("::127.0.0.1")), "127.0.0.1"),
    Case("V5", "v4-for-v6", "wrong-host", named(ip("127.0.0.1"), dns("::1")), "::1"),
    Case("V5", "another-v6", "wrong-host", named(ip("::2")), "::1"),
    Case("V5", "address-with-mask", "bad-name", named(ip("127.0.0.0/8")), "127.0.0.1"),
    Case("V5", "address-as-text", "bad-name", named(ip(b"127.0.0.1")), "127.0.0.1"),
    Case("V5", "address-with-a-byte-more", "bad-name", named(ip(b"\x7f\0\0\1\0")), "127.0.0.1"),
    Case("V19", "nul-in-san", "bad-name", named(dns(b"site.test\0.evil.test"))),
    Case("V19", "nul-in-san-behind-a-good-one", "bad-name", named(dns("site.test"), dns(b"site.test\0.evil.test"))),
    Case("V19", "nul-in-cn", "bad-name", named(subject=der.name(b"site.test\0.evil.test"))),
    Case("V19", "nul-in-cn-good-san", "bad-name", named(dns("site.test"), subject=der.name(b"site.test\0.evil.test"))),
    Case("V19", "line-end-in-san", "bad-name", named(dns(b"site.test\nevil.test"))),
    Case("V19", "space-behind", "bad-name", named(dns(b"site.test "))),
    Case("V19", "empty-name", "bad-name", named(dns(b""))),
    # Roots and the way to them
    Case("V6", "self-signed", "self-signed", lambda b: issue("site.test", names=[dns("site.test")], key=spare("self"))),
    Case("V6", "self-signed-authority", "self-signed", lambda b: issue("site.test", ca=True, names=[dns("site.test")])),
    Case("V6", "issuer-is-subject-other-key", "untrusted-root",
         lambda b: issue("site.test", names=[dns("site.test")], issuer=der.name("site.test"), signer=spare("other"),
                         ext={"aki": (False, der.seq(der.tlv(0x80, b"other")))})),
    Case("V7", "unknown-root", "untrusted-root", lambda b: b.leaf(b.stranger)),
    Case("V7", "unknown-root-sent", "untrusted-root", lambda b: b.leaf(b.stranger).with_chain(b.stranger)),
    Case("V7", "unknown-root-sent-with-intermediate", "untrusted-root",
         lambda b: b.leaf(b.mid("Of a stranger", b.stranger)).with_chain(b.mid("Of a stranger", b.stranger), b.stranger)),
    Case("V7", "trusted-roots-name", "untrusted-root", lambda b: b.leaf(b.namesake).with_chain(b.namesake)),
    Case("V7", "trusted-roots-name-and-key-id", "bad-signature",
         lambda b: b.leaf(Made(b"", b.namesake.key, b.root.subject, b.root.ski), chain=())),
    Case("V7", "trusted-root-sent-beside", "untrusted-root", lambda b: b.leaf(b.stranger).with_chain(b.stranger, b.root)),
    Case("V8", "intermediate-missing", "incomplete-chain",
         lambda b: b.leaf(ext={"aia": (False, der.access(b.url))}).with_chain()),
    Case("V8", "intermediate-missing-no-hint", "untrusted-root", lambda b: b.leaf().with_chain()),
    Case("V8", "second-intermediate-missing", "untrusted-root",
         lambda b: b.leaf(b.mid("Lower", b.middle, ext={"aia": (False, der.access(b.url))})).with_chain(
             b.mid("Lower", b.middle, ext={"aia": (False, der.access(b.url))}))),
    Case("V9", "loop-without-root", "untrusted-root", untrusted_loop),
    Case("V9", "candidates-and-none-right", "bad-signature", lambda b: candidates(b, 5, good=False)),
    Case("V9", "many-candidates-on-three-levels", "bad-signature", lambda b: candidates(b, 9, good=False, upper=3)),
    Case("V9", "too-many", "too-long", lambda b: b.leaf().with_chain(*[b.middle] * 32)),
    Case("V9", "renewed-both-expired", "expired", lambda b: b.leaf(b.mid("Twice", begin=-30, days=29)).with_chain(
        b.mid("Twice", begin=-30, days=29), b.mid("Twice", begin=-60, days=29))),
    Case("V9", "two-hundred-kilobytes", "too-long",
         lambda b: b.leaf(ext={"unknown": (False, der.octets(bytes(200_000)))}), early=True),
    # Authorities
    Case("V10", "not-an-authority", "not-a-ca", below(ext={"basic": (True, basic(False)), "usage": (True, usage(0))})),
    Case("V10", "no-basic-constraints", "not-a-ca", below(ext={"basic": NO})),
    Case("V10", "no-basic-constraints-no-usage", "not-a-ca", below(ext={"basic": NO, "usage": NO})),
    Case("V10", "version-1", "version", below(version=1)),
    Case("V10", "version-1-leaf", "version", leaf(version=1)),
    Case("V10", "may-not-sign", "key-usage", below(ext={"usage": (True, usage(0))})),
    Case("V10", "leaf-as-authority", "not-a-ca", below_a_leaf),
    Case("V10", "authority-as-leaf", "ca-as-leaf",
         leaf(ca=True, ext={"eku": (False, eku("server")), "usage": (True, usage(0, 5, 6))})),
    Case("V10", "root-that-is-none", "not-a-ca", under("no-ca")),
    Case("V11", "intermediate-allows-none", "path-length",
         lambda b: b.leaf(b.mid("Below", b.mid("Short", ext={"basic": (True, basic(True, 0))})))),
    Case("V11", "root-allows-none", "path-length", under("short")),
    Case("V11", "one-too-many", "path-length",
         lambda b: b.leaf(b.mid("C", b.mid("B", b.mid("A", ext={"basic": (True, basic(True, 1))}))))),
    Case("V11", "too-deep", "too-long", lambda b: deep(b, 12)),
    # Name constraints
    Case("V12", "dns-permitted-elsewhere", "name-constraints", lambda b: bound(b, constraints([dns("elsewhere.test")]))),
    Case("V12", "dns-permitted-below", "name-constraints", lambda b: bound(b, constraints([dns("www.site.test")]))),
    Case("V12", "dns-permitted-similar-end", "name-constraints", lambda b: bound(b, constraints([dns("ite.test")]))),
    Case("V12", "dns-excluded", "name-constraints", lambda b: bound(b, constraints((), [dns("site.test")]))),
    Case("V12", "dns-parent-excluded", "name-constraints", lambda b: bound(b, constraints((), [dns("test")]))),
    Case("V12", "dns-excluded-in-capitals", "name-constraints", lambda b: bound(b, constraints((), [dns("SITE.TEST")]))),
    Case("V12", "dns-permitted-and-excluded", "name-constraints",
         lambda b: bound(b, constraints([dns("test")], [dns("site.test")]))),
    Case("V12", "second-name-outside", "name-constraints",
         lambda b: bound(b, constraints([dns("site.test")]), names=[dns("site.test"), dns("other.test")])),
    Case("V12", "wildcard-reaches-excluded", "name-constraints",
         lambda b: bound(b, constraints((), [dns("secret.site.test")]), names=[dns("*.site.test")]), "www.site.test"),
    Case("V12", "wildcard-wider-than-permitted", "name-constraints",
         lambda b: bound(b, constraints([dns("www.site.test")]), names=[dns("*.site.test")]), "www.site.test"),
    Case("V12", "address-outside", "name-constraints",
         lambda b: bound(b, constraints([ip("10.0.0.0/8")]), names=[ip("127.0.0.1")]), "127.0.0.1"),
    Case("V12", "address-excluded", "name-constraints",
         lambda b: bound(b, constraints((), [ip("127.0.0.0/8")]), names=[ip("127.0.0.1")]), "127.0.0.1"),
    Case("V12", "v6-outside", "name-constraints",
         lambda b: bound(b, constraints([ip("2001:db8::/32")]), names=[ip("::1")]), "::1"),
    Case("V12", "directory-outside", "name-constraints",
         lambda b: bound(b, constraints([directory(der.name(organisation="Allowed"))]),
                         subject=der.name("site.test", "Other"), names=[dns("site.test")])),
    Case("V12", "directory-excluded", "name-constraints",
         lambda b: bound(b, constraints((), [directory(der.name(organisation="Shunned"))]),
                         subject=der.name("site.test", "Shunned"), names=[dns("site.test")])),
    Case("V12", "uri-outside", "name-constraints",
         lambda b: bound(b, constraints([uri("elsewhere.test")]), names=[dns("site.test"), uri("https://site.test/")])),
    Case("V12", "email-outside", "name-constraints",
         lambda b: bound(b, constraints([email("elsewhere.test")]), names=[dns("site.test"), email("me@site.test")])),
    Case("V12", "of-the-root", "name-constraints", under("bounded")),
    Case("V12", "lower-cannot-widen", "name-constraints",
         lambda b: twice(b, constraints([dns("elsewhere.test")]), constraints([dns("site.test")]))),
    Case("V12", "lower-narrows", "name-constraints",
         lambda b: twice(b, constraints([dns("test")]), constraints([dns("elsewhere.test")]))),
    Case("V12", "not-critical", "name-constraints",
         below(ext={"constraints": (False, constraints([dns("elsewhere.test")]))})),
    Case("V12", "empty", "name-constraints", lambda b: bound(b, constraints())),
    Case("V12", "with-a-wildcard", "name-constraints", lambda b: bound(b, constraints((), [dns("*.elsewhere.test")]))),
    Case("V12", "with-a-minimum", "name-constraints",
         lambda b: bound(b, constraints([dns("site.test")], minimum=der.tlv(0x80, b"\1")))),
    Case("V12", "more-than-one-wants-to-compare", "failed", lambda b: many_names(b, 1100)),
    Case("V12", "in-a-leaf", "name-constraints", leaf(ext={"constraints": (True, constraints([dns("site.test")]))})),
    # Uses
    Case("V13", "leaf-for-clients", "eku", leaf(ext={"eku": (False, eku("client"))})),
    Case("V13", "leaf-for-code-and-mail", "eku", leaf(ext={"eku": (True, eku("code", "email"))})),
    Case("V13", "leaf-for-anything", "eku", leaf(ext={"eku": (False, eku("any"))})),
    Case("V13", "leaf-without", "eku", leaf(ext={"eku": NO})),
    Case("V13", "intermediate-for-clients", "eku", below(ext={"eku": (False, eku("client"))})),
    Case("V13", "intermediate-for-code", "eku", below(ext={"eku": (True, eku("code"))})),
    Case("V13", "root-for-mail", "eku", under("email")),
    Case("V13", "leaf-key-for-signing-certificates", "key-usage", leaf(ext={"usage": (True, usage(0, 5))})),
    Case("V13", "leaf-key-for-lists-only", "key-usage", leaf(ext={"usage": (True, usage(6))})),
    # Extensions
    Case("V14", "unknown-critical-leaf", "unknown-critical", leaf(ext={"unknown": (True, der.NULL)})),
    Case("V14", "unknown-critical-intermediate", "unknown-critical", below(ext={"unknown": (True, der.NULL)})),
    Case("V14", "unknown-critical-root", "unknown-critical", under("unknown")),
    Case("V14", "malformed-names", "malformed", leaf(ext={"san": (False, GARBAGE)})),
    Case("V14", "names-with-bytes-behind", "malformed", leaf(ext={"san": (False, der.seq(dns("site.test")) + b"\0")})),
    Case("V14", "malformed-basic-constraints", "malformed", leaf(ext={"basic": (True, GARBAGE)})),
    Case("V14", "malformed-usage", "malformed", leaf(ext={"usage": (True, GARBAGE)})),
    Case("V14", "malformed-eku", "malformed", leaf(ext={"eku": (False, GARBAGE)})),
    Case("V14", "malformed-key-identifier", "malformed", leaf(ext={"aki": (False, GARBAGE)})),
    Case("V14", "malformed-feature", "malformed", leaf(ext={"feature": (False, der.NULL)})),
    Case("V14", "malformed-intermediate", "malformed", below(ext={"basic": (True, GARBAGE)})),
    Case("V14", "malformed-constraints", "malformed", below(ext={"constraints": (True, GARBAGE)})),
    Case("V14", "names-twice", "malformed",
         leaf(ext={"san": [(False, der.seq(dns("site.test"))), (False, der.seq(dns("other.test")))]})),
    Case("V14", "eku-twice", "malformed", leaf(ext={"eku": [(False, eku("server")), (False, eku("client"))]})),
    Case("V14", "usage-twice-intermediate", "malformed", below(ext={"usage": [(True, usage(5, 6)), (True, usage(0))]})),
    Case("V14", "no-certificate-at-all", "damaged", undecodable, early=True),
    Case("V14", "serial-zero", "serial", leaf(serial=0)),
    Case("V14", "serial-negative", "serial", leaf(serial=-5)),
    Case("V14", "serial-too-long", "serial", leaf(serial=1 << 168)),
    # Signatures
    Case("V15", "sha1-ecdsa-leaf", "weak-signature", leaf(digest="sha1")),
    Case("V15", "sha1-ecdsa-intermediate", "weak-signature", below(digest="sha1")),
    Case("V15", "sha1-rsa-leaf", "weak-signature", by_rsa(digest="sha1")),
    Case("V15", "sha1-rsa-intermediate", "weak-signature", mid_by_rsa(digest="sha1")),
    Case("V15", "md5-leaf", "weak-signature", by_rsa(digest="md5")),
    Case("V15", "md5-intermediate", "weak-signature", mid_by_rsa(digest="md5")),
    Case("V15", "md4-leaf", "weak-signature", by_rsa(digest="md4")),
    Case("V15", "md2-leaf", "weak-signature", by_rsa(digest="md2")),
    Case("V15", "sha224-leaf", "weak-signature", leaf(digest="sha224")),
    Case("V15", "pss-with-sha1-leaf", "weak-signature", by_rsa(digest="pss-sha1")),
    # Keys
    Case("V16", "rsa1024-leaf", "weak-key", leaf(key=key("rsa1024", "leaf"))),
    Case("V16", "rsa1024-intermediate", "weak-key", below(key=key("rsa1024", "mid"))),
    Case("V16", "rsa1024-root", "weak-key", under("rsa1024")),
    Case("V16", "rsa2052-leaf", "weak-key", leaf(key=key("rsa2052", "leaf"))),
    Case("V16", "rsa-exponent-1", "weak-key", with_one),
    Case("V16", "rsa-exponent-even", "bad-signature", lambda b: with_one(b, 65536)),
    Case("V16", "dsa-leaf", "weak-key", leaf(key=key("dsa")), early=True),
    Case("V16", "dsa-intermediate", "weak-signature", below(key=key("dsa"))),
    Case("V16", "p224-leaf", "weak-key", leaf(key=key("p224", "leaf")), early=True),
    Case("V16", "p224-intermediate", "weak-key", below(key=key("p224", "mid"))),
    Case("V16", "p224-root", "weak-key", under("p224")),
    Case("V16", "secp256k1-intermediate", "weak-key", below(key=key("k256"))),
    Case("V16", "brainpool-intermediate", "weak-key", below(key=key("brainpool"))),
    Case("V16", "explicit-curve-intermediate", "weak-key", below(key=key("explicit"))),
    # Proofs
    Case("V17", "leaf-signature", "bad-signature", leaf(spoil=True)),
    Case("V17", "intermediate-signature", "bad-signature", below(spoil=True)),
    Case("V17", "key-replaced-in-certificate", "bad-signature", replaced_key),
    Case("V17", "signature-says-another-kind", "bad-signature",
         by_rsa(outer=der.seq(der.oid("1.2.840.113549.1.1.12"), der.NULL))),
    Case("V17", "key-not-the-certificates", "ok", lambda b: b.leaf().with_key(der.WrongKey(b.leaf().key)), early=True),
    Case("V18", "demands-a-staple-none-sent", "must-staple", leaf(ext={"feature": (False, der.MUST_STAPLE)})),
    Case("V18", "demands-a-staple-among-others", "must-staple",
         leaf(ext={"feature": (False, der.seq(der.integer(17), der.integer(5)))})),
    # Keys that somebody else has
    Case("V21", "own-authority", "own-ca", by_own),
    Case("V21", "own-authority-above", "own-ca", by_own_below),
    Case("V21", "own-authority-sent-along", "own-ca", lambda b: b.leaf().with_chain(b.middle, b.own)),
]

LEAKED = ("Superfish", "eDellRoot", "DSDTestProvider", "badssl mitm-software", "webpack-dev-server")
BAD += [Case("V20", label, "leaked-key", lambda b, label=label: forged(b, b.leaked[label])) for label in LEAKED]
BAD += [Case("V20", "intermediate", "leaked-key", lambda b: forged(b, b.mid("Leaked", key=b.leaked["Superfish"].key))),
        Case("V20", "root-nobody-trusts", "leaked-key",
             lambda b: forged(b, b.mid("X", b.stranger, key=b.leaked["eDellRoot"].key)))]

GOOD = [
    Case("good", "plain", None, leaf()),
    Case("good", "rsa", None, leaf(key=key("rsa2048", "leaf"))),
    Case("good", "p384", None, leaf(key=key("p384"))),
    Case("good", "ed25519", None, leaf(key=key("ed25519"))),
    Case("good", "wildcard-one-label", None, named(dns("*.site.test")), "www.site.test"),
    Case("good", "capitals", None, named(dns("SITE.Test"))),
    Case("good", "encoded-name", None, named(dns("xn--bcher-kva.site.test")), "xn--bcher-kva.site.test"),
    Case("good", "wildcard-elsewhere", None, named(dns("w*.site.test"), dns("*"), dns("site.test"))),
    Case("good", "v4", None, named(ip("127.0.0.1"), common="an address"), "127.0.0.1"),
    Case("good", "v6", None, named(ip("::1"), common="an address"), "::1"),
    Case("good", "no-subject", None, leaf(subject=der.seq(), ext={"san": (True, der.seq(dns("site.test")))})),
    Case("good", "directly-below-the-root", None, lambda b: b.leaf(b.root)),
    Case("good", "root-sent", None, lambda b: b.leaf().with_chain(b.middle, b.root)),
    Case("good", "permitted-name", None, lambda b: bound(b, constraints([dns("site.test")]))),
    Case("good", "permitted-wildcard", None,
         lambda b: bound(b, constraints([dns("test")]), names=[dns("*.site.test")]), "www.site.test"),
    Case("good", "excluded-elsewhere", None, lambda b: bound(b, constraints((), [dns("elsewhere.test")]))),
    Case("good", "many-names-and-many-excluded", None, lambda b: many_names(b, 400)),
    Case("good", "permitted-address", None,
         lambda b: bound(b, constraints([ip("127.0.0.0/8")]), names=[ip("127.0.0.1")]), "127.0.0.1"),
    Case("good", "permitted-directory", None,
         lambda b: bound(b, constraints([directory(der.name(organisation="Allowed"))]),
                         subject=der.name("site.test", "Allowed"), names=[dns("site.test")])),
    Case("good", "path-length-used-up", None, lambda b: b.leaf(b.mid("Short", ext={"basic": (True, basic(True, 0))}))),
    Case("good", "six-intermediates", None, lambda b: deep(b, 6)),
    Case("good", "unknown-extension-not-critical", None, leaf(ext={"unknown": (False, der.NULL)})),
    Case("good", "serial-of-20-bytes", None, leaf(serial=(1 << 159) - 1)),
    Case("good", "root-signed-with-sha1", None, under("sha1")),
    Case("good", "intermediate-for-servers-and-clients", None, below(ext={"eku": (False, eku("client", "server"))})),
    Case("V9", "reversed", None,
         lambda b: b.leaf(b.mid("Lower", b.middle)).with_chain(b.root, b.middle, b.mid("Lower", b.middle))),
    Case("V9", "extra", None, lambda b: b.leaf().with_chain(b.stranger, b.leaf(common="other.test"), b.middle, b.namesake)),
    Case("V9", "twice", None, lambda b: b.leaf().with_chain(b.middle, b.middle, b.middle)),
    Case("V9", "thirty-one-more", None, lambda b: b.leaf().with_chain(*[b.middle] * 31)),
    Case("V9", "cross-signed", None, lambda b: cross_signed(b, b.root, b.stranger)),
    Case("V9", "cross-signed-stranger-first", None, lambda b: cross_signed(b, b.stranger, b.root)),
    Case("V9", "crossed-above", None, lambda b: crossed_above(b, b.root, b.stranger)),
    Case("V9", "crossed-above-stranger-first", None, lambda b: crossed_above(b, b.stranger, b.root)),
    Case("V9", "loop-with-a-root", None, trusted_loop),
    Case("V9", "candidate-with-another-key-first", None, lambda b: candidates(b, 1)),
    Case("V9", "five-candidates", None, lambda b: candidates(b, 5)),
    Case("V9", "candidates-on-two-levels", None, lambda b: candidates(b, 2, upper=2)),
    Case("V9", "renewed-expired-first", None, lambda b: renewed(b, begin=-30, days=29)),
    Case("V9", "renewed-constrained-first", None,
         lambda b: renewed(b, ext={"constraints": (True, constraints([dns("elsewhere.test")]))})),
    Case("V9", "renewed-for-clients-first", None, lambda b: renewed(b, ext={"eku": (False, eku("client"))})),
    Case("V9", "renewed-unknown-critical-first", None, lambda b: renewed(b, ext={"unknown": (True, der.NULL)})),
    Case("V9", "renewed-may-not-sign-first", None, lambda b: renewed(b, ext={"usage": (True, usage(0))})),
    Case("V9", "renewed-no-authority-first", None, lambda b: renewed(b, ext={"basic": (True, basic(False))})),
    Case("V9", "renewed-malformed-first", None, lambda b: renewed(b, ext={"basic": (True, GARBAGE)})),
    Case("V9", "renewed-version-1-first", None, lambda b: renewed(b, version=1)),
    Case("V9", "renewed-serial-first", None, lambda b: renewed(b, serial=0)),
    Case("V9", "renewed-short-first", None, renewed_short),
    Case("V9", "renewed-sha1-first", None, lambda b: renewed(b, digest="sha1")),
]

"""Public scanners of TLS servers look at Weir as its clients see it, and have nothing to say."""
import json
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib import env
from lib.door import Door
from lib.weir import SANITIZED

SERIOUS = ("MEDIUM", "HIGH", "CRITICAL", "FATAL")
# The questions: versions, ciphers, forward secrecy and preference; the certificate and what is said in hellos; attacks.
PARTS = {"parameters": ["-p", "-s", "-f", "-P"], "defaults": ["-S"], "attacks": ["-U"]}


@pytest.fixture
def door(origin, weir, world):
    # Our certificates name a revocation list where the server's do.
    site = origin(cert=world.good(crl_url="http://site.test/list.crl"))
    one = Door(weir(sites=[site]), f"site.test:{site.port}")
    yield one
    one.stop()


def test_sslscan_finds_nothing(door, home):
    report = home / "report.xml"
    done = env.run(["sslscan", "--sni-name=site.test", "--show-sigs", "--no-colour", f"--xml={report}", door.address],
                   home, limit=120)
    assert done.returncode == 0 and report.exists(), done.stdout + done.stderr
    found = xml.parse(report).getroot().find("ssltest")
    on = {f"{p.get('type')} {p.get('version')}" for p in found.iter("protocol") if p.get("enabled") == "1"}
    assert on == {"tls 1.2", "tls 1.3"}
    assert {(one.get("sslversion"), one.get("cipher")) for one in found.iter("cipher")} == {
        ("TLSv1.3", "TLS_AES_256_GCM_SHA384"), ("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"),
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256"), ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"), ("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305")}
    groups = {one.get("name").split(" ")[0] for one in found.iter("group")}
    assert groups == {"x25519", "x448", "secp256r1", "secp384r1", "secp521r1"}
    assert {one.get("vulnerable") for one in found.iter("heartbleed")} == {"0"}
    assert found.find("renegotiation").get("supported") == "0"
    assert b"Server supports TLS Fallback SCSV" in done.stdout
    assert not [one.get("name") for one in found.iter("connection-signature-algorithm") if "sha1" in one.get("name")]


def scan(door, home, part):
    """What it found, by id."""
    folder = home / part
    folder.mkdir()
    report = folder / "report.json"
    done = env.run(["testssl", "--jsonfile", report, "--quiet", "--color", "0", "--warnings", "off", "--fast", "--nodns",
                    "none", "--ip", "127.0.0.1", "--openssl", "/usr/bin/openssl", "--add-ca", door.proxy.ca_file, *PARTS[part],
                    f"site.test:{door.port}"], folder, limit=240)
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text())


@pytest.mark.skipif(SANITIZED, reason="it takes a minute, and the bytes are those of the other build")
def test_testssl_finds_nothing_above_low(door, home):
    with ThreadPoolExecutor() as pool:
        parts = list(pool.map(lambda part: scan(door, home, part), PARTS))
    ids = {one["id"] for part in parts for one in part}
    # Each part has come to its end.
    assert {"TLS1_3", "cipherlist_NULL", "PFS", "cipher_negotiated", "cert_chain_of_trust <cert#1>", "heartbleed", "CCS",
            "ROBOT", "secure_client_renego", "fallback_SCSV", "LOGJAM", "RC4"} <= ids, " ".join(sorted(ids))
    bad = [f"{one['severity']} {one['id']}: {one['finding']}" for part in parts for one in part
           if one["severity"] in SERIOUS]
    assert not bad, "\n".join(bad)

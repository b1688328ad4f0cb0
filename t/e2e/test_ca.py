"""The certificate authority: its files, its commands, what it refuses, and the page that hands its certificate out."""
import datetime
import os
import shutil
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from lib import env, pki
from lib.clients import curl
from lib.message import read_response
from lib.weir import BINARY, SANITIZER_ENV, weir_run


def load(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def made(home, *options, **env_more):
    """The folder of a new authority."""
    done = weir_run(home, "ca", "show", "--confdir", home / "conf", *options, **env_more)
    assert done.returncode == 0, done.stderr
    return home / "conf"


def refused(home, *names, words=("ca", "show"), **env_more):
    done = weir_run(home, *words, "--confdir", home / "conf", **env_more)
    lines = done.stderr.decode().splitlines()
    assert done.returncode != 0 and len(lines) == 1 and lines[0].startswith("weir: "), done
    for name in names:
        assert name in lines[0], lines[0]
    return done


# First run


def test_first_run_makes_the_files_for_the_owner_alone(home):
    conf = made(home)
    modes = {path.name: path.stat().st_mode & 0o777 for path in conf.iterdir() if not path.name.startswith(".")}
    assert conf.stat().st_mode & 0o777 == 0o700
    assert modes["weir-ca.pem"] == 0o600
    assert {"weir-ca.pem", "weir-ca-cert.pem", "weir-ca-cert.cer", "weir-ca-cert.p12"} <= set(modes)
    for name in ("weir-ca-cert.pem", "weir-ca-cert.cer", "weir-ca-cert.p12"):
        assert b"PRIVATE KEY" not in (conf / name).read_bytes()


def test_home_is_where_the_folder_is_by_default(home):
    assert weir_run(home, "ca", "show").returncode == 0
    assert (home / ".weir" / "weir-ca.pem").exists()
    assert weir_run(home, "ca", "show", WEIR_CONFDIR=home / "other").returncode == 0
    assert (home / "other" / "weir-ca.pem").exists()


def test_certificate_is_that_of_an_authority_and_of_this_installation_alone(home):
    conf = made(home)
    other = home / "second"
    other.mkdir()
    cert, another = load(conf / "weir-ca-cert.pem"), load(made(other) / "weir-ca-cert.pem")
    basic = cert.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = cert.extensions.get_extension_for_class(x509.KeyUsage)
    assert basic.critical and basic.value.ca and basic.value.path_length == 0
    assert usage.critical and usage.value.key_cert_sign and usage.value.crl_sign and not usage.value.key_encipherment
    assert isinstance(cert.public_key(), rsa.RSAPublicKey) and cert.public_key().key_size == 2048
    assert cert.not_valid_before <= datetime.datetime.utcnow() <= cert.not_valid_after
    assert cert.serial_number != another.serial_number
    assert cert.public_key().public_numbers() != another.public_key().public_numbers()


@pytest.mark.parametrize("kind, check", [
    ("rsa:3072", lambda key: key.key_size == 3072),
    ("ecdsa:p256", lambda key: isinstance(key.curve, ec.SECP256R1)),
    ("ecdsa:p384", lambda key: isinstance(key.curve, ec.SECP384R1)),
])
def test_key_is_of_the_kind_that_was_asked_for(kind, check, home, weir, origin, world):
    conf = made(home, "--ca-key", kind)
    assert check(load(conf / "weir-ca-cert.pem").public_key())
    site = origin(cert=world.good())
    proxy = weir(sites=[site], ca=conf / "weir-ca.pem")
    assert curl(None, home, site.url(host="site.test"), proxy.proxy, proxy.ca_file).body == b"hello\n"


def test_name_constraints_and_lifetime_are_what_was_asked_for(home, weir, origin, world):
    conf = made(home, "--ca-name-constraints", ".test,site.test,127.0.0.0/8", "--ca-lifetime", "30")
    cert = load(conf / "weir-ca-cert.pem")
    constraints = cert.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical and "site.test" in [n.value for n in constraints.value.permitted_subtrees
                                                    if isinstance(n, x509.DNSName)]
    assert (cert.not_valid_after - datetime.datetime.utcnow()).days in (29, 30)

    site = origin(cert=world.good())
    proxy = weir(sites=[site], ca=conf / "weir-ca.pem")
    assert curl(None, home, site.url(host="site.test"), proxy.proxy, proxy.ca_file).ok


def test_two_first_runs_at_once_end_with_the_same_authority(home):
    command = [BINARY, "ca", "export", "--confdir", home / "conf"]
    running = [subprocess.Popen(command, env={**env.scrubbed(home), **SANITIZER_ENV}, stdout=subprocess.PIPE)
               for _ in range(4)]
    outputs = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0] * 4
    assert outputs == {(home / "conf" / "weir-ca-cert.pem").read_bytes()}


def test_second_run_changes_nothing(home):
    before = {path.name: path.read_bytes() for path in made(home).iterdir()}
    assert {path.name: path.read_bytes() for path in made(home).iterdir()} == before


# Commands


def test_show_describes_the_certificate_and_its_file(home):
    made(home)
    done = weir_run(home, "ca", "show", "--confdir", home / "conf")
    text = done.stdout.decode()
    assert str(home / "conf" / "weir-ca.pem") in text
    assert "PRIVATE" not in text
    cert = load(home / "conf" / "weir-ca-cert.pem")
    assert cert.not_valid_after.strftime("%Y-%m-%d") in text


def test_export_writes_every_format_without_the_key(home):
    conf = made(home)
    cert = load(conf / "weir-ca-cert.pem")
    out = {}
    for form in ("pem", "der", "p12"):
        done = weir_run(home, "ca", "export", "--format", form, "--out", home / form, "--confdir", conf)
        assert done.returncode == 0, done.stderr
        out[form] = (home / form).read_bytes()
    assert x509.load_pem_x509_certificate(out["pem"]) == cert
    assert x509.load_der_x509_certificate(out["der"]) == cert
    key, _, others = pkcs12.load_key_and_certificates(out["p12"], b"")
    assert key is None and cert in others
    assert b"PRIVATE" not in out["pem"]
    assert x509.load_pem_x509_certificate(weir_run(home, "ca", "export", "--confdir", conf).stdout) == cert


def test_java_reads_the_exported_p12(home):
    conf = made(home)
    done = env.run(["keytool", "-J-XX:-UsePerfData", "-list", "-keystore", conf / "weir-ca-cert.p12",
                    "-storetype", "PKCS12", "-storepass", ""], home)
    assert b"trustedCertEntry" in done.stdout, done.stdout + done.stderr


def test_import_takes_the_place_and_keeps_the_old_one(home, world):
    conf = made(home)
    old = (conf / "weir-ca.pem").read_bytes()
    mine = pki.Authority("My own root", key="rsa2048").me.write(home / "mine.pem")

    done = weir_run(home, "ca", "import", mine, "--confdir", conf)

    assert done.returncode == 0, done.stderr
    assert load(conf / "weir-ca-cert.pem").subject.rfc4514_string() == "CN=My own root"
    assert (conf / "weir-ca.pem").stat().st_mode & 0o777 == 0o600
    assert old in [path.read_bytes() for path in conf.iterdir() if path.name != "weir-ca.pem"]


def test_rotate_makes_another_and_keeps_the_old_one(home):
    conf = made(home)
    old, old_cert = (conf / "weir-ca.pem").read_bytes(), load(conf / "weir-ca-cert.pem")
    assert weir_run(home, "ca", "rotate", "--confdir", conf).returncode == 0
    assert load(conf / "weir-ca-cert.pem").serial_number != old_cert.serial_number
    assert old in [path.read_bytes() for path in conf.iterdir() if path.name != "weir-ca.pem"]
    for path in conf.iterdir():
        if b"PRIVATE KEY" in path.read_bytes():
            assert path.stat().st_mode & 0o777 == 0o600, path


def test_install_help_names_the_file_of_this_installation(home):
    conf = made(home)
    done = weir_run(home, "ca", "install-help", "--confdir", conf)
    text = done.stdout.decode()
    assert done.returncode == 0 and str(conf / "weir-ca-cert.pem") in text
    for word in ("Firefox", "Android", "Windows", "Java", "undo"):
        assert word in text
    assert "{" not in text.replace("${", "")
    assert weir_run(home, "ca", "install-help", "toaster", "--confdir", conf).returncode == 2


def test_passphrase_opens_the_key_and_nothing_else_does(home):
    conf = made(home, WEIR_CA_PASSPHRASE="open sesame")
    assert b"ENCRYPTED PRIVATE KEY" in (conf / "weir-ca.pem").read_bytes()
    serialization.load_pem_private_key((conf / "weir-ca.pem").read_bytes(), b"open sesame")
    assert weir_run(home, "ca", "show", "--confdir", conf, WEIR_CA_PASSPHRASE="open sesame").returncode == 0
    refused(home, "weir-ca.pem", "passphrase")
    refused(home, "weir-ca.pem", "passphrase", WEIR_CA_PASSPHRASE="wrong")


# What it refuses


def test_key_that_others_can_read_is_refused(home):
    key = made(home) / "weir-ca.pem"
    for mode in (0o640, 0o604, 0o660):
        key.chmod(mode)
        refused(home, str(key))
    key.chmod(0o600)
    made(home)


@pytest.mark.skipif(not env.is_root(), reason="only root can give files away")
def test_key_of_somebody_else_is_refused(home):
    key = made(home) / "weir-ca.pem"
    os.chown(key, 12345, 12345)
    refused(home, str(key))


def test_folder_that_others_can_write_to_is_refused(home):
    conf = made(home)
    conf.chmod(0o777)
    refused(home, str(conf))


@pytest.mark.parametrize("what, word, cert", [
    ("expired", "expired", lambda: pki.Authority("Old", begin=-40 * pki.DAY, days=30).me),
    ("not yet valid", "not yet", lambda: pki.Authority("New", begin=2 * pki.DAY).me),
    ("no authority", "authority", lambda: pki.Authority("Root").issue("leaf.test")),
    ("another key", "key", lambda: pki.Cert(pki.Authority("One").cert, pki.Authority("Two").key)),
])
def test_authority_that_cannot_work_is_refused_and_left_alone(what, word, cert, home):
    conf = home / "conf"
    conf.mkdir(mode=0o700)
    path = cert().write(conf / "weir-ca.pem")
    before = path.read_bytes()
    refused(home, str(path), word)
    refused(home, str(path), word, words=("dump", "-p", "0"))
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_damaged_file_is_refused_and_left_alone(damage, home):
    path = made(home) / "weir-ca.pem"
    path.write_bytes(damage)
    refused(home, str(path))
    assert path.read_bytes() == damage


def test_import_refuses_what_could_not_be_used_and_changes_nothing(home):
    conf = made(home)
    before = (conf / "weir-ca.pem").read_bytes()
    leaf = pki.Authority("Root").issue("leaf.test").write(home / "leaf.pem")
    for path in (leaf, home / "missing.pem"):
        done = weir_run(home, "ca", "import", path, "--confdir", conf)
        assert done.returncode != 0 and str(path) in done.stderr.decode()
    readable = pki.Authority("Mine").me.write(home / "readable.pem")
    readable.chmod(0o644)
    assert weir_run(home, "ca", "import", readable, "--confdir", conf).returncode != 0
    assert (conf / "weir-ca.pem").read_bytes() == before


def test_stray_files_of_a_crash_do_no_harm(home):
    conf = made(home)
    shutil.copy(conf / "weir-ca.pem", conf / ".weir-ca.pem.tmp")
    (conf / "weir-ca-cert.p12").unlink()
    (conf / "weir-ca-cert.pem").write_bytes(b"half of")
    made(home)
    assert load(conf / "weir-ca-cert.pem") and (conf / "weir-ca-cert.p12").exists()


# The page


def ask(proxy, target, method="GET", host="weir.it"):
    with proxy.dial() as pipe:
        pipe.send(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return read_response(pipe, method)


def test_page_hands_out_the_certificate_in_every_format(weir):
    proxy = weir()
    page = ask(proxy, "http://weir.it/")
    assert page.status == 200 and page.value("Content-Type").startswith("text/html")
    assert "default-src 'none'" in page.value("Content-Security-Policy")
    cert = load(proxy.ca_file)
    found = {form: ask(proxy, f"http://weir.it/cert/{form}") for form in ("pem", "cer", "p12")}
    for form, answer in found.items():
        assert answer.status == 200 and f"/cert/{form}" in page.text
        assert f"weir-ca-cert.{form}" in answer.value("Content-Disposition")
        assert b"PRIVATE" not in answer.body
    assert x509.load_pem_x509_certificate(found["pem"].body) == cert
    assert x509.load_der_x509_certificate(found["cer"].body) == cert
    assert pkcs12.load_key_and_certificates(found["p12"].body, b"")[0] is None
    assert found["cer"].value("Content-Type") == "application/x-x509-ca-cert"


def test_page_has_steps_for_every_platform(weir, home):
    text = ask(weir(), "http://weir.it/").text
    for title in ("Firefox", "Android", "iOS", "macOS", "Windows", "Java"):
        assert title in text
    assert "{cert}" not in text and "{pem}" not in text


def test_page_is_there_over_https_too_and_no_name_is_looked_up_for_it(weir, home):
    proxy = weir()
    result = curl(None, home, "https://weir.it/", proxy.proxy, proxy.ca_file)
    assert result.ok and b"/cert/pem" in result.body, result


def test_page_answers_get_and_head_alone(weir):
    proxy = weir()
    assert ask(proxy, "http://weir.it/", "POST").status == 405
    head = ask(proxy, "http://weir.it/cert/pem", "HEAD")
    assert head.status == 200 and int(head.value("Content-Length")) == proxy.ca_file.stat().st_size
    assert ask(proxy, "http://weir.it/key").status == 404
    assert ask(proxy, "http://weir.it/../weir-ca.pem").status == 404


def test_page_can_be_switched_off_or_renamed(weir):
    proxy = weir("--no-onboarding", "--resolve", "weir.it:80:127.0.0.1")
    assert ask(proxy, "http://weir.it/").status == 502
    assert ask(weir("--onboarding-host", "cert.test"), "http://cert.test/", host="cert.test").status == 200

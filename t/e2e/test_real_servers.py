"""TLS that begins in the middle, with servers and clients that others have made."""
import asyncio
import base64
import imaplib
import poplib
import smtplib
import ssl

import pytest
import slixmpp

from conftest import Factory
from lib import servers
from lib.env import run
from lib.greet import origin_context

PASSWORD = servers.PASSWORD


@pytest.fixture
def before(weir, short_home, world):
    """before(kind, port='port', ...) -> a started server of that kind, and a proxy in front of that port of it."""
    factory = Factory(lambda kind, *args: kind(short_home, world.good(kind.name, names=[kind.name, "127.0.0.1"]), *args))

    def make(kind, port="port", *args):
        server = factory(kind, *args).start()
        at = f"{server.name}:{getattr(server, port)}"
        return server, weir("--mode", f"reverse:tcp://{at}", "--resolve", f"{at}:{server.address}")

    yield make
    factory.end()


def look(weir, home, server, port, protocol, *words):
    """The look of 'openssl s_client', which gets there by CONNECT."""
    proxy = weir("--resolve", f"{server.name}:{port}:{server.address}")
    done = run(["openssl", "s_client", "-proxy", proxy.address, "-connect", f"{server.name}:{port}", "-starttls", protocol,
                "-CAfile", proxy.ca_file, "-verify_hostname", server.name, "-verify_return_error", *words], home)
    assert done.returncode == 0 and b"Verification: OK" in done.stdout, done.stdout + done.stderr
    proxy.stop()
    assert proxy.flow(kind="tunnel")["server"]["tls"]["verdict"] == "ok"


def heard(flow, side):
    """All bytes of a side, in clear."""
    return b"".join(base64.b64decode(m["base64"]) for m in flow["messages"]["list"] if m["from"] == side)


def assert_opened(proxy, up, down):
    """There was one connection, under TLS on both sides, and these bytes crossed it."""
    flow = proxy.flow(kind="tunnel")
    assert up in heard(flow, "client") and down in heard(flow, "server")
    assert flow["client"]["tls"]["sni"] in ("localhost", "") and flow["server"]["tls"]["verdict"] == "ok"


# PostgreSQL


def psql(proxy, home, query, **how):
    how = {"host": "localhost", "hostaddr": "127.0.0.1", "port": proxy.port, "user": "me", "password": PASSWORD,
           "dbname": "postgres", "channel_binding": "disable", "connect_timeout": 20, **how}
    words = " ".join(f"{name}={value}" for name, value in how.items())
    return run(["psql", "--no-psqlrc", "--no-align", "--tuples-only", "--command", query, words], home)


def test_postgresql(weir, before, home, shared):
    server, proxy = before(servers.PostgreSQL)
    done = psql(proxy, home, "SELECT 'wa' || 'ter', ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
                sslmode="verify-full", sslrootcert=proxy.ca_file)
    assert done.stdout == b"water|t\n", done.stderr
    assert_opened(proxy, b"SELECT 'wa' || 'ter'", b"water")

    done = psql(proxy, home, "SELECT 1", sslmode="verify-full", sslrootcert=shared["root"])
    assert done.returncode == 2 and b"certificate verify failed" in done.stderr
    done = psql(proxy, home, "SELECT 6 * 7", sslmode="prefer")
    assert done.stdout == b"42\n", done.stderr
    done = psql(proxy, home, "SELECT 1", sslmode="disable")
    assert done.returncode == 2 and b"no encryption" in done.stderr
    # Who binds the password to the certificate that it is shown finds that it is not the server's.
    done = psql(proxy, home, "SELECT 1", sslmode="require", channel_binding="prefer")
    assert done.returncode == 2 and b"channel binding check failed" in done.stderr
    assert "channel binding check failed" in server.said
    look(weir, home, server, server.port, "postgres")


# LDAP


def ldap(proxy, home, command, *words, ca, stdin=b""):
    """By the address, for which our certificate is good as the server's is: 'localhost' is the machine's name to OpenLDAP."""
    return run([command, "-ZZ", "-x", "-H", f"ldap://127.0.0.1:{proxy.port}", "-D", "cn=me,dc=test", "-w", PASSWORD, *words],
               home, stdin=stdin, LDAPTLS_CACERT=ca, LDAPNOINIT=None, LDAPTLS_REQCERT="demand")


def test_openldap(weir, before, home, shared):
    server, proxy = before(servers.OpenLDAP)
    entry = b"dn: dc=test\nobjectClass: dcObject\nobjectClass: organization\no: test\ndescription: a deep lake\n"
    done = ldap(proxy, home, "ldapadd", ca=proxy.ca_file, stdin=entry)
    assert done.returncode == 0, done.stderr
    assert_opened(proxy, b"a deep lake", b"")
    assert PASSWORD.encode() in heard(proxy.flow(kind="tunnel"), "client")

    done = ldap(proxy, home, "ldapsearch", "-LLL", "-b", "dc=test", "(dc=test)", "description", ca=proxy.ca_file)
    assert done.stdout.strip() == b"dn: dc=test\ndescription: a deep lake", done.stderr
    assert b"a deep lake" in heard(proxy.wait_flows(2, kind="tunnel")[1], "server")
    done = ldap(proxy, home, "ldapsearch", "-b", "dc=test", ca=shared["root"])
    assert done.returncode and b"Connect error" in done.stderr
    look(weir, home, server, server.port, "ldap")


# Mail

LETTER = b"Subject: water\r\n\r\nThe lake is deep.\r\n"


@pytest.fixture
def dovecot(weir, before, home, origin):
    """dovecot(protocol) -> a proxy in front of Dovecot, and the relay for its letters."""
    def make(protocol):
        relay = origin(take_mail)
        server, proxy = before(servers.Dovecot, protocol, relay.port)
        look(weir, home, server, getattr(server, protocol), {"submission": "smtp"}.get(protocol, protocol))
        return proxy, relay
    return make


def take_mail(conn):
    """A relay for letters that has no wishes of its own."""
    conn.send(b"220 relay ESMTP\r\n")
    while True:
        line = conn.read_until(b"\r\n").upper()
        if line.startswith(b"DATA"):
            conn.send(b"354 go\r\n").read_until(b"\r\n.\r\n")
        conn.send(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 yes\r\n")
        if line.startswith(b"QUIT"):
            return


def test_imap(dovecot, shared):
    proxy, _ = dovecot("imap")
    with imaplib.IMAP4("localhost", proxy.port) as client:
        client.starttls(proxy.context())
        assert client.login("me", PASSWORD)[0] == "OK"
        assert client.append("INBOX", None, None, LETTER)[0] == "OK"
        client.select()
        assert client.fetch("1", "BODY[TEXT]")[1][0][1] == b"The lake is deep.\r\n"
    assert_opened(proxy, PASSWORD.encode(), b"The lake is deep.")
    client = imaplib.IMAP4("localhost", proxy.port)
    with pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(origin_context(shared))
    client.file.close()


def test_pop3(dovecot):
    proxy, _ = dovecot("pop3")
    client = poplib.POP3("localhost", proxy.port, timeout=20)
    assert "STLS" in client.capa()
    client.stls(proxy.context())
    client.user("me")
    assert client.pass_(PASSWORD).startswith(b"+OK")
    assert client.stat() == (0, 0)
    client.quit()
    assert_opened(proxy, PASSWORD.encode(), b"+OK Logged in.")


def test_submission(dovecot):
    proxy, relay = dovecot("submission")
    with smtplib.SMTP("localhost", proxy.port, timeout=20) as client:
        client.starttls(context=proxy.context())
        client.login("me", PASSWORD)
        client.sendmail("me@site.test", ["you@site.test"], LETTER)
    assert_opened(proxy, b"The lake is deep.", b"250 ")
    assert b"The lake is deep." in bytes(relay.connections[-1].received)


def test_exim(weir, before, home, shared):
    server, proxy = before(servers.Exim)
    with smtplib.SMTP("localhost", proxy.port, timeout=20) as client:
        assert client.ehlo()[0] == 250 and not client.has_extn("auth")
        client.starttls(context=proxy.context())
        client.login("me", PASSWORD)
        client.sendmail("me@site.test", ["you@site.test"], LETTER)
    assert_opened(proxy, b"The lake is deep.", b"250 OK id=")
    with smtplib.SMTP("localhost", proxy.port, timeout=20) as client, pytest.raises(ssl.SSLCertVerificationError):
        client.starttls(context=origin_context(shared))
    look(weir, home, server, server.port, "smtp")

    through = weir("--resolve", f"localhost:{server.port}:{server.address}")
    (home / "letter").write_bytes(b"Subject: ice\r\n\r\nThe lake is cold.\r\n")
    done = run(["curl", "-sS", "--ssl-reqd", "--cacert", through.ca_file, "-x", through.proxy, "-p", "--user", f"me:{PASSWORD}",
                "--mail-from", "me@site.test", "--mail-rcpt", "you@site.test", "-T", "letter",
                f"smtp://localhost:{server.port}"], home)
    assert done.returncode == 0, done.stderr
    assert_opened(through, b"The lake is cold.", b"250 OK id=")
    assert [b"is deep." in letter for letter in server.letters] == [True, False]


# XMPP


class Chatter(slixmpp.ClientXMPP):
    def __init__(self, user, port, ca):
        super().__init__(f"{user}@localhost", PASSWORD)
        self.ca_certs, self.default_port, self.use_aiodns, self.use_ipv6 = str(ca), port, False, False
        self.there, self.heard = asyncio.Future(), asyncio.Future()
        self.add_event_handler("session_start", self._started)
        self.add_event_handler("message", lambda message: self.heard.set_result((message["from"].user, message["body"])))
        for trouble in ("connection_failed", "ssl_invalid_chain", "failed_all_auth"):
            self.add_event_handler(trouble, self._failed)

    async def _started(self, _event):
        self.send_presence()
        await self.get_roster()
        self.there.set_result(True)

    def _failed(self, why):
        self.abort()
        self.there.set_exception(why)


async def chat(port, ca):
    """What 'you' hears from 'me'."""
    you, me = Chatter("you", port, ca), Chatter("me", port, ca)
    for client in (you, me):
        client.connect(("localhost", port))
        await asyncio.wait_for(client.there, 20)
    me.send_message("you@localhost", "The lake is deep.")
    heard = await asyncio.wait_for(you.heard, 20)
    for client in (me, you):
        await client.disconnect()
    return heard


def test_prosody(weir, before, home, shared):
    server, proxy = before(servers.Prosody)
    assert asyncio.run(chat(proxy.port, proxy.ca_file)) == ("me", "The lake is deep.")
    flows = proxy.wait_flows(2, kind="tunnel")
    assert sorted(b"The lake is deep." in heard(flow, "client") for flow in flows) == [False, True]
    assert all(b"The lake is deep." in heard(flow, "client") + heard(flow, "server") for flow in flows)
    assert {flow["server"]["tls"]["verdict"] for flow in flows} == {"ok"}
    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(chat(proxy.port, shared["root"]))
    look(weir, home, server, server.port, "xmpp", "-xmpphost", server.name)


# MariaDB


def mariadb(proxy, home, query, *words):
    return run(["mariadb", "--no-defaults", "--protocol=tcp", "--host=localhost", f"--port={proxy.port}", "--user=me",
                f"--password={PASSWORD}", "--batch", "--skip-column-names", *words, "--execute", query], home)


def test_mariadb(weir, before, home, shared):
    server, proxy = before(servers.MariaDB)
    verify = ["--ssl-verify-server-cert", "--ssl-ca"]
    done = mariadb(proxy, home, "SELECT CONCAT('wa', 'ter')", *verify, proxy.ca_file)
    assert done.stdout == b"water\n", done.stderr
    assert_opened(proxy, b"SELECT CONCAT('wa', 'ter')", b"water")
    done = mariadb(proxy, home, "SELECT 1", *verify, shared["root"])
    assert done.returncode and b"SSL" in done.stderr
    done = mariadb(proxy, home, "SELECT 1", "--skip-ssl")
    assert done.returncode and b"Access denied" in done.stderr
    look(weir, home, server, server.port, "mysql")

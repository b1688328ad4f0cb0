"""The proxies that are measured side by side, each with the configuration that serves it best; and what a process costs."""
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = pathlib.Path(os.environ.get("WEIR", ROOT / "build" / "weir")).resolve()
TOOLS = pathlib.Path(os.environ.get("BENCH", ROOT / "build" / "release" / "t" / "bench")).resolve()
HOT = "hot.bench.test"
START_LIMIT = 30
TICKS = os.sysconf("SC_CLK_TCK")


class Trouble(Exception):
    """A figure that cannot be measured, and why."""


def environment(folder):
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"}


def openssl(folder, *words):
    command = ["openssl", *map(str, words)]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, check=False, timeout=60)
    if done.returncode:
        raise Trouble(f"{' '.join(command)}: {done.stderr.decode().strip()}")


class Keys:
    """The authority of the origin and its leaf, and the one authority of all proxies, which Weir makes with its defaults."""

    EXTENSIONS = ("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
                  "subjectAltName={names}\n")

    def __init__(self, folder):
        self.folder = folder
        self._authority("origin-ca", "EC", "ec_paramgen_curve:P-256")
        self.origin_ca = folder / "origin-ca.crt"
        self.origin_ca_key = self._joined("origin-ca")
        self.leaf = self._leaf("leaf", "origin-ca", f"DNS:{HOT},IP:127.0.0.1")
        conf = folder / "proxy-ca"
        made = subprocess.run([WEIR, "ca", "show", "--confdir", conf], env=environment(folder), check=False,
                              capture_output=True, timeout=60)
        if made.returncode:
            raise Trouble(f"weir made no authority: {made.stderr.decode().strip()}")
        self.proxy_ca, self.proxy_ca_key = conf / "weir-ca-cert.pem", conf / "weir-ca.pem"
        shutil.copy(self.proxy_ca, folder / "proxy-ca.crt")
        openssl(folder, "pkey", "-in", self.proxy_ca_key, "-out", "proxy-ca.key")
        self.proxy_ca_both = self._joined("proxy-ca")
        self.bridge = self._leaf("bridge", "proxy-ca", "DNS:*.bench.test")
        self.other = self._leaf("other", "proxy-ca", "DNS:other.test")

    def _authority(self, name, kind, option):
        openssl(self.folder, "req", "-x509", "-newkey", kind, "-pkeyopt", option, "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.crt", "-subj", f"/CN={name}", "-days", 30)

    def _leaf(self, name, ca, names):
        (self.folder / "extensions").write_text(self.EXTENSIONS.format(names=names))
        openssl(self.folder, "req", "-newkey", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={HOT}")
        openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key",
                "-CAcreateserial", "-days", 30, "-extfile", "extensions", "-out", f"{name}.crt")
        return self._joined(name)

    def _joined(self, name):
        both = self.folder / f"{name}.pem"
        both.write_bytes(b"".join((self.folder / f"{name}.{part}").read_bytes() for part in ("crt", "key")))
        return both


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# What processes cost -----------------------------------------------------------------------------------------------------
def family(pid):
    """The process and all that descend from it."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = stat(int(entry))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def stat(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None


def cpu_seconds(pid):
    """Of the whole family: user and system, with children that have ended."""
    total = 0
    for one in family(pid):
        fields = stat(one)
        if fields:
            total += sum(int(n) for n in fields[11:15])
    return total / TICKS


def pss(pid):
    """Bytes of memory of the whole family, shared pages by their share."""
    total = 0
    for one in family(pid):
        try:
            text = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) * 1024
    return total


class Program:
    """A process with its family, ended with the object."""

    def __init__(self, command, folder, **how):
        how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **how}
        self.errors = open(folder / f"{pathlib.Path(str(command[0])).name}.err", "ab+")
        self.process = subprocess.Popen([str(word) for word in command], cwd=folder, env=environment(folder),
                                        stderr=self.errors, start_new_session=True, **how)
        self.pid = self.process.pid

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode("utf-8", "replace").strip()[-400:]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.errors.close()


class Origin(Program):
    def __init__(self, keys):
        super().__init__([TOOLS / "origin", "--cert", keys.leaf, "--mint", keys.origin_ca_key], keys.folder,
                         stdout=subprocess.PIPE)
        words = self.process.stdout.readline().split()
        if len(words) != 4:
            raise Trouble(f"the origin did not start: {self.said()}")
        self.https, self.http = (f"127.0.0.1:{int(words[i])}" for i in (1, 3))


class Load(Program):
    """One run of the load generator: warm() returns once the warm-up is over, result() what came of the rest."""

    LIMIT = 600

    def __init__(self, folder, words):
        super().__init__([TOOLS / "load", *words, "--wait"], folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def line(self):
        if not select.select([self.process.stdout], [], [], self.LIMIT)[0]:
            raise Trouble(f"the load said nothing for {self.LIMIT} s")
        return self.process.stdout.readline().decode()

    def warm(self):
        if self.line() != "warm\n":
            raise Trouble(f"the load did not start: {self.said()}")

    def go(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()


# The peers ---------------------------------------------------------------------------------------------------------------
class Peer:
    """A proxy with one way in. 'program' tells whether it is installed."""

    name = program = version_words = None
    threaded = False  # can do its work on more threads than one
    wrapper = ()      # words in front of its command

    def __init__(self, folder, keys, origin, threads=1, extra=()):
        self.folder, self.keys, self.origin, self.threads, self.extra = folder, keys, origin, threads, extra
        self.port = free_port()
        self.at = f"127.0.0.1:{self.port}"
        folder.mkdir(parents=True)
        command = self.command()
        self.begun = time.monotonic()
        self.running = Program([*self.wrapper, *command], folder)
        self._await()
        self.pid = self.running.pid

    def _await(self):
        try:
            self.await_port(self.running, self.port)
        except Trouble:
            self.stop()
            raise

    @classmethod
    def await_port(cls, running, port):
        end = time.monotonic() + START_LIMIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if running.process.poll() is not None or time.monotonic() > end:
                    raise Trouble(f"{cls.name} did not start: {running.said()}") from None
                time.sleep(0.002)

    @classmethod
    def found(cls):
        return shutil.which(cls.program, path=environment("/")["PATH"])

    @classmethod
    def version(cls):
        done = subprocess.run([cls.found(), *cls.version_words], capture_output=True, check=False, timeout=30)
        match = re.search(r"\d+\.\d+[.\d]*", done.stdout.decode() + done.stderr.decode())
        return match[0] if match else "?"

    def stop(self):
        self.running.stop()

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    def secure(self):
        """Words of the load for HTTPS through this proxy."""
        return ["--to", self.at, "--connect", self.origin.https, "--ca", self.keys.proxy_ca]

    def secure_new(self):
        """The same for names that it has never seen."""
        return self.secure()

    def plain(self):
        return ["--to", self.at, "--absolute", self.origin.http]

    def relayed(self):
        """Plain HTTP that is not read as such, by one that is told so."""
        return ["--to", self.at, "--connect", self.origin.http]

    def passed(self):
        """TLS that is left closed, by one that is told so."""
        return ["--to", self.at, "--connect", self.origin.https, "--ca", self.keys.origin_ca]


class Direct:
    """No proxy at all."""

    name, pid = "direct", None

    def __init__(self, _folder, keys, origin, **_):
        self.keys, self.origin = keys, origin

    def secure(self):
        return ["--to", self.origin.https, "--ca", self.keys.origin_ca]

    def stop(self):
        pass


class WeirPeer(Peer):
    """Recording in memory with the default limits; no line per exchange, since no peer writes one."""

    name, program, version_words, threaded = "weir", str(WEIR), ["--version"], True

    @classmethod
    def found(cls):
        return str(WEIR) if WEIR.exists() else None

    def command(self):
        conf = self.folder / "conf"
        shutil.copytree(self.keys.proxy_ca_key.parent, conf)
        return [WEIR, "dump", "--listen-host", "127.0.0.1", "-p", self.port, "--confdir", conf, "--threads", self.threads,
                "--flow-detail", "0", "--upstream-ca", self.keys.origin_ca, *self.extra]


class InFront:
    """With HTTP/2, in front of a server that is its own: nghttpd, or the origin, which speaks HTTP/1 alone."""

    def command(self):
        files = self.folder / "files"
        files.mkdir()
        (files / "1k").write_bytes(b"x" * 1024)
        port = free_port()
        self.server = Program(["nghttpd", "-a", "127.0.0.1", "-d", files, port, self.keys.leaf, self.keys.leaf], self.folder)
        self.await_port(self.server, port)
        return self.in_front_of(port)

    def secure(self):
        return ["--to", self.at, "--ca", self.keys.proxy_ca]

    def stop(self):
        super().stop()
        self.server.stop()


class Translating(InFront):
    told = ()

    def command(self):
        return [*self.in_front_of(self.origin.https.rpartition(":")[2]), *self.told]

    def stop(self):
        Peer.stop(self)


class WeirHttp2(InFront, WeirPeer):
    def in_front_of(self, port):
        return [*WeirPeer.command(self), "-m", f"reverse:https://{HOT}:{port}", "--resolve", f"{HOT}:{port}:127.0.0.1"]


class WeirTranslating(Translating, WeirHttp2):
    told = ("--no-http2-server",)


class Haproxy(Peer):
    """A TLS bridge with a certificate for all names at hand; for new names one that makes certificates. In Debian 12 an error
    that OpenSSL leaves behind breaks the first connection of each new name there: the load tries once more. No log."""

    name, program, version_words, threaded = "haproxy", "haproxy", ["-v"], True

    COMMON = """
global
    nbthread {threads}
    maxconn 8000
    maxpipes 200
    ssl-server-verify required
defaults
    mode http
    timeout connect 10s
    timeout client 600s
    timeout server 600s
    http-reuse always
"""
    CONFIG = COMMON + """
frontend hot
    bind {at} ssl crt {keys.bridge}
    default_backend https
frontend new
    bind {new_at} ssl crt {keys.other} generate-certificates ca-sign-file {keys.proxy_ca_both}
    default_backend https
frontend plain
    bind {plain_at}
    default_backend http
listen relay
    mode tcp
    bind {relay_at}
    server origin {origin.http}
listen pass
    mode tcp
    option splice-request
    option splice-response
    bind {pass_at}
    server origin {origin.https}
backend https
    server origin {origin.https} ssl verify required ca-file {keys.origin_ca} sni ssl_fc_sni
backend http
    server origin {origin.http}
"""

    def command(self):
        self.plain_at, self.new_at, self.relay_at, self.pass_at = (f"127.0.0.1:{free_port()}" for _ in range(4))
        return [self.found(), "-db", "-f", self.write("haproxy.cfg", self.CONFIG.format(**vars(self)))]

    def secure(self):
        return ["--to", self.at, "--ca", self.keys.proxy_ca]

    def secure_new(self):
        return ["--to", self.new_at, "--ca", self.keys.proxy_ca, "--again"]

    def plain(self):
        return ["--to", self.plain_at, "--absolute", self.origin.http]

    def relayed(self):
        return ["--to", self.relay_at]

    def passed(self):
        return ["--to", self.pass_at, "--ca", self.keys.origin_ca]


class HaproxyHttp2(InFront, Haproxy):
    CONFIG = Haproxy.COMMON + """
frontend h2
    bind {at} ssl crt {keys.bridge} alpn h2
    default_backend https
backend https
    server origin 127.0.0.1:{port_behind} ssl verify required ca-file {keys.origin_ca} sni ssl_fc_sni {alpn}
"""
    alpn = "alpn h2"

    def in_front_of(self, port):
        self.port_behind = port
        return [self.found(), "-db", "-f", self.write("haproxy.cfg", self.CONFIG.format(alpn=self.alpn, **vars(self)))]


class HaproxyTranslating(Translating, HaproxyHttp2):
    alpn = ""


class Squid(Peer):
    """ssl-bump that looks at the server's certificate first, as Weir does. No cache, no log of requests."""

    name, program, version_words = "squid", "squid", ["-v"]

    CONFIG = """
http_port {at} ssl-bump tls-cert={keys.proxy_ca_key} generate-host-certificates=on dynamic_cert_mem_cache_size=16MB
sslcrtd_program /usr/lib/squid/security_file_certgen -s {folder}/certs -M 16MB
sslcrtd_children 5 startup=1 idle=1
tls_outgoing_options cafile={keys.origin_ca} default-ca=off
acl first at_step SslBump1
acl second at_step SslBump2
ssl_bump peek first
ssl_bump stare second
ssl_bump bump all
http_access allow all
cache deny all
access_log none
cache_log {folder}/cache.log
pid_filename {folder}/squid.pid
coredump_dir {folder}
cache_effective_user {user}
max_filedescriptors 16384
pinger_enable off
shutdown_lifetime 0 seconds
client_idle_pconn_timeout 600 seconds
"""

    def command(self):
        user = "proxy" if os.geteuid() == 0 else str(os.geteuid())
        text = self.CONFIG.format(user=user, **vars(self))
        made = subprocess.run(["/usr/lib/squid/security_file_certgen", "-c", "-s", self.folder / "certs", "-M", "16MB"],
                              capture_output=True, check=False, timeout=60)
        if made.returncode:
            raise Trouble(f"squid: {made.stderr.decode().strip()}")
        if user == "proxy":
            for path in [self.folder, *self.folder.rglob("*")]:
                shutil.chown(path, user)
        return [self.found(), "-N", "-f", self.write("squid.conf", text)]


class Mitmdump(Peer):
    """Quiet, and with contents of 1 MB and more streamed, which is the faster of its two ways."""

    name, program, version_words = "mitmdump", "mitmdump", ["--version"]

    def command(self):
        conf = self.folder / "conf"
        conf.mkdir()
        shutil.copy(self.keys.proxy_ca_key, conf / "mitmproxy-ca.pem")
        return [self.found(), "-q", "--listen-host", "127.0.0.1", "-p", self.port, "--set", f"confdir={conf}", "--set",
                f"ssl_verify_upstream_trusted_ca={self.keys.origin_ca}", "--set", "stream_large_bodies=1m", *self.extra]


PEERS = {peer.name: peer for peer in (WeirPeer, Haproxy, Squid, Mitmdump)}

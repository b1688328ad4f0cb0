"""Real clients, each with the same two questions: fetch this through that proxy, trusting only this authority."""
import functools
import pathlib
import signal
import subprocess
import urllib.parse
from dataclasses import dataclass

from lib.env import run, scrubbed
from lib.wait import until

PROGRAMS = pathlib.Path(__file__).with_name("programs")
LIMIT = 60


@dataclass
class Result:
    code: int
    body: bytes
    text: str  # what it complained about

    @property
    def ok(self):
        return self.code == 0


class Tools:
    """What must be built or converted before a client can run; once per test run."""

    def __init__(self, folder):
        self.folder = folder

    @functools.cached_property
    def go_fetch(self):
        """The Go client as a binary, built without network."""
        source = self.folder / "go"  # Go wants no module where TMPDIR points to
        source.mkdir()
        (source / "main.go").write_bytes((PROGRAMS / "fetch.go").read_bytes())
        (source / "go.mod").write_text("module fetch\n\ngo 1.19\n")
        done = run(["go", "build", "-o", source / "fetch", "."], self.folder, limit=300, cwd=source, GOFLAGS="-mod=mod",
                   GOPROXY="off", GOTOOLCHAIN="local", GOTELEMETRY="off", GOCACHE=source / "cache",
                   GOPATH=source / "path", CGO_ENABLED="0")
        assert done.returncode == 0, done.stderr.decode()
        return source / "fetch"

    @functools.cached_property
    def java_classes(self):
        done = run(["javac", "-J-XX:-UsePerfData", "-d", self.folder / "java", PROGRAMS / "Fetch.java"], self.folder,
                   limit=120)
        assert done.returncode == 0, done.stderr.decode()
        return self.folder / "java"

    def java_store(self, home, ca):
        """A PKCS#12 store in which Java finds the authority."""
        store = pathlib.Path(home) / "trust.p12"
        done = run(["keytool", "-J-XX:-UsePerfData", "-importcert", "-noprompt", "-alias", "weir", "-file", ca,
                    "-keystore", store, "-storetype", "PKCS12", "-storepass", "changeit"], home)
        assert done.returncode == 0, done.stdout.decode()
        return store


def _result(done):
    return Result(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def _split(url):
    parts = urllib.parse.urlsplit(url)
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80), parts.path or "/"


def curl(_tools, home, url, proxy=None, ca=None, extra=()):
    command = ["curl", "--disable", "--silent", "--show-error", "--max-time", "30", *extra]
    command += ["--proxy", proxy] if proxy else ["--noproxy", "*"]
    command += ["--cacert", ca] if ca else []
    return _result(run([*command, url], home))


def wget(_tools, home, url, proxy=None, ca=None):
    command = ["wget", "--no-config", "--quiet", "--no-hsts", "--output-document=-", "--tries=1", "--timeout=30"]
    if proxy:
        command += ["-e", "use_proxy=yes", "-e", f"https_proxy={proxy}", "-e", f"http_proxy={proxy}"]
    else:
        command += ["--no-proxy"]
    command += ["--ca-certificate", ca] if ca else []
    return _result(run([*command, url], home))


def python(_tools, home, url, proxy=None, ca=None):
    return _result(run(["/usr/bin/python3", "-I", PROGRAMS / "fetch.py", url, proxy or "", ca or ""], home))


def node(_tools, home, url, proxy=None, ca=None):
    return _result(run(["node", PROGRAMS / "fetch.js", url, proxy or ""], home, NODE_EXTRA_CA_CERTS=ca))


def go(tools, home, url, proxy=None, ca=None):
    # An empty folder, since Go adds the folders of the system to the file.
    empty = pathlib.Path(home) / "no-certificates"
    empty.mkdir(exist_ok=True)
    trust = {"SSL_CERT_FILE": ca, "SSL_CERT_DIR": empty} if ca else {}
    return _result(run([tools.go_fetch, url, proxy or ""], home, **trust))


def java(tools, home, url, proxy=None, ca=None):
    command = ["java", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto",
               "-cp", tools.java_classes]
    if ca:
        command += [f"-Djavax.net.ssl.trustStore={tools.java_store(home, ca)}",
                    "-Djavax.net.ssl.trustStorePassword=changeit"]
    command += ["Fetch", url]
    if proxy:
        command += _split(proxy)[:2]
    return _result(run(command, home))


def _request(url):
    host, port, path = _split(url)
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()


def openssl(_tools, home, url, proxy=None, ca=None, extra=()):
    """s_client; the body is what came, head included."""
    host, port, _ = _split(url)
    command = ["openssl", "s_client", "-quiet", "-verify_return_error", "-verify_hostname", host, "-servername", host,
               "-connect", f"{host}:{port}", *extra]
    command += ["-proxy", "{}:{}".format(*_split(proxy)[:2])] if proxy else []
    command += ["-CAfile", ca, "-no-CApath", "-no-CAstore"] if ca else []
    return _result(run(command, home, stdin=_request(url)))


def gnutls(_tools, home, url, proxy=None, ca=None):
    """gnutls-cli knows no proxies: the CONNECT goes out by hand, and SIGALRM begins the handshake."""
    host, port, _ = _split(url)
    to_host, to_port = _split(proxy)[:2] if proxy else (host, port)
    command = ["stdbuf", "-oL", "gnutls-cli", "--starttls", "--sni-hostname", host, "--verify-hostname", host,
               "--port", to_port, to_host]
    command += ["--x509cafile", ca] if ca else []
    out = pathlib.Path(home) / "gnutls.out"
    with open(out, "wb") as file, subprocess.Popen([str(word) for word in command], env=scrubbed(home), cwd=home,
                                                   stdin=subprocess.PIPE, stdout=file, stderr=file) as process:
        def seen(text):
            return lambda: text in out.read_bytes() or process.poll() is not None
        try:
            until(seen(b"Simple Client Mode"), "gnutls-cli to start")
            if proxy:
                process.stdin.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
                process.stdin.flush()
                until(seen(b"HTTP/1.1 200"), "the answer to CONNECT")
            process.send_signal(signal.SIGALRM)
            until(seen(b"- Options:"), "the handshake")
            if process.poll() is None:
                process.stdin.write(_request(url))
                process.stdin.flush()
            process.wait(LIMIT)
        except BrokenPipeError:
            process.wait(LIMIT)
        finally:
            process.kill()
    text = out.read_bytes()
    return Result(process.returncode, text, text.decode("utf-8", "replace"))


CLIENTS = {"curl": curl, "wget": wget, "openssl": openssl, "gnutls": gnutls, "python": python, "node": node, "go": go,
           "java": java}

"""The program under test: started in a folder of its own, watched through its files, ended by SIGTERM."""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess

from lib.env import run, scrubbed
from lib.message import read_response
from lib.pipe import Pipe
from lib.wait import until

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("WEIR", ROOT / "build" / "weir")).resolve()
STOP_LIMIT = 30

REPORTS = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|LeakSanitizer")
SANITIZED = BINARY.exists() and any(name in BINARY.read_bytes() for name in (b"__asan_init", b"__tsan_init"))
SANITIZER_ENV = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
                 "UBSAN_OPTIONS": "print_stacktrace=1", "TSAN_OPTIONS": "exitcode=99:ignore_noninstrumented_modules=1"}


class Refused(AssertionError):
    """The answer to a CONNECT was another than 200."""

    def __init__(self, answer):
        super().__init__(answer.head + answer.body)
        self.status = answer.status


class Flow(dict):
    """A recorded flow: the JSON object, with shortcuts."""

    def raw(self, side):
        """The head as received."""
        return base64.b64decode(self[side]["raw"])

    def sent(self, side):
        """The head as sent on."""
        return base64.b64decode(self[side]["sent"]) if "sent" in self[side] else self.raw(side)

    def body(self, side):
        return base64.b64decode(self[side]["body"].get("base64", ""))

    @property
    def reason(self):
        return self["error"] and self["error"]["reason"]

    @property
    def error_text(self):
        return self["error"] and self["error"]["text"]

    @property
    def status(self):
        return self["response"] and self["response"].get("status")


def weir_run(home, *words, limit=60, **env):
    """Runs the program to its end, such as 'weir ca show'."""
    done = run([BINARY, *words], home, limit=limit, **{**SANITIZER_ENV, **env})
    assert not REPORTS.search(done.stderr.decode("utf-8", "replace")), done.stderr.decode()
    return done


class Weir:
    """'weir dump' with a free port, a folder with an authority, and everything that it records in a file. 'files' is how
    many it may have open; 'wrapper' are the words of a command that runs it."""

    def __init__(self, folder, *options, ca=None, port="0", record=True, env=None, files=None, wrapper=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.confdir = self.folder / "conf"
        self.port_file = self.folder / "ports"
        self.record_file = self.folder / "flows.jsonl"
        if ca:
            self.confdir.mkdir(mode=0o700)
            shutil.copy(ca, self.confdir / "weir-ca.pem")
            (self.confdir / "weir-ca.pem").chmod(0o600)
        # It goes with the test, however that ends.
        limits = ["prlimit", f"--nofile={files}"] if files else []
        command = ["setpriv", "--pdeathsig", "KILL", *limits, *wrapper, BINARY, "dump", "-p", port,
                   "--confdir", self.confdir, "--port-file", self.port_file]
        if record:
            command += ["-w", self.record_file]
        self.command = [str(word) for word in [*command, *options]]
        self.env = {**scrubbed(self.folder), **SANITIZER_ENV, **(env or {})}
        self.process = None
        self.expect_exit = 0
        self.listening = []

    # Life

    def spawn(self):
        with open(self.folder / "stdout", "wb") as out, open(self.folder / "stderr", "wb") as err:
            self.process = subprocess.Popen(self.command, env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err)
        return self

    def start(self):
        self.spawn()
        until(self._is_ready, lambda: f"ready lines; {self.stdout} {self.stderr}")
        return self

    def write_rules(self, text):
        """Its rules.yaml; a running one takes it with SIGHUP."""
        folder = self.confdir / "rules"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "rules.yaml").write_text(text)

    def _is_ready(self):
        assert self.process.poll() is None, f"exit status {self.process.returncode}: {self.stderr}"
        return self.read_ports()

    def read_ports(self):
        """The addresses of the port file, which is there as a whole once the ready lines are out."""
        if not self.port_file.exists():
            return []
        lines = self.port_file.read_text().splitlines()
        self.listening = [line.split(" ")[2] for line in lines if line.startswith("listening ")]
        return self.listening

    def wait(self):
        """Its exit status."""
        return self.process.wait(STOP_LIMIT)

    def send_signal(self, number):
        self.process.send_signal(number)
        return self

    def stop(self):
        if not self.process:
            return
        crashed = self.process.poll() is not None and self.process.returncode != self.expect_exit
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"SIGTERM did not end it within {STOP_LIMIT} s: {self.stderr}") from None
        assert not crashed, f"it ended by itself with status {status}: {self.stderr}"
        assert not REPORTS.search(self.stderr), self.stderr
        assert status == self.expect_exit, f"exit status {status}: {self.stderr}"

    # What it says

    def _text(self, name):
        path = self.folder / name
        return path.read_bytes().decode("utf-8", "replace") if path.exists() else ""

    @property
    def stdout(self):
        return self._text("stdout")

    @property
    def stderr(self):
        return self._text("stderr")

    def wait_line(self, text, where="stdout"):
        """The first whole line with the text in it, or a match of a compiled pattern."""
        def look():
            whole = self._text(where)
            for line in whole[:whole.rfind("\n") + 1].splitlines():
                if text in line if isinstance(text, str) else text.search(line):
                    return line
            return None
        return until(look, lambda: f"{text!r} on {where}: {self._text(where)}")

    def flows(self):
        if not self.record_file.exists():
            return []
        whole = self.record_file.read_bytes()
        return [Flow(json.loads(line)) for line in whole[:whole.rfind(b"\n") + 1].splitlines()]

    def wait_flows(self, n=1, **want):
        """At least n flows with these values, such as kind="http"; 'path' is the end of the URL."""
        path = want.pop("path", None)

        def look():
            found = [flow for flow in self.flows() if all(flow[key] == value for key, value in want.items())
                     and (path is None or flow["url"].endswith(path))]
            return found if len(found) >= n else None
        return until(look, lambda: f"{n} flows with {want or path}, of {[brief(f) for f in self.flows()]}; {self.stderr}")

    def flow(self, **want):
        """The only flow like that (so far)."""
        found = self.wait_flows(1, **want)
        assert len(found) == 1, [brief(f) for f in found]
        return found[0]

    # How one gets there

    @property
    def address(self):
        return self.listening[0]

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    @property
    def proxy(self):
        return f"http://{self.address}"

    @property
    def ca_file(self):
        return self.confdir / "weir-ca-cert.pem"

    def context(self, **how):
        """For clients that trust its authority and nobody else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.ca_file)
        context.minimum_version = how.get("minimum", ssl.TLSVersion.TLSv1_2)
        context.maximum_version = how.get("maximum", ssl.TLSVersion.MAXIMUM_SUPPORTED)
        if how.get("alpn"):
            context.set_alpn_protocols(how["alpn"])
        if how.get("ciphers"):
            context.set_ciphers(how["ciphers"])
        if how.get("trust") is False:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def dial(self, keep=True, receive_buffer=None):
        host, _, port = self.address.rpartition(":")
        sock = socket.socket(socket.AF_INET6 if "[" in host else socket.AF_INET)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(20)
        sock.connect((host.strip("[]"), int(port)))
        return Pipe(sock, keep=keep)

    def tunnel(self, target, **how):
        """A connection behind a CONNECT that was answered with 200."""
        pipe = self.dial(**how)
        pipe.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        answer = read_response(pipe, "CONNECT")
        if answer.status != 200:
            pipe.close()
            raise Refused(answer)
        return pipe

    def secure(self, host, port, context=None, session=None, name=None, **how):
        """A tunnel with TLS in it; the handshake is done."""
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return self.tunnel(target, **how).start_tls(context or self.context(), name=name or host, session=session)

    def resident(self, field="VmRSS"):
        """Kilobytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1))

    def descriptors(self):
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def brief(flow):
    return f"{flow['kind']} {flow['url']} {flow.status} {flow.error_text}"

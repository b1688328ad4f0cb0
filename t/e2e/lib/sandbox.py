"""Privileged surroundings for a proxy: name servers, file systems and networks of its own. They go with its process."""
import ctypes
import os
import socket
import struct
import subprocess
import threading

from lib.env import PATH, is_root

CLONE_NEWNET = 0x40000000
REFUSED, FAILED, NO_SUCH_NAME, SILENT = 5, 2, 3, "silent"
TYPE_A = 1


def _works(*command):
    return is_root() and subprocess.run(command, env={"PATH": PATH}, capture_output=True, check=False).returncode == 0


def may_mount():
    return _works("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt")


def may_network():
    return _works("unshare", "--net", "ip", "link", "set", "lo", "up")


def mounted(command):
    """The wrapper of a program that sees what this shell command mounts, and nobody else does."""
    return ["unshare", "--mount", "sh", "-ec", f'{command}; exec "$@"', "sh"]


class Names:
    """A name server on a loopback address. 'answers' has lists of IPv4 addresses, or codes, by name; others do not exist."""

    def __init__(self, folder, **answers):
        self.answers = {name.replace("_", "."): answer for name, answer in answers.items()}
        self.asked = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.53"
        self.sock.bind((self.address, 53))
        conf = folder / "resolv.conf"
        conf.write_text(f"nameserver {self.address}\n")
        self.wrapper = mounted(f"mount --bind {conf} /etc/resolv.conf")
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            query, peer = self.sock.recvfrom(512)
            if not query:
                return
            answer = self._answer(query)
            if answer:
                self.sock.sendto(answer, peer)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        name = ".".join(labels)
        self.asked.append(name)
        known = self.answers.get(name, NO_SUCH_NAME)
        if known == SILENT:
            return None
        addresses = known if isinstance(known, list) and kind == TYPE_A else []
        code = known if isinstance(known, int) else 0
        records = b"".join(struct.pack(">HHHIH", 0xc00c, TYPE_A, 1, 60, 4) + socket.inet_aton(a) for a in addresses)
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
        return head + query[12:at + 5] + records

    def stop(self):
        self.sock.sendto(b"", (self.address, 53))
        self.thread.join()
        self.sock.close()


class Network:
    """A network of its own: with loopback, and with wires to other such networks."""

    def __init__(self):
        self.process = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up; echo; exec sleep 600"],
                                        env={"PATH": PATH}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.wrapper = ["nsenter", f"--net=/proc/{self.process.pid}/ns/net"]

    def ip(self, *words):
        subprocess.run([*self.wrapper, "ip", *words], env={"PATH": PATH}, check=True)

    def wire(self, other, *addresses):
        """A cable between the two; addresses are pairs like ("8.8.8.1/24", "8.8.8.2/24")."""
        self.ip("link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", str(other.process.pid))
        for side, number in ((self, 0), (other, 1)):
            for pair in addresses:
                extra = ["nodad"] if ":" in pair[number] else []
                side.ip("addr", "add", pair[number], "dev", "wire", *extra)
            side.ip("link", "set", "wire", "up")

    def within(self, make):
        """The result of make() on a thread that lives in this network; its sockets stay there."""
        result = []

        def enter():
            with open(f"/proc/{self.process.pid}/ns/net", "rb") as space:
                libc = ctypes.CDLL(None, use_errno=True)
                assert libc.setns(space.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            result.append(make())
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return result[0]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Blackhole:
    """A port that answers nothing: the queue of its listener is full."""

    def __init__(self, address="127.0.0.1", port=0):
        self.listener = socket.create_server((address, port), backlog=0)
        self.address, self.port = address, self.listener.getsockname()[1]
        self.waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex((self.address, self.port))
            self.waiting.append(sock)

    def stop(self):
        for sock in (*self.waiting, self.listener):
            sock.close()

"""Surroundings that a proxy alone has: mounts that go with its process, addresses that say nothing."""
import socket
import subprocess

from lib.env import PATH, is_root


def may_mount():
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return is_root() and subprocess.run(command, env={"PATH": PATH}, capture_output=True, check=False).returncode == 0


def mounted(command):
    """The wrapper of a program that sees what this shell command mounts, and nobody else does."""
    return ["unshare", "--mount", "sh", "-ec", f'{command}; exec "$@"', "sh"]


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

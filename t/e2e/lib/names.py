"""A name server of a test's own, and the way to make one process ask it and nobody else."""
import os
import socket
import struct
import threading

A, AAAA = 1, 28
STOP = b"stop"


class Names:
    """Answers for the names that it was given: {'site.test': ['127.0.0.1', '::1']}; there are no others."""

    def __init__(self, folder, table):
        self.table, self.asked = table, []
        self.address = "127.53.{}.{}".format(*divmod(os.getpid() % 65000 + 1, 256))
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((self.address, 53))
        self.config = folder / "resolv.conf"
        self.config.write_text(f"nameserver {self.address}\noptions timeout:1 attempts:2\n")
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def wrapper(self):
        """Goes in front of a command: the resolver's file is another for it."""
        return ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', self.config)

    def _serve(self):
        while True:
            query, client = self.sock.recvfrom(4096)
            if query == STOP:
                return
            self.sock.sendto(self._answer(query), client)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += query[at] + 1
        name, kind = ".".join(labels), struct.unpack(">H", query[at + 1:at + 3])[0]
        self.asked.append((name, kind))
        addresses = [a for a in self.table.get(name.lower(), ()) if (":" in a) == (kind == AAAA)]
        answers = [self._record(a, kind) for a in addresses if kind in (A, AAAA)]
        flags = 0x8180 if name.lower() in self.table else 0x8183
        return query[:2] + struct.pack(">HHHHH", flags, 1, len(answers), 0, 0) + query[12:at + 5] + b"".join(answers)

    @staticmethod
    def _record(address, kind):
        data = socket.inet_pton(socket.AF_INET6 if kind == AAAA else socket.AF_INET, address)
        return struct.pack(">HHHIH", 0xc00c, kind, 1, 60, len(data)) + data

    def stop(self):
        if self.thread.is_alive():
            self.sock.sendto(STOP, self.sock.getsockname())
            self.thread.join()
            self.sock.close()

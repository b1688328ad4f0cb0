"""Very many clients at once, and the descriptors that they take."""
import resource

from lib.message import read_response
from lib.ways import HOST

ENOUGH = 32768


def need_descriptors():
    """As many for this process and those that it starts as the system gives. Returns how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (max(hard, ENOUGH), hard):  # only root may have more
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
            return most
        except (ValueError, OSError):
            pass
    return hard


class Crowd:
    """Clients of one proxy: plain ones and ones in TLS, to a site each. They stay connected until leave()."""

    def __init__(self, proxy, plain, secure):
        self.proxy, self.plain, self.secure, self.pipes = proxy, plain, secure, []
        self._context = proxy.context()

    def come(self, plain=0, secure=0):
        self.pipes += [(self.proxy.dial(keep=False), self.plain) for _ in range(plain)]
        self.pipes += [(self.proxy.secure(HOST, self.secure.port, self._context, keep=False), self.secure)
                       for _ in range(secure)]
        return self

    def ask(self, batch=100):
        """Every one sends a request and has its answer, 'batch' of them at the same time."""
        for at in range(0, len(self.pipes), batch):
            group = self.pipes[at:at + batch]
            for number, (pipe, site) in enumerate(group, at):
                front = "" if pipe.tls else f"http://{HOST}:{site.port}"
                pipe.send(f"GET {front}/{number} HTTP/1.1\r\nHost: {HOST}:{site.port}\r\n\r\n".encode())
            for number, (pipe, _) in enumerate(group, at):
                answer = read_response(pipe)
                assert answer.status == 200 and answer.body.rstrip(b".") == b"/%d" % number, answer.head
        return self

    def leave(self):
        for pipe, _ in self.pipes:
            pipe.close()
        self.pipes = []

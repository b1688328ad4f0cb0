"""A scripted HTTP/1 origin, plain or with TLS: every connection runs a script, and all that came is kept."""
import socket
import ssl
import tempfile
import threading

from lib.message import read_request, reply
from lib.pipe import Ended, Pipe
from lib.wait import until


def server_context(cert, **how):
    """A context that shows the certificate; how: minimum, maximum, ciphers, client_ca (asks for a certificate), alpn."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(how.get("ciphers", "DEFAULT:@SECLEVEL=0"))  # weak keys are for the client to find
    context.minimum_version = how.get("minimum", ssl.TLSVersion.TLSv1_2)
    context.maximum_version = how.get("maximum", ssl.TLSVersion.MAXIMUM_SUPPORTED)
    if how.get("client_ca"):
        context.load_verify_locations(cadata=how["client_ca"])
        context.verify_mode = ssl.CERT_REQUIRED if how.get("client_required", True) else ssl.CERT_OPTIONAL
    if how.get("alpn"):
        context.set_alpn_protocols(how["alpn"])
    with tempfile.NamedTemporaryFile() as file:
        file.write(cert.key_pem + cert.pem + b"".join(above.pem for above in cert.chain))
        file.flush()
        context.load_cert_chain(file.name)
    return context


class Conn(Pipe):
    """A connection that the origin accepted."""

    def __init__(self, sock, number, origin):
        super().__init__(sock, keep=origin.keep)
        self.number = number    # 0 is the first
        self.origin = origin
        self.requests = []
        self.server_name = None  # as the client sent it
        self.resumed = None
        self.done = False        # the script has ended

    def request(self, body=True):
        message = read_request(self, body)
        self.requests.append(message)
        return message


def answer_all(answer):
    """The script of an ordinary server: answers every request of the connection with answer(request)."""
    def script(conn):
        while True:
            request = conn.request()
            response = answer(request)
            conn.send(response)
            heads = request.head + response.split(b"\r\n\r\n", 1)[0]
            if b"connection: close" in heads.lower():
                return
    return script


def hello(_request):
    return reply(b"hello\n", "200 OK", "Content-Type: text/plain")


class Origin:
    """Listens on a free port of 'address'. 'cert' makes it speak TLS. 'script' gets the Conn; when it returns, the
    connection is closed in the proper way, unless the script did so by itself."""

    conn_class = Conn

    def __init__(self, script=None, cert=None, address="127.0.0.1", keep=True, port=0, **tls):
        self.script = script or answer_all(hello)
        self.keep = keep
        self.connections = []
        self.trouble = []  # what scripts raised and is no fault of the peer
        self.handshake_errors = []
        self.cert = self.context = None
        if cert:
            self.show(cert, **tls)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, port), family=family, backlog=128)
        self.address, self.port = address, self.listener.getsockname()[1]
        self._serving = threading.local()
        self._threads = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def show(self, cert, **tls):
        """Speaks TLS with this certificate from the next connection on."""
        context = server_context(cert, **tls)
        context.sni_callback = self._on_name
        self.cert, self.context = cert, context

    def _on_name(self, _tls, name, _context):
        conn = getattr(self._serving, "conn", None)  # none when a script of another origin uses our context
        if conn:
            conn.server_name = name

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            conn = self.conn_class(sock, len(self.connections), self)
            self.connections.append(conn)
            thread = threading.Thread(target=self._serve, args=(conn,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, conn):
        try:
            if self.context:
                self._serving.conn = conn
                conn.start_tls(self.context, server=True)
                conn.resumed = conn.tls.session_reused
            self.script(conn)
            if conn.sock.fileno() >= 0:
                if conn.tls and not conn.end:
                    conn.close_notify()
                self._linger(conn)
        except ssl.SSLError as why:
            self.handshake_errors.append(str(why))
        except (Ended, OSError):
            pass
        except Exception as why:  # pylint: disable=broad-except
            self.trouble.append(why)
        finally:
            conn.done = True
            conn.close()

    @staticmethod
    def _linger(conn):
        """Waits for the peer's end, so that what is in flight is not answered by a reset."""
        try:
            conn.shut()
            conn.keep = False
            while conn.fill():
                conn.buffer.clear()
        except OSError:
            pass

    @property
    def requests(self):
        return [request for conn in self.connections for request in conn.requests]

    @property
    def received(self):
        """Every byte behind the handshakes, over all connections."""
        return b"".join(bytes(conn.received) for conn in self.connections)

    def wait_requests(self, n):
        until(lambda: len(self.requests) >= n, lambda: f"{n} requests at the origin, there are {len(self.requests)}")
        return self.requests

    def wait_connections(self, n):
        until(lambda: len(self.connections) >= n, lambda: f"{n} connections, there are {len(self.connections)}")
        return self.connections

    def url(self, path="/", host=None):
        host = host or self.address
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self.context else 'http'}://{host}:{self.port}{path}"

    def stop(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._accepting.join()
        self.listener.close()
        for conn in self.connections:
            try:
                conn.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join()
        assert not self.trouble, self.trouble

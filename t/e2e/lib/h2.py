"""HTTP/2 by python3-h2: a site that says what it was asked and how, and a client that asks it through a proxy."""
import json

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

from lib.env import run
from lib.origin import Origin
from lib.pipe import Ended

ALPN = ["h2", "http/1.1"]


class End:
    """One end of a connection of HTTP/2, over a Pipe."""

    def __init__(self, pipe, client):
        self.pipe = pipe
        config = h2.config.H2Configuration(client_side=client, header_encoding="latin-1", validate_inbound_headers=False,
                                           validate_outbound_headers=False, normalize_inbound_headers=False,
                                           normalize_outbound_headers=False)
        self.conn = h2.connection.H2Connection(config)
        self.events = []

    def flush(self):
        data = self.conn.data_to_send()
        if data:
            self.pipe.send(data)

    def pump(self):
        """Waits for more, and returns the new events."""
        if not self.pipe.buffer and not self.pipe.fill():
            raise Ended()
        data = bytes(self.pipe.buffer)
        self.pipe.buffer.clear()
        new = self.conn.receive_data(data)
        for event in new:
            if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
                self.conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.events += new
        self.flush()
        return new

    def wait(self, kind, stream=None):
        """The first event of the kind (on the stream), removed from the list."""
        while True:
            for event in self.events:
                if isinstance(event, kind) and stream in (None, getattr(event, "stream_id", None)):
                    self.events.remove(event)
                    return event
            self.pump()


class Answer:
    """What a stream brought."""

    def __init__(self):
        self.fields, self.body, self.trailers, self.interims, self.reset, self.ended = [], b"", [], [], None, False

    @property
    def status(self):
        return int(self.value(":status"))

    def value(self, name):
        return next((value for key, value in self.fields if key == name), None)


class Client(End):
    """Behind a tunnel, or in clear at the proxy itself."""

    def __init__(self, pipe, settings=None, window=0):
        super().__init__(pipe, True)
        if settings is not None:
            self.conn.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.conn.initiate_connection()
        if window:
            self.conn.increment_flow_control_window(window)
        self.flush()
        self.next = 1

    def ask(self, *fields, method="GET", path="/", authority="site.test", scheme="https", end=True, stream=None, **how):
        """Sends a head; returns the number of its stream."""
        stream = stream or self.next
        self.next = stream + 2
        head = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *fields]
        self.conn.send_headers(stream, how.pop("head", None) or head, end_stream=end, **how)
        self.flush()
        return stream

    def answer(self, stream):
        """All that comes of it, to its end."""
        got = Answer()
        while not got.ended and got.reset is None:
            self._note(got, self.wait((h2.events.ResponseReceived, h2.events.InformationalResponseReceived,
                                       h2.events.DataReceived, h2.events.TrailersReceived, h2.events.StreamEnded,
                                       h2.events.StreamReset), stream))
        return got

    @staticmethod
    def _note(got, event):
        if isinstance(event, h2.events.ResponseReceived):
            got.fields = list(event.headers)
        elif isinstance(event, h2.events.InformationalResponseReceived):
            got.interims.append(dict(event.headers))
        elif isinstance(event, h2.events.DataReceived):
            got.body += event.data
        elif isinstance(event, h2.events.TrailersReceived):
            got.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            got.ended = True
        else:
            got.reset = int(event.error_code)

    def get(self, *fields, **how):
        return self.answer(self.ask(*fields, **how))


def through(weir, site, **how):
    """A client behind CONNECT and TLS; its proxy must choose HTTP/2."""
    pipe = weir.secure("site.test", site.port, context=weir.context(alpn=ALPN))
    assert pipe.tls.selected_alpn_protocol() == "h2"
    return Client(pipe, **how)


class Request:
    def __init__(self, fields):
        self.fields, self.body, self.trailers = fields, b"", []

    def value(self, name):
        return next((value for key, value in self.fields if key == name), None)


class Server(End):
    """One connection of a Site, served by answer(server, stream, request)."""

    def __init__(self, pipe, answer):
        super().__init__(pipe, False)
        self.answer, self.requests, self.settings, self.windows, self.priorities = answer, {}, [], [], []
        self.over = False
        self.conn.initiate_connection()
        self.flush()

    def serve(self):
        while True:
            self.turn()

    def turn(self):
        for event in self.pump():
            self._on(event)
            self.flush()

    def _on(self, event):
        stream = getattr(event, "stream_id", None)
        if isinstance(event, h2.events.RequestReceived):
            self.requests[stream] = Request(list(event.headers))
        elif isinstance(event, h2.events.DataReceived):
            self.requests[stream].body += event.data
        elif isinstance(event, h2.events.TrailersReceived):
            self.requests[stream].trailers = list(event.headers)
        elif isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings.append({int(k): v.new_value for k, v in event.changed_settings.items()})
        elif isinstance(event, h2.events.WindowUpdated) and not stream:
            self.windows.append(event.delta)
        elif isinstance(event, h2.events.PriorityUpdated):
            self.priorities.append((stream, event.depends_on, event.weight, bool(event.exclusive)))
        elif isinstance(event, h2.events.StreamEnded):
            self.answer(self, stream, self.requests[stream])

    def goodbye(self, stream):
        self.over = True
        self.conn.close_connection(last_stream_id=stream)

    def reply(self, stream, body=b"", status="200", *fields):
        self.conn.send_headers(stream, [(":status", status), *fields], end_stream=not body)
        if body:
            self.conn.send_data(stream, body, end_stream=True)


def echo(server, stream, request):
    said = {"fields": request.fields, "body": request.body.decode("latin-1"), "trailers": request.trailers}
    server.reply(stream, json.dumps(said).encode(), "200", ("x-server", "site"))


class Site(Origin):
    """An origin that speaks HTTP/2, and nothing else."""

    def __init__(self, answer=echo, cert=None, server=Server, **how):
        self.servers = []

        def script(conn):
            one = server(conn, answer)
            self.servers.append(one)
            try:
                one.serve()
            except h2.exceptions.ProtocolError:  # it takes anything for that once it has said goodbye
                if not one.over:
                    raise

        super().__init__(script, cert, alpn=["h2"], **how)

    @property
    def asked(self):
        return [request for server in self.servers for request in server.requests.values()]


# A client of Node: what it does with its session goes between.
_NODE = """
const h2 = require('http2'), tls = require('tls'), fs = require('fs'), net = require('net');
const [,, proxy, target, ca] = process.argv, [host, port] = proxy.split(':');
const plain = net.connect(port, host, () => plain.write(`CONNECT ${target} HTTP/1.1\\r\\nHost: ${target}\\r\\n\\r\\n`));
plain.once('data', () => {
  const secure = tls.connect({socket: plain, servername: 'site.test', ALPNProtocols: ['h2'], ca: fs.readFileSync(ca)}, () => {
    const session = h2.connect('https://site.test', {createConnection: () => secure});
"""


def node(home, proxy, site, script):
    """Runs the script with 'session', one of HTTP/2 through the proxy, and 'target'."""
    (home / "client.js").write_text(_NODE + script + "  });\n});\n")
    return run(["node", home / "client.js", proxy.address, f"site.test:{site.port}", proxy.ca_file], home)

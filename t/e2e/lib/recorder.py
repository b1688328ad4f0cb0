"""An origin that shows any certificate, keeps every byte, those around a failed handshake too, and finds no request there."""
import ssl

from lib.origin import Conn, Origin
from lib.wait import until

ALERT_SIZE = 24  # of a record with an encrypted alert, at most
HANDSHAKE, APPLICATION_DATA = 22, 23


class RecorderConn(Conn):
    """Keeps what comes as it came, and reads on to the peer's end when the handshake has failed."""

    def __init__(self, *args):
        super().__init__(*args)
        self.raw = bytearray()

    def _recv(self):
        data = super()._recv()
        self.raw += data
        return data

    def _flush(self):
        shown, stand_in = self.origin.exchange
        if stand_in:
            data = self._out.read().replace(stand_in, shown)
            self._out.write(data)
        super()._flush()

    def start_tls(self, *args, **how):
        try:
            return super().start_tls(*args, **how)
        except Exception:
            while data := self._recv():
                self._note_records(data)
            raise


class Recorder(Origin):
    conn_class = RecorderConn
    exchange = (b"", b"")

    def show(self, cert, **tls):
        """A certificate that the library does not take is put in place of its stand-in on the way out. In TLS 1.2, where
        one can see it; the handshake would fail by that in the end, but the certificate is judged long before."""
        try:
            super().show(cert, **tls)
        except ssl.SSLError:
            stand_in = cert.stand_in
            self.exchange = (cert.der, stand_in.der)
            super().show(stand_in, maximum=ssl.TLSVersion.TLSv1_2, **tls)

    def assert_no_request(self, secret):
        """Whoever came said hello and went, without a byte of application data or of the secret."""
        until(lambda: self.connections and all(conn.done for conn in self.connections), "the end of the connections")
        for conn in self.connections:
            assert conn.records and conn.records[0][0] == HANDSHAKE, "nobody looked at the certificate"
            assert conn.received == b"" and secret not in conn.raw, bytes(conn.received)
            assert not conn._torn, "half a record"  # pylint: disable=protected-access
            if not conn.tls:  # encrypted alerts look like application data
                data = [size for kind, size in conn.records if kind == APPLICATION_DATA]
                assert len(data) <= 1 and sum(data) <= ALERT_SIZE, conn.records

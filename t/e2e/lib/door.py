"""A port whose connections go through the proxy to one target, for programs that know no proxies."""
import socket
import threading

from lib.pipe import Ended


class Door:
    def __init__(self, proxy, target):
        self.proxy, self.target = proxy, target
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self._socks, self._threads = [], []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self._run(self._serve, sock)

    def _run(self, work, *args):
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, sock):
        try:
            with sock, self.proxy.tunnel(self.target) as pipe:
                pipe.sock.settimeout(None)
                self._socks += [sock, pipe.sock]
                back = threading.Thread(target=self._pass, args=(pipe.sock, sock), daemon=True)
                back.start()
                self._pass(sock, pipe.sock)
                back.join()
        except (Ended, OSError):
            pass

    @staticmethod
    def _pass(source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for sock in (source, sink):
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def stop(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._accepting.join()
        self.listener.close()
        for sock in self._socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join()

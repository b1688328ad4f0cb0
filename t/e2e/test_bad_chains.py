"""Every chain of the table: refused with the right word in page, log and flow, and not a byte of the request out."""
import pytest

from lib import chains
from lib.bench import Bench
from lib.message import read_response
from lib.recorder import Recorder
from lib.weir import Weir, weir_run

SECRET = b"a-thing-to-lose"


class Lab:
    """One proxy, and a server for each chain, which gets its certificate when its turn comes."""

    def __init__(self, folder, own):
        self.folder = folder
        self.bench = Bench(own)
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(self.bench.trusted())
        self.sites = {case: Recorder() for case in (*chains.BAD, *chains.GOOD)}
        self.library = Recorder()  # where certificates say that others can be fetched
        self.bench.url = self.library.url("/issuer.cer")
        resolve = [word for site in self.sites.values() for word in ("--resolve", f"*:{site.port}:127.0.0.1")]
        self.proxy = Weir(folder / "weir", "--upstream-ca", self.roots, *resolve, ca=own)

    def start(self):
        self.proxy.start()
        return self

    def stop(self):
        for one in (self.proxy, self.library, *self.sites.values()):
            one.stop()

    def ask(self, case):
        """(site, answer, flow) of a request with something to lose."""
        site = self.sites[case]
        site.show(case.make(self.bench))
        path = f"/{case}".replace(" ", "-")
        head = f"POST {path} HTTP/1.1\r\nHost: here\r\nCookie: {SECRET.decode()}\r\nContent-Length: {len(SECRET)}\r\n\r\n"
        with self.proxy.secure(case.host, site.port) as pipe:
            answer = read_response(pipe.send(head.encode() + SECRET))
        return site, answer, self.proxy.flow(kind="http", path=path)


@pytest.fixture(scope="module")
def lab(tmp_path_factory, shared):
    made = Lab(tmp_path_factory.mktemp("lab"), shared["ca"])
    yield made.start()
    made.stop()


@pytest.mark.parametrize("case", chains.BAD, ids=str)
def test_bad_chain_is_refused(case, lab):
    site, answer, flow = lab.ask(case)

    assert answer.status == 502
    site.assert_no_request(SECRET)
    assert not lab.library.connections, "somebody fetched an issuer"
    if case.early:
        assert flow.reason == "tls-server", flow.error_text
        return
    assert flow.reason == "tls-verify" and f"refused: {case.word}: " in flow.error_text, flow.error_text
    assert flow["server"]["tls"]["verdict"] == case.word and flow["server"]["tls"]["certs"]
    assert case.word in answer.text and "--ssl-insecure" in answer.text
    line = lab.proxy.wait_line(flow["url"])
    assert case.word in line or case.word in lab.proxy.wait_line(f"{case.word}: "), line


@pytest.mark.parametrize("case", chains.GOOD, ids=str)
def test_good_chain_is_taken(case, lab):
    site, answer, flow = lab.ask(case)
    assert answer.status == 200, answer.text
    assert flow["server"]["tls"]["verdict"] == "ok" and not flow["error"]
    assert SECRET in site.received


@pytest.mark.parametrize("case", [case for case in (*chains.BAD, *chains.GOOD) if case.row != "V21"], ids=str)
def test_verify_chain_gives_the_same_verdict(case, lab):
    chain = case.make(lab.bench).write(lab.folder / "chain.pem")
    done = weir_run(lab.folder, "verify-chain", "--ca", lab.roots, "--name", case.host, chain)
    if case.word == "damaged":
        assert done.returncode == 2 and b"damaged" in done.stderr
    else:
        assert done.stdout.decode().splitlines()[0] == f"verdict: {case.word or 'ok'}"

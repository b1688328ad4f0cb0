"""Chromium and Firefox without a screen, each with a profile of its own that is thrown away."""
import pathlib
import signal
import os
import subprocess

from lib.clients import Result, _split
from lib.env import run, scrubbed

LIMIT = 90

# No page asks for these, and nobody is to hear from a test.
CHROMIUM_QUIET = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-breakpad",
                  "--disable-default-apps", "--disable-extensions", "--disable-domain-reliability", "--no-pings",
                  "--disable-client-side-phishing-detection", "--no-default-browser-check", "--no-first-run",
                  "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,"
                  "InterestFeedContentSuggestions,CertificateTransparencyComponentUpdater,HttpsUpgrades,"
                  "HttpsFirstBalancedModeAutoEnable,DialMediaRouteProvider")

FIREFOX_QUIET = """
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("app.update.auto", false);
user_pref("browser.aboutHomeSnippets.updateUrl", "");
user_pref("browser.newtabpage.enabled", false);
user_pref("browser.safebrowsing.downloads.remote.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.search.update", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage", "about:blank");
user_pref("browser.startup.page", 0);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("dom.security.https_first", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("extensions.systemAddon.update.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.dns.disablePrefetch", true);
user_pref("network.prefetch-next", false);
user_pref("network.trr.mode", 5);
user_pref("security.OCSP.enabled", 0);
user_pref("services.settings.server", "http://127.0.0.1:1/");
user_pref("toolkit.telemetry.enabled", false);
user_pref("toolkit.telemetry.unified", false);
"""


def _trust(home, database, ca):
    """Makes an NSS database with the authority, or an empty one."""
    database.mkdir(parents=True, exist_ok=True)
    done = run(["certutil", "-N", "--empty-password", "-d", f"sql:{database}"], home)
    assert done.returncode == 0, done.stderr
    if ca:
        done = run(["certutil", "-A", "-d", f"sql:{database}", "-n", "weir", "-t", "C,,", "-i", ca], home)
        assert done.returncode == 0, done.stderr


def _run(command, home, ends=None):
    """Runs a browser and all that it starts; 'ends' may end it earlier, by returning true."""
    with open(home / "stdout", "wb") as out, open(home / "stderr", "wb") as err:
        process = subprocess.Popen([str(word) for word in command], env=scrubbed(home, XDG_RUNTIME_DIR=home), cwd=home,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
        try:
            _wait(process, ends)
        finally:
            # Its helpers are in its session, and go with it.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
    return Result(process.returncode, (home / "stdout").read_bytes(),
                  (home / "stderr").read_bytes().decode("utf-8", "replace"))


def _wait(process, ends):
    for _ in range(LIMIT * 10):
        if ends and ends():
            return
        try:
            process.wait(0.1)
            return
        except subprocess.TimeoutExpired:
            pass


def chromium(home, url, proxy, ca=None, ends=None, virtual_time=True):
    """The document as it stands once its scripts have run is the body. Without virtual time it runs until 'ends' says so."""
    home = pathlib.Path(home)
    _trust(home, home / ".pki" / "nssdb", ca)
    return _run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
                 *CHROMIUM_QUIET, f"--user-data-dir={home / 'profile'}", f"--proxy-server={proxy}",
                 "--proxy-bypass-list=<-loopback>",
                 *(["--virtual-time-budget=10000", "--dump-dom"] if virtual_time else ["--remote-debugging-port=0"]), url], home, ends)


def firefox(home, url, proxy, ca=None, ends=None):
    """Runs until 'ends' says so: what it shows is known by what the page tells its origin."""
    home = pathlib.Path(home)
    profile = home / "profile"
    _trust(home, profile, ca)
    host, port, _ = _split(proxy)
    (profile / "user.js").write_text(FIREFOX_QUIET + "".join(
        f'user_pref("network.proxy.{name}", {value});\n' for name, value in [
            ("type", 1), ("http", f'"{host}"'), ("http_port", port), ("ssl", f'"{host}"'), ("ssl_port", port),
            ("share_proxy_settings", "true"), ("no_proxies_on", '""'), ("allow_hijacking_localhost", "true"),
            ("failover_direct", "false")]))
    return _run(["firefox-esr", "--headless", "--no-remote", "--profile", profile, "--new-instance", url],
                home, ends)


BROWSERS = {"chromium": chromium, "firefox": firefox}

"""What goes wrong under a proxy: the words of the page that it shares with t/shim, by name."""
import mmap
import os
import pathlib
import re
import struct

from lib.weir import ROOT, SANITIZER_ENV

LIBRARY = pathlib.Path(os.environ.get("FAULTS_LIBRARY", ROOT / "build" / "faults.so")).resolve()
NAMES = re.findall(r"^KNOB\((\w+),", (ROOT / "t" / "shim" / "knob_list.h").read_text(), re.M)
OFFSET = {name: 8 * i for i, name in enumerate(NAMES)}


class Faults:
    """faults.short_max = 1 makes every call of the proxy short from then on; faults.fired is how much went wrong."""

    def __init__(self, path, **words):
        path.write_bytes(bytes(8 * len(NAMES)))
        with open(path, "r+b") as file:
            page = mmap.mmap(file.fileno(), 8 * len(NAMES))
        self.__dict__.update(page=page, env={
            "LD_PRELOAD": str(LIBRARY), "FAULTS": str(path),
            "ASAN_OPTIONS": SANITIZER_ENV["ASAN_OPTIONS"] + ":verify_asan_link_order=0"})
        self.set(**words)

    def __getattr__(self, name):
        return struct.unpack_from("q", self.page, OFFSET[name])[0]

    def __setattr__(self, name, value):
        struct.pack_into("q", self.page, OFFSET[name], value)

    def set(self, **words):
        for name, value in words.items():
            setattr(self, name, value)

    def clear(self, *spared):
        """Nothing goes wrong any more."""
        counters = ("fired", "open", "cuts", "alloc_seen", "alloc_failed", "seed", *spared)
        self.set(**{name: 0 for name in NAMES if name not in counters})

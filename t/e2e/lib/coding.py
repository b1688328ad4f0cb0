"""Content codings that Python cannot make by itself, by the libraries that the program uses too."""
import ctypes
import ctypes.util
import gzip
import zlib


def _library(name):
    path = ctypes.util.find_library(name)
    return ctypes.CDLL(path) if path else None


def brotli(data, quality=9):
    lib = _library("brotlienc")
    size = ctypes.c_size_t(len(data) + 1024)
    out = ctypes.create_string_buffer(size.value)
    assert lib.BrotliEncoderCompress(quality, 22, 0, ctypes.c_size_t(len(data)), data, ctypes.byref(size), out)
    return out.raw[:size.value]


def zstd(data, level=9):
    lib = _library("zstd")
    lib.ZSTD_compress.restype = lib.ZSTD_compressBound.restype = ctypes.c_size_t
    room = lib.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    out = ctypes.create_string_buffer(room)
    size = lib.ZSTD_compress(out, ctypes.c_size_t(room), data, ctypes.c_size_t(len(data)), level)
    assert size <= room
    return out.raw[:size]


def unbrotli(data, most=1 << 20):
    lib = _library("brotlidec")
    size = ctypes.c_size_t(most)
    out = ctypes.create_string_buffer(most)
    assert lib.BrotliDecoderDecompress(ctypes.c_size_t(len(data)), data, ctypes.byref(size), out) == 1
    return out.raw[:size.value]


def unzstd(data, most=1 << 20):
    lib = _library("zstd")
    lib.ZSTD_decompress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(most)
    size = lib.ZSTD_decompress(out, ctypes.c_size_t(most), data, ctypes.c_size_t(len(data)))
    assert size <= most
    return out.raw[:size]


def raw_deflate(data):
    """Without the wrapper of zlib, as some servers send it."""
    coder = zlib.compressobj(9, zlib.DEFLATED, -15)
    return coder.compress(data) + coder.flush()


CODERS = {"gzip": lambda data: gzip.compress(data, 9), "x-gzip": lambda data: gzip.compress(data, 9),
          "deflate": lambda data: zlib.compress(data, 9), "br": brotli, "zstd": zstd, "identity": lambda data: data}


def encode(codings, data):
    """For 'Content-Encoding: a, b': a is applied first."""
    for coding in codings.split(", "):
        data = CODERS[coding](data)
    return data


DECODERS = {"gzip": gzip.decompress, "deflate": zlib.decompress, "br": unbrotli, "zstd": unzstd}


def decode(codings, data):
    """What encode makes of it, undone."""
    for coding in reversed(codings.split(", ")):
        data = DECODERS[coding](data)
    return data

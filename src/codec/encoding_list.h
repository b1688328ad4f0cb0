/* Every content coding: ENCODING(x) stands for encoding_x. */
ENCODING(brotli)
ENCODING(deflate)
ENCODING(gzip)
ENCODING(identity)
ENCODING(zstd)

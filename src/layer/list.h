/* The layers that can be detected by a client's first bytes: LAYER(name of its ops). Sorted. */
LAYER(h1_accept)
LAYER(h2_accept)
LAYER(tls_accept)

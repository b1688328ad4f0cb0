/* The stores: STORE(name of its ops). Sorted. */
STORE(memory)

/* The modes: MODE(name of its ops). Sorted. */
MODE(regular)
MODE(reverse)

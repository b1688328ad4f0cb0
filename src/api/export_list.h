/* The forms in which a flow can be taken out: EXPORT(name). Sorted. */
EXPORT(curl)
EXPORT(fetch)
EXPORT(har)
EXPORT(python)
EXPORT(raw)

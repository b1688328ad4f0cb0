/* Every way in which the header list of HTTP/2 can be wrong: H2_FAULT(id, word, status, sentence). */
H2_FAULT(NONE, "none", 0, "nothing is wrong")
H2_FAULT(MEMORY, "no-memory", 503, "there is no memory left for the message")
H2_FAULT(SIZE, "head-too-large", 431, "the head is larger than the limit")
H2_FAULT(FIELD_COUNT, "too-many-fields", 431, "the head has more fields than the limit")
/* fields */
H2_FAULT(NAME, "bad-name", 400, "the name of a field is not a token in lower case")
H2_FAULT(VALUE, "bad-value", 400, "the value of a field holds a control byte, or a blank at its ends")
H2_FAULT(CONNECTION, "connection-field", 400,
         "a field belongs to a connection of HTTP/1 (RFC 9113 section 8.2.2)")
H2_FAULT(LENGTH, "bad-length", 400, "Content-Length is not one number")
H2_FAULT(LENGTH_END, "length-without-content", 400,
         "Content-Length promises content, and there is none")
H2_FAULT(LENGTH_DATA, "length-mismatch", 400, "there is more or less content than Content-Length says")
/* pseudo-fields */
H2_FAULT(PSEUDO, "bad-pseudo-field", 400,
         "a pseudo-field is unknown, there twice, or does not belong into this message")
H2_FAULT(PSEUDO_ORDER, "late-pseudo-field", 400, "a pseudo-field stands behind other fields")
H2_FAULT(PSEUDO_MISSING, "missing-pseudo-field", 400, "a pseudo-field is missing")
H2_FAULT(METHOD, "bad-method", 400, "the method is not a token")
H2_FAULT(SCHEME, "bad-scheme", 400, "the scheme is neither http nor https")
H2_FAULT(PATH, "bad-path", 400, "the path is not visible ASCII that begins with '/'")
H2_FAULT(PATH_SIZE, "path-too-long", 414, "the path is longer than the limit")
H2_FAULT(AUTHORITY, "bad-authority", 400, "the authority is not 'host' or 'host:port'")
H2_FAULT(HOST, "bad-host", 400, "there is no authority, or Host says another one")
H2_FAULT(EXPECT, "bad-expect", 417, "Expect says something else than 100-continue")
H2_FAULT(STATUS, "bad-status", 502, "the status is not a number from 100 to 999, or is 101")
/* order of frames */
H2_FAULT(NOT_LAST, "trailers-not-last", 400, "trailers are not the end of the message")

/* Every way in which HTTP/1 bytes can be wrong: HTTP1_FAULT(id, word, status, sentence). */
HTTP1_FAULT(NONE, "none", 0, "nothing is wrong")
HTTP1_FAULT(MEMORY, "no-memory", 503, "there is no memory left for the message")
/* lines */
HTTP1_FAULT(BARE_LF, "bare-lf", 400, "a line ends with LF instead of CR LF")
HTTP1_FAULT(BARE_CR, "bare-cr", 400, "a CR stands alone")
HTTP1_FAULT(NUL, "nul-byte", 400, "a NUL byte stands in the head")
HTTP1_FAULT(CONTROL, "control-byte", 400, "a control byte stands in the head")
HTTP1_FAULT(BLANK_LINE, "blank-line", 400, "the head begins with an empty line")
HTTP1_FAULT(HEAD_SIZE, "head-too-large", 431, "the head is larger than the limit")
HTTP1_FAULT(FIELD_COUNT, "too-many-fields", 431, "the head has more fields than the limit")
/* start lines */
HTTP1_FAULT(REQUEST_LINE, "request-line", 400,
            "the request line is not 'METHOD target HTTP/1.1' with single blanks")
HTTP1_FAULT(METHOD, "bad-method", 400, "the method is not a token")
HTTP1_FAULT(TARGET_SIZE, "target-too-long", 414, "the start line is longer than the limit")
HTTP1_FAULT(TARGET_BYTE, "target-byte", 400,
            "the request target holds a byte that is not visible ASCII")
HTTP1_FAULT(FRAGMENT, "target-fragment", 400, "the request target holds a '#'")
HTTP1_FAULT(TARGET_FORM, "target-form", 400,
            "the request target does not have the form that the method asks for")
HTTP1_FAULT(TARGET_URL, "target-url", 400,
            "the URL in the request line is not a valid http or https URL without user name")
HTTP1_FAULT(VERSION_FORM, "bad-version", 400, "the protocol version is misspelt or missing")
HTTP1_FAULT(VERSION, "unsupported-version", 505,
            "the protocol version is neither HTTP/1.0 nor HTTP/1.1")
HTTP1_FAULT(STATUS_LINE, "status-line", 400, "the status line is not 'HTTP/1.1 200 reason'")
HTTP1_FAULT(STATUS, "bad-status", 400, "the status is not a number from 100 to 999")
/* fields */
HTTP1_FAULT(OBS_FOLD, "obs-fold", 400, "a field is folded over several lines")
HTTP1_FAULT(NO_COLON, "no-colon", 400, "a field line has no colon")
HTTP1_FAULT(SPACE_COLON, "space-before-colon", 400,
            "white space stands between a field name and its colon")
HTTP1_FAULT(NAME_EMPTY, "empty-name", 400, "a field has no name")
HTTP1_FAULT(NAME_BYTE, "bad-name", 400, "a field name holds a byte that is not allowed there")
HTTP1_FAULT(HOST_MISSING, "no-host", 400, "an HTTP/1.1 request has no Host field")
HTTP1_FAULT(HOST_REPEATED, "repeated-host", 400, "the Host field is there more than once")
HTTP1_FAULT(HOST, "bad-host", 400, "the Host field is not a host with an optional port")
HTTP1_FAULT(EXPECT, "unknown-expectation", 417, "the Expect field is not a single '100-continue'")
HTTP1_FAULT(OPTION_COUNT, "too-many-options", 431, "the Connection field names too many options")
/* framing */
HTTP1_FAULT(LENGTH, "bad-content-length", 400,
            "the Content-Length is not 1 to 19 decimal digits below 2^63")
HTTP1_FAULT(LENGTH_LIST, "content-length-list", 400, "the Content-Length is a list")
HTTP1_FAULT(LENGTH_REPEATED, "repeated-content-length", 400,
            "the Content-Length field is there more than once")
HTTP1_FAULT(LENGTH_FORBIDDEN, "content-length-forbidden", 400,
            "a Content-Length announces content where there can be none")
HTTP1_FAULT(BOTH_FRAMINGS, "length-and-chunked", 400,
            "Content-Length and Transfer-Encoding are both there")
HTTP1_FAULT(CODING, "bad-transfer-encoding", 400, "the Transfer-Encoding is not exactly 'chunked'")
HTTP1_FAULT(CODING_UNKNOWN, "unknown-transfer-coding", 501,
            "the Transfer-Encoding names a coding other than 'chunked'")
HTTP1_FAULT(CODING_REPEATED, "repeated-transfer-encoding", 400,
            "the Transfer-Encoding field is there more than once")
HTTP1_FAULT(CODING_VERSION, "transfer-encoding-in-1.0", 400,
            "an HTTP/1.0 message has a Transfer-Encoding")
HTTP1_FAULT(CODING_FORBIDDEN, "transfer-encoding-forbidden", 400,
            "a Transfer-Encoding stands where there can be no content")
/* chunks */
HTTP1_FAULT(CHUNK_SIZE, "bad-chunk-size", 400,
            "a chunk size is not 1 to 16 hexadecimal digits below 2^63")
HTTP1_FAULT(CHUNK_EXT, "bad-chunk-extension", 400,
            "a chunk extension is not ';name' or ';name=value' in visible ASCII")
HTTP1_FAULT(CHUNK_EXT_SIZE, "chunk-extension-too-long", 400,
            "a chunk extension is longer than the limit")
HTTP1_FAULT(CHUNK_OVERHEAD, "chunk-overhead", 400,
            "the chunk extensions together are out of proportion to the content")
HTTP1_FAULT(CHUNK_END, "bad-chunk-end", 400, "the data of a chunk is not followed by CR LF")
HTTP1_FAULT(TRAILER_SIZE, "trailers-too-large", 431, "the trailer section is larger than the limit")

/*
 * Frames of HTTP/2 in playbooks, in braces among the bytes of an input:
 *
 *   {preface}                      what a client begins with
 *   {settings 3=100 4=65535}       {settings ack}
 *   {headers 1 "name: value" ...}  behind the number: end (END_STREAM), open (no END_HEADERS),
 *                                  priority=DEPENDS/WEIGHT (with '!' in front: exclusive)
 *   {more 1 "name: value" ...}     CONTINUATION; open, as above
 *   {data 1 "bytes"}               end, as above; pad=N
 *   {rst 1 8} {window 0 1000} {ping} {ping ack} {goaway 1 0} {priority 3 0/16}
 *   {priority-update 3 "u=1"}
 *   {frame TYPE FLAGS STREAM "payload"}
 *
 * Fields are literals without a table. What a stack sends is read back into lines: 'client headers
 * 1 end "..."', 'client data 1 "..."', 'client end 1', 'client settings 3=100'.
 */
#pragma once

#include "lib/lines.h"

struct nghttp2_hd_inflater;

/* Reads one frame behind its '{'; *text is behind the '}' then. Appends to the owned *out. */
bool frame_parse(const char **text, char **out, size_t *n) MUST_CHECK;

/* What came so far on one connection. A zeroed one is ready. */
struct frames {
    struct nghttp2_hd_inflater *inflater; /* owned */
    char *held;                           /* owned: the beginning of a frame, or its preface */
    size_t n;
    bool upgraded; /* behind a head of HTTP/1 */
    bool begun;    /* the preface, or that head, is over */
};

/* 'preface': of a client, which is waited for. */
void frames_read(struct frames *f, const char *name, struct slice bytes, bool preface,
                 struct lines *did);
void frames_release(struct frames *f);

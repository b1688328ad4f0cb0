/* The readers of the fields in flow/filter_list.h. */
#pragma once

#include "flow/filter_view.h"

/* filter_get.c: facts of the flow and its connections. */
bool get_client(struct filter_view *v, unsigned side);
bool get_listener(struct filter_view *v, unsigned side);
bool get_host(struct filter_view *v, unsigned side);
bool get_scheme(struct filter_view *v, unsigned side);
bool get_server(struct filter_view *v, unsigned side);
bool get_sni(struct filter_view *v, unsigned side);
bool get_alpn(struct filter_view *v, unsigned side);
bool get_tls_version(struct filter_view *v, unsigned side);
bool get_tls_cipher(struct filter_view *v, unsigned side);
bool get_cert_cn(struct filter_view *v, unsigned side);
bool get_cert_san(struct filter_view *v, unsigned side);
bool get_cert_issuer(struct filter_view *v, unsigned side);
bool get_ja3(struct filter_view *v, unsigned side);
bool get_ja4(struct filter_view *v, unsigned side);
bool get_error(struct filter_view *v, unsigned side);
bool get_mark(struct filter_view *v, unsigned side);
bool get_note(struct filter_view *v, unsigned side);
bool get_tag(struct filter_view *v, unsigned side);
bool get_rule(struct filter_view *v, unsigned side);
bool get_id(const struct flow *f, unsigned side, uint64_t *out);
bool get_conn(const struct flow *f, unsigned side, uint64_t *out);
bool get_port(const struct flow *f, unsigned side, uint64_t *out);
bool get_status(const struct flow *f, unsigned side, uint64_t *out);
bool get_size(const struct flow *f, unsigned side, uint64_t *out);
bool get_len(const struct flow *f, unsigned side, uint64_t *out);
bool get_time(const struct flow *f, unsigned side, uint64_t *out);
bool get_ttfb(const struct flow *f, unsigned side, uint64_t *out);
bool get_connect(const struct flow *f, unsigned side, uint64_t *out);
bool get_handshake(const struct flow *f, unsigned side, uint64_t *out);
bool get_cert_expires(const struct flow *f, unsigned side, uint64_t *out);
bool get_age(const struct flow *f, unsigned side, uint64_t *out);
bool get_at(const struct flow *f, unsigned side, uint64_t *out);

/* filter_get_msg.c: what the messages say. */
bool get_text(struct filter_view *v, unsigned side);
bool get_url(struct filter_view *v, unsigned side);
bool get_path(struct filter_view *v, unsigned side);
bool get_query(struct filter_view *v, unsigned side);
bool get_ext(struct filter_view *v, unsigned side);
bool get_method(struct filter_view *v, unsigned side);
bool get_version(struct filter_view *v, unsigned side);
bool get_param(struct filter_view *v, unsigned side);
bool get_cookie(struct filter_view *v, unsigned side);
bool get_setcookie(struct filter_view *v, unsigned side);
bool get_header(struct filter_view *v, unsigned side);
bool get_header_name(struct filter_view *v, unsigned side);
bool get_header_value(struct filter_view *v, unsigned side);
bool get_type(struct filter_view *v, unsigned side);
bool get_reason(struct filter_view *v, unsigned side);
bool get_body(struct filter_view *v, unsigned side);
bool get_json(struct filter_view *v, unsigned side);
bool get_raw(struct filter_view *v, unsigned side);

/* filter_get_message.c: what crossed it piece by piece; at a stage of a message that one alone. */
bool get_msg_dir(struct filter_view *v, unsigned side);
bool get_msg_op(struct filter_view *v, unsigned side);
bool get_msg_body(struct filter_view *v, unsigned side);
bool get_msg_size(const struct flow *f, unsigned side, uint64_t *out);

/* filter_words.c */
extern const struct filter_word filter_kinds[], filter_tools[], filter_tls_words[],
    filter_valid_words[], filter_states[];

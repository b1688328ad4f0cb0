/* throttle: a worse connection. */
#include "base/clock.h"
#include "rule/act.h"

struct throttle {
    struct slice preset;
    uint64_t down, up, latency, jitter, loss;
    struct shape shape;
    bool offline;
};

/* Bytes a second are bits a second by 8; the latency is half of a round trip, since each of the two
 * messages of an exchange waits for it. */
static const struct {
    struct slice name;
    struct shape shape;
} presets[] = {
    {{"edge", 4}, {.down = 30000, .up = 25000, .latency = 420 * NS_PER_MS}},
    {{"2g", 2}, {.down = 35000, .up = 32000, .latency = 400 * NS_PER_MS}},
    {{"slow-3g", 7}, {.down = 50000, .up = 50000, .latency = 200 * NS_PER_MS}},
    {{"3g", 2}, {.down = 200000, .up = 96000, .latency = 150 * NS_PER_MS}},
    {{"4g", 2}, {.down = 1125000, .up = 1125000, .latency = 85 * NS_PER_MS}},
    {{"dsl", 3}, {.down = 187500, .up = 48000, .latency = 25 * NS_PER_MS}},
    {{"cable", 5}, {.down = 625000, .up = 125000, .latency = 14 * NS_PER_MS}},
    {{"satellite", 9},
     {.down = 1875000,
      .up = 375000,
      .latency = 300 * NS_PER_MS,
      .jitter = 40 * NS_PER_MS,
      .loss = 5}},
};

static const struct rule_param params[] = {
    PARAM(throttle, preset, "preset", CHOICE,
          .choices = "2g|3g|4g|cable|dsl|edge|offline|satellite|slow-3g",
          .help =
              "down, up and time there and back. edge: 240 and 200 kbit/s, 840 ms; 2g: 280 and "
              "256 kbit/s, 800 ms; slow-3g: 400 and 400 kbit/s, 400 ms; 3g: 1600 and 768 "
              "kbit/s, 300 ms; 4g: 9 and 9 Mbit/s, 170 ms; dsl: 1500 and 384 kbit/s, 50 ms; "
              "cable: 5 and 1 Mbit/s, 28 ms; satellite: 15 and 3 Mbit/s, 600 ms and up to 80 ms "
              "more, 5 per mille lost; offline: the connection is reset"),
    PARAM(throttle, down, "down", SIZE, .help = "bytes a second to the client"),
    PARAM(throttle, up, "up", SIZE, .help = "bytes a second to the server"),
    PARAM(throttle, latency, "latency", DURATION, .help = "before each message"),
    PARAM(throttle, jitter, "jitter", DURATION, .help = "and up to so much more, at random"),
    PARAM(throttle, loss, "loss", NUMBER, .max = 1000,
          .help = "per mille of pieces that come a retransmission later; with 'down' or 'up'"),
    PARAM_END,
};

static bool
prepare(void *action, struct err *e)
{
    struct throttle *a = action;
    a->offline = slice_eq(a->preset, SLICE("offline"));
    for (size_t i = 0; i < ARRAY_LEN(presets); i++)
        if (slice_eq(presets[i].name, a->preset))
            a->shape = presets[i].shape;
    struct shape *s = &a->shape;
    s->down = a->down ? a->down : s->down;
    s->up = a->up ? a->up : s->up;
    s->latency = a->latency ? a->latency : s->latency;
    s->jitter = a->jitter ? a->jitter : s->jitter;
    s->loss = a->loss ? (unsigned)a->loss : s->loss;
    if (s->loss && !s->down && !s->up)
        return err_set(e, ERR_USAGE, "'loss' needs 'down' or 'up'");
    return a->preset.n || s->down || s->up || s->latency || s->jitter ||
           err_set(e, ERR_USAGE, "one of 'preset', 'down', 'up', 'latency' and 'jitter' is needed");
}

static const char *
apply(const void *action, struct hook *h)
{
    const struct throttle *a = action;
    if (a->offline) {
        h->decision->end = END_RESET;
        return "is offline";
    }
    struct shape *to = &h->decision->shape;
    to->down = a->shape.down ? a->shape.down : to->down;
    to->up = a->shape.up ? a->shape.up : to->up;
    to->latency = a->shape.latency ? a->shape.latency : to->latency;
    to->jitter = a->shape.jitter ? a->shape.jitter : to->jitter;
    to->loss = a->shape.loss ? a->shape.loss : to->loss;
    return "slowed down";
}

const struct rule_ops rule_throttle = {
    .name = "throttle",
    .help = "Makes the exchange as slow as over a worse connection. What is given beside a preset "
            "counts in place of its own.",
    .size = sizeof(struct throttle),
    .params = params,
    .stages = ACT_REQUEST,
    .prepare = prepare,
    .apply = apply,
};

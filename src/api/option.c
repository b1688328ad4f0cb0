/* The table of options: find, compare, copy. */
#include "api/option.h"

#include "api/rules_mitm.h"
#include "base/scan.h"
#include "pki/ca.h"
#include "proxy/check.h"

#define TLS_VERSIONS "UNBOUNDED|SSL3|TLS1|TLS1_1|TLS1_2|TLS1_3"

/* What a field of each type is in struct config. */
#define FIELD_BOOL     bool
#define FIELD_INT      int64_t
#define FIELD_SIZE     uint64_t
#define FIELD_DURATION uint64_t
#define FIELD_TEXT     const char *
#define FIELD_PATH     const char *
#define FIELD_CHOICE   const char *
#define FIELD_LIST     const char **

#define GROUP(title)
#define OPTION(field, kind, ...)                                                                   \
    _Static_assert(_Generic((((struct config *)NULL)->field), FIELD_##kind : 1, default : 0),      \
                   #field " has another type in struct config");
#include "api/option_list.h"
#undef GROUP
#undef OPTION

const struct option options[] = {
#define GROUP(title) {.heading = title},
#define OPTION(field, kind, ...)                                                                   \
    {.type = OPTION_##kind, .offset = offsetof(struct config, field), __VA_ARGS__},
#include "api/option_list.h"
#undef GROUP
#undef OPTION
};
const size_t options_n = ARRAY_LEN(options);

static char
same_dash(char c)
{
    return c == '_' ? '-' : c;
}

static bool
names_equal(struct slice a, struct slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (same_dash(a.p[i]) != same_dash(b.p[i]))
            return false;
    return true;
}

/* Under its own name or an alias. */
static bool
option_match(const struct option *o, struct slice name, bool *opposite)
{
    *opposite = false;
    if (names_equal(name, slice_str(o->name)))
        return true;
    for (struct slice rest = slice_str(o->aliases); rest.n;) {
        struct slice alias = slice_cut(&rest, ' ');
        *opposite = alias.p[0] == '!';
        if (names_equal(name, *opposite ? slice_from(alias, 1) : alias))
            return true;
    }
    return false;
}

static bool
find_exact(struct slice name, struct option_name *out)
{
    bool opposite;
    option_for(o) if (option_match(o, name, &opposite))
    {
        *out = (struct option_name){o, opposite};
        return true;
    }
    return false;
}

bool
option_find(struct slice name, struct option_name *out)
{
    struct option_name plain;
    if (find_exact(name, out))
        return true;
    if (!slice_starts(name, SLICE("no-")) && !slice_starts(name, SLICE("no_")))
        return false;
    if (!find_exact(slice_from(name, 3), &plain) || plain.option->type != OPTION_BOOL)
        return false;
    *out = (struct option_name){plain.option, !plain.opposite};
    return true;
}

const struct option *
option_find_letter(char letter)
{
    option_for(o) if (o->letter == letter) return o;
    return NULL;
}

void
option_names(struct nearest *n)
{
    option_for(o)
    {
        nearest_try(n, slice_str(o->name));
        for (struct slice rest = slice_str(o->aliases); rest.n;) {
            struct slice alias = slice_cut(&rest, ' ');
            nearest_try(n, slice_from(alias, alias.p[0] == '!'));
        }
    }
}

bool
option_unknown(struct slice name, struct err *e)
{
    struct nearest n;
    nearest_init(&n, name);
    option_names(&n);
    name = slice_first(name, 60);
    if (n.found.n)
        return err_set(e, ERR_USAGE,
                       "unknown option '%.*s', did you mean '%.*s'? See 'weir options'",
                       SLICE_ARG(name), SLICE_ARG(n.found));
    return err_set(e, ERR_USAGE, "unknown option '%.*s', see 'weir options'", SLICE_ARG(name));
}

static const void *
field_of(const struct option *o, const struct config *c)
{
    return (const char *)c + o->offset;
}

static bool
texts_equal(const char *a, const char *b)
{
    return a && b ? slice_eq(slice_str(a), slice_str(b)) : a == b;
}

static bool
lists_equal(const char *const *a, const char *const *b)
{
    while (a && *a && b && *b)
        if (!texts_equal(*a++, *b++))
            return false;
    return !(a && *a) && !(b && *b);
}

bool
option_equal(const struct option *o, const struct config *a, const struct config *b)
{
    const void *x = field_of(o, a), *y = field_of(o, b);
    switch (o->type) {
    case OPTION_BOOL: return *(const bool *)x == *(const bool *)y;
    case OPTION_INT: return *(const int64_t *)x == *(const int64_t *)y;
    case OPTION_SIZE:
    case OPTION_DURATION: return *(const uint64_t *)x == *(const uint64_t *)y;
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_CHOICE: return texts_equal(*(const char *const *)x, *(const char *const *)y);
    case OPTION_LIST:
        return lists_equal(*(const char *const *const *)x, *(const char *const *const *)y);
    }
    return false;
}

const char *
option_arg(const struct option *o)
{
    static const char *const args[] = {
        [OPTION_INT] = "N",     [OPTION_SIZE] = "SIZE", [OPTION_DURATION] = "TIME",
        [OPTION_TEXT] = "TEXT", [OPTION_PATH] = "FILE", [OPTION_LIST] = "TEXT",
        [OPTION_CHOICE] = NULL, [OPTION_BOOL] = NULL,
    };
    if (o->arg)
        return o->arg;
    return o->type == OPTION_CHOICE ? o->choices : args[o->type];
}

const char *
option_type_name(enum option_type type)
{
    static const char *const names[] = {
        [OPTION_BOOL] = "bool",         [OPTION_INT] = "number", [OPTION_SIZE] = "size",
        [OPTION_DURATION] = "duration", [OPTION_TEXT] = "text",  [OPTION_PATH] = "path",
        [OPTION_CHOICE] = "choice",     [OPTION_LIST] = "list",
    };
    return names[type];
}

/* Help texts from the tables. */
#include "cli/help.h"

#include "api/args.h"
#include "api/config_file.h"
#include "codec/codec_version.h"
#include "io/io_version.h"

#include <openssl/crypto.h>

#define COLUMNS 79
#define INDENT  26 /* of the explanations */

static void
put(struct buf *out, const char *text)
{
    buf_append(out, slice_str(text));
}

void
help_wrap(struct buf *out, struct slice s, size_t indent, size_t used)
{
    bool first = true;
    while (s.n) {
        struct slice word = slice_cut(&s, ' ');
        if (!first && used + 1 + word.n > COLUMNS) {
            buf_printf(out, "\n%*s", (int)indent, "");
            used = indent;
        } else if (!first) {
            buf_byte(out, ' ');
            used++;
        }
        buf_append(out, word);
        used += word.n;
        first = false;
    }
    buf_byte(out, '\n');
}

/* A term on the left, its explanation on the right; a long term has a line of its own. */
static void
put_row(struct buf *out, struct slice term, struct slice help)
{
    buf_append(out, SLICE("  "));
    buf_append(out, term);
    size_t used = 2 + term.n;
    if (used + 2 > INDENT) {
        buf_byte(out, '\n');
        used = 0;
    }
    buf_printf(out, "%*s", (int)(INDENT - used), "");
    help_wrap(out, help, INDENT, INDENT);
}

void
help_facts(struct buf *out, const struct option *o)
{
    if (o->def && o->type != OPTION_BOOL)
        buf_printf(out, " (default %s)", o->def);
    if (o->type == OPTION_CHOICE)
        buf_printf(out, " (one of %s)", o->choices);
}

/* "-p, --listen-port PORT", "--no-onboarding". */
static void
put_option_term(struct buf *out, const struct option *o)
{
    bool on = o->type == OPTION_BOOL && slice_eq(slice_str(o->def), SLICE("yes"));
    const char *arg = o->type == OPTION_CHOICE ? "WORD" : option_arg(o);
    if (o->letter)
        buf_printf(out, "-%c, ", o->letter);
    buf_printf(out, "--%s%s", on ? "no-" : "", o->name);
    if (arg)
        buf_printf(out, " %s", arg);
}

static void
put_option(struct buf *out, const struct option *o)
{
    struct buf term, help;
    buf_init(&term, 256);
    buf_init(&help, 2048);
    bool on = o->type == OPTION_BOOL && slice_eq(slice_str(o->def), SLICE("yes"));
    put_option_term(&term, o);
    put(&help, on ? "do not " : "");
    put(&help, o->help);
    help_facts(&help, o);
    put_row(out, buf_slice(&term), buf_slice(&help));
    buf_release(&term);
    buf_release(&help);
}

static void
put_options(struct buf *out)
{
    for (const struct option *o = options; o < options + options_n; o++)
        if (o->heading)
            buf_printf(out, "\n%s:\n", o->heading);
        else
            put_option(out, o);
    put(out, "\nAny option can also be given as --set name=value, as WEIR_NAME in the\n"
             "environment, or as 'name: value' in config.yaml in the config folder. The\n"
             "command line is the strongest, then the environment, then the file.\n");
    for (const struct args_shortcut *s = args_shortcuts; s->name; s++)
        buf_printf(out, "-%c, --%s: the same as --%s %s\n", s->letter, s->name, s->option,
                   s->value);
}

static void
put_flags(struct buf *out, const struct cli_flag *f)
{
    if (f && f->name)
        put(out, "\nOptions of this command:\n");
    for (; f && f->name; f++) {
        struct buf term;
        buf_init(&term, 256);
        buf_printf(&term, "--%s%s%s", f->name, f->arg ? " " : "", f->arg ? f->arg : "");
        put_row(out, buf_slice(&term), slice_str(f->help));
        buf_release(&term);
    }
}

void
help_command(struct buf *out, const struct cli_command *c)
{
    buf_printf(out, "Usage: weir %s%s%s\n\n", c->name, c->args[0] ? " " : "", c->args);
    help_wrap(out, slice_str(c->help ? c->help : c->name), 0, 0);
    if (c->more)
        buf_printf(out, "\n%s", c->more);
    put_flags(out, c->flags);
    if (c->proxy)
        put_options(out);
    else
        put(out, "\nOptions such as --confdir: see 'weir dump --help' or 'weir options'.\n");
}

void
help_program(struct buf *out)
{
    put(out, "weir - stands between a client and a server, opens their TLS, shows and records\n"
             "what they say to each other\n\n"
             "Usage: weir COMMAND [options]\n\nCommands:\n");
    for (const struct cli_command *const *c = cli_table; *c; c++)
        if ((*c)->help)
            put_row(out, slice_str((*c)->name), slice_str((*c)->help));
    put(out, "\n'weir COMMAND --help' says more about one; 'weir --version' names the version.\n"
             "Exit status: 0 done, 1 the thing asked for failed, 2 wrong usage or\n"
             "configuration, 3 could not start.\n");
}

void
help_version(struct buf *out)
{
    put(out, "weir " WEIR_VERSION "\n");
    buf_printf(out, "%s\n", OpenSSL_version(OPENSSL_VERSION));
    io_version(out);
    codec_version(out);
    buf_printf(out, "libyaml %s\n", config_file_library());
}

/* How to make a platform or program trust the authority: one table for the command line and for the
 * web page. */
#pragma once

struct install_help {
    const char *platform; /* "debian": a word for links and options */
    const char *title;    /* "Debian, Ubuntu" */
    const char *file;     /* the form of the certificate that it takes: "weir-ca-cert.pem" */
    /* Lines, each ended by LF; those that start with "$ " are commands. {cert} stands for the path
     * of the file. */
    const char *steps;
    const char *undo; /* the same, to remove it again */
};

/* Ended by a row whose platform is NULL. */
extern const struct install_help install_help[];

/* An authority out of what a PEM file holds. Inside pki. */
#pragma once

#include "pki/ca.h"

struct pem;

/* Returns owned. Checks everything that ca_open promises to check but for the file itself; keeps
 * references to what it needs of the pem. 'path' is what ca_path will say. */
struct ca *ca_from_pem(const struct pem *pem, const char *path, struct err *e) MUST_CHECK;

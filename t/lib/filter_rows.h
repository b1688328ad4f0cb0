/* Rows of queries and of what they become, for the tests of the dialects.
 * There are presets: @api, @loop, @bad, @blank. */
#pragma once

/* Fails the test unless the text is taken, printed so, and so again from what was printed. */
void filter_expect_print(const char *query, const char *want);
/* Fails the test unless the text is refused, at that byte, with that part of a sentence. */
void filter_expect_wrong(const char *query, unsigned at, const char *says);

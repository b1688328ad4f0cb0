/* folder: the switch of those that are in it. */
#include "rule/rule.h"

const struct rule_ops rule_folder = {
    .name = "folder",
    .help =
        "Does nothing by itself: while it is off, so are all rules whose folder has its name, and "
        "folders in it.",
};

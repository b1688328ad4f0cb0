/* The filter of system calls. Inside the sandbox. */
#pragma once

#include "base/base.h"

#include <stdbool.h>

/* For all threads; what is forbidden ends the process or fails with ENOSYS. false: the kernel, or
 * this machine's kind, has none. */
bool sandbox_filter(void) MUST_CHECK;

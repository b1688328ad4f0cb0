/* The filter of system calls. Inside the sandbox. */
#pragma once

#include "base/base.h"

#include <stdbool.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* For all threads; what is forbidden ends the process or fails with ENOSYS. false: the kernel, or
 * this machine's kind, has none. */
bool sandbox_filter(void) MUST_CHECK;

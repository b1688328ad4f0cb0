/* Included by the build in front of every file of ours: unsafe calls become compile errors. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BANNED(f) sorry_##f##_is_banned
#undef strcpy
#define strcpy BANNED(strcpy)
#undef strncpy
#define strncpy BANNED(strncpy)
#undef strcat
#define strcat BANNED(strcat)
#undef strncat
#define strncat BANNED(strncat)
#undef sprintf
#define sprintf BANNED(sprintf)
#undef vsprintf
#define vsprintf BANNED(vsprintf)
#undef strtok
#define strtok BANNED(strtok)
#undef atoi
#define atoi BANNED(atoi)
#undef atol
#define atol BANNED(atol)
#undef gets
#define gets BANNED(gets)

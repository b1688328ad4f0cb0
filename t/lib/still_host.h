/* A host for chains on which nobody asks, records or tells: its clocks stand still. */
#pragma once

#include "layer/ask.h"

extern struct host still_host;

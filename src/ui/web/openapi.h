/* The OpenAPI 3.1 document of the control API, made from the routes and ui/web/schemas.json. */
#pragma once

#include "base/json.h"

void openapi_json(struct json *j);

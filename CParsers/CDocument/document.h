// What the files of this library share. Not part of its interface.
#pragma once

#include <json-c/json.h>

#include "cdocument.h"

/// The object that json-c made of the document, borrowed.
json_object *document_root_object(const cdocument *document);

#include <json-c/json.h>
#include <string.h>

#include "cdocument.h"
#include "document.h"

// A cdocument_value is a json_object under a name of ours.
static json_object *object_of(const cdocument_value *value) { return (json_object *)(uintptr_t)value; }

const cdocument_value *cdocument_root(const cdocument *document) {
  return (const cdocument_value *)document_root_object(document);
}

cdocument_kind cdocument_kind_of(const cdocument_value *value) {
  switch (json_object_get_type(object_of(value))) {
  case json_type_boolean: return CDOCUMENT_BOOLEAN;
  case json_type_int: return CDOCUMENT_INTEGER;
  case json_type_double: return CDOCUMENT_NUMBER;
  case json_type_string: return CDOCUMENT_STRING;
  case json_type_array: return CDOCUMENT_ARRAY;
  case json_type_object: return CDOCUMENT_OBJECT;
  default: return CDOCUMENT_NULL;
  }
}

bool cdocument_boolean(const cdocument_value *value) {
  return cdocument_kind_of(value) == CDOCUMENT_BOOLEAN && json_object_get_boolean(object_of(value));
}

int64_t cdocument_integer(const cdocument_value *value) {
  return cdocument_kind_of(value) == CDOCUMENT_INTEGER ? json_object_get_int64(object_of(value)) : 0;
}

double cdocument_number(const cdocument_value *value) {
  return cdocument_kind_of(value) == CDOCUMENT_NUMBER ? json_object_get_double(object_of(value)) : 0;
}

const char *cdocument_string(const cdocument_value *value, size_t *length) {
  *length = 0;
  if (cdocument_kind_of(value) != CDOCUMENT_STRING) return NULL;
  *length = (size_t)json_object_get_string_len(object_of(value));
  return json_object_get_string(object_of(value));
}

size_t cdocument_count(const cdocument_value *value) {
  switch (cdocument_kind_of(value)) {
  case CDOCUMENT_ARRAY: return json_object_array_length(object_of(value));
  case CDOCUMENT_OBJECT: return (size_t)json_object_object_length(object_of(value));
  default: return 0;
  }
}

const cdocument_value *cdocument_element(const cdocument_value *array, size_t index) {
  if (cdocument_kind_of(array) != CDOCUMENT_ARRAY) return NULL;
  return (const cdocument_value *)json_object_array_get_idx(object_of(array), index);
}

bool cdocument_next_member(const cdocument_value *object, const void **cursor, const char **key, size_t *key_length,
                           const cdocument_value **value) {
  if (cdocument_kind_of(object) != CDOCUMENT_OBJECT) return false;
  const struct lh_entry *entry = *cursor;
  entry = entry == NULL ? lh_table_head(json_object_get_object(object_of(object))) : lh_entry_next(entry);
  if (entry == NULL) return false;
  *cursor = entry;
  *key = lh_entry_k(entry);
  *key_length = strlen(*key);
  *value = lh_entry_v(entry);
  return true;
}

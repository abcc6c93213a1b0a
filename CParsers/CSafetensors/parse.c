#include <stdlib.h>
#include <string.h>

#include "header.h"

void header_name_error(csafetensors_error *error, const uint8_t *name, size_t length) {
  if (length > CSAFETENSORS_ERROR_NAME) {
    length = CSAFETENSORS_ERROR_NAME;
    while (length > 0 && (name[length] & 0xC0) == 0x80) length--;
  }
  if (length != 0) memcpy(error->name, name, length);
  error->name_length = length;
  error->has_name = true;
}

// One reading of one text.
typedef struct {
  cscanner scanner;
  csafetensors_header *header;
  csafetensors_error *error;
  size_t current;     // the tensor being read, or CNAMES_NONE
  bool seen_metadata;
} reading;

static csafetensors_result fail(reading *reading, csafetensors_result result, size_t offset, const char *detail) {
  csafetensors_error *error = reading->error;
  error->result = result;
  error->offset = CSAFETENSORS_PREFIX_LENGTH + offset;
  error->detail = detail;
  if (reading->current != CNAMES_NONE) {
    const cnames_entry *name = &reading->header->names.entries[reading->current];
    header_name_error(error, reading->header->names.bytes + name->offset, name->length);
  }
  return result;
}

static csafetensors_result next(reading *reading, cscanner_token *token) {
  const cscanner_result result = cscanner_next(&reading->scanner, token);
  if (result == CSCANNER_OK) return CSAFETENSORS_OK;
  reading->error->json = (int)result;
  return fail(reading, CSAFETENSORS_BAD_JSON, reading->scanner.position, "JSON");
}

static csafetensors_result skip(reading *reading, const cscanner_token *first) {
  const cscanner_result result = cscanner_skip(&reading->scanner, first);
  if (result == CSCANNER_OK) return CSAFETENSORS_OK;
  reading->error->json = (int)result;
  return fail(reading, CSAFETENSORS_BAD_JSON, reading->scanner.position, "JSON");
}

static csafetensors_result no_memory(reading *reading) {
  return fail(reading, CSAFETENSORS_NO_MEMORY, reading->scanner.position, "memory");
}

static csafetensors_result note(reading *reading, csafetensors_note_kind kind, size_t offset, size_t name) {
  csafetensors_header *header = reading->header;
  if (header->note_counts[kind]++ >= CSAFETENSORS_NOTE_LIMIT) return CSAFETENSORS_OK;
  if (!cbytes_reserve(&header->notes, &header->note_capacity, header->note_count + 1, sizeof *header->notes))
    return no_memory(reading);
  header->notes[header->note_count++] = (header_note){kind, CSAFETENSORS_PREFIX_LENGTH + offset, name};
  return CSAFETENSORS_OK;
}

// Whether the decoded text of a key or a string is `word`, which is plain ASCII.
static bool says(const cscanner_token *token, const char *word) {
  const size_t length = strlen(word);
  if (!token->has_escapes) return token->length == length && memcmp(token->text, word, length) == 0;
  uint8_t decoded[6 * 16];
  if (token->length > 6 * length || token->length > sizeof decoded) return false;
  return cscanner_decode(token, decoded) == length && memcmp(decoded, word, length) == 0;
}

// A number that the reference takes for a usize: digits only, below 2^64.
static csafetensors_result take_size(reading *reading, const cscanner_token *token, uint64_t *value) {
  if (token->kind != CSCANNER_NUMBER || !token->is_integer || token->is_negative || !token->is_exact)
    return fail(reading, CSAFETENSORS_BAD_STRUCTURE, token->offset, "an integer between 0 and 2^64 - 1");
  *value = token->magnitude;
  return CSAFETENSORS_OK;
}

static csafetensors_result read_dtype_name(reading *reading, const cscanner_token *token, header_entry *entry) {
  uint8_t decoded[6 * 16];
  if (token->length <= sizeof decoded &&
      header_find_dtype(decoded, cscanner_decode(token, decoded), &entry->dtype))
    return CSAFETENSORS_OK;
  return fail(reading, CSAFETENSORS_UNKNOWN_DTYPE, token->offset, "a known dtype");
}

// The reference also takes a dtype in serde's long form, an object of one member whose value is null.
static csafetensors_result read_dtype(reading *reading, const cscanner_token *first, header_entry *entry) {
  static const char wanted[] = "a dtype's name as a string";
  if (first->kind == CSCANNER_STRING) return read_dtype_name(reading, first, entry);
  if (first->kind != CSCANNER_OBJECT_BEGIN) return fail(reading, CSAFETENSORS_BAD_STRUCTURE, first->offset, wanted);
  csafetensors_result result = note(reading, CSAFETENSORS_NOTE_MAP_DTYPE, first->offset, reading->current);
  cscanner_token token;
  if (result == CSAFETENSORS_OK) result = next(reading, &token);
  if (result != CSAFETENSORS_OK) return result;
  if (token.kind != CSCANNER_KEY) return fail(reading, CSAFETENSORS_BAD_STRUCTURE, token.offset, wanted);
  if ((result = read_dtype_name(reading, &token, entry)) != CSAFETENSORS_OK) return result;
  if ((result = next(reading, &token)) != CSAFETENSORS_OK) return result;
  if (token.kind != CSCANNER_NULL) return fail(reading, CSAFETENSORS_BAD_STRUCTURE, token.offset, wanted);
  if ((result = next(reading, &token)) != CSAFETENSORS_OK) return result;
  if (token.kind != CSCANNER_OBJECT_END) return fail(reading, CSAFETENSORS_BAD_STRUCTURE, token.offset, wanted);
  return CSAFETENSORS_OK;
}

static csafetensors_result read_shape(reading *reading, const cscanner_token *first, header_entry *entry) {
  csafetensors_header *header = reading->header;
  if (first->kind != CSCANNER_ARRAY_BEGIN)
    return fail(reading, CSAFETENSORS_BAD_STRUCTURE, first->offset, "shape as an array of integers");
  entry->shape = header->extent_count;
  entry->rank = 0;
  for (;;) {
    cscanner_token token;
    uint64_t extent = 0;
    csafetensors_result result = next(reading, &token);
    if (result != CSAFETENSORS_OK) return result;
    if (token.kind == CSCANNER_ARRAY_END) return CSAFETENSORS_OK;
    if ((result = take_size(reading, &token, &extent)) != CSAFETENSORS_OK) return result;
    if (!cbytes_reserve(&header->extents, &header->extent_capacity, header->extent_count + 1,
                        sizeof *header->extents))
      return no_memory(reading);
    header->extents[header->extent_count++] = extent;
    entry->rank++;
  }
}

static csafetensors_result read_offsets(reading *reading, const cscanner_token *first, header_entry *entry) {
  static const char wanted[] = "data_offsets as an array of two integers";
  uint64_t *const ends[] = {&entry->begin, &entry->end};
  cscanner_token token;
  csafetensors_result result;
  if (first->kind != CSCANNER_ARRAY_BEGIN) return fail(reading, CSAFETENSORS_BAD_STRUCTURE, first->offset, wanted);
  for (size_t index = 0; index < 2; index++) {
    if ((result = next(reading, &token)) != CSAFETENSORS_OK) return result;
    if (token.kind == CSCANNER_ARRAY_END) return fail(reading, CSAFETENSORS_BAD_STRUCTURE, token.offset, wanted);
    if ((result = take_size(reading, &token, ends[index])) != CSAFETENSORS_OK) return result;
  }
  if ((result = next(reading, &token)) != CSAFETENSORS_OK) return result;
  if (token.kind != CSCANNER_ARRAY_END) return fail(reading, CSAFETENSORS_BAD_STRUCTURE, token.offset, wanted);
  return CSAFETENSORS_OK;
}

enum { FIELD_DTYPE, FIELD_SHAPE, FIELD_OFFSETS, FIELD_UNKNOWN };

static csafetensors_result read_field(reading *reading, int field, const cscanner_token *first, header_entry *entry) {
  switch (field) {
  case FIELD_DTYPE: return read_dtype(reading, first, entry);
  case FIELD_SHAPE: return read_shape(reading, first, entry);
  case FIELD_OFFSETS: return read_offsets(reading, first, entry);
  default: return skip(reading, first);
  }
}

static int field_of(const cscanner_token *key) {
  if (says(key, "dtype")) return FIELD_DTYPE;
  if (says(key, "shape")) return FIELD_SHAPE;
  if (says(key, "data_offsets")) return FIELD_OFFSETS;
  return FIELD_UNKNOWN;
}

static csafetensors_result read_entry_object(reading *reading, header_entry *entry) {
  bool seen[3] = {false, false, false};
  for (;;) {
    cscanner_token token;
    csafetensors_result result = next(reading, &token);
    if (result != CSAFETENSORS_OK) return result;
    if (token.kind == CSCANNER_OBJECT_END) {
      if (!seen[FIELD_DTYPE]) return fail(reading, CSAFETENSORS_MISSING_FIELD, token.offset, "dtype");
      if (!seen[FIELD_SHAPE]) return fail(reading, CSAFETENSORS_MISSING_FIELD, token.offset, "shape");
      if (!seen[FIELD_OFFSETS]) return fail(reading, CSAFETENSORS_MISSING_FIELD, token.offset, "data_offsets");
      return CSAFETENSORS_OK;
    }
    const int field = field_of(&token);
    if (field == FIELD_UNKNOWN) {
      result = note(reading, CSAFETENSORS_NOTE_UNKNOWN_FIELD, token.offset, reading->current);
      if (result != CSAFETENSORS_OK) return result;
    } else if (seen[field]) {
      return fail(reading, CSAFETENSORS_DUPLICATE_FIELD, token.offset, "each field once");
    } else {
      seen[field] = true;
    }
    if ((result = next(reading, &token)) != CSAFETENSORS_OK) return result;
    if ((result = read_field(reading, field, &token, entry)) != CSAFETENSORS_OK) return result;
  }
}

static csafetensors_result read_entry_array(reading *reading, const cscanner_token *first, header_entry *entry) {
  static const char wanted[] = "a tensor's array of dtype, shape and data_offsets";
  csafetensors_result result = note(reading, CSAFETENSORS_NOTE_ARRAY_ENTRY, first->offset, reading->current);
  cscanner_token token;
  for (int field = FIELD_DTYPE; result == CSAFETENSORS_OK && field <= FIELD_OFFSETS; field++) {
    if ((result = next(reading, &token)) != CSAFETENSORS_OK) return result;
    if (token.kind == CSCANNER_ARRAY_END) return fail(reading, CSAFETENSORS_BAD_STRUCTURE, token.offset, wanted);
    result = read_field(reading, field, &token, entry);
  }
  if (result == CSAFETENSORS_OK) result = next(reading, &token);
  if (result != CSAFETENSORS_OK) return result;
  if (token.kind != CSCANNER_ARRAY_END) return fail(reading, CSAFETENSORS_BAD_STRUCTURE, token.offset, wanted);
  return CSAFETENSORS_OK;
}

static csafetensors_result read_entry(reading *reading, const cscanner_token *key) {
  csafetensors_header *header = reading->header;
  bool is_new;
  const size_t index = cnames_add(&header->names, 0, key, &is_new);
  if (index == CNAMES_NONE) return no_memory(reading);
  if (is_new) {
    if (!cbytes_reserve(&header->entries, &header->entry_capacity, header->names.count,
                        sizeof *header->entries)) {
      header->names.count--;  // keep the two lists parallel for `csafetensors_close`'s sake
      return no_memory(reading);
    }
    memset(&header->entries[index], 0, sizeof *header->entries);
  }
  reading->current = index;
  csafetensors_result result;
  if (!is_new) {
    result = note(reading, CSAFETENSORS_NOTE_DUPLICATE_TENSOR, key->offset, index);
    if (result != CSAFETENSORS_OK) return result;
  }
  header_entry entry = {0};
  entry.position = CSAFETENSORS_PREFIX_LENGTH + key->offset;
  cscanner *const scanner = &reading->scanner;
  const size_t length = header_read_compact(header, scanner->text + scanner->position,
                                            scanner->length - scanner->position, &entry);
  if (length != 0) {
    cscanner_take_value(scanner, length);
    header->entries[index] = entry;
    reading->current = CNAMES_NONE;
    return CSAFETENSORS_OK;
  }
  cscanner_token token;
  if ((result = next(reading, &token)) != CSAFETENSORS_OK) return result;
  if (token.kind == CSCANNER_OBJECT_BEGIN)
    result = read_entry_object(reading, &entry);
  else if (token.kind == CSCANNER_ARRAY_BEGIN)
    result = read_entry_array(reading, &token, &entry);
  else
    result = fail(reading, CSAFETENSORS_BAD_STRUCTURE, token.offset, "a tensor's fields as an object");
  if (result != CSAFETENSORS_OK) return result;
  header->entries[index] = entry;
  reading->current = CNAMES_NONE;
  return CSAFETENSORS_OK;
}

static csafetensors_result read_metadata_value(reading *reading, size_t index, const cscanner_token *token) {
  csafetensors_header *header = reading->header;
  if (token->kind != CSCANNER_STRING)
    return fail(reading, CSAFETENSORS_BAD_STRUCTURE, token->offset, "metadata values as strings");
  if (!cbytes_reserve(&header->metadata_bytes, &header->metadata_byte_capacity,
                      header->metadata_byte_count + token->length + 1, 1))
    return no_memory(reading);
  const size_t length = cscanner_decode(token, header->metadata_bytes + header->metadata_byte_count);
  header->metadata_values[index] = (header_value){header->metadata_byte_count, length};
  header->metadata_byte_count += length;
  return CSAFETENSORS_OK;
}

static csafetensors_result read_metadata(reading *reading, const cscanner_token *key) {
  csafetensors_header *header = reading->header;
  if (reading->seen_metadata)
    return fail(reading, CSAFETENSORS_DUPLICATE_FIELD, key->offset, "__metadata__ once");
  reading->seen_metadata = true;
  cscanner_token token;
  csafetensors_result result = next(reading, &token);
  if (result != CSAFETENSORS_OK) return result;
  if (token.kind == CSCANNER_NULL) return note(reading, CSAFETENSORS_NOTE_NULL_METADATA, token.offset, CNAMES_NONE);
  if (token.kind != CSCANNER_OBJECT_BEGIN)
    return fail(reading, CSAFETENSORS_BAD_STRUCTURE, token.offset, "__metadata__ as an object");
  for (;;) {
    if ((result = next(reading, &token)) != CSAFETENSORS_OK) return result;
    if (token.kind == CSCANNER_OBJECT_END) return CSAFETENSORS_OK;
    bool is_new;
    if (!cbytes_reserve(&header->metadata_values, &header->metadata_capacity,
                        header->metadata_keys.count + 1, sizeof *header->metadata_values))
      return no_memory(reading);
    const size_t index = cnames_add(&header->metadata_keys, 0, &token, &is_new);
    if (index == CNAMES_NONE) return no_memory(reading);
    if (is_new) header->metadata_values[index] = (header_value){0, 0};
    if (!is_new) {
      result = note(reading, CSAFETENSORS_NOTE_DUPLICATE_METADATA, token.offset, index);
      if (result != CSAFETENSORS_OK) return result;
    }
    if ((result = next(reading, &token)) != CSAFETENSORS_OK) return result;
    if ((result = read_metadata_value(reading, index, &token)) != CSAFETENSORS_OK) return result;
  }
}

csafetensors_result header_parse(csafetensors_header *header, const uint8_t *text, size_t length,
                                 csafetensors_error *error) {
  reading reading = {.header = header, .error = error, .current = CNAMES_NONE};
  cscanner_begin(&reading.scanner, text, length, CSCANNER_STRICT);
  const size_t valid = cscanner_valid_prefix(text, length);
  if (valid != length) return fail(&reading, CSAFETENSORS_BAD_UTF8, valid, "UTF-8");

  cscanner_token token;
  csafetensors_result result = next(&reading, &token);
  if (result != CSAFETENSORS_OK) return result;
  if (token.kind != CSCANNER_OBJECT_BEGIN)
    return fail(&reading, CSAFETENSORS_BAD_STRUCTURE, token.offset, "a JSON object");
  if (token.offset != 0) {
    result = note(&reading, CSAFETENSORS_NOTE_LEADING_SPACE, 0, CNAMES_NONE);
    if (result != CSAFETENSORS_OK) return result;
  }
  for (;;) {
    if ((result = next(&reading, &token)) != CSAFETENSORS_OK) return result;
    if (token.kind == CSCANNER_OBJECT_END) break;
    result = says(&token, "__metadata__") ? read_metadata(&reading, &token) : read_entry(&reading, &token);
    if (result != CSAFETENSORS_OK) return result;
  }
  return next(&reading, &token);
}

#include <stdlib.h>
#include <string.h>

#include "cbytes.h"
#include "cgguf.h"
#include "cnames.h"

enum { KEPT_ELEMENTS = 4096, DEFAULT_ALIGNMENT = 32, KEYS = 0, TENSORS = 1 };

// Places in `names` and `values` instead of pointers, as both grow.
typedef struct {
  size_t name;
  cgguf_value_type type, element_type;
  uint64_t count;
  size_t value, length;
} pair;

typedef struct {
  size_t name;
  uint32_t type, rank;
  uint64_t extents[CGGUF_RANK_LIMIT];
  uint64_t offset, length;
} tensor;

struct cgguf_file {
  uint32_t version;
  uint64_t alignment, data_offset;
  cnames names;
  pair *pairs;
  size_t pair_count, pair_capacity;
  tensor *tensors;
  size_t tensor_count, tensor_capacity;
  uint8_t *values;
  size_t value_count, value_capacity;
};

typedef struct {
  const uint8_t *bytes;
  size_t length, at;
  uint64_t file_length;
  cgguf_file *file;
  cgguf_error *error;
} reader;

static bool fail(reader *reader, cgguf_result result, uint64_t found) {
  reader->error->result = result;
  reader->error->offset = reader->at;
  reader->error->found = found;
  return false;
}

static bool fail_named(reader *reader, cgguf_result result, uint64_t found, size_t name) {
  const cnames_entry *const entry = &reader->file->names.entries[name];
  size_t length = entry->length;
  const uint8_t *const bytes = reader->file->names.bytes + entry->offset;
  if (length > CGGUF_ERROR_NAME) {
    length = CGGUF_ERROR_NAME;
    while (length > 0 && (bytes[length] & 0xC0) == 0x80) length--;
  }
  memcpy(reader->error->name, bytes, length);
  reader->error->name_length = length;
  reader->error->has_name = true;
  return fail(reader, result, found);
}

// `count` bytes, or NULL where the file or what was read of it has not so many.
static const uint8_t *take(reader *reader, uint64_t count) {
  if (count > reader->file_length - reader->at) {
    fail(reader, CGGUF_TRUNCATED, count);
    return NULL;
  }
  if (count > CGGUF_HEADER_LIMIT - reader->at) {
    fail(reader, CGGUF_TOO_LARGE, count);
    return NULL;
  }
  if (count > reader->length - reader->at) {
    reader->error->expected = reader->at + count;
    fail(reader, CGGUF_NEEDS_MORE, count);
    return NULL;
  }
  const uint8_t *const bytes = reader->bytes + reader->at;
  reader->at += (size_t)count;
  return bytes;
}

static bool number(reader *reader, size_t width, uint64_t *value) {
  const uint8_t *const bytes = take(reader, width);
  if (bytes == NULL) return false;
  *value = cbytes_number(bytes, width);
  return true;
}

// A count of things that take `least` bytes each: one that the file has no room for is refused before anything is
// made for it.
static bool count(reader *reader, uint64_t least, uint64_t *value) {
  if (!number(reader, 8, value)) return false;
  return *value <= (reader->file_length - reader->at) / least || fail(reader, CGGUF_BAD_COUNT, *value);
}

static const uint8_t *text(reader *reader, size_t *length) {
  uint64_t value;
  if (!count(reader, 1, &value)) return NULL;
  const uint8_t *const bytes = take(reader, value);
  *length = (size_t)value;
  return bytes;
}

static bool name(reader *reader, uint64_t scope, cgguf_result repeated, size_t *name) {
  size_t length = 0;
  const uint8_t *const bytes = text(reader, &length);
  if (bytes == NULL) return false;
  if (length == 0 || length > CGGUF_NAME_LIMIT || memchr(bytes, 0, length) != NULL ||
      cscanner_valid_prefix(bytes, length) != length)
    return fail(reader, CGGUF_BAD_NAME, length);
  bool is_new;
  const cscanner_token token = {.text = bytes, .length = length};
  *name = cnames_add(&reader->file->names, scope, &token, &is_new);
  if (*name == CNAMES_NONE) return fail(reader, CGGUF_NO_MEMORY, 0);
  return is_new || fail_named(reader, repeated, 0, *name);
}

// The bytes of a value of a type; 0 for those that have no fixed size, and for numbers that are no type.
static size_t width_of(uint64_t type) {
  static const uint8_t widths[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return type < sizeof widths ? widths[type] : 0;
}

static bool keep(reader *reader, pair *pair, const uint8_t *bytes, size_t length) {
  cgguf_file *const file = reader->file;
  if (length == 0) return true;
  if (!cbytes_reserve(&file->values, &file->value_capacity, file->value_count + length, 1))
    return fail(reader, CGGUF_NO_MEMORY, 0);
  memcpy(file->values + file->value_count, bytes, length);
  pair->value = file->value_count;
  pair->length = length;
  file->value_count += length;
  return true;
}

static bool value_type(reader *reader, cgguf_value_type *type, size_t name) {
  uint64_t found;
  if (!number(reader, 4, &found)) return false;
  if (found > CGGUF_FLOAT64) return fail_named(reader, CGGUF_BAD_VALUE_TYPE, found, name);
  *type = (cgguf_value_type)found;
  return true;
}

static bool array(reader *reader, pair *pair) {
  if (!value_type(reader, &pair->element_type, pair->name)) return false;
  // As in the reference, arrays are not nested.
  if (pair->element_type == CGGUF_ARRAY) return fail_named(reader, CGGUF_BAD_VALUE_TYPE, CGGUF_ARRAY, pair->name);
  const size_t width = width_of(pair->element_type);
  if (!count(reader, width == 0 ? 8 : width, &pair->count)) return false;
  if (width != 0) {
    const size_t length = (size_t)pair->count * width;
    const uint8_t *const bytes = take(reader, length);
    return bytes != NULL && (pair->count > KEPT_ELEMENTS || keep(reader, pair, bytes, length));
  }
  size_t length;
  for (uint64_t index = 0; index < pair->count; index++)
    if (text(reader, &length) == NULL) return false;
  return true;
}

static bool read_pair(reader *reader) {
  cgguf_file *const file = reader->file;
  if (!cbytes_reserve(&file->pairs, &file->pair_capacity, file->pair_count + 1, sizeof *file->pairs))
    return fail(reader, CGGUF_NO_MEMORY, 0);
  pair *const pair = &file->pairs[file->pair_count];
  memset(pair, 0, sizeof *pair);
  if (!name(reader, KEYS, CGGUF_DUPLICATE_KEY, &pair->name) || !value_type(reader, &pair->type, pair->name))
    return false;
  file->pair_count++;
  pair->element_type = pair->type;
  pair->count = 1;
  size_t length = width_of(pair->type);
  if (pair->type == CGGUF_ARRAY) return array(reader, pair);
  const uint8_t *const bytes = pair->type == CGGUF_STRING ? text(reader, &length) : take(reader, length);
  return bytes != NULL && keep(reader, pair, bytes, length);
}

static bool read_alignment(reader *reader) {
  static const char key[] = "general.alignment";
  cgguf_file *const file = reader->file;
  file->alignment = DEFAULT_ALIGNMENT;
  const size_t found = cnames_find(&file->names, (const uint8_t *)key, sizeof key - 1);
  if (found == CNAMES_NONE) return true;
  // Keys are the only names so far, so that a key's pair has its index.
  const pair *const pair = &file->pairs[found];
  if (pair->type != CGGUF_UINT32) return fail_named(reader, CGGUF_BAD_ALIGNMENT, 0, pair->name);
  const uint64_t alignment = cbytes_number(file->values + pair->value, 4);
  if (alignment == 0 || (alignment & (alignment - 1)) != 0)
    return fail_named(reader, CGGUF_BAD_ALIGNMENT, alignment, pair->name);
  file->alignment = alignment;
  return true;
}

// Elements and bytes of a tensor, neither of which may pass 2^63 - 1.
static bool measure(reader *reader, tensor *tensor) {
  const uint64_t elements_of_block = cgguf_block_elements(tensor->type);
  if (tensor->extents[0] % elements_of_block != 0) {
    reader->error->expected = elements_of_block;
    return fail_named(reader, CGGUF_BAD_SHAPE, tensor->extents[0], tensor->name);
  }
  uint64_t elements = 1;
  for (uint32_t axis = 0; axis < tensor->rank; axis++)
    if (tensor->extents[axis] > INT64_MAX || __builtin_mul_overflow(elements, tensor->extents[axis], &elements))
      return fail_named(reader, CGGUF_OVERFLOW, tensor->extents[axis], tensor->name);
  if (elements > INT64_MAX || __builtin_mul_overflow(elements / elements_of_block, cgguf_block_bytes(tensor->type),
                                                    &tensor->length) || tensor->length > INT64_MAX)
    return fail_named(reader, CGGUF_OVERFLOW, elements, tensor->name);
  return true;
}

static bool read_tensor(reader *reader, uint64_t *end) {
  cgguf_file *const file = reader->file;
  if (!cbytes_reserve(&file->tensors, &file->tensor_capacity, file->tensor_count + 1, sizeof *file->tensors))
    return fail(reader, CGGUF_NO_MEMORY, 0);
  tensor *const tensor = &file->tensors[file->tensor_count];
  memset(tensor, 0, sizeof *tensor);
  uint64_t rank, type;
  if (!name(reader, TENSORS, CGGUF_DUPLICATE_TENSOR, &tensor->name) || !number(reader, 4, &rank)) return false;
  if (rank > CGGUF_RANK_LIMIT) return fail_named(reader, CGGUF_BAD_RANK, rank, tensor->name);
  tensor->rank = (uint32_t)rank;
  for (uint32_t axis = 0; axis < CGGUF_RANK_LIMIT; axis++) tensor->extents[axis] = 1;
  for (uint32_t axis = 0; axis < tensor->rank; axis++)
    if (!number(reader, 8, &tensor->extents[axis])) return false;
  if (!number(reader, 4, &type)) return false;
  if (type >= CGGUF_TYPE_COUNT || cgguf_type_name((uint32_t)type) == NULL)
    return fail_named(reader, CGGUF_BAD_TENSOR_TYPE, type, tensor->name);
  tensor->type = (uint32_t)type;
  if (!number(reader, 8, &tensor->offset) || !measure(reader, tensor)) return false;
  // Each tensor begins at the first aligned byte behind the one before.
  if (tensor->offset != *end) {
    reader->error->expected = *end;
    return fail_named(reader, CGGUF_BAD_OFFSET, tensor->offset, tensor->name);
  }
  const uint64_t padding = (file->alignment - tensor->length % file->alignment) % file->alignment;
  if (__builtin_add_overflow(*end, tensor->length + padding, end) || *end > INT64_MAX)
    return fail_named(reader, CGGUF_OVERFLOW, tensor->length, tensor->name);
  file->tensor_count++;
  return true;
}

static bool place_tensors(reader *reader) {
  cgguf_file *const file = reader->file;
  const uint64_t remainder = reader->at % file->alignment;
  file->data_offset = reader->at + (remainder == 0 ? 0 : file->alignment - remainder);
  for (size_t index = 0; index < file->tensor_count; index++) {
    tensor *const tensor = &file->tensors[index];
    tensor->offset += file->data_offset;
    const uint64_t end = tensor->offset + tensor->length;
    if (end <= reader->file_length) continue;
    reader->error->expected = end;
    return fail_named(reader, CGGUF_PAST_END, reader->file_length, tensor->name);
  }
  return true;
}

static bool read_preamble(reader *reader) {
  uint64_t version;
  const uint8_t *const magic = take(reader, 4);
  if (magic == NULL) return false;
  if (memcmp(magic, "GGUF", 4) != 0) {
    reader->at = 0;
    return fail(reader, CGGUF_BAD_MAGIC, 0);
  }
  if (!number(reader, 4, &version)) return false;
  reader->file->version = (uint32_t)version;
  if (version == 2 || version == 3) return true;
  const bool is_swapped = version != 0 && (version & 0xFFFF) == 0;
  return fail(reader, is_swapped ? CGGUF_BIG_ENDIAN : CGGUF_BAD_VERSION, version);
}

static bool read_all(reader *reader) {
  // The shortest tensor has a name of a byte, no extent, a type and an offset; the shortest pair a key and a value of a
  // byte each.
  uint64_t tensors, pairs, end = 0;
  if (!read_preamble(reader) || !count(reader, 8 + 1 + 4 + 4 + 8, &tensors) || !count(reader, 8 + 1 + 4 + 1, &pairs))
    return false;
  if (tensors > CGGUF_COUNT_LIMIT || pairs > CGGUF_COUNT_LIMIT)
    return fail(reader, CGGUF_TOO_LARGE, tensors > pairs ? tensors : pairs);
  for (uint64_t index = 0; index < pairs; index++)
    if (!read_pair(reader)) return false;
  if (!read_alignment(reader)) return false;
  for (uint64_t index = 0; index < tensors; index++)
    if (!read_tensor(reader, &end)) return false;
  return place_tensors(reader);
}

cgguf_result cgguf_open(const uint8_t *bytes, size_t length, uint64_t file_length, uint64_t seed, cgguf_file **file,
                        cgguf_error *error) {
  *file = NULL;
  *error = (cgguf_error){0};
  cgguf_file *const made = calloc(1, sizeof *made);
  if (made == NULL) return error->result = CGGUF_NO_MEMORY;
  made->names.seed = seed;
  reader reader = {bytes, length, 0, file_length, made, error};
  if (!read_all(&reader)) {
    cgguf_close(made);
    return error->result;
  }
  *file = made;
  return CGGUF_OK;
}

uint32_t cgguf_version(const cgguf_file *file) { return file->version; }

uint64_t cgguf_data_offset(const cgguf_file *file) { return file->data_offset; }

size_t cgguf_pair_count(const cgguf_file *file) { return file->pair_count; }

cgguf_pair cgguf_get_pair(const cgguf_file *file, size_t index) {
  const pair *const pair = &file->pairs[index];
  const cnames_entry *const name = &file->names.entries[pair->name];
  return (cgguf_pair){
      .key = file->names.bytes + name->offset,
      .key_length = name->length,
      .type = pair->type,
      .element_type = pair->element_type,
      .count = pair->count,
      .bytes = pair->length == 0 ? NULL : file->values + pair->value,
      .length = pair->length,
  };
}

size_t cgguf_tensor_count(const cgguf_file *file) { return file->tensor_count; }

cgguf_tensor cgguf_get_tensor(const cgguf_file *file, size_t index) {
  const tensor *const tensor = &file->tensors[index];
  const cnames_entry *const name = &file->names.entries[tensor->name];
  cgguf_tensor result = {
      .name = file->names.bytes + name->offset,
      .name_length = name->length,
      .type = tensor->type,
      .rank = tensor->rank,
      .offset = tensor->offset,
      .length = tensor->length,
  };
  memcpy(result.extents, tensor->extents, sizeof result.extents);
  return result;
}

void cgguf_close(cgguf_file *file) {
  if (file == NULL) return;
  cnames_free(&file->names);
  free(file->pairs);
  free(file->tensors);
  free(file->values);
  free(file);
}

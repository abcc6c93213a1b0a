#include "cshardindex.h"

#include <stdlib.h>
#include <string.h>

#include "header.h"

struct cshardindex {
  cnames names;   // of tensors
  cnames shards;  // of files
  cnames keys;    // at the top level
  uint32_t *shard_of;  // parallel to `names`
  size_t shard_capacity;
  bool has_map;
  cshardindex_summary summary;
};

typedef struct {
  cscanner scanner;
  cshardindex *index;
  cshardindex_error *error;
} reading;

static cshardindex_result fail(reading *reading, cshardindex_result result, size_t offset, const char *detail) {
  reading->error->result = result;
  reading->error->offset = offset;
  reading->error->detail = detail;
  return result;
}

static cshardindex_result next(reading *reading, cscanner_token *token) {
  const cscanner_result result = cscanner_next(&reading->scanner, token);
  if (result == CSCANNER_OK) return CSHARDINDEX_OK;
  reading->error->json = (int)result;
  return fail(reading, CSHARDINDEX_BAD_JSON, reading->scanner.position, "JSON");
}

static cshardindex_result skip(reading *reading, const cscanner_token *first) {
  const cscanner_result result = cscanner_skip(&reading->scanner, first);
  if (result == CSCANNER_OK) return CSHARDINDEX_OK;
  reading->error->json = (int)result;
  return fail(reading, CSHARDINDEX_BAD_JSON, reading->scanner.position, "JSON");
}

static cshardindex_result no_memory(reading *reading) {
  return fail(reading, CSHARDINDEX_NO_MEMORY, reading->scanner.position, "memory");
}

static bool name_is(const cnames *names, size_t index, const char *word) {
  const cnames_entry *entry = &names->entries[index];
  return entry->length == strlen(word) && memcmp(names->bytes + entry->offset, word, entry->length) == 0;
}

static cshardindex_result conflict(reading *reading, size_t entry, size_t offset) {
  const cnames_entry *name = &reading->index->names.entries[entry];
  csafetensors_error cut = {0};
  header_name_error(&cut, reading->index->names.bytes + name->offset, name->length);
  memcpy(reading->error->name, cut.name, cut.name_length);
  reading->error->name_length = cut.name_length;
  return fail(reading, CSHARDINDEX_CONFLICT, offset, "one shard for each tensor");
}

static cshardindex_result read_map(reading *reading, const cscanner_token *first) {
  cshardindex *index = reading->index;
  if (first->kind != CSCANNER_OBJECT_BEGIN)
    return fail(reading, CSHARDINDEX_BAD_STRUCTURE, first->offset, "weight_map as an object");
  cscanner_token key, value, previous = {0};
  size_t shard = CNAMES_NONE;
  for (;;) {
    cshardindex_result result = next(reading, &key);
    if (result != CSHARDINDEX_OK) return result;
    if (key.kind == CSCANNER_OBJECT_END) return CSHARDINDEX_OK;
    if ((result = next(reading, &value)) != CSHARDINDEX_OK) return result;
    if (value.kind != CSCANNER_STRING)
      return fail(reading, CSHARDINDEX_BAD_STRUCTURE, value.offset, "shard names as strings");
    // Neighbours mostly lie in the same shard.
    bool is_new;
    if (shard == CNAMES_NONE || value.length != previous.length ||
        memcmp(value.text, previous.text, value.length) != 0)
      shard = cnames_add(&index->shards, 0, &value, &is_new);
    if (shard == CNAMES_NONE) return no_memory(reading);
    previous = value;
    const size_t entry = cnames_add(&index->names, 0, &key, &is_new);
    if (entry == CNAMES_NONE) return no_memory(reading);
    if (!is_new) {
      if (index->shard_of[entry] != shard) return conflict(reading, entry, key.offset);
      if (index->summary.repeated_count++ == 0) index->summary.first_repeated_offset = key.offset;
      continue;
    }
    if (!cbytes_reserve(&index->shard_of, &index->shard_capacity, entry + 1, sizeof *index->shard_of))
      return no_memory(reading);
    index->shard_of[entry] = (uint32_t)shard;
  }
}

static void take_total_size(cshardindex_summary *summary, const cscanner_token *token) {
  summary->size_offset = token->offset;
  if (token->kind != CSCANNER_NUMBER || !token->is_integer)
    summary->size_kind = CSHARDINDEX_SIZE_NOT_INTEGER;
  else if (!token->is_exact || (token->is_negative && token->magnitude != 0))
    summary->size_kind = CSHARDINDEX_SIZE_OUT_OF_RANGE;
  else {
    summary->size_kind = CSHARDINDEX_SIZE_EXACT;
    summary->total_size = token->magnitude;
  }
}

static bool says_total_size(const cscanner_token *key) {
  static const char word[] = "total_size";
  uint8_t decoded[6 * sizeof word];
  if (key->length > sizeof decoded) return false;
  return cscanner_decode(key, decoded) == sizeof word - 1 && memcmp(decoded, word, sizeof word - 1) == 0;
}

static cshardindex_result read_metadata(reading *reading, const cscanner_token *first) {
  if (first->kind != CSCANNER_OBJECT_BEGIN) return skip(reading, first);
  reading->index->summary.has_metadata = true;
  for (;;) {
    cscanner_token token;
    cshardindex_result result = next(reading, &token);
    if (result != CSHARDINDEX_OK) return result;
    if (token.kind == CSCANNER_OBJECT_END) return CSHARDINDEX_OK;
    const bool is_size = says_total_size(&token);
    if ((result = next(reading, &token)) != CSHARDINDEX_OK) return result;
    if (is_size) take_total_size(&reading->index->summary, &token);
    if ((result = skip(reading, &token)) != CSHARDINDEX_OK) return result;
  }
}

static cshardindex_result read_member(reading *reading, const cscanner_token *key) {
  cshardindex *index = reading->index;
  bool is_new;
  const size_t name = cnames_add(&index->keys, 0, key, &is_new);
  if (name == CNAMES_NONE) return no_memory(reading);
  const bool is_map = name_is(&index->keys, name, "weight_map");
  if (!is_new) {
    if (is_map) return fail(reading, CSHARDINDEX_BAD_STRUCTURE, key->offset, "weight_map once");
    if (index->summary.repeated_key_count++ == 0) index->summary.first_repeated_key_offset = key->offset;
  }
  cscanner_token token;
  const cshardindex_result result = next(reading, &token);
  if (result != CSHARDINDEX_OK) return result;
  if (is_map) {
    index->has_map = true;
    return read_map(reading, &token);
  }
  return name_is(&index->keys, name, "metadata") ? read_metadata(reading, &token) : skip(reading, &token);
}

static cshardindex_result read_document(reading *reading, const uint8_t *text, size_t length) {
  const size_t valid = cscanner_valid_prefix(text, length);
  if (valid != length) return fail(reading, CSHARDINDEX_BAD_UTF8, valid, "UTF-8");
  cscanner_token token;
  cshardindex_result result = next(reading, &token);
  if (result != CSHARDINDEX_OK) return result;
  if (token.kind != CSCANNER_OBJECT_BEGIN)
    return fail(reading, CSHARDINDEX_BAD_STRUCTURE, token.offset, "a JSON object");
  for (;;) {
    if ((result = next(reading, &token)) != CSHARDINDEX_OK) return result;
    if (token.kind == CSCANNER_OBJECT_END) break;
    if ((result = read_member(reading, &token)) != CSHARDINDEX_OK) return result;
  }
  if ((result = next(reading, &token)) != CSHARDINDEX_OK) return result;
  if (!reading->index->has_map) return fail(reading, CSHARDINDEX_NO_WEIGHT_MAP, 0, "weight_map");
  return CSHARDINDEX_OK;
}

cshardindex_result cshardindex_open(const uint8_t *text, size_t length, uint64_t seed, cshardindex **index,
                                    cshardindex_error *error) {
  memset(error, 0, sizeof *error);
  error->detail = "";
  *index = NULL;
  if (length > CSHARDINDEX_LIMIT) return error->result = CSHARDINDEX_TOO_LARGE;
  cshardindex *made = calloc(1, sizeof *made);
  if (made == NULL) return error->result = CSHARDINDEX_NO_MEMORY;
  made->names.seed = made->shards.seed = made->keys.seed = seed;
  cnames_expect(&made->names, length / 96, length / 3 * 2);
  reading reading = {.index = made, .error = error};
  cscanner_begin(&reading.scanner, text, length, CSCANNER_LENIENT);
  const cshardindex_result result = read_document(&reading, text, length);
  if (result != CSHARDINDEX_OK) {
    cshardindex_close(made);
    return result;
  }
  made->summary.entry_count = made->names.count;
  made->summary.shard_count = made->shards.count;
  *index = made;
  return CSHARDINDEX_OK;
}

cshardindex_summary cshardindex_summarize(const cshardindex *index) { return index->summary; }

void cshardindex_entry(const cshardindex *index, size_t entry, const uint8_t **name, size_t *name_length,
                       size_t *shard) {
  const cnames_entry *held = &index->names.entries[entry];
  *name = index->names.bytes + held->offset;
  *name_length = held->length;
  *shard = index->shard_of[entry];
}

void cshardindex_shard(const cshardindex *index, size_t shard, const uint8_t **name, size_t *name_length) {
  const cnames_entry *held = &index->shards.entries[shard];
  *name = index->shards.bytes + held->offset;
  *name_length = held->length;
}

void cshardindex_close(cshardindex *index) {
  if (index == NULL) return;
  cnames_free(&index->names);
  cnames_free(&index->shards);
  cnames_free(&index->keys);
  free(index->shard_of);
  free(index);
}

#include "header.h"

#include <stdlib.h>
#include <string.h>

csafetensors_result csafetensors_read_length(const uint8_t *prefix, size_t available, uint64_t file_length,
                                             uint64_t *header_length, csafetensors_error *error) {
  memset(error, 0, sizeof *error);
  error->detail = "a header length of 8 bytes";
  if (available < CSAFETENSORS_PREFIX_LENGTH || file_length < CSAFETENSORS_PREFIX_LENGTH) {
    error->found = file_length;
    return error->result = CSAFETENSORS_HEADER_TOO_SMALL;
  }
  const uint64_t length = cbytes_number(prefix, CSAFETENSORS_PREFIX_LENGTH);
  error->found = length;
  if (length > CSAFETENSORS_HEADER_LIMIT) {
    error->expected = CSAFETENSORS_HEADER_LIMIT;
    return error->result = CSAFETENSORS_HEADER_TOO_LARGE;
  }
  if (length > file_length - CSAFETENSORS_PREFIX_LENGTH) {
    error->found = length + CSAFETENSORS_PREFIX_LENGTH;
    error->expected = file_length;
    return error->result = CSAFETENSORS_HEADER_PAST_END;
  }
  *header_length = length;
  return CSAFETENSORS_OK;
}

csafetensors_result csafetensors_open(const uint8_t *text, size_t length, uint64_t file_length, uint64_t seed,
                                      csafetensors_header **header, csafetensors_error *error) {
  memset(error, 0, sizeof *error);
  error->detail = "";
  *header = NULL;
  if (length > CSAFETENSORS_HEADER_LIMIT) {
    error->found = length;
    error->expected = CSAFETENSORS_HEADER_LIMIT;
    return error->result = CSAFETENSORS_HEADER_TOO_LARGE;
  }
  csafetensors_header *made = calloc(1, sizeof *made);
  if (made == NULL) return error->result = CSAFETENSORS_NO_MEMORY;
  made->names.seed = made->metadata_keys.seed = seed;
  // Room for an entry of the usual length, and shapes of two extents. Only a hint: what is missing is made later.
  const size_t expected = length / 128;
  cnames_expect(&made->names, expected, length / 2);
  (void)cbytes_reserve(&made->entries, &made->entry_capacity, expected, sizeof *made->entries);
  (void)cbytes_reserve(&made->extents, &made->extent_capacity, 2 * expected, sizeof *made->extents);
  csafetensors_result result = header_parse(made, text, length, error);
  if (result == CSAFETENSORS_OK) result = header_validate(made, length, file_length, error);
  if (result != CSAFETENSORS_OK) {
    csafetensors_close(made);
    return result;
  }
  *header = made;
  return CSAFETENSORS_OK;
}

void csafetensors_close(csafetensors_header *header) {
  if (header == NULL) return;
  cnames_free(&header->names);
  cnames_free(&header->metadata_keys);
  free(header->entries);
  free(header->extents);
  free(header->metadata_values);
  free(header->metadata_bytes);
  free(header->notes);
  free(header);
}

size_t csafetensors_count(const csafetensors_header *header) { return header->names.count; }

size_t csafetensors_names_length(const csafetensors_header *header) { return header->names.byte_count; }

csafetensors_tensor csafetensors_get(const csafetensors_header *header, size_t index) {
  const cnames_entry *name = &header->names.entries[index];
  const header_entry *entry = &header->entries[index];
  return (csafetensors_tensor){
      .name = header->names.bytes + name->offset,
      .name_length = name->length,
      .dtype = entry->dtype,
      .rank = entry->rank,
      .shape = entry->rank == 0 ? NULL : header->extents + entry->shape,
      .begin = entry->begin,
      .end = entry->end,
  };
}

size_t csafetensors_find(const csafetensors_header *header, const uint8_t *name, size_t name_length) {
  return cnames_find(&header->names, name, name_length);
}

size_t csafetensors_metadata_count(const csafetensors_header *header) { return header->metadata_keys.count; }

void csafetensors_metadata(const csafetensors_header *header, size_t index, const uint8_t **key, size_t *key_length,
                           const uint8_t **value, size_t *value_length) {
  const cnames_entry *name = &header->metadata_keys.entries[index];
  const header_value *held = &header->metadata_values[index];
  *key = header->metadata_keys.bytes + name->offset;
  *key_length = name->length;
  *value = header->metadata_bytes + held->offset;
  *value_length = held->length;
}

size_t csafetensors_note_count(const csafetensors_header *header) { return header->note_count; }

csafetensors_note csafetensors_get_note(const csafetensors_header *header, size_t index) {
  const header_note *note = &header->notes[index];
  csafetensors_note given = {.kind = note->kind, .offset = note->offset, .name = NULL, .name_length = 0};
  if (note->name == CNAMES_NONE) return given;
  const cnames *names =
      note->kind == CSAFETENSORS_NOTE_DUPLICATE_METADATA ? &header->metadata_keys : &header->names;
  given.name = names->bytes + names->entries[note->name].offset;
  given.name_length = names->entries[note->name].length;
  return given;
}

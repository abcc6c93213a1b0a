// What the files of this library share. Not part of its interface.
#pragma once

#include "cbytes.h"
#include "cnames.h"
#include "csafetensors.h"

typedef struct {
  uint64_t begin, end;
  uint64_t position;  // of its name in the file
  size_t shape;       // index of its first extent
  uint32_t rank;
  uint32_t dtype;
} header_entry;

typedef struct {
  csafetensors_note_kind kind;
  uint64_t offset;
  size_t name;  // index into `names`, or into `metadata_keys` for a note on metadata; CNAMES_NONE for none
} header_note;

typedef struct {
  size_t offset, length;
} header_value;

struct csafetensors_header {
  cnames names;           // of tensors; parallel to `entries`
  header_entry *entries;
  size_t entry_capacity;
  uint64_t *extents;
  size_t extent_count, extent_capacity;
  cnames metadata_keys;   // parallel to `metadata_values`
  header_value *metadata_values;
  size_t metadata_capacity;
  uint8_t *metadata_bytes;
  size_t metadata_byte_count, metadata_byte_capacity;
  header_note *notes;
  size_t note_count, note_capacity;
  size_t note_counts[CSAFETENSORS_NOTE_KINDS];
};

/// The dtype of this name; false where there is none.
bool header_find_dtype(const uint8_t *name, size_t length, uint32_t *dtype);

/// Checks 4 and 5: the text is UTF-8, is JSON, and has the form of a header. Fills `header`, or `error`.
csafetensors_result header_parse(csafetensors_header *header, const uint8_t *text, size_t length,
                                 csafetensors_error *error);

/// Reads an entry at `text` that is spelled as the reference's writer spells it: no spaces, no escapes, dtype, shape and
/// data_offsets in this order. Returns its length in bytes and fills `entry`; 0 where anything is otherwise, and then
/// nothing has changed and the scanner has to read it. It accepts nothing that the scanner would not.
size_t header_read_compact(csafetensors_header *header, const uint8_t *text, size_t length, header_entry *entry);

/// Checks 6 to 10 over the entries in the order of their offsets.
csafetensors_result header_validate(const csafetensors_header *header, size_t header_length, uint64_t file_length,
                                    csafetensors_error *error);

/// Puts the name of an entry into an error, cut to fit.
void header_name_error(csafetensors_error *error, const uint8_t *name, size_t length);

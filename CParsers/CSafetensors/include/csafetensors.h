/// Reader of safetensors headers, with the semantics of the reference library (safetensors 0.8.0, `tensor.rs`).
///
/// A file is an 8-byte little-endian header length, that many bytes of JSON, and the tensors' bytes. Only the first
/// two are ever needed here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The reference's cap on the header's length, in bytes.
#define CSAFETENSORS_HEADER_LIMIT 100000000U
/// The bytes before the header.
#define CSAFETENSORS_PREFIX_LENGTH 8U
/// How many notes of one kind are kept; of a hostile header's millions the first few say it all.
#define CSAFETENSORS_NOTE_LIMIT 10000
/// The longest part of a tensor's name that an error carries.
#define CSAFETENSORS_ERROR_NAME 240

typedef enum {
  CSAFETENSORS_OK = 0,
  CSAFETENSORS_HEADER_TOO_SMALL,    // fewer than 8 bytes
  CSAFETENSORS_HEADER_TOO_LARGE,    // the length passes the cap; `found` has it
  CSAFETENSORS_HEADER_PAST_END,     // the header ends at `found`, the file at `expected`
  CSAFETENSORS_BAD_UTF8,            // the header is not UTF-8
  CSAFETENSORS_BAD_JSON,            // the header is not JSON; `json` is the scanner's result
  CSAFETENSORS_BAD_STRUCTURE,       // JSON, but not of the form required; `detail` says what
  CSAFETENSORS_DUPLICATE_FIELD,     // `dtype`, `shape`, `data_offsets` or `__metadata__` twice
  CSAFETENSORS_MISSING_FIELD,       // a tensor lacks one of its three fields
  CSAFETENSORS_UNKNOWN_DTYPE,       // no dtype of the reference has this name
  CSAFETENSORS_BAD_OFFSET,          // a tensor begins at `found`, not at `expected`, or ends before it begins
  CSAFETENSORS_SIZE_OVERFLOW,       // shape times element size passes 2^64 - 1
  CSAFETENSORS_MISALIGNED,          // the last element of a sub-byte dtype does not end at a byte boundary
  CSAFETENSORS_SIZE_MISMATCH,       // the tensor spans `found` bytes; shape and dtype need `expected`
  CSAFETENSORS_INCOMPLETE_BUFFER,   // the tensors end at `expected`, the file at `found`
  CSAFETENSORS_NO_MEMORY,           // memory has run out
} csafetensors_result;

typedef struct {
  csafetensors_result result;
  /// A `cscanner_result` where `result` is CSAFETENSORS_BAD_JSON.
  int json;
  /// The byte of the file at which the rule was broken.
  uint64_t offset;
  uint64_t expected, found;
  /// What was wanted, as a constant string; never NULL. Not to be freed.
  const char *detail;
  /// The name of the tensor concerned, cut to fit at a character's border; `name_length` is 0 and `has_name` false
  /// where none is.
  bool has_name;
  size_t name_length;
  char name[CSAFETENSORS_ERROR_NAME];
} csafetensors_error;

/// One tensor as its header declares it.
typedef struct {
  /// The decoded name: UTF-8, not terminated, may hold NUL. Lives as long as the header.
  const uint8_t *name;
  size_t name_length;
  /// An index into the list of `csafetensors_dtype_name`.
  uint32_t dtype;
  uint32_t rank;
  /// `rank` extents, outermost first; their product has been checked. Lives as long as the header.
  const uint64_t *shape;
  /// Where its bytes lie, from the end of the header.
  uint64_t begin, end;
} csafetensors_tensor;

typedef enum {
  CSAFETENSORS_NOTE_DUPLICATE_TENSOR = 0,  // a name occurs twice; the last entry counts
  CSAFETENSORS_NOTE_LEADING_SPACE,         // white space before the opening brace
  CSAFETENSORS_NOTE_NULL_METADATA,         // `__metadata__` is null
  CSAFETENSORS_NOTE_DUPLICATE_METADATA,    // a key of `__metadata__` occurs twice; the last value counts
  CSAFETENSORS_NOTE_ARRAY_ENTRY,           // a tensor is written as an array
  CSAFETENSORS_NOTE_MAP_DTYPE,             // a dtype is written as an object, `{"F32": null}`
  CSAFETENSORS_NOTE_UNKNOWN_FIELD,         // a tensor has a field that the format does not know
  CSAFETENSORS_NOTE_KINDS,                 // how many kinds there are
} csafetensors_note_kind;

/// Something that the reference accepts and the format does not promise.
typedef struct {
  csafetensors_note_kind kind;
  /// The byte of the file where it stands.
  uint64_t offset;
  /// The name or key concerned, with the lifetime of the header; NULL where none is.
  const uint8_t *name;
  size_t name_length;
} csafetensors_note;

/// A header that has passed every check.
typedef struct csafetensors_header csafetensors_header;

/// Reads the header's length from the first `available` bytes of a file of `file_length` bytes (checks 1 to 3 of the
/// reference: 8 bytes are there, the cap, the file's end). On success `*header_length` is at most
/// CSAFETENSORS_HEADER_LIMIT and 8 + `*header_length` at most `file_length`. On failure `*error` is filled.
csafetensors_result csafetensors_read_length(const uint8_t *prefix, size_t available, uint64_t file_length,
                                             uint64_t *header_length, csafetensors_error *error);

/// Reads and checks the `length` bytes of a header at `text` (checks 4 to 10, in that order). `seed` keys the hash of
/// names and should be unpredictable. On success `*header` is owned by the caller, who ends it with
/// `csafetensors_close`; it holds copies, so `text` may go. On failure `*header` is NULL, `*error` is filled, and
/// nothing is left to free. Memory taken is bounded by a small multiple of `length`.
csafetensors_result csafetensors_open(const uint8_t *text, size_t length, uint64_t file_length, uint64_t seed,
                                      csafetensors_header **header, csafetensors_error *error);

/// How many tensors the header declares, a name that occurs twice counted once.
size_t csafetensors_count(const csafetensors_header *header);

/// The bytes of all names together.
size_t csafetensors_names_length(const csafetensors_header *header);

/// The tensor at `index`, below `csafetensors_count`, in the order in which names first occur in the header.
csafetensors_tensor csafetensors_get(const csafetensors_header *header, size_t index);

/// The index of the tensor of this name, or SIZE_MAX. Safe to call from several threads at once.
size_t csafetensors_find(const csafetensors_header *header, const uint8_t *name, size_t name_length);

/// How many entries `__metadata__` has, and the one at `index`: key and value as UTF-8 with the header's lifetime.
size_t csafetensors_metadata_count(const csafetensors_header *header);
void csafetensors_metadata(const csafetensors_header *header, size_t index, const uint8_t **key, size_t *key_length,
                           const uint8_t **value, size_t *value_length);

/// How many notes are kept, and the one at `index`, in the order of the text.
size_t csafetensors_note_count(const csafetensors_header *header);
csafetensors_note csafetensors_get_note(const csafetensors_header *header, size_t index);

/// Frees the header and everything that points into it. NULL is allowed.
void csafetensors_close(csafetensors_header *header);

/// The name of a dtype as headers spell it, or NULL from the first unused index on.
const char *csafetensors_dtype_name(uint32_t dtype);

/// The bits of one element of a dtype; 0 for an unused index.
uint32_t csafetensors_dtype_bits(uint32_t dtype);

/// Reader of GGUF headers, versions 2 and 3, with the checks of the reference (ggml, `src/gguf.cpp`).
///
/// A file is a magic number, keys with values, the tensors' names, shapes, types and places, and the tensors' bytes, all
/// little-endian. How long the header is nobody says: a reader has to go through it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The longest header that is read, in bytes. Vocabularies make headers of some ten million.
#define CGGUF_HEADER_LIMIT 400000000U
/// How many keys, and how many tensors, a file may have.
#define CGGUF_COUNT_LIMIT 4000000U
/// The longest key and the longest name of a tensor.
#define CGGUF_NAME_LIMIT 65535U
#define CGGUF_RANK_LIMIT 4U
/// The longest part of a name that an error carries.
#define CGGUF_ERROR_NAME 120

typedef enum {
  CGGUF_OK = 0,
  CGGUF_NEEDS_MORE,       // the header goes on behind the bytes given; `expected` of them are needed at least
  CGGUF_TRUNCATED,        // the header goes on behind the end of the file
  CGGUF_TOO_LARGE,        // it passes CGGUF_HEADER_LIMIT or CGGUF_COUNT_LIMIT
  CGGUF_BAD_MAGIC,        // it does not begin with `GGUF`
  CGGUF_BIG_ENDIAN,       // it is written big-endian
  CGGUF_BAD_VERSION,      // a version that is not known; `found` has it
  CGGUF_BAD_COUNT,        // there is no room in the file for `found` keys, tensors or elements
  CGGUF_BAD_NAME,         // a name is empty, too long, not UTF-8, or holds a NUL
  CGGUF_DUPLICATE_KEY,
  CGGUF_DUPLICATE_TENSOR,
  CGGUF_BAD_VALUE_TYPE,   // a value of a type that is none; `found` has it
  CGGUF_BAD_ALIGNMENT,    // `general.alignment` is not a power of two in 32 bits; `found` has it
  CGGUF_BAD_RANK,         // a tensor of `found` dimensions
  CGGUF_BAD_TENSOR_TYPE,  // a tensor of a type that is none, or no longer; `found` has it
  CGGUF_BAD_SHAPE,        // a row of `found` elements is not a whole number of blocks of `expected`
  CGGUF_OVERFLOW,         // a tensor's size passes 2^63 - 1, or an extent is negative
  CGGUF_BAD_OFFSET,       // a tensor lies at `found` where the one before it ends at `expected`
  CGGUF_PAST_END,         // the tensors end at `expected`, the file at `found`
  CGGUF_NO_MEMORY,        // memory has run out
} cgguf_result;

typedef struct {
  cgguf_result result;
  /// The byte of the file at which the rule was broken.
  uint64_t offset;
  uint64_t expected, found;
  /// The key or tensor concerned, cut to fit at a character's border.
  bool has_name;
  size_t name_length;
  char name[CGGUF_ERROR_NAME];
} cgguf_error;

/// The types of values, by the numbers that the format gives them.
typedef enum {
  CGGUF_UINT8 = 0,
  CGGUF_INT8,
  CGGUF_UINT16,
  CGGUF_INT16,
  CGGUF_UINT32,
  CGGUF_INT32,
  CGGUF_FLOAT32,
  CGGUF_BOOL,
  CGGUF_STRING,
  CGGUF_ARRAY,
  CGGUF_UINT64,
  CGGUF_INT64,
  CGGUF_FLOAT64,
} cgguf_value_type;

/// A key with its value. What it points to lives as long as the file.
typedef struct {
  const uint8_t *key;
  size_t key_length;
  cgguf_value_type type;
  /// Of an array: what it is made of, and how many there are. Else `type`, and 1.
  cgguf_value_type element_type;
  uint64_t count;
  /// Of a string, its UTF-8 (as it stands, unchecked). Of an array of numbers that has at most 4,096, their bytes.
  const uint8_t *bytes;
  size_t length;
} cgguf_pair;

typedef struct {
  /// UTF-8, not terminated.
  const uint8_t *name;
  size_t name_length;
  /// A number below `CGGUF_TYPE_COUNT` for which `cgguf_type_name` has a name.
  uint32_t type;
  uint32_t rank;
  /// As the file has them: the innermost first.
  uint64_t extents[CGGUF_RANK_LIMIT];
  /// Where its bytes lie in the file, which holds them.
  uint64_t offset, length;
} cgguf_tensor;

/// A header that has passed every check.
typedef struct cgguf_file cgguf_file;

/// Reads the header from the first `length` bytes of a file of `file_length` bytes. `seed` keys the hash of names. On
/// success `*file` is owned by the caller, who ends it with `cgguf_close`; it holds copies, so `bytes` may go. On failure
/// it is NULL and `*error` filled. Memory is in proportion to `length`.
cgguf_result cgguf_open(const uint8_t *bytes, size_t length, uint64_t file_length, uint64_t seed, cgguf_file **file,
                        cgguf_error *error);

uint32_t cgguf_version(const cgguf_file *file);
/// Where the tensors' bytes begin.
uint64_t cgguf_data_offset(const cgguf_file *file);

size_t cgguf_pair_count(const cgguf_file *file);
cgguf_pair cgguf_get_pair(const cgguf_file *file, size_t index);

size_t cgguf_tensor_count(const cgguf_file *file);
cgguf_tensor cgguf_get_tensor(const cgguf_file *file, size_t index);

/// Frees the file. NULL is allowed.
void cgguf_close(cgguf_file *file);

/// The types of tensors are numbered below this.
#define CGGUF_TYPE_COUNT 42U
/// The name of a type, or NULL where the number is not used; the elements of a block, and its bytes.
const char *cgguf_type_name(uint32_t type);
uint32_t cgguf_block_elements(uint32_t type);
uint32_t cgguf_block_bytes(uint32_t type);

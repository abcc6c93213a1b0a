/// Reader of `model.safetensors.index.json`: which shard holds which tensor.
#pragma once

#include "csafetensors.h"

/// The longest index that is read, in bytes. The longest known one has 12.4 million.
#define CSHARDINDEX_LIMIT 200000000U

typedef enum {
  CSHARDINDEX_OK = 0,
  CSHARDINDEX_TOO_LARGE,       // longer than CSHARDINDEX_LIMIT
  CSHARDINDEX_BAD_UTF8,        // not UTF-8
  CSHARDINDEX_BAD_JSON,        // not JSON; `json` is the scanner's result
  CSHARDINDEX_BAD_STRUCTURE,   // JSON, but not of the form required; `detail` says what
  CSHARDINDEX_NO_WEIGHT_MAP,   // there is no `weight_map`
  CSHARDINDEX_CONFLICT,        // a tensor is mapped twice, to two shards
  CSHARDINDEX_NO_MEMORY,       // memory has run out
} cshardindex_result;

typedef struct {
  cshardindex_result result;
  /// A `cscanner_result` where `result` is CSHARDINDEX_BAD_JSON.
  int json;
  /// The byte of the file at which the rule was broken.
  size_t offset;
  /// What was wanted, as a constant string; never NULL. Not to be freed.
  const char *detail;
  /// The tensor concerned, cut to fit; `name_length` is 0 where none is.
  size_t name_length;
  char name[CSAFETENSORS_ERROR_NAME];
} cshardindex_error;

typedef enum {
  CSHARDINDEX_SIZE_ABSENT = 0,
  CSHARDINDEX_SIZE_EXACT,         // an integer below 2^64
  CSHARDINDEX_SIZE_OUT_OF_RANGE,  // an integer below 0 or from 2^64 on
  CSHARDINDEX_SIZE_NOT_INTEGER,   // a number with a fraction or an exponent, a string, anything else
} cshardindex_size_kind;

/// What the index says about itself.
typedef struct {
  size_t entry_count;
  size_t shard_count;
  cshardindex_size_kind size_kind;
  /// `metadata.total_size`, the bytes of all tensors, where `size_kind` is CSHARDINDEX_SIZE_EXACT.
  uint64_t total_size;
  /// Where `total_size` stands in the file.
  size_t size_offset;
  /// `metadata` is there and is an object.
  bool has_metadata;
  /// Entries that repeat an earlier one, name and shard alike, and where the first stands.
  size_t repeated_count, first_repeated_offset;
  /// Top-level keys that occur twice; the last value counts.
  size_t repeated_key_count, first_repeated_key_offset;
} cshardindex_summary;

typedef struct cshardindex cshardindex;

/// Reads the `length` bytes of an index at `text`. On success `*index` is owned by the caller, who ends it with
/// `cshardindex_close`; it holds copies, so `text` may go. On failure `*index` is NULL, `*error` is filled, and
/// nothing is left to free. `seed` is as for `csafetensors_open`.
cshardindex_result cshardindex_open(const uint8_t *text, size_t length, uint64_t seed, cshardindex **index,
                                    cshardindex_error *error);

cshardindex_summary cshardindex_summarize(const cshardindex *index);

/// The tensor's name at `entry`, below `entry_count`, in the order of the file, and the index of its shard. The name
/// is UTF-8 with the lifetime of the index.
void cshardindex_entry(const cshardindex *index, size_t entry, const uint8_t **name, size_t *name_length,
                       size_t *shard);

/// The shard's file name at `shard`, below `shard_count`, in the order of first mention, unchecked. UTF-8 with the
/// lifetime of the index; it may hold NUL.
void cshardindex_shard(const cshardindex *index, size_t shard, const uint8_t **name, size_t *name_length);

/// Frees the index and everything that points into it. NULL is allowed.
void cshardindex_close(cshardindex *index);

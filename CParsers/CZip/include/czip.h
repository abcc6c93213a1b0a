/// Reader of a zip archive's central directory, as PyTorch's archives have one: in one part, without encryption.
///
/// Nothing is ever unpacked. The directory must stand behind all entries and reach to its end record, entries may not
/// overlap, and no name may occur twice: what other readers resolve in different ways is refused.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The end record of 22 bytes with a comment of 65,535, and the two records of zip64 before it, of 20 and 56 bytes.
#define CZIP_TAIL_LENGTH 65633U
/// The longest directory that is read, in bytes: more than 500,000 entries.
#define CZIP_DIRECTORY_LIMIT 64000000U
/// The bytes of an entry's local header, before its name.
#define CZIP_LOCAL_LENGTH 30U

typedef enum {
  CZIP_OK = 0,
  CZIP_NO_END_RECORD,   // nothing at the end of the file says where the directory is
  CZIP_IN_PARTS,        // the archive is one of several parts
  CZIP_BAD_END_RECORD,  // its numbers do not fit each other or the file
  CZIP_TOO_LARGE,       // the directory passes CZIP_DIRECTORY_LIMIT
  CZIP_BAD_DIRECTORY,   // an entry of the directory breaks the format
  CZIP_BAD_NAME,        // an entry's name is empty, not UTF-8, or holds a NUL
  CZIP_DUPLICATE_NAME,  // a name occurs twice
  CZIP_ENCRYPTED,       // an entry is encrypted
  CZIP_OUT_OF_FILE,     // an entry's bytes pass the beginning of the directory
  CZIP_OVERLAP,         // two entries share bytes
  CZIP_BAD_SIZE,        // a stored entry's two sizes differ
  CZIP_BAD_LOCAL,       // an entry's local header does not repeat what the directory says
  CZIP_NO_MEMORY,       // memory has run out
} czip_result;

typedef struct {
  czip_result result;
  /// The byte of the file at which the rule was broken.
  uint64_t offset;
  /// The name of the entry concerned with the archive's lifetime or that of the caller's bytes; NULL where none is.
  const uint8_t *name;
  size_t name_length;
} czip_error;

/// Where the directory lies.
typedef struct {
  uint64_t offset, length, count;
} czip_directory;

typedef struct {
  /// UTF-8, not empty, without NUL, not terminated. Lives as long as the archive.
  const uint8_t *name;
  size_t name_length;
  /// 0 for bytes that lie there as they are, 8 for deflated ones.
  uint16_t method;
  uint64_t stored_size, size;
  /// Where its local header begins. The header and `stored_size` bytes more lie before the directory.
  uint64_t offset;
} czip_entry;

/// A directory that has passed every check.
typedef struct czip_archive czip_archive;

/// Finds the directory by the last `length` bytes of a file of `file_length` bytes, of which `length` is all or at least
/// CZIP_TAIL_LENGTH. On success the directory lies in the file.
czip_result czip_find(const uint8_t *tail, size_t length, uint64_t file_length, czip_directory *directory,
                      czip_error *error);

/// Reads the directory's `directory->length` bytes. `seed` keys the hash of names. On success `*archive` is owned by the
/// caller, who ends it with `czip_close`; it points into `bytes`, which must outlive it. On failure it is NULL.
czip_result czip_open(const uint8_t *bytes, const czip_directory *directory, uint64_t seed, czip_archive **archive,
                      czip_error *error);

size_t czip_count(const czip_archive *archive);

/// The entry at `index`, below `czip_count`, in the directory's order.
czip_entry czip_get(const czip_archive *archive, size_t index);

/// The index of the entry of this name, or SIZE_MAX.
size_t czip_find_entry(const czip_archive *archive, const uint8_t *name, size_t name_length);

/// Where the bytes of the entry at `index` begin: told from its local header, of which `length` bytes at `local` are the
/// CZIP_LOCAL_LENGTH first and the name. They must repeat the directory's name and method. On success the entry's
/// bytes end before the next entry begins.
czip_result czip_data_offset(const czip_archive *archive, size_t index, const uint8_t *local, size_t length,
                             uint64_t *offset, czip_error *error);

/// Frees the archive. NULL is allowed.
void czip_close(czip_archive *archive);

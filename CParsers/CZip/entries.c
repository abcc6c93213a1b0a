#include "czip.h"

#include <stdlib.h>
#include <string.h>

#include "cbytes.h"
#include "cnames.h"

enum { ENTRY_LENGTH = 46, WIDE_EXTRA = 1, ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13 };
#define ENTRY_SIGNATURE 0x02014B50U
#define LOCAL_SIGNATURE 0x04034B50U

// The extent of an entry in the file, its data's beginning not yet known.
typedef struct {
  uint64_t begin, end;
  size_t index;
} extent;

struct czip_archive {
  czip_entry *entries;
  size_t count;
  uint64_t *limits;  // of each entry: where the next one begins
  cnames names;
};

static czip_result fail(czip_error *error, czip_result result, uint64_t offset, const czip_entry *entry) {
  error->offset = offset;
  if (entry != NULL) {
    error->name = entry->name;
    error->name_length = entry->name_length;
  }
  return error->result = result;
}

// The numbers that do not fit 32 bits, in the order in which they are missing (APPNOTE 4.5.3). False where they are not
// all there.
static bool read_wide(czip_entry *entry, const uint8_t *extra, size_t length) {
  uint64_t *const wanted[] = {&entry->size, &entry->stored_size, &entry->offset};
  const uint8_t *field = NULL;
  size_t left = 0;
  while (length >= 4) {
    const size_t size = (size_t)cbytes_number(extra + 2, 2);
    if (size > length - 4) return false;
    if (cbytes_number(extra, 2) == WIDE_EXTRA) {
      if (field != NULL) return false;
      field = extra + 4;
      left = size;
    }
    extra += 4 + size;
    length -= 4 + size;
  }
  for (size_t index = 0; index < sizeof wanted / sizeof wanted[0]; index++) {
    if (*wanted[index] != UINT32_MAX) continue;
    if (left < 8) return false;
    *wanted[index] = cbytes_number(field, 8);
    field += 8;
    left -= 8;
  }
  return true;
}

static bool is_name(const uint8_t *name, size_t length) {
  return length > 0 && memchr(name, 0, length) == NULL && cscanner_valid_prefix(name, length) == length;
}

static czip_result read_entry(czip_archive *archive, const uint8_t *record, size_t left, size_t *taken,
                              const czip_directory *directory, uint64_t place, czip_error *error) {
  if (left < ENTRY_LENGTH || cbytes_number(record, 4) != ENTRY_SIGNATURE)
    return fail(error, CZIP_BAD_DIRECTORY, place, NULL);
  const size_t name_length = (size_t)cbytes_number(record + 28, 2);
  const size_t extra_length = (size_t)cbytes_number(record + 30, 2);
  *taken = ENTRY_LENGTH + name_length + extra_length + (size_t)cbytes_number(record + 32, 2);
  if (*taken > left) return fail(error, CZIP_BAD_DIRECTORY, place, NULL);
  czip_entry *const entry = &archive->entries[archive->count];
  *entry = (czip_entry){
      .name = record + ENTRY_LENGTH,
      .name_length = name_length,
      .method = (uint16_t)cbytes_number(record + 10, 2),
      .stored_size = cbytes_number(record + 20, 4),
      .size = cbytes_number(record + 24, 4),
      .offset = cbytes_number(record + 42, 4),
  };
  if (!is_name(entry->name, name_length)) return fail(error, CZIP_BAD_NAME, place, NULL);
  if (!read_wide(entry, entry->name + name_length, extra_length))
    return fail(error, CZIP_BAD_DIRECTORY, place, entry);
  if ((cbytes_number(record + 8, 2) & ENCRYPTED) != 0) return fail(error, CZIP_ENCRYPTED, place, entry);
  if (entry->method == 0 && entry->size != entry->stored_size) return fail(error, CZIP_BAD_SIZE, place, entry);
  const uint64_t header = CZIP_LOCAL_LENGTH + name_length;
  if (entry->offset > directory->offset || header > directory->offset - entry->offset ||
      entry->stored_size > directory->offset - entry->offset - header)
    return fail(error, CZIP_OUT_OF_FILE, place, entry);
  bool is_new;
  const cscanner_token name = {.text = entry->name, .length = name_length};
  if (cnames_add(&archive->names, 0, &name, &is_new) == CNAMES_NONE) return fail(error, CZIP_NO_MEMORY, place, NULL);
  if (!is_new) return fail(error, CZIP_DUPLICATE_NAME, place, entry);
  archive->count++;
  return CZIP_OK;
}

static int by_begin(const void *left, const void *right) {
  const extent *const first = left, *const second = right;
  return first->begin < second->begin ? -1 : first->begin > second->begin;
}

// No two entries share bytes: what makes a small file unpack to a large one, and a name hide behind another.
static czip_result find_limits(czip_archive *archive, uint64_t directory, czip_error *error) {
  extent *const extents = calloc(archive->count + 1, sizeof *extents);
  if (extents == NULL) return fail(error, CZIP_NO_MEMORY, 0, NULL);
  for (size_t index = 0; index < archive->count; index++) {
    const czip_entry *const entry = &archive->entries[index];
    extents[index] = (extent){
        entry->offset, entry->offset + CZIP_LOCAL_LENGTH + entry->name_length + entry->stored_size, index};
  }
  qsort(extents, archive->count, sizeof *extents, by_begin);
  czip_result result = CZIP_OK;
  for (size_t place = 0; place < archive->count && result == CZIP_OK; place++) {
    const extent *const at = &extents[place];
    const uint64_t limit = place + 1 < archive->count ? extents[place + 1].begin : directory;
    archive->limits[at->index] = limit;
    if (at->end > limit) result = fail(error, CZIP_OVERLAP, at->begin, &archive->entries[at->index]);
  }
  free(extents);
  return result;
}

czip_result czip_open(const uint8_t *bytes, const czip_directory *directory, uint64_t seed, czip_archive **archive,
                      czip_error *error) {
  *error = (czip_error){0};
  *archive = NULL;
  if (directory->length > CZIP_DIRECTORY_LIMIT) return fail(error, CZIP_TOO_LARGE, directory->offset, NULL);
  // A count that the directory has no room for is refused before anything is made for it.
  if (directory->count > directory->length / ENTRY_LENGTH)
    return fail(error, CZIP_BAD_DIRECTORY, directory->offset, NULL);
  czip_archive *const made = calloc(1, sizeof *made);
  if (made == NULL) return fail(error, CZIP_NO_MEMORY, 0, NULL);
  made->names.seed = seed;
  const size_t count = (size_t)directory->count;
  made->entries = calloc(count + 1, sizeof *made->entries);
  made->limits = calloc(count + 1, sizeof *made->limits);
  czip_result result = CZIP_OK;
  if (made->entries == NULL || made->limits == NULL) result = fail(error, CZIP_NO_MEMORY, 0, NULL);
  size_t at = 0;
  while (result == CZIP_OK && made->count < count) {
    size_t taken = 0;
    result = read_entry(made, bytes + at, (size_t)directory->length - at, &taken, directory, directory->offset + at,
                        error);
    at += taken;
  }
  if (result == CZIP_OK && at != directory->length)
    result = fail(error, CZIP_BAD_DIRECTORY, directory->offset + at, NULL);
  if (result == CZIP_OK) result = find_limits(made, directory->offset, error);
  if (result != CZIP_OK) {
    czip_close(made);
    return result;
  }
  *archive = made;
  return CZIP_OK;
}

size_t czip_count(const czip_archive *archive) { return archive->count; }

czip_entry czip_get(const czip_archive *archive, size_t index) { return archive->entries[index]; }

size_t czip_find_entry(const czip_archive *archive, const uint8_t *name, size_t name_length) {
  return cnames_find(&archive->names, name, name_length);
}

czip_result czip_data_offset(const czip_archive *archive, size_t index, const uint8_t *local, size_t length,
                             uint64_t *offset, czip_error *error) {
  *error = (czip_error){0};
  const czip_entry *const entry = &archive->entries[index];
  if (length < CZIP_LOCAL_LENGTH + entry->name_length || cbytes_number(local, 4) != LOCAL_SIGNATURE ||
      (cbytes_number(local + 6, 2) & ENCRYPTED) != 0 || cbytes_number(local + 8, 2) != entry->method ||
      cbytes_number(local + 26, 2) != entry->name_length ||
      memcmp(local + CZIP_LOCAL_LENGTH, entry->name, entry->name_length) != 0)
    return fail(error, CZIP_BAD_LOCAL, entry->offset, entry);
  const uint64_t begin = entry->offset + CZIP_LOCAL_LENGTH + entry->name_length + cbytes_number(local + 28, 2);
  if (begin > archive->limits[index] || entry->stored_size > archive->limits[index] - begin)
    return fail(error, CZIP_OVERLAP, entry->offset, entry);
  *offset = begin;
  return CZIP_OK;
}

void czip_close(czip_archive *archive) {
  if (archive == NULL) return;
  free(archive->entries);
  free(archive->limits);
  cnames_free(&archive->names);
  free(archive);
}

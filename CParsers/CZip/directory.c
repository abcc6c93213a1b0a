#include "czip.h"

#include "cbytes.h"

// An end record, the record of zip64 that it may point to, and the pointer between them (APPNOTE 4.3.14 to 4.3.16).
enum { END_LENGTH = 22, LOCATOR_LENGTH = 20, WIDE_LENGTH = 56 };
#define END_SIGNATURE 0x06054B50U
#define LOCATOR_SIGNATURE 0x07064B50U
#define WIDE_SIGNATURE 0x06064B50U

static czip_result fail(czip_error *error, czip_result result, uint64_t offset) {
  error->offset = offset;
  return error->result = result;
}

// The directory must end exactly where the records begin that describe it.
static czip_result check(czip_directory *directory, uint64_t records, czip_error *error) {
  if (directory->offset > records || directory->length != records - directory->offset)
    return fail(error, CZIP_BAD_END_RECORD, records);
  if (directory->length > CZIP_DIRECTORY_LIMIT) return fail(error, CZIP_TOO_LARGE, directory->offset);
  return CZIP_OK;
}

static czip_result find_wide(const uint8_t *tail, size_t end, uint64_t base, czip_directory *directory,
                             czip_error *error) {
  const uint8_t *const locator = tail + end - LOCATOR_LENGTH;
  const uint64_t place = cbytes_number(locator + 8, 8);
  if (cbytes_number(locator + 4, 4) != 0 || cbytes_number(locator + 16, 4) > 1)
    return fail(error, CZIP_IN_PARTS, base + end - LOCATOR_LENGTH);
  // Nothing but the record stands between its own beginning and the pointer to it.
  if (end < LOCATOR_LENGTH + WIDE_LENGTH || place != base + end - LOCATOR_LENGTH - WIDE_LENGTH)
    return fail(error, CZIP_BAD_END_RECORD, base + end - LOCATOR_LENGTH);
  const uint8_t *const record = tail + end - LOCATOR_LENGTH - WIDE_LENGTH;
  if (cbytes_number(record, 4) != WIDE_SIGNATURE || cbytes_number(record + 4, 8) != WIDE_LENGTH - 12)
    return fail(error, CZIP_BAD_END_RECORD, place);
  if (cbytes_number(record + 16, 4) != 0 || cbytes_number(record + 20, 4) != 0 ||
      cbytes_number(record + 24, 8) != cbytes_number(record + 32, 8))
    return fail(error, CZIP_IN_PARTS, place);
  directory->count = cbytes_number(record + 32, 8);
  directory->length = cbytes_number(record + 40, 8);
  directory->offset = cbytes_number(record + 48, 8);
  return check(directory, place, error);
}

czip_result czip_find(const uint8_t *tail, size_t length, uint64_t file_length, czip_directory *directory,
                      czip_error *error) {
  *error = (czip_error){0};
  *directory = (czip_directory){0};
  const uint64_t base = file_length - length;
  for (size_t comment = 0; comment <= UINT16_MAX && length >= END_LENGTH + comment; comment++) {
    const size_t end = length - END_LENGTH - comment;
    const uint8_t *const record = tail + end;
    if (record[0] != 'P' || cbytes_number(record, 4) != END_SIGNATURE || cbytes_number(record + 20, 2) != comment)
      continue;
    if (end >= LOCATOR_LENGTH && cbytes_number(record - LOCATOR_LENGTH, 4) == LOCATOR_SIGNATURE)
      return find_wide(tail, end, base, directory, error);
    if (cbytes_number(record + 4, 2) != 0 || cbytes_number(record + 6, 2) != 0 ||
        cbytes_number(record + 8, 2) != cbytes_number(record + 10, 2))
      return fail(error, CZIP_IN_PARTS, base + end);
    directory->count = cbytes_number(record + 10, 2);
    directory->length = cbytes_number(record + 12, 4);
    directory->offset = cbytes_number(record + 16, 4);
    return check(directory, base + end, error);
  }
  return fail(error, CZIP_NO_END_RECORD, file_length);
}

#include <string.h>

#include "header.h"

typedef struct {
  const uint8_t *at, *end;
} cursor;

static bool take(cursor *cursor, const char *word, size_t length) {
  if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, word, length) != 0) return false;
  cursor->at += length;
  return true;
}

#define TAKE(cursor, word) take(cursor, word, sizeof(word) - 1)

// Digits that cannot overflow, without a leading zero. What stands behind them is the caller's to check.
static bool take_number(cursor *cursor, uint64_t *value) {
  const uint8_t *const first = cursor->at;
  const uint8_t *const limit = cursor->end - first < 19 ? cursor->end : first + 19;
  const uint8_t *at = first;
  *value = 0;
  while (at < limit && *at >= '0' && *at <= '9') *value = *value * 10 + (uint64_t)(*at++ - '0');
  cursor->at = at;
  return at - first == 1 || (at - first > 1 && *first != '0');
}

static bool take_dtype(cursor *cursor, uint32_t *dtype) {
  const size_t left = (size_t)(cursor->end - cursor->at);
  const uint8_t *const quote = left == 0 ? NULL : memchr(cursor->at, '"', left < 16 ? left : 16);
  if (quote == NULL || !header_find_dtype(cursor->at, (size_t)(quote - cursor->at), dtype)) return false;
  cursor->at = quote;
  return true;
}

static bool take_extents(cursor *cursor, csafetensors_header *header, header_entry *entry) {
  entry->shape = header->extent_count;
  entry->rank = 0;
  if (TAKE(cursor, "]")) return true;
  do {
    if (!cbytes_reserve(&header->extents, &header->extent_capacity, header->extent_count + 1,
                        sizeof *header->extents))
      return false;
    if (!take_number(cursor, &header->extents[header->extent_count])) return false;
    header->extent_count++;
    entry->rank++;
  } while (TAKE(cursor, ","));
  return TAKE(cursor, "]");
}

size_t header_read_compact(csafetensors_header *header, const uint8_t *text, size_t length, header_entry *entry) {
  cursor cursor = {text, text + length};
  header_entry made = *entry;
  const size_t extent_count = header->extent_count;
  if (TAKE(&cursor, "{\"dtype\":\"") && take_dtype(&cursor, &made.dtype) && TAKE(&cursor, "\",\"shape\":[") &&
      take_extents(&cursor, header, &made) && TAKE(&cursor, ",\"data_offsets\":[") &&
      take_number(&cursor, &made.begin) && TAKE(&cursor, ",") && take_number(&cursor, &made.end) &&
      TAKE(&cursor, "]}")) {
    *entry = made;
    return (size_t)(cursor.at - text);
  }
  header->extent_count = extent_count;
  return 0;
}

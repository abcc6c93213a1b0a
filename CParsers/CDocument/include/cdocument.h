/// Reader of small JSON documents of settings (`config.json` and its kin): our scanner decides whether the text is
/// acceptable, json-c then holds the values.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The longest document that is read, in bytes.
#define CDOCUMENT_LIMIT 4194304U
/// The longest part of a key that a note carries.
#define CDOCUMENT_NOTE_KEY 120

typedef enum {
  CDOCUMENT_OK = 0,
  CDOCUMENT_TOO_LARGE,   // longer than CDOCUMENT_LIMIT
  CDOCUMENT_BAD_UTF8,    // not UTF-8
  CDOCUMENT_BAD_JSON,    // not JSON; `json` is a `cscanner_result`
  CDOCUMENT_NOT_OBJECT,  // JSON, but not an object
  CDOCUMENT_REFUSED,     // json-c refuses what our scanner has accepted
  CDOCUMENT_NO_MEMORY,   // memory has run out
} cdocument_result;

typedef struct {
  cdocument_result result;
  int json;
  /// The byte at fault, and its line and column, both from 1.
  size_t offset, line, column;
} cdocument_error;

typedef enum {
  CDOCUMENT_NOTE_DUPLICATE_KEY = 0,  // a key occurs twice in one object; the last value counts
  CDOCUMENT_NOTE_NOT_A_NUMBER,       // NaN, Infinity or -Infinity, which JSON does not have
  CDOCUMENT_NOTE_KEY_WITH_NUL,       // a key holds \u0000, which is replaced by U+FFFD
} cdocument_note_kind;

/// Something that Python's json module accepts and JSON does not.
typedef struct {
  cdocument_note_kind kind;
  size_t offset, line, column;
  /// The key concerned, or the key of the value concerned, cut to fit: UTF-8, not terminated.
  size_t key_length;
  char key[CDOCUMENT_NOTE_KEY];
} cdocument_note;

typedef enum {
  CDOCUMENT_NULL = 0,
  CDOCUMENT_BOOLEAN,
  CDOCUMENT_INTEGER,  // fits int64_t, exactly
  CDOCUMENT_NUMBER,   // the nearest double of any other number; NaN and infinities included
  CDOCUMENT_STRING,
  CDOCUMENT_ARRAY,
  CDOCUMENT_OBJECT,
} cdocument_kind;

/// A document, and a value inside it. A value is borrowed and lives as long as its document.
typedef struct cdocument cdocument;
typedef struct cdocument_value cdocument_value;

/// Reads the `length` bytes at `text`. On success `*document` is owned by the caller, who ends it with
/// `cdocument_close`; `text` may go. On failure `*document` is NULL, `*error` is filled, and nothing is left to free.
/// `seed` keys the hash of keys and should be unpredictable.
cdocument_result cdocument_open(const uint8_t *text, size_t length, uint64_t seed, cdocument **document,
                                cdocument_error *error);

/// The document's object. Never NULL.
const cdocument_value *cdocument_root(const cdocument *document);

/// What a value is. NULL is CDOCUMENT_NULL, here and below.
cdocument_kind cdocument_kind_of(const cdocument_value *value);

/// The value of a boolean, an integer, a number; zero for any other kind.
bool cdocument_boolean(const cdocument_value *value);
int64_t cdocument_integer(const cdocument_value *value);
double cdocument_number(const cdocument_value *value);

/// The bytes of a string, UTF-8, not to be taken for terminated; NULL and 0 for any other kind.
const char *cdocument_string(const cdocument_value *value, size_t *length);

/// How many elements an array or members an object has; zero for any other kind.
size_t cdocument_count(const cdocument_value *value);

/// The element of an array at `index`, below its count.
const cdocument_value *cdocument_element(const cdocument_value *array, size_t index);

/// Walks the members of an object in the order of the text: begin with `*cursor` NULL, go on while true is returned.
/// The key is UTF-8 and borrowed.
bool cdocument_next_member(const cdocument_value *object, const void **cursor, const char **key, size_t *key_length,
                           const cdocument_value **value);

/// How many notes were taken (the first 64 of a document are kept), and the one at `index`.
size_t cdocument_note_count(const cdocument *document);
cdocument_note cdocument_get_note(const cdocument *document, size_t index);

/// Frees the document and its values. NULL is allowed.
void cdocument_close(cdocument *document);

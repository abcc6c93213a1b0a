#include "cdocument.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "cnames.h"
#include "document.h"

#define NOTE_LIMIT 64

struct cdocument {
  json_object *root;
  size_t note_count;
  cdocument_note notes[NOTE_LIMIT];
};

// The first pass: checks the text with our scanner, and writes down for json-c what json-c would get wrong. Numbers
// that do not fit int64_t become doubles, which json-c rounds correctly where it would saturate integers; \u0000 in a
// key, where json-c would cut the key, becomes U+FFFD.
typedef struct {
  const uint8_t *text;
  size_t length;
  cscanner scanner;
  cdocument *document;
  cdocument_error *error;
  cnames keys;
  uint64_t object_count;
  uint64_t objects[CSCANNER_DEPTH_LIMIT];  // the number of the object open at each depth
  cscanner_token key;                      // the last one read
  uint8_t *copy;
  size_t copied, copy_length, copy_capacity;  // `copied`: how much of `text` is in the copy
} pass;

static cdocument_result fail(pass *pass, cdocument_result result, size_t offset) {
  pass->error->result = result;
  pass->error->offset = offset;
  cscanner_locate(pass->text, pass->length, offset, &pass->error->line, &pass->error->column);
  return result;
}

static void note(pass *pass, cdocument_note_kind kind, size_t offset, const cscanner_token *key) {
  if (pass->document->note_count == NOTE_LIMIT) return;
  cdocument_note *made = &pass->document->notes[pass->document->note_count++];
  made->kind = kind;
  made->offset = offset;
  cscanner_locate(pass->text, pass->length, offset, &made->line, &made->column);
  size_t length = key->length;
  if (length > CDOCUMENT_NOTE_KEY) {
    length = CDOCUMENT_NOTE_KEY;
    while (length > 0 && (key->text[length] & 0xC0) == 0x80) length--;
  }
  if (length != 0) memcpy(made->key, key->text, length);
  made->key_length = length;
}

static bool append(pass *pass, const void *bytes, size_t count) {
  if (count > pass->copy_capacity - pass->copy_length) {
    size_t capacity = pass->copy_capacity * 2 + count + 256;
    uint8_t *grown = realloc(pass->copy, capacity);
    if (grown == NULL) return false;
    pass->copy = grown;
    pass->copy_capacity = capacity;
  }
  if (count != 0) memcpy(pass->copy + pass->copy_length, bytes, count);
  pass->copy_length += count;
  return true;
}

// Copies the text up to `end`, which is not before what has been copied.
static bool copy_until(pass *pass, size_t end) {
  if (!append(pass, pass->text + pass->copied, end - pass->copied)) return false;
  pass->copied = end;
  return true;
}

static bool rewrite_key(pass *pass, const cscanner_token *key) {
  static const char nul[] = "\\u0000", replacement[] = "\\ufffd";
  bool found = false;
  for (size_t at = 0; at + 6 <= key->length; at++) {
    if (key->text[at] != '\\') continue;
    if (memcmp(key->text + at, nul, 6) != 0) {
      at++;  // the escaped character is not the beginning of another escape
      continue;
    }
    const size_t offset = (size_t)(key->text - pass->text) + at;
    if (!copy_until(pass, offset) || !append(pass, replacement, 6)) return false;
    pass->copied = offset + 6;
    found = true;
    at += 5;
  }
  if (found) note(pass, CDOCUMENT_NOTE_KEY_WITH_NUL, key->offset, key);
  return true;
}

static bool take_key(pass *pass, const cscanner_token *key) {
  bool is_new;
  pass->key = *key;
  if (cnames_add(&pass->keys, pass->objects[pass->scanner.depth], key, &is_new) == CNAMES_NONE) return false;
  if (!is_new) note(pass, CDOCUMENT_NOTE_DUPLICATE_KEY, key->offset, key);
  return !key->has_escapes || rewrite_key(pass, key);
}

static bool take_number(pass *pass, const cscanner_token *number) {
  if (!number->is_integer) return true;
  const uint64_t limit = (uint64_t)INT64_MAX + (number->is_negative ? 1 : 0);
  if (number->is_exact && number->magnitude <= limit) return true;
  return copy_until(pass, number->offset + number->length) && append(pass, ".0", 2);
}

static cdocument_result check(pass *pass, size_t *begin, size_t *end) {
  const size_t valid = cscanner_valid_prefix(pass->text, pass->length);
  if (valid != pass->length) return fail(pass, CDOCUMENT_BAD_UTF8, valid);
  bool is_first = true;
  for (;;) {
    cscanner_token token;
    const cscanner_result result = cscanner_next(&pass->scanner, &token);
    if (result != CSCANNER_OK) {
      pass->error->json = (int)result;
      return fail(pass, CDOCUMENT_BAD_JSON, pass->scanner.position);
    }
    if (is_first) {
      if (token.kind != CSCANNER_OBJECT_BEGIN) return fail(pass, CDOCUMENT_NOT_OBJECT, token.offset);
      *begin = token.offset;
      is_first = false;
    }
    bool has_memory = true;
    switch (token.kind) {
    case CSCANNER_END: return CDOCUMENT_OK;
    case CSCANNER_OBJECT_BEGIN: pass->objects[pass->scanner.depth] = ++pass->object_count; break;
    case CSCANNER_OBJECT_END: *end = token.offset + 1; break;
    case CSCANNER_KEY: has_memory = take_key(pass, &token); break;
    case CSCANNER_NUMBER: has_memory = take_number(pass, &token); break;
    case CSCANNER_NOT_A_NUMBER: note(pass, CDOCUMENT_NOTE_NOT_A_NUMBER, token.offset, &pass->key); break;
    default: break;
    }
    if (!has_memory) return fail(pass, CDOCUMENT_NO_MEMORY, token.offset);
  }
}

static cdocument_result parse(pass *pass, size_t begin, size_t end) {
  const char *text = (const char *)pass->text + begin;
  size_t length = end - begin;
  if (pass->copy_length != 0) {
    if (!copy_until(pass, end)) return fail(pass, CDOCUMENT_NO_MEMORY, end);
    text = (const char *)pass->copy + begin;
    length = pass->copy_length - begin;
  }
  json_tokener *tokener = json_tokener_new_ex(CSCANNER_DEPTH_LIMIT + 2);
  if (tokener == NULL) return fail(pass, CDOCUMENT_NO_MEMORY, 0);
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
  // The length fits an int: twice CDOCUMENT_LIMIT is the most that the rewriting can make of a document.
  pass->document->root = json_tokener_parse_ex(tokener, text, (int)length);
  const enum json_tokener_error problem = json_tokener_get_error(tokener);
  const size_t stopped = json_tokener_get_parse_end(tokener);
  json_tokener_free(tokener);
  if (problem != json_tokener_success || json_object_get_type(pass->document->root) != json_type_object)
    return fail(pass, CDOCUMENT_REFUSED, begin + stopped);
  return CDOCUMENT_OK;
}

cdocument_result cdocument_open(const uint8_t *text, size_t length, uint64_t seed, cdocument **document,
                                cdocument_error *error) {
  memset(error, 0, sizeof *error);
  error->line = error->column = 1;
  *document = NULL;
  if (length > CDOCUMENT_LIMIT) return error->result = CDOCUMENT_TOO_LARGE;
  cdocument *made = calloc(1, sizeof *made);
  if (made == NULL) return error->result = CDOCUMENT_NO_MEMORY;
  pass pass = {.text = text, .length = length, .document = made, .error = error, .keys = {.seed = seed}};
  cscanner_begin(&pass.scanner, text, length, CSCANNER_LENIENT);
  size_t begin = 0, end = 0;
  cdocument_result result = check(&pass, &begin, &end);
  if (result == CDOCUMENT_OK) result = parse(&pass, begin, end);
  cnames_free(&pass.keys);
  free(pass.copy);
  if (result != CDOCUMENT_OK) {
    cdocument_close(made);
    return result;
  }
  *document = made;
  return CDOCUMENT_OK;
}

json_object *document_root_object(const cdocument *document) { return document->root; }

size_t cdocument_note_count(const cdocument *document) { return document->note_count; }

cdocument_note cdocument_get_note(const cdocument *document, size_t index) { return document->notes[index]; }

void cdocument_close(cdocument *document) {
  if (document == NULL) return;
  json_object_put(document->root);
  free(document);
}

/// A strict, allocation-free pull scanner for JSON (RFC 8259) that nobody vouches for.
///
/// The scanner keeps pointers into the caller's buffer and never writes to it. Every token it hands out has been
/// checked: brackets match, commas and colons stand where they must, numbers and escapes are well formed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Containers may be nested one less than this: the limit of serde_json, which the safetensors reference uses.
#define CSCANNER_DEPTH_LIMIT 128

typedef enum {
  CSCANNER_OK = 0,
  CSCANNER_UNEXPECTED_END,     // the text stops inside the document
  CSCANNER_UNEXPECTED_BYTE,    // a byte that cannot stand here
  CSCANNER_CONTROL_CHARACTER,  // a raw byte below 0x20 inside a string
  CSCANNER_BAD_ESCAPE,         // a backslash followed by something unknown
  CSCANNER_LONE_SURROGATE,     // half of a surrogate pair
  CSCANNER_BAD_NUMBER,         // a leading zero, a missing digit, a lone sign
  CSCANNER_NUMBER_RANGE,       // a number beyond the largest double
  CSCANNER_TOO_DEEP,           // nested beyond CSCANNER_DEPTH_LIMIT
  CSCANNER_TRAILING_TEXT,      // something other than white space behind the document
} cscanner_result;

typedef enum {
  CSCANNER_END = 0,  // the document is complete
  CSCANNER_OBJECT_BEGIN,
  CSCANNER_OBJECT_END,
  CSCANNER_ARRAY_BEGIN,
  CSCANNER_ARRAY_END,
  CSCANNER_KEY,  // the name of a member; its colon has been read
  CSCANNER_STRING,
  CSCANNER_NUMBER,
  CSCANNER_TRUE,
  CSCANNER_FALSE,
  CSCANNER_NULL,
  CSCANNER_NOT_A_NUMBER,  // NaN, Infinity or -Infinity; only in a lenient scan
} cscanner_kind;

/// What the scanner lets pass.
typedef enum {
  /// What serde_json takes: a number beyond the largest double is refused.
  CSCANNER_STRICT = 0,
  /// What Python's json module takes: also `NaN`, `Infinity`, `-Infinity`, lone surrogates, and numbers that
  /// round to infinity.
  CSCANNER_LENIENT = 1,
} cscanner_mode;

typedef struct {
  cscanner_kind kind;
  /// Where the token begins, from the beginning of the text.
  size_t offset;
  /// For a key or a string the bytes between the quotes, escapes unresolved; for a number its digits. Points into
  /// the caller's buffer.
  const uint8_t *text;
  size_t length;
  /// Of a key or a string: it holds a backslash, so that `cscanner_decode` would change it.
  bool has_escapes;
  /// Of a number: no fraction, no exponent.
  bool is_integer;
  /// Of a number: it begins with a minus sign.
  bool is_negative;
  /// Of an integer: its magnitude fits 64 bits and stands in `magnitude`.
  bool is_exact;
  uint64_t magnitude;
} cscanner_token;

/// The scanner's state. Its fields are its own; it owns nothing and needs no closing.
typedef struct {
  const uint8_t *text;
  size_t length;
  size_t position;
  cscanner_mode mode;
  int expects;
  unsigned depth;
  uint64_t is_object[CSCANNER_DEPTH_LIMIT / 64];
} cscanner;

/// Prepares `scanner` to read `length` bytes at `text`, which must be valid UTF-8 (see `cscanner_valid_prefix`) and
/// must outlive it. Never fails.
void cscanner_begin(cscanner *scanner, const uint8_t *text, size_t length, cscanner_mode mode);

/// Reads the next token into `token`. After CSCANNER_END there is nothing more to ask for. On any result but
/// CSCANNER_OK `scanner->position` is the offset of the byte at fault, `token` is unspecified, and the scanner must
/// not be asked again.
cscanner_result cscanner_next(cscanner *scanner, cscanner_token *token);

/// Takes the `length` bytes behind the last token, a key, for its value, which the caller has read and checked itself.
void cscanner_take_value(cscanner *scanner, size_t length);

/// Reads and drops the rest of the value whose first token, `first`, has just been read.
cscanner_result cscanner_skip(cscanner *scanner, const cscanner_token *first);

/// Resolves the escapes of a key or a string into `output`, which has room for `token->length` bytes (a decoded
/// string is never longer). Returns the number of bytes written. A lone surrogate becomes U+FFFD. The text of
/// `token` must come from a successful `cscanner_next`.
size_t cscanner_decode(const cscanner_token *token, uint8_t *output);

/// The length of the longest prefix of `text` that is valid UTF-8: `length` where all of it is. Overlong forms,
/// surrogates and values beyond U+10FFFF are invalid.
size_t cscanner_valid_prefix(const uint8_t *text, size_t length);

/// Line and column, both from 1 and in bytes, of the byte at `offset`, which may be the end of the text.
void cscanner_locate(const uint8_t *text, size_t length, size_t offset, size_t *line, size_t *column);

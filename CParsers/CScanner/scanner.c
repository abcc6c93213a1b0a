#include "cscanner.h"

#include <string.h>

enum { EXPECTS_VALUE, EXPECTS_FIRST_KEY, EXPECTS_KEY, EXPECTS_FIRST_VALUE, EXPECTS_SEPARATOR };

void cscanner_begin(cscanner *scanner, const uint8_t *text, size_t length, cscanner_mode mode) {
  memset(scanner, 0, sizeof *scanner);
  scanner->text = text;
  scanner->length = length;
  scanner->mode = mode;
  scanner->expects = EXPECTS_VALUE;
}

static cscanner_result fail_at(cscanner *scanner, size_t position, cscanner_result result) {
  scanner->position = position;
  return result;
}

static size_t skip_space(const cscanner *scanner, size_t at) {
  while (at < scanner->length) {
    const uint8_t byte = scanner->text[at];
    if (byte != ' ' && byte != '\n' && byte != '\t' && byte != '\r') break;
    at++;
  }
  return at;
}

static bool inside_object(const cscanner *scanner) {
  const unsigned level = scanner->depth - 1;
  return (scanner->is_object[level / 64] >> (level % 64)) & 1U;
}

// Advances over the bytes of a string that need no attention: anything but a quote, a backslash, a control
// character. Eight at a time, by the "has a byte less than n" trick.
static size_t skip_plain(const uint8_t *text, size_t at, size_t length) {
  const uint64_t ones = 0x0101010101010101U, highs = 0x8080808080808080U;
  while (length - at >= 8) {
    uint64_t word;
    memcpy(&word, text + at, 8);
    const uint64_t quote = word ^ (ones * '"'), slash = word ^ (ones * '\\');
    const uint64_t found =
        (((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & highs;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    // The lowest bit found is exact; a borrow reaches only those above it.
    if (found != 0) return at + (size_t)__builtin_ctzll(found) / 8;
#else
    if (found != 0) break;
#endif
    at += 8;
  }
  while (at < length && text[at] != '"' && text[at] != '\\' && text[at] >= 0x20) at++;
  return at;
}

static int hex_value(uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

// The value of four hexadecimal digits at `text`, or -1.
static int32_t hex_quad(const uint8_t *text) {
  int32_t value = 0;
  for (int index = 0; index < 4; index++) {
    const int digit = hex_value(text[index]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// Checks the escape whose backslash is at `*at` and moves `*at` behind it.
static cscanner_result scan_escape(cscanner *scanner, size_t *at) {
  const uint8_t *text = scanner->text;
  const size_t begin = *at, left = scanner->length - begin;
  if (left < 2) return fail_at(scanner, scanner->length, CSCANNER_UNEXPECTED_END);
  if (text[begin + 1] != 'u') {
    if (text[begin + 1] == 0 || strchr("\"\\/bfnrt", text[begin + 1]) == NULL)
      return fail_at(scanner, begin, CSCANNER_BAD_ESCAPE);
    *at = begin + 2;
    return CSCANNER_OK;
  }
  if (left < 6) return fail_at(scanner, scanner->length, CSCANNER_UNEXPECTED_END);
  const int32_t unit = hex_quad(text + begin + 2);
  if (unit < 0) return fail_at(scanner, begin, CSCANNER_BAD_ESCAPE);
  *at = begin + 6;
  if (unit < 0xD800 || unit > 0xDFFF) return CSCANNER_OK;
  if (unit <= 0xDBFF && left >= 12 && text[begin + 6] == '\\' && text[begin + 7] == 'u') {
    const int32_t low = hex_quad(text + begin + 8);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      *at = begin + 12;
      return CSCANNER_OK;
    }
  }
  return scanner->mode == CSCANNER_LENIENT ? CSCANNER_OK : fail_at(scanner, begin, CSCANNER_LONE_SURROGATE);
}

static cscanner_result scan_string(cscanner *scanner, size_t at, cscanner_token *token) {
  token->offset = at++;
  token->text = scanner->text + at;
  token->has_escapes = false;
  for (;;) {
    at = skip_plain(scanner->text, at, scanner->length);
    if (at == scanner->length) return fail_at(scanner, at, CSCANNER_UNEXPECTED_END);
    if (scanner->text[at] == '"') break;
    if (scanner->text[at] != '\\') return fail_at(scanner, at, CSCANNER_CONTROL_CHARACTER);
    token->has_escapes = true;
    const cscanner_result result = scan_escape(scanner, &at);
    if (result != CSCANNER_OK) return result;
  }
  token->length = (size_t)(scanner->text + at - token->text);
  scanner->position = at + 1;
  return CSCANNER_OK;
}

static bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

// Whether the decimal number d.ddd x 10^exponent, its digits given from the first that is not zero, rounds beyond
// the largest double. The digits may hold one point. (serde_json multiplies rounded numbers and may differ in the last
// place.)
static bool beyond_double(const uint8_t *digits, size_t length, int64_t exponent) {
  if (exponent != 308) return exponent > 308;
  // Half a unit above the largest double, 1.797693134862315807937...e308: from there rounding gives infinity.
  static const char bound[] = "179769313486231580793728971405303415079934132710037826936173778980444968292764750946";
  size_t index = 0;
  for (size_t at = 0; bound[index] != 0; at++) {
    if (at < length && digits[at] == '.') continue;
    const int digit = at < length ? digits[at] : '0';
    if (digit != bound[index]) return digit > bound[index];
    index++;
  }
  return true;
}

static cscanner_result scan_number(cscanner *scanner, size_t at, cscanner_token *token) {
  const uint8_t *text = scanner->text;
  const size_t length = scanner->length;
  token->kind = CSCANNER_NUMBER;
  token->offset = at;
  token->text = text + at;
  token->is_negative = text[at] == '-';
  token->is_integer = token->is_exact = true;
  token->magnitude = 0;
  if (token->is_negative) at++;
  if (at == length) return fail_at(scanner, at, CSCANNER_UNEXPECTED_END);
  if (!is_digit(text[at])) return fail_at(scanner, at, CSCANNER_BAD_NUMBER);
  const size_t whole = at;
  // Nineteen digits always fit.
  uint64_t magnitude = 0;
  const size_t safe = length - at < 19 ? length : at + 19;
  while (at < safe && is_digit(text[at])) magnitude = magnitude * 10 + (uint64_t)(text[at++] - '0');
  token->magnitude = magnitude;
  while (at < length && is_digit(text[at])) {
    const uint64_t digit = (uint64_t)(text[at++] - '0');
    if (token->magnitude > (UINT64_MAX - digit) / 10) token->is_exact = false;
    if (token->is_exact) token->magnitude = token->magnitude * 10 + digit;
  }
  if (text[whole] == '0' && at - whole > 1) return fail_at(scanner, whole, CSCANNER_BAD_NUMBER);
  const size_t whole_end = at;
  if (at < length && text[at] == '.') {
    token->is_integer = false;
    const size_t fraction = ++at;
    while (at < length && is_digit(text[at])) at++;
    if (at == fraction) return fail_at(scanner, at, at == length ? CSCANNER_UNEXPECTED_END : CSCANNER_BAD_NUMBER);
  }
  const size_t digits_end = at;
  int64_t exponent = 0;
  if (at < length && (text[at] == 'e' || text[at] == 'E')) {
    token->is_integer = false;
    at++;
    const bool negative = at < length && text[at] == '-';
    if (at < length && (text[at] == '-' || text[at] == '+')) at++;
    const size_t first = at;
    while (at < length && is_digit(text[at])) {
      if (exponent < 1000000000) exponent = exponent * 10 + (text[at] - '0');
      at++;
    }
    if (at == first) return fail_at(scanner, at, at == length ? CSCANNER_UNEXPECTED_END : CSCANNER_BAD_NUMBER);
    if (negative) exponent = -exponent;
  }
  if (!token->is_integer) token->is_exact = false;
  token->length = (size_t)(text + at - token->text);
  scanner->position = at;
  if (scanner->mode == CSCANNER_LENIENT || token->is_exact) return CSCANNER_OK;

  size_t first = whole;
  while (first < digits_end && (text[first] == '0' || text[first] == '.')) first++;
  if (first == digits_end) return CSCANNER_OK;
  const int64_t place =
      first < whole_end ? (int64_t)(whole_end - first) - 1 : -(int64_t)(first - whole_end);
  if (beyond_double(text + first, digits_end - first, exponent + place))
    return fail_at(scanner, token->offset, CSCANNER_NUMBER_RANGE);
  return CSCANNER_OK;
}

// Reads `word` at `at`, or fails at the first byte that differs.
static cscanner_result scan_word(cscanner *scanner, size_t at, const char *word, cscanner_kind kind,
                                 cscanner_token *token) {
  token->kind = kind;
  token->offset = at;
  token->text = scanner->text + at;
  token->length = strlen(word);
  for (size_t index = 0; index < token->length; index++) {
    if (at + index == scanner->length) return fail_at(scanner, at + index, CSCANNER_UNEXPECTED_END);
    if (scanner->text[at + index] != (uint8_t)word[index])
      return fail_at(scanner, at + index, CSCANNER_UNEXPECTED_BYTE);
  }
  scanner->position = at + token->length;
  return CSCANNER_OK;
}

static cscanner_result open_container(cscanner *scanner, size_t at, bool object, cscanner_token *token) {
  if (scanner->depth + 1 >= CSCANNER_DEPTH_LIMIT) return fail_at(scanner, at, CSCANNER_TOO_DEEP);
  const uint64_t bit = (uint64_t)1 << (scanner->depth % 64);
  if (object)
    scanner->is_object[scanner->depth / 64] |= bit;
  else
    scanner->is_object[scanner->depth / 64] &= ~bit;
  scanner->depth++;
  scanner->expects = object ? EXPECTS_FIRST_KEY : EXPECTS_FIRST_VALUE;
  scanner->position = at + 1;
  token->kind = object ? CSCANNER_OBJECT_BEGIN : CSCANNER_ARRAY_BEGIN;
  token->offset = at;
  token->text = scanner->text + at;
  token->length = 1;
  return CSCANNER_OK;
}

static cscanner_result close_container(cscanner *scanner, size_t at, cscanner_token *token) {
  token->kind = inside_object(scanner) ? CSCANNER_OBJECT_END : CSCANNER_ARRAY_END;
  token->offset = at;
  token->text = scanner->text + at;
  token->length = 1;
  scanner->depth--;
  scanner->expects = EXPECTS_SEPARATOR;
  scanner->position = at + 1;
  return CSCANNER_OK;
}

static cscanner_result scan_value(cscanner *scanner, size_t at, cscanner_token *token) {
  const bool lenient = scanner->mode == CSCANNER_LENIENT;
  scanner->expects = EXPECTS_SEPARATOR;
  switch (scanner->text[at]) {
  case '{': return open_container(scanner, at, true, token);
  case '[': return open_container(scanner, at, false, token);
  case '"': token->kind = CSCANNER_STRING; return scan_string(scanner, at, token);
  case 't': return scan_word(scanner, at, "true", CSCANNER_TRUE, token);
  case 'f': return scan_word(scanner, at, "false", CSCANNER_FALSE, token);
  case 'n': return scan_word(scanner, at, "null", CSCANNER_NULL, token);
  case 'N':
    if (lenient) return scan_word(scanner, at, "NaN", CSCANNER_NOT_A_NUMBER, token);
    break;
  case 'I':
    if (lenient) return scan_word(scanner, at, "Infinity", CSCANNER_NOT_A_NUMBER, token);
    break;
  case '-':
    if (lenient && at + 1 < scanner->length && scanner->text[at + 1] == 'I')
      return scan_word(scanner, at, "-Infinity", CSCANNER_NOT_A_NUMBER, token);
    return scan_number(scanner, at, token);
  default:
    if (is_digit(scanner->text[at])) return scan_number(scanner, at, token);
  }
  return fail_at(scanner, at, CSCANNER_UNEXPECTED_BYTE);
}

static cscanner_result scan_key(cscanner *scanner, size_t at, cscanner_token *token) {
  if (scanner->text[at] != '"') return fail_at(scanner, at, CSCANNER_UNEXPECTED_BYTE);
  token->kind = CSCANNER_KEY;
  const cscanner_result result = scan_string(scanner, at, token);
  if (result != CSCANNER_OK) return result;
  at = skip_space(scanner, scanner->position);
  if (at == scanner->length) return fail_at(scanner, at, CSCANNER_UNEXPECTED_END);
  if (scanner->text[at] != ':') return fail_at(scanner, at, CSCANNER_UNEXPECTED_BYTE);
  scanner->position = at + 1;
  scanner->expects = EXPECTS_VALUE;
  return CSCANNER_OK;
}

cscanner_result cscanner_next(cscanner *scanner, cscanner_token *token) {
  size_t at = skip_space(scanner, scanner->position);
  if (scanner->expects == EXPECTS_SEPARATOR) {
    if (scanner->depth == 0) {
      if (at != scanner->length) return fail_at(scanner, at, CSCANNER_TRAILING_TEXT);
      scanner->position = at;
      token->kind = CSCANNER_END;
      token->offset = at;
      token->text = scanner->text + at;
      token->length = 0;
      return CSCANNER_OK;
    }
    if (at == scanner->length) return fail_at(scanner, at, CSCANNER_UNEXPECTED_END);
    const bool object = inside_object(scanner);
    if (scanner->text[at] == (object ? '}' : ']')) return close_container(scanner, at, token);
    if (scanner->text[at] != ',') return fail_at(scanner, at, CSCANNER_UNEXPECTED_BYTE);
    scanner->expects = object ? EXPECTS_KEY : EXPECTS_VALUE;
    at = skip_space(scanner, at + 1);
  }
  if (at == scanner->length) return fail_at(scanner, at, CSCANNER_UNEXPECTED_END);
  switch (scanner->expects) {
  case EXPECTS_FIRST_KEY:
    if (scanner->text[at] == '}') return close_container(scanner, at, token);
    return scan_key(scanner, at, token);
  case EXPECTS_KEY: return scan_key(scanner, at, token);
  case EXPECTS_FIRST_VALUE:
    if (scanner->text[at] == ']') return close_container(scanner, at, token);
    return scan_value(scanner, at, token);
  default: return scan_value(scanner, at, token);
  }
}

void cscanner_take_value(cscanner *scanner, size_t length) {
  scanner->position += length;
  scanner->expects = EXPECTS_SEPARATOR;
}

cscanner_result cscanner_skip(cscanner *scanner, const cscanner_token *first) {
  if (first->kind != CSCANNER_OBJECT_BEGIN && first->kind != CSCANNER_ARRAY_BEGIN) return CSCANNER_OK;
  const unsigned outside = scanner->depth - 1;
  cscanner_token token;
  while (scanner->depth > outside) {
    const cscanner_result result = cscanner_next(scanner, &token);
    if (result != CSCANNER_OK) return result;
  }
  return CSCANNER_OK;
}

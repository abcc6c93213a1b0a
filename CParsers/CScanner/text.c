#include <string.h>

#include "cscanner.h"

static size_t put_scalar(uint32_t scalar, uint8_t *output) {
  if (scalar < 0x80) {
    output[0] = (uint8_t)scalar;
    return 1;
  }
  if (scalar < 0x800) {
    output[0] = (uint8_t)(0xC0 | (scalar >> 6));
    output[1] = (uint8_t)(0x80 | (scalar & 0x3F));
    return 2;
  }
  if (scalar < 0x10000) {
    output[0] = (uint8_t)(0xE0 | (scalar >> 12));
    output[1] = (uint8_t)(0x80 | ((scalar >> 6) & 0x3F));
    output[2] = (uint8_t)(0x80 | (scalar & 0x3F));
    return 3;
  }
  output[0] = (uint8_t)(0xF0 | (scalar >> 18));
  output[1] = (uint8_t)(0x80 | ((scalar >> 12) & 0x3F));
  output[2] = (uint8_t)(0x80 | ((scalar >> 6) & 0x3F));
  output[3] = (uint8_t)(0x80 | (scalar & 0x3F));
  return 4;
}

// Four hexadecimal digits that the scanner has already checked.
static uint32_t checked_quad(const uint8_t *text) {
  uint32_t value = 0;
  for (int index = 0; index < 4; index++) {
    const uint8_t byte = text[index];
    const uint32_t digit = byte <= '9' ? byte - (uint32_t)'0' : (byte | 0x20U) - (uint32_t)'a' + 10;
    value = (value << 4) | (digit & 0xF);
  }
  return value;
}

size_t cscanner_decode(const cscanner_token *token, uint8_t *output) {
  const uint8_t *text = token->text;
  const size_t length = token->length;
  if (!token->has_escapes) {
    if (length != 0) memcpy(output, text, length);
    return length;
  }
  size_t at = 0, written = 0;
  while (at < length) {
    if (text[at] != '\\') {
      output[written++] = text[at++];
      continue;
    }
    const uint8_t kind = text[at + 1];
    at += 2;
    switch (kind) {
    case 'b': output[written++] = '\b'; break;
    case 'f': output[written++] = '\f'; break;
    case 'n': output[written++] = '\n'; break;
    case 'r': output[written++] = '\r'; break;
    case 't': output[written++] = '\t'; break;
    case 'u': {
      uint32_t scalar = checked_quad(text + at);
      at += 4;
      if (scalar >= 0xD800 && scalar <= 0xDFFF) {
        uint32_t low = 0;
        if (scalar <= 0xDBFF && length - at >= 6 && text[at] == '\\' && text[at + 1] == 'u')
          low = checked_quad(text + at + 2);
        if (low >= 0xDC00 && low <= 0xDFFF) {
          scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00);
          at += 6;
        } else {
          scalar = 0xFFFD;
        }
      }
      written += put_scalar(scalar, output + written);
      break;
    }
    default: output[written++] = kind;
    }
  }
  return written;
}

static bool is_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

size_t cscanner_valid_prefix(const uint8_t *text, size_t length) {
  size_t at = 0;
  while (at < length) {
    uint64_t words[2];
    while (length - at >= sizeof words) {
      memcpy(words, text + at, sizeof words);
      if (((words[0] | words[1]) & 0x8080808080808080U) != 0) break;
      at += sizeof words;
    }
    if (at == length) break;
    const uint8_t lead = text[at];
    const size_t left = length - at;
    if (lead < 0x80) {
      at++;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
      if (left < 2 || !is_continuation(text[at + 1])) return at;
      at += 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      if (left < 3 || !is_continuation(text[at + 1]) || !is_continuation(text[at + 2])) return at;
      if (lead == 0xE0 && text[at + 1] < 0xA0) return at;
      if (lead == 0xED && text[at + 1] > 0x9F) return at;
      at += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      if (left < 4 || !is_continuation(text[at + 1]) || !is_continuation(text[at + 2]) ||
          !is_continuation(text[at + 3]))
        return at;
      if (lead == 0xF0 && text[at + 1] < 0x90) return at;
      if (lead == 0xF4 && text[at + 1] > 0x8F) return at;
      at += 4;
    } else {
      return at;
    }
  }
  return at;
}

void cscanner_locate(const uint8_t *text, size_t length, size_t offset, size_t *line, size_t *column) {
  if (offset > length) offset = length;
  size_t lines = 1, begin = 0;
  for (size_t at = 0; at < offset; at++) {
    if (text[at] != '\n') continue;
    lines++;
    begin = at + 1;
  }
  *line = lines;
  *column = offset - begin + 1;
}

#include "window.h"

#include <stdlib.h>

// What is read at first where a payload was stepped over.
#define JUMP_SIZE 4096U

bool window_begin(window *window, const connx_source *source) {
  window->source = *source;
  window->position = window->begin = window->claimed = 0;
  window->filled = 0;
  window->bytes = malloc(WINDOW_SIZE);
  return window->bytes != NULL;
}

void window_end(window *window) { free(window->bytes); }

const uint8_t *window_bytes(window *window, size_t count) {
  const bool is_inside = window->position >= window->begin && window->position - window->begin <= window->filled &&
                         window->filled - (window->position - window->begin) >= count;
  if (!is_inside) {
    // Behind a payload there may be just a tag and the next payload.
    const bool is_jump = window->position > window->begin + window->filled;
    const size_t usual = is_jump && count < JUMP_SIZE ? JUMP_SIZE : WINDOW_SIZE;
    const uint64_t left = window->source.length - window->position;
    const size_t wanted = left < usual ? (size_t)left : usual;
    window->filled = 0;
    if (!window->source.read(window->source.context, window->position, window->bytes, wanted)) return NULL;
    window->begin = window->position;
    window->filled = wanted;
  }
  return window->bytes + (window->position - window->begin);
}

connx_result window_varint(window *window, uint64_t end, unsigned longest, uint64_t *value) {
  const uint64_t left = end - window->position;
  const unsigned available = left < longest ? (unsigned)left : longest;
  const uint8_t *bytes = available == 0 ? NULL : window_bytes(window, available);
  if (available != 0 && bytes == NULL) return CONNX_READ_FAILED;
  uint64_t number = 0;
  for (unsigned index = 0; index < available; index++) {
    number |= (uint64_t)(bytes[index] & 0x7F) << (7 * index);
    if ((bytes[index] & 0x80) == 0) {
      window->position += index + 1;
      *value = number;
      return CONNX_OK;
    }
  }
  if (available == longest) return CONNX_BAD_VARINT;
  window->claimed = end + 1;
  return CONNX_PAST_END;
}

connx_result window_expect(window *window, uint64_t end, uint64_t length) {
  if (length <= end - window->position) return CONNX_OK;
  window->claimed = length > UINT64_MAX - window->position ? UINT64_MAX : window->position + length;
  return CONNX_PAST_END;
}

connx_result window_tag(window *window, uint64_t end, uint32_t *field, wire_type *wire) {
  uint64_t tag;
  const connx_result result = window_varint(window, end, 5, &tag);
  if (result != CONNX_OK) return result;
  if (tag > UINT32_MAX || tag >> 3 == 0) return CONNX_BAD_TAG;
  window->claimed = tag & 7;
  if ((tag & 7) > WIRE_FIXED32) return CONNX_BAD_WIRE_TYPE;
  *field = (uint32_t)(tag >> 3);
  *wire = (wire_type)(tag & 7);
  return CONNX_OK;
}

connx_result window_length(window *window, uint64_t end, uint64_t *length) {
  const connx_result result = window_varint(window, end, 10, length);
  return result != CONNX_OK ? result : window_expect(window, end, *length);
}

connx_result window_skip(window *window, uint64_t end, wire_type wire) {
  uint64_t length = 0;
  connx_result result = CONNX_OK;
  switch (wire) {
    case WIRE_VARINT: return window_varint(window, end, 10, &length);
    case WIRE_BYTES: result = window_length(window, end, &length); break;
    case WIRE_FIXED32: length = 4; break;
    case WIRE_FIXED64: length = 8; break;
    default: return CONNX_STRAY_GROUP_END;
  }
  if (result == CONNX_OK) result = window_expect(window, end, length);
  if (result == CONNX_OK) window->position += length;
  return result;
}

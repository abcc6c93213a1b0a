/// What the readers of binary and text formats share: growing lists, and little-endian numbers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Makes room for `wanted` items of `size` bytes in a list, doubling `*capacity`; `list` is the address of the pointer
/// to its items, whatever their type. False when memory has run out, and then nothing has changed.
bool cbytes_reserve(void *list, size_t *capacity, size_t wanted, size_t size);

/// The little-endian number of `count` bytes, at most 8, at `bytes`.
static inline uint64_t cbytes_number(const uint8_t *bytes, size_t count) {
  uint64_t value = 0;
  for (size_t index = count; index > 0; index--) value = value << 8 | bytes[index - 1];
  return value;
}

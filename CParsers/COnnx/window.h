/// A file's bytes through a window: numbers and tags are read out of it, payloads are stepped over.
#pragma once

#include "connx.h"

#define WINDOW_SIZE 65536U

typedef enum {
  WIRE_VARINT = 0,
  WIRE_FIXED64 = 1,
  WIRE_BYTES = 2,
  WIRE_GROUP_BEGIN = 3,
  WIRE_GROUP_END = 4,
  WIRE_FIXED32 = 5,
} wire_type;

/// A place in a file and the bytes around it.
typedef struct {
  connx_source source;
  /// The next byte to be read.
  uint64_t position;
  /// What an error is about: where a value that goes too far would end, at least, or the wire type of a tag.
  uint64_t claimed;
  /// The window: `filled` bytes of the file from `begin` on.
  uint64_t begin;
  size_t filled;
  uint8_t *bytes;
} window;

/// Begins at the file's first byte; false where memory has run out. `window_end` frees what it took.
bool window_begin(window *window, const connx_source *source);
void window_end(window *window);

/// The `count` bytes at the position, valid until the next call; NULL where the source fails. They must be within the
/// file, and at most WINDOW_SIZE.
const uint8_t *window_bytes(window *window, size_t count);

/// Reads a number of at most `longest` bytes that ends before `end`, a byte of the file. What passes 64 bits is cut off,
/// as protobuf does.
connx_result window_varint(window *window, uint64_t end, unsigned longest, uint64_t *value);

/// Checks that `length` bytes are left before `end`.
connx_result window_expect(window *window, uint64_t end, uint64_t length);

/// Reads a tag. A field number of 0 and wire types 6 and 7 are errors.
connx_result window_tag(window *window, uint64_t end, uint32_t *field, wire_type *wire);

/// Reads the length of a field and checks that so many bytes are left before `end`.
connx_result window_length(window *window, uint64_t end, uint64_t *length);

/// Steps over a value that is no group.
connx_result window_skip(window *window, uint64_t end, wire_type wire);

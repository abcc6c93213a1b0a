/// The pre-pass: from a file's bytes to a message that libprotobuf-c can be trusted with.
#pragma once

#include "connx.h"

typedef struct {
  connx_note notes[CONNX_NOTE_LIMIT];
  size_t count;
  uint64_t totals[CONNX_NOTE_KINDS];
} skeleton_notes;

/// A message as protobuf writes it: well-formed, nested within the limits, without payloads and unknown fields.
typedef struct {
  uint8_t *bytes;
  size_t length, capacity;
} skeleton;

/// Reads the message of type `type` that `source` holds. The caller frees `made->bytes`, on failure too.
connx_result skeleton_read(const connx_source *source, const ProtobufCMessageDescriptor *type,
                           const connx_limits *limits, skeleton *made, skeleton_notes *notes, connx_error *error);

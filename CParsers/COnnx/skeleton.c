#include "skeleton.h"

#include <stdlib.h>
#include <string.h>

#include "window.h"

// More fields than any message of the schema has.
#define FIELD_LIMIT 32
// Lengths of messages are known when they end; this many bytes are kept for them, enough for 2^31.
#define LENGTH_SIZE 5
#define PRIVATE_FIELD 100000000U

// What unpacking takes for a field, a message (beside its struct) and a text (beside its bytes): libprotobuf-c 1.4.1
// notes each field in 40 bytes before it allocates, and an allocation takes 16 bytes more than it was asked for.
#define FIELD_COST 40
#define MESSAGE_COST 24
#define BYTES_COST 16

// What is known of a tensor's value field.
typedef struct {
  uint64_t offset, length;  // of the last occurrence
  uint64_t runs, count;
  uint64_t taken;           // bytes of all occurrences
  bool is_counted, kept;
} tally;

typedef struct {
  const ProtobufCMessageDescriptor *type;
  uint64_t end;
  uint8_t parts[FIELD_LIMIT];
  tally *tallies;  // of a tensor's fields, by index; NULL for other messages
} frame;

typedef struct {
  window window;
  skeleton *made;
  const connx_limits *limits;
  uint64_t cost;
  unsigned depth;
  skeleton_notes *notes;
  connx_error *error;
} walk;

// The field's name and the message's go into the error; `field` is NULL where the error is about a tag.
static connx_result fail(walk *walk, connx_result result, uint64_t offset, const frame *frame,
                         const ProtobufCFieldDescriptor *field) {
  connx_error *error = walk->error;
  if (error->result != CONNX_OK) return result;
  // At the end of everything, the file is cut off; before it, a length is wrong.
  if (result == CONNX_PAST_END && frame->end == walk->window.source.length) result = CONNX_TRUNCATED;
  error->result = result;
  error->offset = offset;
  if (result == CONNX_PAST_END || result == CONNX_TRUNCATED) {
    error->expected = frame->end;
    error->found = walk->window.claimed;
  }
  if (result == CONNX_BAD_WIRE_TYPE) error->found = walk->window.claimed;
  error->message = frame->type->short_name;
  error->field = field == NULL ? "" : field->name;
  return result;
}

static void note(walk *walk, connx_note_kind kind, uint64_t offset, const frame *frame,
                 const ProtobufCFieldDescriptor *field) {
  skeleton_notes *notes = walk->notes;
  if (notes->totals[kind]++ != 0 && notes->count >= CONNX_NOTE_LIMIT / 2) return;
  if (notes->count == CONNX_NOTE_LIMIT) return;
  notes->notes[notes->count++] = (connx_note){kind, offset, frame->type->short_name, field->name};
}

// Writing.

static connx_result reserve(walk *walk, size_t count) {
  skeleton *made = walk->made;
  if (count > walk->limits->skeleton - made->length) {
    walk->error->expected = walk->limits->skeleton;
    return CONNX_TOO_LARGE;
  }
  const size_t wanted = made->length + count;
  if (wanted <= made->capacity) return CONNX_OK;
  const size_t doubled = made->capacity < 4096 ? 4096 : made->capacity * 2;
  const size_t grown = doubled < wanted ? wanted : doubled;
  uint8_t *bytes = realloc(made->bytes, grown);
  if (bytes == NULL) return CONNX_NO_MEMORY;
  made->bytes = bytes;
  made->capacity = grown;
  return CONNX_OK;
}

static connx_result put(walk *walk, const void *bytes, size_t count) {
  const connx_result result = reserve(walk, count);
  if (result != CONNX_OK) return result;
  if (count != 0) memcpy(walk->made->bytes + walk->made->length, bytes, count);
  walk->made->length += count;
  return CONNX_OK;
}

static connx_result put_varint(walk *walk, uint64_t value) {
  uint8_t bytes[10];
  size_t count = 0;
  do {
    bytes[count++] = (uint8_t)((value & 0x7F) | (value > 0x7F ? 0x80 : 0));
    value >>= 7;
  } while (value != 0);
  return put(walk, bytes, count);
}

static connx_result charge(walk *walk, uint64_t cost) {
  walk->cost += cost;
  if (walk->cost <= walk->limits->memory) return CONNX_OK;
  walk->error->expected = walk->limits->memory;
  return CONNX_TOO_LARGE;
}

static connx_result put_tag(walk *walk, uint32_t field, wire_type wire) {
  const connx_result result = charge(walk, FIELD_COST);
  return result != CONNX_OK ? result : put_varint(walk, (uint64_t)field << 3 | (uint64_t)wire);
}

// Begins a stretch whose length `end_stretch` will know.
static connx_result begin_stretch(walk *walk, uint32_t field, size_t *begin) {
  connx_result result = put_tag(walk, field, WIRE_BYTES);
  if (result == CONNX_OK) result = reserve(walk, LENGTH_SIZE);
  if (result == CONNX_OK) *begin = walk->made->length += LENGTH_SIZE;
  return result;
}

static void end_stretch(walk *walk, size_t begin) {
  const size_t length = walk->made->length - begin;
  uint8_t *place = walk->made->bytes + begin - LENGTH_SIZE;
  for (unsigned index = 0; index < LENGTH_SIZE; index++)
    place[index] = (uint8_t)((length >> (7 * index) & 0x7F) | (index + 1 < LENGTH_SIZE ? 0x80 : 0));
}

// Copies bytes of the file, at most a window at a time.
static connx_result copy(walk *walk, uint64_t count) {
  connx_result result = reserve(walk, count < SIZE_MAX ? (size_t)count : SIZE_MAX);
  while (result == CONNX_OK && count > 0) {
    const size_t part = count < WINDOW_SIZE ? (size_t)count : WINDOW_SIZE;
    const uint8_t *bytes = window_bytes(&walk->window, part);
    if (bytes == NULL) return CONNX_READ_FAILED;
    result = put(walk, bytes, part);
    walk->window.position += part;
    count -= part;
  }
  return result;
}

// What the schema says of a field.

static wire_type wire_of(const ProtobufCFieldDescriptor *field) {
  switch (field->type) {
    case PROTOBUF_C_TYPE_FLOAT: return WIRE_FIXED32;
    case PROTOBUF_C_TYPE_DOUBLE: return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return WIRE_BYTES;
    default: return WIRE_VARINT;
  }
}

// Numbers that can be repeated come one by one or packed, whatever the schema says.
static bool takes(const ProtobufCFieldDescriptor *field, wire_type wire) {
  const wire_type plain = wire_of(field);
  return wire == plain || (wire == WIRE_BYTES && field->label == PROTOBUF_C_LABEL_REPEATED);
}

static bool is_payload(const ProtobufCFieldDescriptor *field) {
  switch (field->id) {
    case 4: case 5: case 6: case 7: case 9: case 10: case 11: return true;
    default: return false;
  }
}

static uint64_t width(wire_type wire) { return wire == WIRE_FIXED32 ? 4 : 8; }

// Reading.

static connx_result walk_message(walk *walk, const ProtobufCMessageDescriptor *type, uint64_t end);

static connx_result enter(walk *walk) {
  if (walk->depth == walk->limits->depth) {
    walk->error->expected = walk->limits->depth;
    return CONNX_TOO_DEEP;
  }
  walk->depth++;
  return CONNX_OK;
}

// Steps over a group, whose begin has been read.
static connx_result skip_group(walk *walk, uint64_t end, uint32_t group) {
  connx_result result = enter(walk);
  while (result == CONNX_OK) {
    uint32_t field;
    wire_type wire;
    result = window_tag(&walk->window, end, &field, &wire);
    if (result != CONNX_OK) break;
    if (wire == WIRE_GROUP_END) {
      walk->depth--;
      return field == group ? CONNX_OK : CONNX_STRAY_GROUP_END;
    }
    result = wire == WIRE_GROUP_BEGIN ? skip_group(walk, end, field) : window_skip(&walk->window, end, wire);
  }
  return result;
}

static connx_result keep_number(walk *walk, const ProtobufCFieldDescriptor *field, wire_type wire, uint64_t end) {
  connx_result result = put_tag(walk, field->id, wire);
  if (result != CONNX_OK) return result;
  if (wire == WIRE_VARINT) {
    uint64_t value = 0;
    result = window_varint(&walk->window, end, 10, &value);
    return result != CONNX_OK ? result : put_varint(walk, value);
  }
  result = window_expect(&walk->window, end, width(wire));
  return result != CONNX_OK ? result : copy(walk, width(wire));
}

// Packed numbers of `length` bytes. Varints are written anew, so that no malformed one is left.
static connx_result keep_packed(walk *walk, const ProtobufCFieldDescriptor *field, uint64_t length, uint64_t *count) {
  const wire_type wire = wire_of(field);
  const uint64_t end = walk->window.position + length;
  size_t begin = 0;
  connx_result result = begin_stretch(walk, field->id, &begin);
  if (result == CONNX_OK && wire != WIRE_VARINT) {
    *count = length / width(wire);
    result = charge(walk, length);
    if (result == CONNX_OK) result = copy(walk, length);
  }
  while (result == CONNX_OK && walk->window.position < end) {
    uint64_t value = 0;
    result = window_varint(&walk->window, end, 10, &value);
    if (result == CONNX_OK) result = put_varint(walk, value);
    if (result == CONNX_OK) result = charge(walk, 8);
    *count += 1;
  }
  if (result == CONNX_OK) end_stretch(walk, begin);
  return result;
}

static connx_result keep_bytes(walk *walk, const ProtobufCFieldDescriptor *field, uint64_t length) {
  connx_result result = put_tag(walk, field->id, WIRE_BYTES);
  if (result == CONNX_OK) result = charge(walk, BYTES_COST + length);
  if (result == CONNX_OK) result = put_varint(walk, length);
  return result != CONNX_OK ? result : copy(walk, length);
}

static connx_result keep_message(walk *walk, const ProtobufCFieldDescriptor *field, uint64_t length) {
  size_t begin = 0;
  connx_result result = enter(walk);
  if (result == CONNX_OK) result = begin_stretch(walk, field->id, &begin);
  if (result != CONNX_OK) return result;
  result = walk_message(walk, field->descriptor, walk->window.position + length);
  if (result == CONNX_OK) end_stretch(walk, begin);
  walk->depth--;
  return result;
}

// The bytes of the file that a value counts for in the limit: those of its elements, and of texts their lengths too, so
// that a million empty ones are not nothing.
static uint64_t size_of(const walk *walk, const ProtobufCFieldDescriptor *field, uint64_t offset, uint64_t length) {
  const bool is_text = field->type == PROTOBUF_C_TYPE_BYTES && field->label == PROTOBUF_C_LABEL_REPEATED;
  return is_text ? walk->window.position - offset + length : length;
}

static connx_result keep_payload(walk *walk, tally *tally, const ProtobufCFieldDescriptor *field, wire_type wire,
                                 uint64_t end) {
  if (wire == WIRE_BYTES && field->type != PROTOBUF_C_TYPE_BYTES)
    return keep_packed(walk, field, tally->length, &tally->count);
  tally->count++;
  if (wire == WIRE_BYTES) return keep_bytes(walk, field, tally->length);
  const uint64_t begin = walk->window.position;
  const connx_result result = keep_number(walk, field, wire, end);
  tally->length = walk->window.position - begin;
  tally->taken += tally->length;
  if (tally->taken > walk->limits->kept) tally->kept = false;
  return result;
}

static connx_result drop_payload(walk *walk, tally *tally, const ProtobufCFieldDescriptor *field, wire_type wire,
                                 uint64_t end) {
  const wire_type plain = wire_of(field);
  tally->kept = false;
  if (wire != WIRE_BYTES) {
    tally->count++;
    return window_skip(&walk->window, end, wire);
  }
  walk->window.position += tally->length;
  if (plain == WIRE_BYTES) tally->count++;
  else if (plain == WIRE_VARINT) tally->is_counted = false;
  else tally->count += tally->length / width(plain);
  return CONNX_OK;
}

// One of a tensor's value fields; `offset` is that of its tag. It is kept as long as all of its occurrences together
// are short, except for the raw bytes, of which the last occurrence counts.
static connx_result read_payload(walk *walk, const frame *frame, const ProtobufCFieldDescriptor *field, wire_type wire,
                                 uint64_t offset) {
  tally *tally = &frame->tallies[field - frame->type->fields];
  const wire_type plain = wire_of(field);
  uint64_t length = 0;
  const connx_result result = wire == WIRE_BYTES ? window_length(&walk->window, frame->end, &length) : CONNX_OK;
  if (result != CONNX_OK) return result;
  if (wire == WIRE_BYTES && plain != WIRE_BYTES && plain != WIRE_VARINT && length % width(plain) != 0) {
    walk->error->found = length;
    walk->error->expected = width(plain);
    return CONNX_BAD_PACKED;
  }
  if (tally->runs++ == 0) tally->is_counted = tally->kept = true;
  if (field->label != PROTOBUF_C_LABEL_REPEATED) {
    tally->taken = tally->count = 0;
    tally->kept = true;
  }
  tally->offset = walk->window.position;
  tally->length = length;
  if (wire == WIRE_BYTES) tally->taken += size_of(walk, field, offset, length);
  return tally->kept && tally->taken <= walk->limits->kept ? keep_payload(walk, tally, field, wire, frame->end)
                                                           : drop_payload(walk, tally, field, wire, frame->end);
}

static connx_result put_number(walk *walk, uint32_t field, uint64_t value) {
  const connx_result result = put_tag(walk, field, WIRE_VARINT);
  return result != CONNX_OK ? result : put_varint(walk, value);
}

// Says where a tensor's value field lies.
static connx_result put_payload(walk *walk, uint32_t field, const tally *tally) {
  size_t begin = 0;
  connx_result result = charge(walk, connx__payload__descriptor.sizeof_message + MESSAGE_COST);
  if (result == CONNX_OK) result = begin_stretch(walk, PRIVATE_FIELD, &begin);
  if (result == CONNX_OK) result = put_number(walk, 1, field);
  if (result == CONNX_OK) result = put_number(walk, 2, tally->offset);
  if (result == CONNX_OK) result = put_number(walk, 3, tally->length);
  if (result == CONNX_OK) result = put_number(walk, 4, tally->runs);
  if (result == CONNX_OK && tally->is_counted) result = put_number(walk, 5, tally->count);
  if (result == CONNX_OK) result = put_number(walk, 6, tally->kept ? 1 : 0);
  if (result == CONNX_OK) end_stretch(walk, begin);
  return result;
}

// A field that the schema knows, with a wire type that it takes; `offset` is that of its tag.
static connx_result read_known(walk *walk, frame *frame, const ProtobufCFieldDescriptor *field, wire_type wire,
                               uint64_t offset) {
  if (frame->tallies != NULL && is_payload(field)) return read_payload(walk, frame, field, wire, offset);
  if (wire != WIRE_BYTES) return keep_number(walk, field, wire, frame->end);
  uint64_t length, count = 0;
  const connx_result result = window_length(&walk->window, frame->end, &length);
  if (result != CONNX_OK) return result;
  if (field->type == PROTOBUF_C_TYPE_BYTES) return keep_bytes(walk, field, length);
  if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
    uint8_t *parts = &frame->parts[field - frame->type->fields];
    if (field->label != PROTOBUF_C_LABEL_REPEATED && (*parts)++ != 0) {
      if (*parts > CONNX_PART_LIMIT) return CONNX_TOO_MANY_PARTS;
      note(walk, CONNX_NOTE_MERGED, offset, frame, field);
    }
    return keep_message(walk, field, length);
  }
  if (wire_of(field) != WIRE_VARINT && length % width(wire_of(field)) != 0) {
    walk->error->found = length;
    walk->error->expected = width(wire_of(field));
    return CONNX_BAD_PACKED;
  }
  return keep_packed(walk, field, length, &count);
}

static connx_result walk_fields(walk *walk, frame *frame) {
  while (walk->window.position < frame->end) {
    const uint64_t offset = walk->window.position;
    uint32_t number = 0;
    wire_type wire = WIRE_VARINT;
    connx_result result = window_tag(&walk->window, frame->end, &number, &wire);
    if (result != CONNX_OK) return fail(walk, result, offset, frame, NULL);
    const ProtobufCFieldDescriptor *field =
        number >= PRIVATE_FIELD ? NULL : protobuf_c_message_descriptor_get_field(frame->type, number);
    if (field != NULL && takes(field, wire)) {
      result = read_known(walk, frame, field, wire, offset);
    } else {
      if (field != NULL) note(walk, CONNX_NOTE_WIRE_TYPE, offset, frame, field);
      result = wire == WIRE_GROUP_BEGIN ? skip_group(walk, frame->end, number)
                                        : window_skip(&walk->window, frame->end, wire);
    }
    if (result != CONNX_OK) return fail(walk, result, offset, frame, field);
  }
  return CONNX_OK;
}

// A tensor's tallies are large, so that they are not in the frame of every message.
static connx_result walk_tensor(walk *walk, frame *frame) {
  tally tallies[FIELD_LIMIT] = {{0}};
  frame->tallies = tallies;
  connx_result result = walk_fields(walk, frame);
  for (unsigned index = 0; result == CONNX_OK && index < frame->type->n_fields; index++) {
    if (tallies[index].runs == 0) continue;
    result = put_payload(walk, frame->type->fields[index].id, &tallies[index]);
    if (result != CONNX_OK) result = fail(walk, result, walk->window.position, frame, NULL);
  }
  return result;
}

static connx_result walk_message(walk *walk, const ProtobufCMessageDescriptor *type, uint64_t end) {
  frame frame = {.type = type, .end = end};
  const connx_result result = charge(walk, type->sizeof_message + MESSAGE_COST);
  if (result != CONNX_OK) return fail(walk, result, walk->window.position, &frame, NULL);
  return type == &connx__tensor__descriptor ? walk_tensor(walk, &frame) : walk_fields(walk, &frame);
}

connx_result skeleton_read(const connx_source *source, const ProtobufCMessageDescriptor *type,
                           const connx_limits *limits, skeleton *made, skeleton_notes *notes, connx_error *error) {
  walk walk = {.made = made, .limits = limits, .notes = notes, .error = error};
  connx_result result = CONNX_NO_MEMORY;
  if (window_begin(&walk.window, source)) result = walk_message(&walk, type, source->length);
  window_end(&walk.window);
  return error->result = result == CONNX_OK || error->result == CONNX_OK ? result : error->result;
}

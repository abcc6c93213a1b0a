/// Reader of ONNX files that leaves weights where they are.
///
/// libprotobuf-c has no limit on nesting, copies whatever a message holds, and cannot take a field of 2 GiB. So a
/// pre-pass walks the file's wire format first, through a window of a few KiB: it checks every tag and length, drops
/// what `onnx.proto` does not name, and puts a `Payload`, which says where they lie, in the place of a tensor's values.
/// The message that is left grows with the graph alone; libprotobuf-c unpacks it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "onnx.pb-c.h"

/// How many notes are kept; of a hostile file's millions the first few say it all.
#define CONNX_NOTE_LIMIT 20
/// How often a part that can be there once may be there: protobuf merges them, at a cost that grows with their square.
#define CONNX_PART_LIMIT 16

/// Where the bytes come from.
typedef struct {
  /// Fills `buffer` with `length` bytes of the file from `offset` on, all of them within the file; false where it
  /// cannot.
  bool (*read)(void *context, uint64_t offset, uint8_t *buffer, size_t length);
  void *context;
  /// The file's length in bytes.
  uint64_t length;
} connx_source;

/// What a file may ask for. `connx_default_limits` has sensible ones.
typedef struct {
  /// Messages and groups within one another below the outermost; protobuf's own readers allow 100.
  unsigned depth;
  /// Bytes of the message that is left when the payloads are gone; below 2^31.
  size_t skeleton;
  /// Bytes of memory that unpacking it may take, by an estimate: an empty message takes two bytes of a file and
  /// a hundred times that of memory.
  uint64_t memory;
  /// The longest value field, in bytes of the file, that is kept in its tensor.
  uint64_t kept;
} connx_limits;

typedef enum {
  CONNX_OK = 0,
  CONNX_READ_FAILED,     // the source could not read
  CONNX_TRUNCATED,       // a part would end at `found`, the file ends at `expected`
  CONNX_PAST_END,        // a part would end at `found`, the one around it ends at `expected`
  CONNX_BAD_VARINT,      // a number of more than 10 bytes
  CONNX_BAD_TAG,         // a field number that is 0 or passes 2^29 - 1
  CONNX_BAD_WIRE_TYPE,   // wire type 6 or 7, in `found`
  CONNX_STRAY_GROUP_END, // the end of a group that has not begun
  CONNX_BAD_PACKED,      // packed numbers of `found` bytes, no multiple of `expected`
  CONNX_TOO_DEEP,        // nested beyond the limit, in `expected`
  CONNX_TOO_LARGE,       // graph beyond a limit in bytes, in `expected`
  CONNX_TOO_MANY_PARTS,  // a part is there more than CONNX_PART_LIMIT times
  CONNX_NOT_UNPACKED,    // libprotobuf-c refuses the message, for want of memory most likely
  CONNX_NO_MEMORY,       // memory has run out
} connx_result;

typedef struct {
  connx_result result;
  /// The byte of the file at which the rule was broken.
  uint64_t offset;
  uint64_t expected, found;
  /// What was being read: a message and one of its fields as `onnx.proto` names them, or "" where it has no name.
  /// Constant strings, never NULL, not to be freed.
  const char *message, *field;
} connx_error;

typedef enum {
  CONNX_NOTE_WIRE_TYPE = 0,  // a known field has a wire type that it cannot have; it was ignored, as protobuf does
  CONNX_NOTE_MERGED,         // a part that can be there once is there again; the two were merged, as protobuf does
  CONNX_NOTE_KINDS,          // how many kinds there are
} connx_note_kind;

/// Something that protobuf accepts and no writer means.
typedef struct {
  connx_note_kind kind;
  /// The byte of the file where it stands.
  uint64_t offset;
  /// As in `connx_error`.
  const char *message, *field;
} connx_note;

/// What a file of protobuf holds, judged by the numbers and wire types of its outermost fields.
typedef enum {
  CONNX_GUESS_NONE = 0,     // no protobuf, or none that is known
  CONNX_GUESS_MODEL,        // an ONNX model
  CONNX_GUESS_GRAPH,        // an ONNX graph without the model around it
  CONNX_GUESS_TENSOR,       // an ONNX tensor
  CONNX_GUESS_SAVED_MODEL,  // TensorFlow's saved_model.pb
  CONNX_GUESS_GRAPH_DEF,    // a frozen graph of TensorFlow
} connx_guess;

/// One message of a file, unpacked.
typedef struct connx_document connx_document;

/// Depth 100, a skeleton of 1 GiB, 3 GiB of memory (a graph of some three million nodes), 1,024 bytes kept.
connx_limits connx_default_limits(void);

/// Reads the Model that `source` holds. On success `*document` is owned by the caller, who ends it with `connx_close`;
/// it holds copies, so the source may go. On failure `*document` is NULL, `*error` is filled, and nothing is left to
/// free. Recursion stays within 200 KiB of stack at a depth of 100.
connx_result connx_open(const connx_source *source, const connx_limits *limits, connx_document **document,
                        connx_error *error);

/// The same for a file that holds one Tensor.
connx_result connx_open_tensor(const connx_source *source, const connx_limits *limits, connx_document **document,
                               connx_error *error);

/// The model of `connx_open` or the tensor of `connx_open_tensor`, with the document's lifetime; NULL for the other.
/// A tensor has one Payload for each of its value fields that occurs; those fields count only where it says `kept`.
const Connx__Model *connx_model(const connx_document *document);
const Connx__Tensor *connx_tensor(const connx_document *document);

/// How many notes of a kind there are, and the one at `index` among those kept, below `connx_note_count`.
uint64_t connx_note_total(const connx_document *document, connx_note_kind kind);
size_t connx_note_count(const connx_document *document);
connx_note connx_get_note(const connx_document *document, size_t index);

/// Frees the document and everything that points into it. NULL is allowed.
void connx_close(connx_document *document);

/// Says what a file of protobuf holds. Looks at no more than its first fields, and never fails.
connx_guess connx_guess_content(const connx_source *source);

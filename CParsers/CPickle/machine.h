/// The stack machine: what it has made, and the moves that instructions are put together from.
#pragma once

#include "cpickle.h"

typedef struct {
  uint8_t kind;
  bool has_pairs;
  bool has_items;
  // The items, as a list of links.
  uint32_t first, last;
  union {
    int64_t integer;
    struct {
      uint32_t offset, length;
    } text;
    struct {
      uint32_t callee, arguments;
    } call;
  } value;
  // The second text of a global.
  uint32_t other_offset, other_length;
} node;

typedef struct {
  uint32_t item, next;
} link;

struct cpickle {
  const uint8_t *bytes;
  size_t length;
  node *nodes;
  size_t node_count, node_capacity;
  link *links;
  size_t link_count, link_capacity;
  uint32_t root;
};

typedef struct {
  cpickle *made;
  size_t at;
  // Of nodes; and the heights at which marks were set.
  uint32_t *stack;
  size_t height, stack_capacity;
  size_t *marks;
  size_t mark_count, mark_capacity;
  uint32_t *memo;
  size_t memo_count, memo_capacity;
  // How many values MEMOIZE has filed.
  size_t memoized;
  cpickle_result result;
} machine;

// The moves below return false and set `result` when they fail.

/// Ends the play with a result other than CPICKLE_OK.
bool machine_fail(machine *machine, cpickle_result result);

/// Takes `count` bytes of the pickle; NULL where there are not so many left.
const uint8_t *machine_take(machine *machine, uint64_t count);
/// Takes a little-endian number of `width` bytes.
bool machine_number(machine *machine, size_t width, uint64_t *number);
/// Takes the bytes up to a line's end, which is dropped.
bool machine_line(machine *machine, uint32_t *offset, uint32_t *length);

/// Makes a node and leaves it on the stack; it holds until the next one is made. NULL on failure.
node *machine_make(machine *machine, cpickle_kind kind);
bool machine_push(machine *machine, uint32_t node);
/// Takes the value on top of the stack, which no mark lies above.
bool machine_pop(machine *machine, uint32_t *node);
/// The value on top of the stack.
bool machine_top(machine *machine, uint32_t *node);

bool machine_mark(machine *machine);
/// Drops the last mark; the values above it begin at `*height` of the stack.
bool machine_unmark(machine *machine, size_t *height);

bool machine_append(machine *machine, uint32_t container, uint32_t item);
/// Moves the values from `height` of the stack on into a new node of a kind, which takes their place.
bool machine_gather(machine *machine, cpickle_kind kind, size_t height);
/// Moves the values from `height` of the stack on into the value under them: as pairs, or one by one.
bool machine_fill(machine *machine, size_t height, bool pairs, cpickle_kind plain);
/// A call of `callee` with `arguments`.
bool machine_call(machine *machine, uint32_t callee, uint32_t arguments);

bool machine_store(machine *machine, uint64_t place);
bool machine_recall(machine *machine, uint64_t place);

#include "machine.h"

#include <string.h>

#include "cbytes.h"

bool machine_fail(machine *machine, cpickle_result result) {
  if (machine->result == CPICKLE_OK) machine->result = result;
  return false;
}

const uint8_t *machine_take(machine *machine, uint64_t count) {
  if (count > machine->made->length - machine->at) {
    machine_fail(machine, CPICKLE_TRUNCATED);
    return NULL;
  }
  const uint8_t *const bytes = machine->made->bytes + machine->at;
  machine->at += (size_t)count;
  return bytes;
}

bool machine_number(machine *machine, size_t width, uint64_t *number) {
  const uint8_t *const bytes = machine_take(machine, width);
  if (bytes == NULL) return false;
  *number = cbytes_number(bytes, width);
  return true;
}

bool machine_line(machine *machine, uint32_t *offset, uint32_t *length) {
  const uint8_t *const line = machine->made->bytes + machine->at;
  const size_t left = machine->made->length - machine->at;
  const uint8_t *const end = left == 0 ? NULL : memchr(line, '\n', left);
  if (end == NULL) return machine_fail(machine, CPICKLE_TRUNCATED);
  *offset = (uint32_t)machine->at;
  *length = (uint32_t)(end - line);
  machine->at += *length + 1;
  return true;
}

// Room for one more in a list that hostile input makes grow.
static bool reserve(machine *machine, void *list, size_t *capacity, size_t count, size_t size) {
  if (count >= CPICKLE_NODE_LIMIT) return machine_fail(machine, CPICKLE_TOO_LARGE);
  if (!cbytes_reserve(list, capacity, count + 1, size)) return machine_fail(machine, CPICKLE_NO_MEMORY);
  return true;
}

node *machine_make(machine *machine, cpickle_kind kind) {
  cpickle *const made = machine->made;
  if (!reserve(machine, &made->nodes, &made->node_capacity, made->node_count, sizeof *made->nodes)) return NULL;
  if (!machine_push(machine, (uint32_t)made->node_count)) return NULL;
  node *const node = &made->nodes[made->node_count++];
  memset(node, 0, sizeof *node);
  node->kind = (uint8_t)kind;
  node->first = node->last = CPICKLE_NONE;
  return node;
}

bool machine_push(machine *machine, uint32_t node) {
  if (!reserve(machine, &machine->stack, &machine->stack_capacity, machine->height, sizeof *machine->stack))
    return false;
  machine->stack[machine->height++] = node;
  return true;
}

bool machine_top(machine *machine, uint32_t *node) {
  const size_t floor = machine->mark_count == 0 ? 0 : machine->marks[machine->mark_count - 1];
  if (machine->height <= floor) return machine_fail(machine, CPICKLE_STACK_UNDERFLOW);
  *node = machine->stack[machine->height - 1];
  return true;
}

bool machine_pop(machine *machine, uint32_t *node) {
  if (!machine_top(machine, node)) return false;
  machine->height--;
  return true;
}

bool machine_mark(machine *machine) {
  if (!reserve(machine, &machine->marks, &machine->mark_capacity, machine->mark_count, sizeof *machine->marks))
    return false;
  machine->marks[machine->mark_count++] = machine->height;
  return true;
}

bool machine_unmark(machine *machine, size_t *height) {
  if (machine->mark_count == 0) return machine_fail(machine, CPICKLE_STACK_UNDERFLOW);
  *height = machine->marks[--machine->mark_count];
  return true;
}

bool machine_append(machine *machine, uint32_t container, uint32_t item) {
  cpickle *const made = machine->made;
  if (!reserve(machine, &made->links, &made->link_capacity, made->link_count, sizeof *made->links)) return false;
  const uint32_t added = (uint32_t)made->link_count++;
  made->links[added] = (link){item, CPICKLE_NONE};
  node *const node = &made->nodes[container];
  if (node->last == CPICKLE_NONE)
    node->first = added;
  else
    made->links[node->last].next = added;
  node->last = added;
  return true;
}

// Moves what lies above `height` into a node.
static bool move(machine *machine, uint32_t container, size_t height) {
  for (size_t place = height; place < machine->height; place++)
    if (!machine_append(machine, container, machine->stack[place])) return false;
  machine->height = height;
  return true;
}

bool machine_gather(machine *machine, cpickle_kind kind, size_t height) {
  if (kind == CPICKLE_DICTIONARY && (machine->height - height) % 2 != 0)
    return machine_fail(machine, CPICKLE_STACK_UNDERFLOW);
  if (machine_make(machine, kind) == NULL) return false;
  const uint32_t made = machine->stack[--machine->height];
  return move(machine, made, height) && machine_push(machine, made);
}

bool machine_fill(machine *machine, size_t height, bool pairs, cpickle_kind plain) {
  const size_t floor = machine->mark_count == 0 ? 0 : machine->marks[machine->mark_count - 1];
  if (height <= floor || height > machine->height || (pairs && (machine->height - height) % 2 != 0))
    return machine_fail(machine, CPICKLE_STACK_UNDERFLOW);
  const uint32_t container = machine->stack[height - 1];
  node *const node = &machine->made->nodes[container];
  if (node->kind == CPICKLE_CALL) {
    // What a call gives is not known: it may be filled one way, not both.
    if (node->has_items && node->has_pairs != pairs) return machine_fail(machine, CPICKLE_BAD_OPERAND);
    node->has_items = true;
    node->has_pairs = pairs;
  } else if (node->kind != plain) {
    return machine_fail(machine, CPICKLE_BAD_OPERAND);
  }
  return move(machine, container, height);
}

bool machine_call(machine *machine, uint32_t callee, uint32_t arguments) {
  node *const call = machine_make(machine, CPICKLE_CALL);
  if (call == NULL) return false;
  call->value.call.callee = callee;
  call->value.call.arguments = arguments;
  return true;
}

bool machine_store(machine *machine, uint64_t place) {
  uint32_t top;
  if (!machine_top(machine, &top)) return false;
  if (place >= CPICKLE_NODE_LIMIT) return machine_fail(machine, CPICKLE_TOO_LARGE);
  if (!cbytes_reserve(&machine->memo, &machine->memo_capacity, (size_t)place + 1, sizeof *machine->memo))
    return machine_fail(machine, CPICKLE_NO_MEMORY);
  while (machine->memo_count <= place) machine->memo[machine->memo_count++] = CPICKLE_NONE;
  if (machine->memo[place] == CPICKLE_NONE) machine->memoized++;
  machine->memo[place] = top;
  return true;
}

bool machine_recall(machine *machine, uint64_t place) {
  if (place >= machine->memo_count || machine->memo[place] == CPICKLE_NONE)
    return machine_fail(machine, CPICKLE_BAD_MEMO);
  return machine_push(machine, machine->memo[place]);
}

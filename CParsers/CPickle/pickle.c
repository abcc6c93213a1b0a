#include <stdlib.h>

#include "machine.h"
#include "play.h"

cpickle_result cpickle_open(const uint8_t *bytes, size_t length, cpickle **pickle, cpickle_error *error) {
  *pickle = NULL;
  *error = (cpickle_error){0};
  if (length > CPICKLE_LIMIT) return error->result = CPICKLE_TOO_LARGE;
  cpickle *const made = calloc(1, sizeof *made);
  if (made == NULL) return error->result = CPICKLE_NO_MEMORY;
  made->bytes = bytes;
  made->length = length;
  machine machine = {.made = made};
  size_t start = 0;
  bool goes_on = true;
  while (goes_on) {
    start = machine.at;
    goes_on = play_one(&machine);
  }
  if (machine.result == CPICKLE_OK) made->length = machine.at;
  free(machine.stack);
  free(machine.marks);
  free(machine.memo);
  if (machine.result != CPICKLE_OK) {
    error->offset = start;
    error->opcode = start < length ? bytes[start] : 0;
    cpickle_close(made);
    return error->result = machine.result;
  }
  *pickle = made;
  return CPICKLE_OK;
}

uint32_t cpickle_root(const cpickle *pickle) { return pickle->root; }

size_t cpickle_length(const cpickle *pickle) { return pickle->length; }

uint32_t cpickle_count(const cpickle *pickle) { return (uint32_t)pickle->node_count; }

cpickle_node cpickle_get(const cpickle *pickle, uint32_t index) {
  const node *const node = &pickle->nodes[index];
  cpickle_node result = {
      .kind = node->kind,
      .has_pairs = node->has_pairs || node->kind == CPICKLE_DICTIONARY,
      .callee = CPICKLE_NONE,
      .arguments = CPICKLE_NONE,
      .first = node->first,
  };
  switch (node->kind) {
  case CPICKLE_BOOLEAN:
  case CPICKLE_INTEGER: result.integer = node->value.integer; break;
  case CPICKLE_GLOBAL:
    result.other = pickle->bytes + node->other_offset;
    result.other_length = node->other_length;
    // The module is a text too.
    __attribute__((fallthrough));
  case CPICKLE_TEXT:
  case CPICKLE_BYTES:
    result.text = pickle->bytes + node->value.text.offset;
    result.text_length = node->value.text.length;
    break;
  case CPICKLE_CALL:
  case CPICKLE_PERSISTENT:
    result.callee = node->value.call.callee;
    result.arguments = node->value.call.arguments;
    break;
  default: break;
  }
  return result;
}

uint32_t cpickle_item(const cpickle *pickle, uint32_t link) { return pickle->links[link].item; }

uint32_t cpickle_next(const cpickle *pickle, uint32_t link) { return pickle->links[link].next; }

void cpickle_close(cpickle *pickle) {
  if (pickle == NULL) return;
  free(pickle->nodes);
  free(pickle->links);
  free(pickle);
}

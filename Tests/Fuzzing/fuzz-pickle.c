// A pickle, and every node and link that it makes.
#include <stdlib.h>

#include "cpickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_text(const uint8_t *text, size_t text_length, const uint8_t *bytes, size_t length) {
  if (text != NULL && (text < bytes || text_length > length - (size_t)(text - bytes))) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  cpickle *pickle;
  cpickle_error error;
  if (cpickle_open(bytes, length, &pickle, &error) != CPICKLE_OK) {
    if (error.offset > length) abort();
    return 0;
  }
  const uint32_t count = cpickle_count(pickle);
  if (cpickle_root(pickle) >= count || cpickle_length(pickle) > length) abort();
  for (uint32_t index = 0; index < count; index++) {
    const cpickle_node node = cpickle_get(pickle, index);
    check_text(node.text, node.text_length, bytes, length);
    check_text(node.other, node.other_length, bytes, length);
    if (node.kind == CPICKLE_CALL && (node.callee >= count || node.arguments >= count)) abort();
    if (node.kind == CPICKLE_PERSISTENT && node.arguments >= count) abort();
    // An instruction adds at most one link to a node, so that a list is no longer than the pickle.
    size_t steps = 0;
    for (uint32_t link = node.first; link != CPICKLE_NONE; link = cpickle_next(pickle, link))
      if (cpickle_item(pickle, link) >= count || ++steps > length) abort();
    if (node.has_pairs && steps % 2 != 0) abort();
  }
  cpickle_close(pickle);
  return 0;
}

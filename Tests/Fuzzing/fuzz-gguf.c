// A GGUF header, its keys and its tensors. A file of holes behind the header is as good as one with tensors.
#include <stdlib.h>

#include "cgguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static uint8_t sum;

static void read_header(const uint8_t *bytes, size_t length, uint64_t file_length) {
  cgguf_file *file;
  cgguf_error error;
  if (cgguf_open(bytes, length, file_length, 1, &file, &error) != CGGUF_OK) {
    if (error.name_length > CGGUF_ERROR_NAME || error.offset > length) abort();
    if (error.result == CGGUF_NEEDS_MORE && (error.expected <= length || error.expected > file_length)) abort();
    return;
  }
  for (size_t index = 0; index < cgguf_pair_count(file); index++) {
    const cgguf_pair pair = cgguf_get_pair(file, index);
    for (size_t at = 0; at < pair.key_length; at++) sum ^= pair.key[at];
    for (size_t at = 0; at < pair.length; at++) sum ^= pair.bytes[at];
  }
  for (size_t index = 0; index < cgguf_tensor_count(file); index++) {
    const cgguf_tensor tensor = cgguf_get_tensor(file, index);
    for (size_t at = 0; at < tensor.name_length; at++) sum ^= tensor.name[at];
    if (tensor.offset > file_length || tensor.length > file_length - tensor.offset) abort();
    if (cgguf_type_name(tensor.type) == NULL || tensor.rank > CGGUF_RANK_LIMIT) abort();
  }
  cgguf_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  read_header(bytes, length, length);
  read_header(bytes, length, length + (1U << 20));
  return 0;
}

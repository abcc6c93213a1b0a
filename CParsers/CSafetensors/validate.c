#include <stdlib.h>

#include "header.h"

typedef struct {
  uint64_t begin, end, position;
  size_t index;
} placed;

static int by_offset(const void *left, const void *right) {
  const placed *a = left, *b = right;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  if (a->end != b->end) return a->end < b->end ? -1 : 1;
  return a->position < b->position ? -1 : a->position > b->position;
}

static csafetensors_result fail(const csafetensors_header *header, size_t index, csafetensors_result result,
                                const char *detail, csafetensors_error *error) {
  const cnames_entry *name = &header->names.entries[index];
  header_name_error(error, header->names.bytes + name->offset, name->length);
  error->result = result;
  error->offset = header->entries[index].position;
  error->detail = detail;
  return result;
}

// Checks 6 to 9 for one tensor, which must begin at `*end`; moves `*end` behind it.
static csafetensors_result check_entry(const csafetensors_header *header, size_t index, uint64_t *end,
                                       csafetensors_error *error) {
  const header_entry *entry = &header->entries[index];
  error->expected = *end;
  error->found = entry->begin;
  if (entry->begin != *end)
    return fail(header, index, CSAFETENSORS_BAD_OFFSET, "a beginning where the tensor before it ends", error);
  if (entry->end < entry->begin) {
    error->found = entry->end;
    return fail(header, index, CSAFETENSORS_BAD_OFFSET, "an end behind the beginning", error);
  }
  *end = entry->end;

  uint64_t size = 1;
  for (uint32_t axis = 0; axis < entry->rank; axis++)
    if (__builtin_mul_overflow(size, header->extents[entry->shape + axis], &size))
      return fail(header, index, CSAFETENSORS_SIZE_OVERFLOW, "a size below 2^64", error);
  if (__builtin_mul_overflow(size, (uint64_t)csafetensors_dtype_bits(entry->dtype), &size))
    return fail(header, index, CSAFETENSORS_SIZE_OVERFLOW, "a size below 2^64", error);
  if (size % 8 != 0) {
    error->found = size;
    return fail(header, index, CSAFETENSORS_MISALIGNED, "a whole number of bytes", error);
  }
  error->expected = size / 8;
  error->found = entry->end - entry->begin;
  if (error->found != error->expected)
    return fail(header, index, CSAFETENSORS_SIZE_MISMATCH, "as many bytes as shape and dtype need", error);
  return CSAFETENSORS_OK;
}

csafetensors_result header_validate(const csafetensors_header *header, size_t header_length, uint64_t file_length,
                                    csafetensors_error *error) {
  const size_t count = header->names.count;
  uint64_t end = 0;
  if (count != 0) {
    placed *order = malloc(count * sizeof *order);
    if (order == NULL) return error->result = CSAFETENSORS_NO_MEMORY;
    bool sorted = true;
    for (size_t index = 0; index < count; index++) {
      const header_entry *entry = &header->entries[index];
      order[index] = (placed){entry->begin, entry->end, entry->position, index};
      if (index > 0 && by_offset(&order[index - 1], &order[index]) > 0) sorted = false;
    }
    if (!sorted) qsort(order, count, sizeof *order, by_offset);
    csafetensors_result result = CSAFETENSORS_OK;
    for (size_t index = 0; index < count && result == CSAFETENSORS_OK; index++)
      result = check_entry(header, order[index].index, &end, error);
    free(order);
    if (result != CSAFETENSORS_OK) return result;
  }
  const uint64_t begin = CSAFETENSORS_PREFIX_LENGTH + (uint64_t)header_length;
  error->expected = end > UINT64_MAX - begin ? UINT64_MAX : end + begin;
  error->found = file_length;
  if (file_length < begin || end != file_length - begin) {
    error->offset = file_length;
    error->detail = "tensors that cover the file";
    return error->result = CSAFETENSORS_INCOMPLETE_BUFFER;
  }
  return CSAFETENSORS_OK;
}

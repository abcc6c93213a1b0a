// The directory of a zip archive, and the local header of each of its entries.
#include <stdlib.h>

#include "czip.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  czip_directory directory;
  czip_error error;
  czip_archive *archive;
  const size_t tail = length < CZIP_TAIL_LENGTH ? length : CZIP_TAIL_LENGTH;
  if (czip_find(bytes + (length - tail), tail, length, &directory, &error) != CZIP_OK) return 0;
  if (directory.offset > length || directory.length > length - directory.offset) abort();
  if (czip_open(bytes + directory.offset, &directory, 1, &archive, &error) != CZIP_OK) return 0;
  for (size_t index = 0; index < czip_count(archive); index++) {
    const czip_entry entry = czip_get(archive, index);
    const size_t header = CZIP_LOCAL_LENGTH + entry.name_length;
    if (entry.offset > length || header > length - entry.offset) abort();
    if (czip_find_entry(archive, entry.name, entry.name_length) != index) abort();
    uint64_t data;
    if (czip_data_offset(archive, index, bytes + entry.offset, header, &data, &error) != CZIP_OK) continue;
    if (data > directory.offset || entry.stored_size > directory.offset - data) abort();
  }
  czip_close(archive);
  return 0;
}

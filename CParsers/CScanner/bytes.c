#include "cbytes.h"

#include <stdlib.h>
#include <string.h>

bool cbytes_reserve(void *list, size_t *capacity, size_t wanted, size_t size) {
  if (wanted <= *capacity) return true;
  size_t grown = *capacity == 0 ? 64 : *capacity * 2;
  if (grown < wanted) grown = wanted;
  if (grown > SIZE_MAX / size) return false;
  void *items;
  memcpy(&items, list, sizeof items);
  items = realloc(items, grown * size);
  if (items == NULL) return false;
  memcpy(list, &items, sizeof items);
  *capacity = grown;
  return true;
}

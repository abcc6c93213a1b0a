#include "csafetensors.h"
#include "header.h"

#include <string.h>

#define DTYPE(name, bits) {name, bits, sizeof name - 1}

static const struct {
  const char *name;
  uint32_t bits;
  uint32_t length;
} dtypes[] = {
    DTYPE("BOOL", 8), DTYPE("F4", 4), DTYPE("F6_E2M3", 6), DTYPE("F6_E3M2", 6), DTYPE("U8", 8), DTYPE("I8", 8),
    DTYPE("F8_E5M2", 8), DTYPE("F8_E4M3", 8), DTYPE("F8_E8M0", 8), DTYPE("F8_E4M3FNUZ", 8), DTYPE("F8_E5M2FNUZ", 8),
    DTYPE("I16", 16), DTYPE("U16", 16), DTYPE("F16", 16), DTYPE("BF16", 16), DTYPE("I32", 32), DTYPE("U32", 32),
    DTYPE("F32", 32), DTYPE("C64", 64), DTYPE("F64", 64), DTYPE("I64", 64), DTYPE("U64", 64),
};

#define DTYPE_COUNT (sizeof dtypes / sizeof dtypes[0])

const char *csafetensors_dtype_name(uint32_t dtype) { return dtype < DTYPE_COUNT ? dtypes[dtype].name : NULL; }

uint32_t csafetensors_dtype_bits(uint32_t dtype) { return dtype < DTYPE_COUNT ? dtypes[dtype].bits : 0; }

bool header_find_dtype(const uint8_t *name, size_t length, uint32_t *dtype) {
  for (uint32_t index = 0; index < DTYPE_COUNT; index++) {
    if (dtypes[index].length != length || memcmp(dtypes[index].name, name, length) != 0) continue;
    *dtype = index;
    return true;
  }
  return false;
}

#include "csafetensors.h"
#include "header.h"

#include <string.h>

static const struct {
  const char *name;
  uint32_t bits;
} dtypes[] = {
    {"BOOL", 8},        {"F4", 4},           {"F6_E2M3", 6},     {"F6_E3M2", 6}, {"U8", 8},   {"I8", 8},
    {"F8_E5M2", 8},     {"F8_E4M3", 8},      {"F8_E8M0", 8},     {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
    {"U16", 16},        {"F16", 16},         {"BF16", 16},       {"I32", 32},    {"U32", 32}, {"F32", 32},
    {"C64", 64},        {"F64", 64},         {"I64", 64},        {"U64", 64},
};

#define DTYPE_COUNT (sizeof dtypes / sizeof dtypes[0])

const char *csafetensors_dtype_name(uint32_t dtype) { return dtype < DTYPE_COUNT ? dtypes[dtype].name : NULL; }

uint32_t csafetensors_dtype_bits(uint32_t dtype) { return dtype < DTYPE_COUNT ? dtypes[dtype].bits : 0; }

bool header_find_dtype(const uint8_t *name, size_t length, uint32_t *dtype) {
  for (uint32_t index = 0; index < DTYPE_COUNT; index++) {
    if (strlen(dtypes[index].name) != length || memcmp(dtypes[index].name, name, length) != 0) continue;
    *dtype = index;
    return true;
  }
  return false;
}

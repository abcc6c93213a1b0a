#include "window.h"

// How many fields are looked at. The telling ones of a model come first or, behind a large graph, soon after it.
#define GUESS_FIELDS 256

// Which fields below 32 occur with each wire type.
typedef struct {
  uint32_t varint, bytes, fixed;
} occurrence;

static uint32_t bit(unsigned field) { return (uint32_t)1 << field; }

// Whether every field that occurs is one of those given, and one of the `telling` ones does.
static bool fits(const occurrence *seen, uint32_t varint, uint32_t bytes, uint32_t telling) {
  return seen->fixed == 0 && (seen->varint & ~varint) == 0 && (seen->bytes & ~bytes) == 0 &&
         ((seen->varint | seen->bytes) & telling) != 0;
}

static connx_guess judge(const occurrence *seen) {
  const uint32_t model_bytes = bit(2) | bit(3) | bit(4) | bit(6) | bit(7) | bit(8) | bit(14) | bit(20) | bit(25) |
                               bit(26);
  if (fits(seen, bit(1) | bit(5), model_bytes, bit(7)) && (seen->varint & bit(1)) != 0) return CONNX_GUESS_MODEL;
  if (seen->varint == bit(1) && seen->bytes == bit(2) && seen->fixed == 0) return CONNX_GUESS_SAVED_MODEL;
  const uint32_t tensor_bytes = bit(1) | bit(3) | bit(4) | bit(5) | bit(6) | bit(7) | bit(8) | bit(9) | bit(10) |
                                bit(11) | bit(12) | bit(13) | bit(16);
  const uint32_t tensor_numbers = bit(1) | bit(2) | bit(4) | bit(5) | bit(7) | bit(10) | bit(11) | bit(14);
  if ((seen->varint & bit(2)) != 0 && fits(seen, tensor_numbers, tensor_bytes, bit(2))) return CONNX_GUESS_TENSOR;
  if (fits(seen, bit(3), bit(1) | bit(2) | bit(4) | bit(5), bit(4)) && (seen->bytes & bit(1)) != 0)
    return CONNX_GUESS_GRAPH_DEF;
  const uint32_t graph_bytes = bit(1) | bit(2) | bit(5) | bit(10) | bit(11) | bit(12) | bit(13) | bit(14) | bit(15) |
                               bit(16);
  if (fits(seen, 0, graph_bytes, bit(11) | bit(12)) && (seen->bytes & bit(1)) != 0) return CONNX_GUESS_GRAPH;
  return CONNX_GUESS_NONE;
}

connx_guess connx_guess_content(const connx_source *source) {
  window window;
  if (!window_begin(&window, source)) return CONNX_GUESS_NONE;
  occurrence seen = {0, 0, 0};
  connx_result result = CONNX_OK;
  for (unsigned count = 0; count < GUESS_FIELDS && window.position < source->length; count++) {
    uint32_t field;
    wire_type wire;
    result = window_tag(&window, source->length, &field, &wire);
    if (result == CONNX_OK) result = window_skip(&window, source->length, wire);
    if (result != CONNX_OK) break;
    if (field >= 32) continue;
    if (wire == WIRE_VARINT) seen.varint |= bit(field);
    else if (wire == WIRE_BYTES) seen.bytes |= bit(field);
    else seen.fixed |= bit(field);
  }
  window_end(&window);
  return result == CONNX_OK ? judge(&seen) : CONNX_GUESS_NONE;
}

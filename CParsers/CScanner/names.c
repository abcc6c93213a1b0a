#include "cnames.h"

#include <stdlib.h>
#include <string.h>

static uint64_t fold(uint64_t left, uint64_t right) {
  const unsigned __int128 product = (unsigned __int128)left * right;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// A keyed hash, eight bytes a step. Its quality only decides speed: equal hashes are followed by a comparison.
static uint64_t hash_of(uint64_t seed, uint64_t scope, const uint8_t *text, size_t length) {
  uint64_t state = fold(seed ^ 0x9E3779B97F4A7C15U, scope ^ 0xD1B54A32D192ED03U) ^ (uint64_t)length;
  uint64_t word;
  while (length >= 8) {
    memcpy(&word, text, 8);
    state = fold(state ^ word, seed | 1) + word;
    text += 8;
    length -= 8;
  }
  word = 0;
  if (length != 0) memcpy(&word, text, length);
  state = fold(state ^ word, 0xA24BAED4963EE407U ^ seed);
  return state ^ (state >> 29);
}

// Makes `wanted` slots, a power of two, and files the entries anew.
static bool resize_slots(cnames *names, size_t wanted) {
  uint32_t *slots = calloc(wanted, sizeof *slots);
  if (slots == NULL) return false;
  for (size_t index = 0; index < names->count; index++) {
    size_t slot = (size_t)names->entries[index].hash & (wanted - 1);
    while (slots[slot] != 0) slot = (slot + 1) & (wanted - 1);
    slots[slot] = (uint32_t)(index + 1);
  }
  free(names->slots);
  names->slots = slots;
  names->slot_count = wanted;
  return true;
}

static bool grow_slots(cnames *names) {
  return resize_slots(names, names->slot_count == 0 ? 64 : names->slot_count * 2);
}

void cnames_expect(cnames *names, size_t count, size_t bytes) {
  size_t wanted = 64;
  while (wanted < count * 2) wanted *= 2;
  if (wanted > names->slot_count && count < INT32_MAX) (void)resize_slots(names, wanted);
  if (count > names->capacity && count < INT32_MAX) {
    cnames_entry *entries = realloc(names->entries, count * sizeof *entries);
    if (entries == NULL) return;
    names->entries = entries;
    names->capacity = count;
  }
  if (bytes > names->byte_capacity) {
    uint8_t *grown = realloc(names->bytes, bytes);
    if (grown == NULL) return;
    names->bytes = grown;
    names->byte_capacity = bytes;
  }
}

static bool reserve(cnames *names, size_t bytes) {
  if ((names->count + 1) * 2 > names->slot_count && !grow_slots(names)) return false;
  if (names->count == names->capacity) {
    const size_t capacity = names->capacity == 0 ? 128 : names->capacity * 2;
    cnames_entry *entries = realloc(names->entries, capacity * sizeof *entries);
    if (entries == NULL) return false;
    names->entries = entries;
    names->capacity = capacity;
  }
  if (bytes > names->byte_capacity - names->byte_count) {
    size_t capacity = names->byte_capacity == 0 ? 4096 : names->byte_capacity * 2;
    if (capacity - names->byte_count < bytes) capacity = names->byte_count + bytes;
    uint8_t *grown = realloc(names->bytes, capacity);
    if (grown == NULL) return false;
    names->bytes = grown;
    names->byte_capacity = capacity;
  }
  return true;
}

// The slot of an entry equal to the given name, or the empty slot where it belongs.
static size_t slot_of(const cnames *names, uint64_t hash, uint64_t scope, const uint8_t *text, size_t length) {
  const size_t mask = names->slot_count - 1;
  size_t slot = (size_t)hash & mask;
  while (names->slots[slot] != 0) {
    const cnames_entry *entry = &names->entries[names->slots[slot] - 1];
    if (entry->hash == hash && entry->scope == scope && entry->length == length &&
        (length == 0 || memcmp(names->bytes + entry->offset, text, length) == 0))
      break;
    slot = (slot + 1) & mask;
  }
  return slot;
}

size_t cnames_add(cnames *names, uint64_t scope, const cscanner_token *token, bool *is_new) {
  // The name is decoded behind those already kept, and stays there only when it is new.
  if (names->count >= INT32_MAX || !reserve(names, token->length)) return CNAMES_NONE;
  uint8_t *text = names->bytes + names->byte_count;
  const size_t length = token->length == 0 ? 0 : cscanner_decode(token, text);
  const uint64_t hash = hash_of(names->seed, scope, text, length);
  const size_t slot = slot_of(names, hash, scope, text, length);
  *is_new = names->slots[slot] == 0;
  if (!*is_new) return names->slots[slot] - 1;
  names->entries[names->count] = (cnames_entry){hash, names->byte_count, length, scope};
  names->byte_count += length;
  names->count++;
  names->slots[slot] = (uint32_t)names->count;
  return names->count - 1;
}

size_t cnames_find(const cnames *names, const uint8_t *text, size_t length) {
  if (names->slot_count == 0) return CNAMES_NONE;
  const size_t slot = slot_of(names, hash_of(names->seed, 0, text, length), 0, text, length);
  return names->slots[slot] == 0 ? CNAMES_NONE : (size_t)names->slots[slot] - 1;
}

void cnames_free(cnames *names) {
  free(names->bytes);
  free(names->entries);
  free(names->slots);
  *names = (cnames){.seed = names->seed};
}

/// A set of byte strings, each in the scope of a number, in the order of their first insertion.
///
/// It is how the readers notice that a name occurs twice: names are compared decoded, byte by byte, so `\u0061`
/// equals `a`, and `a` differs from `a\0b`.
#pragma once

#include "cscanner.h"

typedef struct {
  uint64_t hash;
  size_t offset;  // of the name in `bytes`
  size_t length;
  uint64_t scope;
} cnames_entry;

/// The set. A zeroed struct with a `seed` is an empty set; `cnames_free` gives its memory back. Fields are read-only
/// to others; pointers into them hold until the next insertion.
typedef struct {
  uint64_t seed;  // chosen by the caller; unpredictable where the names come from a stranger
  uint8_t *bytes;
  size_t byte_count, byte_capacity;
  cnames_entry *entries;
  size_t count, capacity;
  uint32_t *slots;
  size_t slot_count;
} cnames;

/// The index of an absent name, and the sign that memory has run out.
#define CNAMES_NONE SIZE_MAX

/// Makes room for about `count` names of `bytes` bytes together at once, to spare the growth. Only a hint: it may come to
/// nothing.
void cnames_expect(cnames *names, size_t count, size_t bytes);

/// Adds the decoded text of a key or a string. Returns its index and sets `*is_new`; CNAMES_NONE when memory has run
/// out or 2^31 names are exceeded, and then the set is unchanged.
size_t cnames_add(cnames *names, uint64_t scope, const cscanner_token *token, bool *is_new);

/// The index of a name of scope 0 given as plain bytes, or CNAMES_NONE. May be called from several threads at once.
size_t cnames_find(const cnames *names, const uint8_t *text, size_t length);

/// Frees what the set owns and leaves it empty. The struct itself is the caller's.
void cnames_free(cnames *names);

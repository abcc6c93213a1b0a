/// Reader of pickles (Python's `pickletools.py`, protocols 0 to 5) that runs nothing.
///
/// A pickle is a program for a stack machine whose most dangerous instructions look up a global of any module and call
/// it. This reader plays the stack and calls nothing: a global is a pair of names, a call is a node that holds what would
/// be called and with what. What the nodes mean is for the caller to say.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The longest pickle that is read, in bytes.
#define CPICKLE_LIMIT 100000000U
/// How many nodes, links between nodes, or places in the memo a pickle may make.
#define CPICKLE_NODE_LIMIT 8000000U
/// No node, or no link.
#define CPICKLE_NONE UINT32_MAX

typedef enum {
  CPICKLE_OK = 0,
  CPICKLE_TOO_LARGE,        // CPICKLE_LIMIT or CPICKLE_NODE_LIMIT is passed
  CPICKLE_TRUNCATED,        // it ends before its last instruction
  CPICKLE_UNKNOWN_OPCODE,   // an instruction that is none, or that this reader does not play
  CPICKLE_BAD_PROTOCOL,     // a protocol beyond 5
  CPICKLE_STACK_UNDERFLOW,  // an instruction takes more from the stack than there is
  CPICKLE_BAD_MEMO,         // it reads a place of the memo that was never written
  CPICKLE_BAD_OPERAND,      // an instruction is played on a value of the wrong kind
  CPICKLE_BAD_TEXT,         // a text is not UTF-8, or a line of digits holds something else
  CPICKLE_NO_MEMORY,        // memory has run out
} cpickle_result;

typedef struct {
  cpickle_result result;
  /// The byte of the pickle at which the instruction at fault begins, and the instruction.
  uint64_t offset;
  uint8_t opcode;
} cpickle_error;

typedef enum {
  CPICKLE_NULL = 0,    // None
  CPICKLE_BOOLEAN,     // `integer` is 0 or 1
  CPICKLE_INTEGER,     // `integer`
  CPICKLE_BIG,         // an integer beyond 64 bits
  CPICKLE_REAL,        // a float, whose value is not kept
  CPICKLE_TEXT,        // `text`
  CPICKLE_BYTES,       // `text`
  CPICKLE_TUPLE,       // the items
  CPICKLE_LIST,        // the items
  CPICKLE_SET,         // the items
  CPICKLE_DICTIONARY,  // the items: key, value, key, value
  CPICKLE_GLOBAL,      // `text` is the module, `other` the name in it
  CPICKLE_CALL,        // `callee` called with `arguments`, and then given the items
  CPICKLE_PERSISTENT,  // what is stored outside of the pickle under the name that is `arguments`
} cpickle_kind;

/// A value. Texts point into the pickle's bytes.
typedef struct {
  cpickle_kind kind;
  /// Of a call: its items are pairs of key and value.
  bool has_pairs;
  int64_t integer;
  const uint8_t *text, *other;
  size_t text_length, other_length;
  uint32_t callee, arguments;
  /// The link to the first item, or CPICKLE_NONE.
  uint32_t first;
} cpickle_node;

/// A pickle that has been played to its end.
typedef struct cpickle cpickle;

/// Plays the pickle at `bytes`, which must outlive it. On success `*pickle` is owned by the caller, who ends it with
/// `cpickle_close`. On failure it is NULL and `*error` filled. Time and memory are in proportion to `length`.
cpickle_result cpickle_open(const uint8_t *bytes, size_t length, cpickle **pickle, cpickle_error *error);

/// The node that the pickle stands for.
uint32_t cpickle_root(const cpickle *pickle);

/// The bytes up to and with the last instruction.
size_t cpickle_length(const cpickle *pickle);

/// How many nodes were made, those that nothing refers to included.
uint32_t cpickle_count(const cpickle *pickle);
/// The node at `index`, below `cpickle_count`.
cpickle_node cpickle_get(const cpickle *pickle, uint32_t index);

/// The node behind a link, and the link after it, or CPICKLE_NONE. Nodes may hold themselves: a caller that goes down
/// needs a limit.
uint32_t cpickle_item(const cpickle *pickle, uint32_t link);
uint32_t cpickle_next(const cpickle *pickle, uint32_t link);

/// Frees the pickle. NULL is allowed.
void cpickle_close(cpickle *pickle);

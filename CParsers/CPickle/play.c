#include "play.h"

#include <string.h>

#include "cbytes.h"
#include "cscanner.h"

// Names and letters are those of Python's `pickle.py`.
enum {
  MARK = '(', STOP = '.', POP = '0', POP_MARK = '1', DUP = '2', FLOAT = 'F', INT = 'I', BININT = 'J', BININT1 = 'K',
  LONG = 'L', BININT2 = 'M', NONE = 'N', PERSID = 'P', BINPERSID = 'Q', REDUCE = 'R', STRING = 'S', BINSTRING = 'T',
  SHORT_BINSTRING = 'U', UNICODE = 'V', BINUNICODE = 'X', APPEND = 'a', BUILD = 'b', GLOBAL = 'c', DICT = 'd',
  EMPTY_DICT = '}', APPENDS = 'e', GET = 'g', BINGET = 'h', INST = 'i', LONG_BINGET = 'j', LIST = 'l',
  EMPTY_LIST = ']', OBJ = 'o', PUT = 'p', BINPUT = 'q', LONG_BINPUT = 'r', SETITEM = 's', TUPLE = 't',
  EMPTY_TUPLE = ')', SETITEMS = 'u', BINFLOAT = 'G', BINBYTES = 'B', SHORT_BINBYTES = 'C',
  PROTO = 0x80, NEWOBJ = 0x81, TUPLE1 = 0x85, TUPLE2 = 0x86, TUPLE3 = 0x87, NEWTRUE = 0x88, NEWFALSE = 0x89,
  LONG1 = 0x8A, LONG4 = 0x8B, SHORT_BINUNICODE = 0x8C, BINUNICODE8 = 0x8D, BINBYTES8 = 0x8E, EMPTY_SET = 0x8F,
  ADDITEMS = 0x90, FROZENSET = 0x91, NEWOBJ_EX = 0x92, STACK_GLOBAL = 0x93, MEMOIZE = 0x94, FRAME = 0x95,
  BYTEARRAY8 = 0x96,
};

static bool plain(machine *machine, cpickle_kind kind) { return machine_make(machine, kind) != NULL; }

static bool integer(machine *machine, cpickle_kind kind, int64_t value) {
  node *const node = machine_make(machine, kind);
  if (node == NULL) return false;
  node->value.integer = value;
  return true;
}

static bool text(machine *machine, cpickle_kind kind, uint64_t length) {
  const size_t offset = machine->at;
  const uint8_t *const bytes = machine_take(machine, length);
  if (bytes == NULL) return false;
  if (kind == CPICKLE_TEXT && cscanner_valid_prefix(bytes, (size_t)length) != length)
    return machine_fail(machine, CPICKLE_BAD_TEXT);
  node *const node = machine_make(machine, kind);
  if (node == NULL) return false;
  node->value.text.offset = (uint32_t)offset;
  node->value.text.length = (uint32_t)length;
  return true;
}

static bool counted_text(machine *machine, cpickle_kind kind, size_t width) {
  uint64_t length;
  return machine_number(machine, width, &length) && text(machine, kind, length);
}

static bool fixed(machine *machine, size_t width) {
  uint64_t number;
  if (!machine_number(machine, width, &number)) return false;
  return integer(machine, CPICKLE_INTEGER, width == 4 ? (int64_t)(int32_t)(uint32_t)number : (int64_t)number);
}

// A number in as many bytes as it needs, two's complement.
static bool long_number(machine *machine, size_t width) {
  uint64_t length;
  if (!machine_number(machine, width, &length)) return false;
  const uint8_t *const bytes = machine_take(machine, length);
  if (bytes == NULL) return false;
  if (length > 8) return plain(machine, CPICKLE_BIG);
  uint64_t number = cbytes_number(bytes, (size_t)length);
  if (length > 0 && length < 8 && (bytes[length - 1] & 0x80) != 0) number |= UINT64_MAX << (8 * length);
  return integer(machine, CPICKLE_INTEGER, (int64_t)number);
}

// Digits on a line, of which a sign and an `L` at the end may be part. False for anything else.
static bool digits(machine *machine, const uint8_t *line, size_t length, bool *is_big, int64_t *value) {
  const bool is_negative = length > 0 && line[0] == '-';
  size_t at = is_negative;
  if (length > at && line[length - 1] == 'L') length--;
  if (at == length) return machine_fail(machine, CPICKLE_BAD_TEXT);
  uint64_t number = 0;
  *is_big = length - at > 18;
  for (; at < length; at++) {
    if (line[at] < '0' || line[at] > '9') return machine_fail(machine, CPICKLE_BAD_TEXT);
    if (!*is_big) number = number * 10 + (uint64_t)(line[at] - '0');
  }
  *value = is_negative ? -(int64_t)number : (int64_t)number;
  return true;
}

static bool line_number(machine *machine, bool *is_big, int64_t *value, bool *is_boolean) {
  uint32_t offset, length;
  if (!machine_line(machine, &offset, &length)) return false;
  const uint8_t *const line = machine->made->bytes + offset;
  // How protocols 0 and 1 spell False and True.
  *is_boolean = length == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1');
  return digits(machine, line, length, is_big, value);
}

static bool line_integer(machine *machine, bool may_be_boolean) {
  bool is_big, is_boolean;
  int64_t value;
  if (!line_number(machine, &is_big, &value, &is_boolean)) return false;
  if (is_big) return plain(machine, CPICKLE_BIG);
  return integer(machine, may_be_boolean && is_boolean ? CPICKLE_BOOLEAN : CPICKLE_INTEGER, value);
}

static bool line_place(machine *machine, uint64_t *place) {
  bool is_big, is_boolean;
  int64_t value;
  if (!line_number(machine, &is_big, &value, &is_boolean)) return false;
  if (is_big || value < 0) return machine_fail(machine, CPICKLE_BAD_MEMO);
  *place = (uint64_t)value;
  return true;
}

// A text on a line, its escapes as they are; `quoted` ones lose their quotes.
static bool line_text(machine *machine, bool quoted) {
  uint32_t offset, length;
  if (!machine_line(machine, &offset, &length)) return false;
  const uint8_t *const line = machine->made->bytes + offset;
  if (quoted) {
    if (length < 2 || line[0] != line[length - 1] || (line[0] != '\'' && line[0] != '"'))
      return machine_fail(machine, CPICKLE_BAD_TEXT);
    offset++;
    length -= 2;
  }
  if (cscanner_valid_prefix(machine->made->bytes + offset, length) != length)
    return machine_fail(machine, CPICKLE_BAD_TEXT);
  node *const node = machine_make(machine, CPICKLE_TEXT);
  if (node == NULL) return false;
  node->value.text.offset = offset;
  node->value.text.length = length;
  return true;
}

static bool global(machine *machine) {
  uint32_t module, module_length, name, name_length;
  if (!machine_line(machine, &module, &module_length) || !machine_line(machine, &name, &name_length)) return false;
  node *const node = machine_make(machine, CPICKLE_GLOBAL);
  if (node == NULL) return false;
  node->value.text.offset = module;
  node->value.text.length = module_length;
  node->other_offset = name;
  node->other_length = name_length;
  return true;
}

static bool global_of_stack(machine *machine) {
  uint32_t name, module;
  if (!machine_pop(machine, &name) || !machine_pop(machine, &module)) return false;
  node *const made = machine_make(machine, CPICKLE_GLOBAL);
  if (made == NULL) return false;
  const node *const first = &machine->made->nodes[module], *const second = &machine->made->nodes[name];
  if (first->kind != CPICKLE_TEXT || second->kind != CPICKLE_TEXT) return machine_fail(machine, CPICKLE_BAD_OPERAND);
  made->value.text.offset = first->value.text.offset;
  made->value.text.length = first->value.text.length;
  made->other_offset = second->value.text.offset;
  made->other_length = second->value.text.length;
  return true;
}

static bool call(machine *machine) {
  uint32_t callee, arguments;
  return machine_pop(machine, &arguments) && machine_pop(machine, &callee) &&
         machine_call(machine, callee, arguments);
}

static bool call_with_keywords(machine *machine) {
  uint32_t keywords;
  return machine_pop(machine, &keywords) && call(machine);
}

// A class, and what stands above the last mark as its arguments; the class is named by the instruction, or is the first
// of them.
static bool instance(machine *machine, bool is_named) {
  size_t height;
  if (is_named) {
    uint32_t callee, arguments;
    return global(machine) && machine_pop(machine, &callee) && machine_unmark(machine, &height) &&
           machine_gather(machine, CPICKLE_TUPLE, height) && machine_pop(machine, &arguments) &&
           machine_call(machine, callee, arguments);
  }
  if (!machine_unmark(machine, &height)) return false;
  if (machine->height <= height) return machine_fail(machine, CPICKLE_STACK_UNDERFLOW);
  return machine_gather(machine, CPICKLE_TUPLE, height + 1) && call(machine);
}

static bool persistent(machine *machine) {
  uint32_t name;
  if (!machine_pop(machine, &name)) return false;
  node *const node = machine_make(machine, CPICKLE_PERSISTENT);
  if (node == NULL) return false;
  node->value.call.callee = CPICKLE_NONE;
  node->value.call.arguments = name;
  return true;
}

// The state of what a call has given. What it changes in a class would be code.
static bool build(machine *machine) {
  uint32_t state, object;
  if (!machine_pop(machine, &state) || !machine_top(machine, &object)) return false;
  return machine->made->nodes[object].kind == CPICKLE_CALL || machine_fail(machine, CPICKLE_BAD_OPERAND);
}

static bool tuple(machine *machine, size_t count) {
  const size_t floor = machine->mark_count == 0 ? 0 : machine->marks[machine->mark_count - 1];
  if (machine->height - floor < count) return machine_fail(machine, CPICKLE_STACK_UNDERFLOW);
  return machine_gather(machine, CPICKLE_TUPLE, machine->height - count);
}

static bool fill_marked(machine *machine, bool pairs, cpickle_kind kind) {
  size_t height;
  return machine_unmark(machine, &height) && machine_fill(machine, height, pairs, kind);
}

static bool fill_last(machine *machine, size_t count, bool pairs, cpickle_kind kind) {
  if (machine->height < count) return machine_fail(machine, CPICKLE_STACK_UNDERFLOW);
  return machine_fill(machine, machine->height - count, pairs, kind);
}

static bool gather_marked(machine *machine, cpickle_kind kind) {
  size_t height;
  return machine_unmark(machine, &height) && machine_gather(machine, kind, height);
}

static bool pop(machine *machine) {
  // As in Python, the mark itself goes where nothing lies above it.
  size_t height;
  if (machine->mark_count > 0 && machine->marks[machine->mark_count - 1] == machine->height)
    return machine_unmark(machine, &height);
  uint32_t dropped;
  return machine_pop(machine, &dropped);
}

static bool pop_marked(machine *machine) {
  size_t height;
  if (!machine_unmark(machine, &height)) return false;
  machine->height = height;
  return true;
}

bool play_one(machine *machine) {
  const uint8_t *const opcode = machine_take(machine, 1);
  uint64_t number;
  uint32_t top;
  if (opcode == NULL) return false;
  switch (*opcode) {
  case PROTO:
    return machine_number(machine, 1, &number) && (number <= 5 || machine_fail(machine, CPICKLE_BAD_PROTOCOL));
  case FRAME:
    return machine_number(machine, 8, &number) &&
           (number <= machine->made->length - machine->at || machine_fail(machine, CPICKLE_TRUNCATED));
  case STOP:
    (void)machine_pop(machine, &machine->made->root);
    return false;
  case MARK: return machine_mark(machine);
  case POP: return pop(machine);
  case POP_MARK: return pop_marked(machine);
  case DUP: return machine_top(machine, &top) && machine_push(machine, top);

  case NONE: return plain(machine, CPICKLE_NULL);
  case NEWTRUE: return integer(machine, CPICKLE_BOOLEAN, 1);
  case NEWFALSE: return integer(machine, CPICKLE_BOOLEAN, 0);
  case BININT: return fixed(machine, 4);
  case BININT1: return fixed(machine, 1);
  case BININT2: return fixed(machine, 2);
  case LONG1: return long_number(machine, 1);
  case LONG4: return long_number(machine, 4);
  case INT: return line_integer(machine, true);
  case LONG: return line_integer(machine, false);
  case BINFLOAT: return machine_take(machine, 8) != NULL && plain(machine, CPICKLE_REAL);
  case FLOAT: {
    uint32_t offset, length;
    return machine_line(machine, &offset, &length) && plain(machine, CPICKLE_REAL);
  }

  case SHORT_BINUNICODE: return counted_text(machine, CPICKLE_TEXT, 1);
  case BINUNICODE: return counted_text(machine, CPICKLE_TEXT, 4);
  case BINUNICODE8: return counted_text(machine, CPICKLE_TEXT, 8);
  // A text of Python 2, where names were such.
  case SHORT_BINSTRING: return counted_text(machine, CPICKLE_TEXT, 1);
  case BINSTRING: return counted_text(machine, CPICKLE_TEXT, 4);
  case STRING: return line_text(machine, true);
  case UNICODE: return line_text(machine, false);
  case SHORT_BINBYTES: return counted_text(machine, CPICKLE_BYTES, 1);
  case BINBYTES: return counted_text(machine, CPICKLE_BYTES, 4);
  case BINBYTES8:
  case BYTEARRAY8: return counted_text(machine, CPICKLE_BYTES, 8);

  case EMPTY_TUPLE: return plain(machine, CPICKLE_TUPLE);
  case TUPLE1: return tuple(machine, 1);
  case TUPLE2: return tuple(machine, 2);
  case TUPLE3: return tuple(machine, 3);
  case TUPLE: return gather_marked(machine, CPICKLE_TUPLE);
  case EMPTY_LIST: return plain(machine, CPICKLE_LIST);
  case LIST: return gather_marked(machine, CPICKLE_LIST);
  case APPEND: return fill_last(machine, 1, false, CPICKLE_LIST);
  case APPENDS: return fill_marked(machine, false, CPICKLE_LIST);
  case EMPTY_DICT: return plain(machine, CPICKLE_DICTIONARY);
  case DICT: return gather_marked(machine, CPICKLE_DICTIONARY);
  case SETITEM: return fill_last(machine, 2, true, CPICKLE_DICTIONARY);
  case SETITEMS: return fill_marked(machine, true, CPICKLE_DICTIONARY);
  case EMPTY_SET: return plain(machine, CPICKLE_SET);
  case ADDITEMS: return fill_marked(machine, false, CPICKLE_SET);
  case FROZENSET: return gather_marked(machine, CPICKLE_SET);

  case GET: return line_place(machine, &number) && machine_recall(machine, number);
  case BINGET: return machine_number(machine, 1, &number) && machine_recall(machine, number);
  case LONG_BINGET: return machine_number(machine, 4, &number) && machine_recall(machine, number);
  case PUT: return line_place(machine, &number) && machine_store(machine, number);
  case BINPUT: return machine_number(machine, 1, &number) && machine_store(machine, number);
  case LONG_BINPUT: return machine_number(machine, 4, &number) && machine_store(machine, number);
  case MEMOIZE: return machine_store(machine, machine->memoized);

  case GLOBAL: return global(machine);
  case STACK_GLOBAL: return global_of_stack(machine);
  case REDUCE:
  case NEWOBJ: return call(machine);
  case NEWOBJ_EX: return call_with_keywords(machine);
  case INST: return instance(machine, true);
  case OBJ: return instance(machine, false);
  case BUILD: return build(machine);
  case BINPERSID: return persistent(machine);
  case PERSID: return line_text(machine, false) && persistent(machine);
  default: return machine_fail(machine, CPICKLE_UNKNOWN_OPCODE);
  }
}

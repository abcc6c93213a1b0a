#include <stdlib.h>
#include <string.h>

#include "skeleton.h"

struct connx_document {
  ProtobufCMessage *message;
  skeleton_notes notes;
};

connx_limits connx_default_limits(void) {
  return (connx_limits){.depth = 100, .skeleton = (size_t)1 << 30, .memory = (uint64_t)3 << 30, .kept = 1024};
}

static connx_result unpack(const connx_source *source, const ProtobufCMessageDescriptor *type,
                           const connx_limits *limits, connx_document *made, connx_error *error) {
  skeleton skeleton = {0};
  connx_result result = skeleton_read(source, type, limits, &skeleton, &made->notes, error);
  if (result == CONNX_OK) {
    made->message = protobuf_c_message_unpack(type, NULL, skeleton.length, skeleton.bytes);
    if (made->message == NULL) result = error->result = CONNX_NOT_UNPACKED;
  }
  free(skeleton.bytes);
  return result;
}

static connx_result open_message(const connx_source *source, const ProtobufCMessageDescriptor *type,
                                 const connx_limits *limits, connx_document **document, connx_error *error) {
  memset(error, 0, sizeof *error);
  error->message = type->short_name;
  error->field = "";
  *document = NULL;
  connx_document *made = calloc(1, sizeof *made);
  if (made == NULL) return error->result = CONNX_NO_MEMORY;
  const connx_result result = unpack(source, type, limits, made, error);
  if (result == CONNX_OK) *document = made;
  else free(made);
  return result;
}

connx_result connx_open(const connx_source *source, const connx_limits *limits, connx_document **document,
                        connx_error *error) {
  return open_message(source, &connx__model__descriptor, limits, document, error);
}

connx_result connx_open_tensor(const connx_source *source, const connx_limits *limits, connx_document **document,
                               connx_error *error) {
  return open_message(source, &connx__tensor__descriptor, limits, document, error);
}

const Connx__Model *connx_model(const connx_document *document) {
  const bool is_model = document->message->descriptor == &connx__model__descriptor;
  return is_model ? (const Connx__Model *)document->message : NULL;
}

const Connx__Tensor *connx_tensor(const connx_document *document) {
  const bool is_tensor = document->message->descriptor == &connx__tensor__descriptor;
  return is_tensor ? (const Connx__Tensor *)document->message : NULL;
}

uint64_t connx_note_total(const connx_document *document, connx_note_kind kind) {
  return kind < CONNX_NOTE_KINDS ? document->notes.totals[kind] : 0;
}

size_t connx_note_count(const connx_document *document) { return document->notes.count; }

connx_note connx_get_note(const connx_document *document, size_t index) { return document->notes.notes[index]; }

void connx_close(connx_document *document) {
  if (document == NULL) return;
  protobuf_c_message_free_unpacked(document->message, NULL);
  free(document);
}

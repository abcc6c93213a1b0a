package import Checkpoint

extension Finding.ModelRule: FindingRule {
  package var row: RuleRow {
    switch self {
    case .wireType:
      RuleRow(
        .warning,
        summary: "an ONNX file has a known field with a wire type that it cannot have; it is ignored, as protobuf does",
        help: "The writer of this file is at fault: save it again.")
    case .partRepeated:
      RuleRow(
        .warning, summary: "a part that can be there once is there again; the two are merged, as protobuf does",
        help: "The writer of this file is at fault: save it again.")
    case .textNotUTF8:
      RuleRow(
        .warning, summary: "a name in an ONNX file is not UTF-8",
        help: "The writer of this file is at fault: save it again.")
    case .typeAmbiguous:
      RuleRow(
        .error, summary: "a type is said to be several things at once",
        help: "The writer of this file is at fault: save it again.")
    case .irVersion:
      RuleRow(
        .error, .warning,
        summary: "an ONNX model does not say the version of its format; a warning for a version newer than those known",
        help: "Save the model with a current version of onnx.")
    case .opsetMissing:
      RuleRow(
        .error, summary: "an operator set is used and not imported",
        help: "Runtimes refuse the model: export it again.")
    case .opsetRepeated:
      RuleRow(
        .warning, summary: "an operator set is imported twice; the last counts",
        help: "Export the model again.")
    case .opsetOutOfRange:
      RuleRow(
        .error, .warning,
        summary: "an operator set is imported in a version below 1; a warning for one newer than those known",
        help: "Export the model with an operator set that runtimes know.")
    case .tensorTypeUnknown:
      RuleRow(
        .error, summary: "a tensor has a type that is none, or not known",
        help: "Save the model with a current version of onnx.")
    case .tensorDimension:
      RuleRow(
        .error, summary: "an extent of a tensor is negative; it is taken for 0",
        help: "The writer of this file is at fault: export the model again.")
    case .tensorTooLarge:
      RuleRow(
        .error, summary: "a tensor's size passes 2^63 - 1 bytes",
        help: "No model has such a tensor: make sure that the file comes from where you think.")
    case .tensorRank:
      RuleRow(
        .warning, summary: "a tensor has more than 64 dimensions",
        help: "Readers refuse such tensors: export the model again.")
    case .tensorNoData:
      RuleRow(
        .error, summary: "a tensor with elements has no data",
        help: "Its weights may lie in a file that was not downloaded.")
    case .tensorDataTwice:
      RuleRow(
        .error, summary: "a tensor has its data in several fields, or both in the file and beside it",
        help: "The writer of this file is at fault: save it again.")
    case .tensorDataField:
      RuleRow(
        .error, summary: "a tensor's data lies in a field that its type may not lie in, as text in `raw_data`",
        help: "The writer of this file is at fault: save it again.")
    case .tensorDataLength:
      RuleRow(
        .error, summary: "a tensor's data is not as long as its shape and type need",
        help: "The file may be damaged: download it again.")
    case .sparseTensor:
      RuleRow(
        .error, summary: "a sparse tensor lacks a part, or its indices do not fit its values",
        help: "The writer of this file is at fault: save it again.")
    case .externalLocation:
      RuleRow(
        .error,
        summary:
          "the location of a tensor in a file of its own is missing, absolute, leads upwards or holds a backslash; it is not followed",
        help: "Do not load the model with a reader that follows it.")
    case .externalMissing:
      RuleRow(
        .error, summary: "a file that a tensor lies in is not there, or is no regular file",
        help: "Weights that lie in files of their own must be downloaded with the model.")
    case .externalLink:
      RuleRow(
        .error, .note,
        summary:
          "a file that a tensor lies in is a link out of the folder (and not into the Hugging Face cache's `blobs`), and is not followed; a note for a link within it",
        help: "Do not load the model with a reader that follows it.")
    case .externalRange:
      RuleRow(
        .error, summary: "offset or length of a tensor in a file of its own are no numbers, or pass the file's end",
        help: "The download may be incomplete: resume it.")
    case .externalLength:
      RuleRow(
        .error, summary: "the length of a tensor in a file of its own is not what its shape and type need",
        help: "The download may be incomplete: resume it.")
    case .externalKey:
      RuleRow(
        .note, summary: "a tensor in a file of its own is described by a key that the format does not know",
        help: "Readers ignore it.")
    case .graphInputRepeated:
      RuleRow(
        .error, summary: "a graph or function has an input twice",
        help: "Each value has one name, and each name one value: export the model again.")
    case .initializerRepeated:
      RuleRow(
        .error, summary: "two initializers of a graph have the same name",
        help: "Each value has one name, and each name one value: export the model again.")
    case .valueRepeated:
      RuleRow(
        .error, .warning,
        summary: "a node gives a value that is there already; a warning where a subgraph hides one outside of it",
        help: "Each value has one name, and each name one value: export the model again.")
    case .inputDangling:
      RuleRow(
        .error, summary: "a node uses a value that nothing gives, or only a later node",
        help: "Runtimes refuse the model: export it again.")
    case .outputDangling:
      RuleRow(
        .error, summary: "nothing gives an output of a graph or function",
        help: "Runtimes refuse the model: export it again.")
    case .graphWithoutOutputs:
      RuleRow(
        .warning, summary: "a graph has no outputs",
        help: "Export the model again.")
    case .operatorUnnamed:
      RuleRow(
        .error, summary: "a node does not say what its operator is",
        help: "Runtimes refuse the model: export it again.")
    case .operatorUndefined:
      RuleRow(
        .error, .warning,
        summary:
          "a node calls what is neither an operator of ONNX or onnxruntime that is known here nor a function of the model; an error where the model has functions of that domain",
        help: "It runs only where its operator is registered.")
    case .subgraphMissing:
      RuleRow(
        .error, summary: "an If, Loop, Scan or SequenceMap lacks a subgraph",
        help: "Runtimes refuse the model: export it again.")
    case .attributeRepeated:
      RuleRow(
        .error, summary: "a node has an attribute twice",
        help: "The writer of this file is at fault: export the model again.")
    case .attributeAmbiguous:
      RuleRow(
        .error, summary: "an attribute has several values, or one that is not of its type",
        help: "The writer of this file is at fault: export the model again.")
    case .attributeEmpty:
      RuleRow(
        .error, summary: "an attribute has no value",
        help: "The writer of this file is at fault: export the model again.")
    case .functionRepeated:
      RuleRow(
        .error, summary: "a function is defined twice; the last counts",
        help: "Remove the one that is not meant.")
    case .functionRecursion:
      RuleRow(
        .error, summary: "a function calls itself, directly or by way of others",
        help: "Functions are written out where they are called, so none may call itself.")
    case .graphRuleBroken:
      RuleRow(
        .error, summary: "a node breaks a rule of its operator, or what the file declares is not what comes out",
        help: "The model breaks a rule of this operator: export it again.")
    case .operatorUnknown:
      RuleRow(
        .warning, summary: "an operator that is not known here; the shapes behind it may not be",
        help: "Shapes behind it come from the file's own declarations, where it has them.")
    case .graphExpansion:
      RuleRow(
        .warning, summary: "functions call each other so often that written out they are millions of nodes",
        help: "Runtimes that inline functions will not load it.")
    case .tensorsNoWeights:
      RuleRow(
        .note, summary: "tensors that only shapes, masks or bounds are computed from",
        help: "They are left out of the parameters.")
    case .weightsRenamed:
      RuleRow(
        .note, summary: "weights shown under the module that reads them, or under their place in a repeated stretch",
        help: "Names are for reading; places and sizes are the file's.")
    case .graphShapeDiffers:
      RuleRow(
        .error, summary: "a weight has another shape in the graph than in the checkpoint beside it",
        help: "One of the two belongs to another model: export again.")
    case .graphWeightsDiffer:
      RuleRow(
        .warning, summary: "the graph and the checkpoint beside it do not hold the same weights",
        help: "Tied heads and folded norms explain a few; more mean that the two are not the same model.")
    case .graphTypesDiffer:
      RuleRow(
        .note, summary: "the graph keeps its weights in another type than the checkpoint beside it",
        help: "Meant, where the graph was converted or quantised for inference.")
    case .graphUnreadable:
      RuleRow(
        .error, summary: "the ONNX model beside the checkpoint cannot be read", help: "Download it again, or remove it."
      )
    }
  }
}

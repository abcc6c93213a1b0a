internal import Checkpoint

extension Model {
  /// The ONNX file that a path stands for: the file itself, or the graph in a folder that holds no other weights.
  public static func file(at path: String) -> String? {
    guard isFolder(path) else { return path.hasSuffix(".onnx") ? path : nil }
    guard let names = try? folderEntries(path), !holdsWeights(names) else {
      return nil
    }
    if let inner = try? folderEntries(joined(path, "onnx")), !names.contains(where: { $0.hasSuffix(".onnx") }) {
      return best(of: inner).map { joined(path, "onnx/\($0)") }
    }
    return best(of: names).map { joined(path, $0) }
  }

  /// The ONNX file in a folder that holds other weights too.
  public static func file(beside path: String) -> String? {
    guard isFolder(path), let names = try? folderEntries(path) else { return nil }
    if let own = best(of: names) { return joined(path, own) }
    return (try? folderEntries(joined(path, "onnx"))).flatMap(best).map { joined(path, "onnx/\($0)") }
  }

  /// `model.onnx` before its quantised and otherwise optimised siblings.
  private static func best(of names: [String]) -> String? {
    let graphs = names.filter { $0.hasSuffix(".onnx") }
    return graphs.contains("model.onnx") ? "model.onnx" : graphs.first
  }
}

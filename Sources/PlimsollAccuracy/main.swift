import Architecture
import Checkpoint
import Foundation
import Graph
import Strategy
import TrainingStep
import Units

func load(_ folder: String) -> (ModelDescription, Configuration) {
  let text = try! String(contentsOfFile: "/tmp/w/tsv/\(folder).tsv", encoding: .utf8)
  var root: [String: Configuration.Node] = [:]
  var tensors: [StoredTensor] = []
  for line in text.split(separator: "\n") {
    let f = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    if f[0] == "C" {
      switch f[2] {
      case "b": root[f[1]] = .boolean(f[3] == "True")
      case "i": root[f[1]] = .integer(Int(f[3])!)
      case "f": root[f[1]] = .number(Double(f[3])!)
      default: root[f[1]] = .string(f[3])
      }
    } else {
      tensors.append(
        StoredTensor(
          name: f[1], dataType: DataType(rawValue: f[2])!,
          shape: Shape(f[3].split(separator: ",").map { Int($0)! }), fileIndex: 0,
          range: FileRange(offset: 0, length: 0)))
    }
  }
  let configuration = Configuration(file: "config.json", root: root)
  let set = WeightSet(label: "x", kind: .model, files: ["x"], tensors: tensors)
  return (ModelDescription(weightSet: set, configuration: configuration), configuration)
}

let args = CommandLine.arguments
let filter = args.count > 2 ? args[2] : ""
let trace = args.count > 3
var cache: [String: (ModelDescription, Configuration)] = [:]
let precisions = ["fp32": "fp32", "bf16": "bf16", "bf16_amp": "bf16-mixed", "fp16_amp": "fp16-mixed"]
let attentions = ["sdpa_eff": "efficient", "sdpa_math": "math", "sdpa_cudnn": "cudnn", "sdpa_pad": "sdpa"]
for line in try String(contentsOfFile: args[1], encoding: .utf8).split(separator: "\n") {
  let row = try JSONSerialization.jsonObject(with: line.data(using: .utf8)!) as! [String: Any]
  let id = row["id"] as! String
  if !filter.isEmpty && id.range(of: filter, options: .regularExpression) == nil { continue }
  let s = row["settings"] as! [String: Any]
  if s["parallel"] != nil { continue }
  let family = row["model_type"] as! String
  guard true || ["gpt2", "opt", "llama", "qwen2", "qwen3", "mistral", "bloom", "gpt_neo", "codegen", "biogpt", "gpt_bigcode", "gemma", "phi3", "gptj", "gpt_neox", "gemma2", "phi", "falcon", "granite"].contains(family) else { continue }
  let r = row["results"] as! [String: Any]
  guard let optimizer = Optimizer(rawValue: (s["optimizer"] as! String).replacingOccurrences(of: "_", with: "-")) else { print("skip", id); continue }
  let folder = row["folder"] as! String
  let (d, c) = cache[folder] ?? load(folder)
  cache[folder] = (d, c)
  let att = s["attn"] as! String
  var forward = ForwardSettings(
    batchSize: s["batch"] as! Int, sequenceLength: s["seq"] as! Int,
    precision: .init(rawValue: precisions[s["precision"] as! String]!)!,
    attention: .init(rawValue: attentions[att] ?? att)!, isPadded: att == "sdpa_pad",
    usesCache: ((s["use_cache"] as? Bool) ?? false) && (s["gc"] as! String) == "off", loop: .init(rawValue: s["loop"] as! String)!)
  if let peft = s["peft"] as? String, peft != "none" {
    let qv = ["gpt2": ["c_attn"], "gpt_bigcode": ["c_attn"], "bloom": ["query_key_value"], "gpt_neox": ["query_key_value"], "codegen": ["qkv_proj"], "phi3": ["qkv_proj"]][family] ?? ["q_proj", "v_proj"]
    forward.adapters = LowRankAdapters(
      rank: 16, targets: peft == "lora_all" ? .allLinear : .names(qv), dropout: 0.05,
      requiresInputGradients: (s["gc"] as! String) != "off")
  }
  let gc = ["off": "none", "nonreentrant": "non-reentrant", "reentrant": "reentrant"][s["gc"] as! String]!
  let workload = Workload(
    forward: forward, optimizer: optimizer, checkpointing: .init(rawValue: gc)!, accumulation: (s["accum"] as? Int) ?? 1)
  let e = Estimator(description: d, configuration: c)
  let begin = ContinuousClock.now
  let timeline = try e.timeline(workload)
  let took = ContinuousClock.now - begin
  let (phase, peak) = timeline.peak(ofStep: 2)!
  let truth = r["peak"] as! Int
  let pp = r["phase_peaks"] as! [String: Int]
  func err(_ p: Phase) -> String {
    let t = pp["2/\(p.rawValue)"]!
    let v = timeline.peaks[2]![p]!.bytes.bytes
    return String(format: "%@ %+.3f%%", p.rawValue, 100 * (Double(v) / Double(t) - 1))
  }
  print(String(format: "%+8.3f%%", 100 * (Double(peak.bytes.bytes) / Double(truth) - 1)), id, phase.rawValue, r["peak_phase"] as! String, err(.forward), err(.backward), err(.optimizer), timeline.resident[2]!.bytes - (r["resident_after_step2"] as! Int), took)
  if trace {
    var events: [(Int, Bool, Int)] = []
    for (i, a) in timeline.allocations.enumerated() {
      events.append((a.birth, true, i))
      if let d = a.death { events.append((d, false, i)) }
    }
    events.sort { $0.0 < $1.0 }
    var current = 0
    for (t, birth, i) in events {
      let a = timeline.allocations[i]
      current += birth ? a.bytes.bytes : -a.bytes.bytes
      print(t, birth ? "+" : "-", i, a.bytes.bytes, a.cause, "\(a.step)/\(a.phase.rawValue)", a.module, timeline.category(of: a).rawValue, "cur", current)
    }
  }
}

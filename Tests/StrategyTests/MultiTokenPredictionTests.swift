import Graph
import Strategy
import Testing
import TrainingStep

/// transformers leaves out the blocks that predict tokens further on.
@Test func blocksThatPredictMoreAreLeftOut() throws {
  let extra = [
    "model.layers.3.eh_proj.weight": "F32 96x192", "model.layers.3.enorm.weight": "F32 96",
    "model.layers.3.hnorm.weight": "F32 96", "model.layers.3.input_layernorm.weight": "F32 96",
    "model.layers.3.self_attn.o_proj.weight": "F32 96x96",
  ]
  let bare = try #require(TracedModel.all["deepseek-v3-tiny"]).estimator
  let model = try #require(TracedModel.named("deepseek-v3-tiny", adding: extra)).estimator
  let workload = Workload(forward: ForwardSettings(sequenceLength: 64, precision: .bf16))
  let estimate = try model.estimate(workload)
  #expect(estimate.peak == (try bare.estimate(workload)).peak)
  #expect(estimate.assumptions.contains { $0.what == "multi-token prediction" })
}

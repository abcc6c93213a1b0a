# make demo   what the program does, shown on models in SampleModels
# make test   installs what a fresh Debian lacks and runs every test
# make accuracy TRUTH=runs.jsonl CORPUS=folder   the error of the estimates against traced runs
# make accuracy-onnx [MODELS=folder]   the shapes of ONNX graphs against the node tests of onnx, and exported models
# make engines   accelerate and DeepSpeed, from PyPI, read the launch files that plan --emit writes
# make fuzz [FUZZ_SECONDS=60]   libFuzzer with ASan and UBSan over the readers of zip, pickle and GGUF
# make scaling [MODEL=Llama-3-8B]   how long an answer takes, from one node of GPUs to 2,048
# make lint   the formatter's opinion; make format follows it
# make generate   what protobuf-c's compiler makes of the ONNX schema; make check-generated compares

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

PLIMSOLL := .build/release/plimsoll
SAMPLES := .build/sample-models
MODEL ?= Llama-3-8B

.PHONY: build demo test fuzz fuzz-zip fuzz-pickle fuzz-gguf scaling engines accuracy accuracy-onnx lint format generate check-generated dependencies samples clean

build: dependencies
	swift build -c release

# The two C libraries of the parsers; protobuf-c's compiler where SCHEMA is set, Python where PYTHON is. Looked for by their files, so that
# nothing is installed twice.
dependencies:
	@missing=(); \
	[ -e /usr/include/json-c/json.h ] || missing+=(libjson-c-dev); \
	[ -e /usr/include/protobuf-c/protobuf-c.h ] || missing+=(libprotobuf-c-dev); \
	[ -z "$(SCHEMA)" ] || command -v protoc-c > /dev/null || missing+=(protobuf-c-compiler); \
	[ -z "$(PYTHON)" ] || python3 -c 'import ensurepip' 2> /dev/null || missing+=(python3-venv); \
	if [ $${#missing[@]} -gt 0 ]; then \
	  echo "== Installing $${missing[*]}"; \
	  apt=(env DEBIAN_FRONTEND=noninteractive apt-get); [ "$$(id -u)" = 0 ] || apt=(sudo "$${apt[@]}"); \
	  install=("$${apt[@]}" install -y -q --no-install-recommends "$${missing[@]}"); \
	  "$${install[@]}" || { "$${apt[@]}" update -q && "$${install[@]}"; }; \
	fi

# Headers of published models with holes for weights: nothing is downloaded, next to nothing is stored.
samples:
	@SampleModels/expand.sh $(SAMPLES)

demo: build samples
	@echo
	@echo "== What is in this folder? plimsoll inspect $(MODEL)"
	@echo "   (the published layout of the model, its weights replaced by holes; none of them is ever read)"
	@echo
	@$(PLIMSOLL) inspect $(SAMPLES)/$(MODEL)
	@echo
	@echo "== Does it fit? plimsoll estimate $(MODEL): full fine-tuning in bf16 with AdamW on one 80 GB GPU"
	@echo
	@$(PLIMSOLL) estimate $(SAMPLES)/$(MODEL) --gpu h100-80gb || [ $$? = 1 ]
	@echo
	@echo "== How then, and what is fastest? plimsoll plan $(MODEL): on four of them"
	@echo
	@$(PLIMSOLL) plan $(SAMPLES)/$(MODEL) --gpus 4 --gpu h100-80gb || [ $$? = 1 ]

test: dependencies
	swift test

# Each reader in turn, from the seeds on and what earlier runs have found; what stops one is kept beside them.
FUZZ := .build/fuzz
FUZZ_SECONDS ?= 60
FUZZ_READERS ?= zip pickle gguf
FUZZ_FLAGS := -std=c17 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
fuzz-zip: PARSER := CZip
fuzz-pickle: PARSER := CPickle
fuzz-gguf: PARSER := CGGUF

fuzz: $(addprefix fuzz-,$(FUZZ_READERS))

fuzz-zip fuzz-pickle fuzz-gguf: fuzz-%:
	@mkdir -p $(FUZZ)/found-$*
	@python3 Tests/Fuzzing/seeds.py $(FUZZ)/seeds
	@clang $(FUZZ_FLAGS) -ICParsers/CScanner/include -ICParsers/$(PARSER)/include \
	  Tests/Fuzzing/$@.c CParsers/$(PARSER)/*.c CParsers/CScanner/*.c -o $(FUZZ)/$@
	@$(FUZZ)/$@ -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
	  -artifact_prefix=$(FUZZ)/$*- $(FUZZ)/found-$* $(FUZZ)/seeds/$*

# Time and memory of an answer grow with the kinds of layers, not with layers or GPUs.
scaling: build samples
	@for gpus in 8 64 512 4096 16384; do \
	  for layout in "fsdp" "zero3" "fsdp --tensor-parallel 8" "pp --tensor-parallel 4 --pipeline-parallel 2 --accumulate 8"; do \
	    start=$$(date +%s%N); \
	    $(PLIMSOLL) estimate $(SAMPLES)/$(MODEL) --gpus $$gpus --nodes $$((gpus / 8)) --gpu h100-80gb --checkpointing \
	      non-reentrant --strategy $$layout > /dev/null || [ $$? = 1 ]; \
	    printf '%6d GPUs  %5d ms  %s\n' $$gpus $$((($$(date +%s%N) - start) / 1000000)) "$$layout"; \
	  done; \
	done

# Some gigabytes, kept in the user's cache; .ci/run leaves it out.
engines: PYTHON := yes
engines: dependencies
	PLIMSOLL_ENGINES=1 swift test --filter EngineReaderTests

# A JSON object a line: a model's folder in CORPUS, the run's settings, and its peaks.
accuracy: dependencies
	@[ -n "$(TRUTH)" ] && [ -n "$(CORPUS)" ] || { echo "usage: make accuracy TRUTH=runs.jsonl CORPUS=folder"; exit 64; }
	@swift build -c release --product plimsoll-accuracy
	@.build/release/plimsoll-accuracy "$(TRUTH)" "$(CORPUS)"

# What the models give is known from Python packages; the program itself never needs them.
ORACLE := .build/oracle
ORACLE_PACKAGES := onnx==1.21.0 numpy==2.3.5

accuracy-onnx: PYTHON := yes
accuracy-onnx: dependencies
	@swift build -c release --product plimsoll
	@[ -e $(ORACLE)/bin/pip ] || python3 -m venv $(ORACLE)
	@$(ORACLE)/bin/pip install --quiet --disable-pip-version-check $(ORACLE_PACKAGES)
	@$(ORACLE)/bin/python Tests/Truth/onnx-accuracy.py $(PLIMSOLL) $(MODELS)

# The generated C is committed, so that a build needs no compiler of schemas.
ONNX := CParsers/COnnx
GENERATED := .build/generated

generate check-generated: SCHEMA := yes
generate: dependencies
	protoc-c --proto_path=$(ONNX) --c_out=$(ONNX) onnx.proto
	mv $(ONNX)/onnx.pb-c.h $(ONNX)/include/

check-generated: dependencies
	@mkdir -p $(GENERATED)
	@protoc-c --proto_path=$(ONNX) --c_out=$(GENERATED) onnx.proto
	@diff $(GENERATED)/onnx.pb-c.c $(ONNX)/onnx.pb-c.c && diff $(GENERATED)/onnx.pb-c.h $(ONNX)/include/onnx.pb-c.h \
	  || { echo "The generated C is not what $(ONNX)/onnx.proto says: run make generate"; exit 1; }

lint:
	swift format lint --recursive --strict Sources Tests Package.swift

format:
	swift format --recursive --in-place Sources Tests Package.swift

clean:
	swift package clean
	rm -rf $(SAMPLES)

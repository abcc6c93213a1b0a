"""Reads launch files with the readers of the engines that they are for; used by EngineReaderTests.

usage: read-launch-files.py FOLDER, which holds a folder for each run
"""

import json
import os
import pathlib
import sys

import deepspeed
import yaml
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils import DeepSpeedPlugin, FullyShardedDataParallelPlugin, ParallelismConfig
from accelerate.utils.launch import prepare_multi_gpu_env
from deepspeed.runtime.config import DeepSpeedConfig
from deepspeed.runtime.zero.config import get_zero_config


class Ranks:
    """What DeepSpeedConfig asks: how many ranks share the batch."""

    def __init__(self, count):
        self.count = count

    def get_data_parallel_world_size(self):
        return self.count


def read_accelerate(folder):
    """The file as `accelerate launch` reads it, and the plugins as a process then makes them of its environment."""
    path = folder / "accelerate_config.yaml"
    config = load_config_from_file(str(path))
    parser = launch_command_parser()
    arguments, defaults, sets_precision = _validate_launch_command(
        parser.parse_args(["--config_file", str(path), "--main_process_port", "0", "train.py"])
    )
    assert arguments.num_processes == config.num_processes and arguments.num_machines == config.num_machines
    kind = config.distributed_type.value
    assert arguments.use_deepspeed == (kind == "DEEPSPEED") and arguments.use_fsdp == (kind == "FSDP")
    if kind == "DEEPSPEED":
        fields = list(defaults.deepspeed_config) + (["mixed_precision"] if sets_precision else [])
        os.environ["ACCELERATE_CONFIG_DS_FIELDS"] = ",".join(fields)
        os.environ["ACCELERATE_DEEPSPEED_CONFIG_FILE"] = str(folder / arguments.deepspeed_config_file)
        plugin = DeepSpeedPlugin()
        expected = json.loads((folder / "ds_config.json").read_text())
        assert plugin.zero_stage == expected["zero_optimization"]["stage"]
        assert plugin.gradient_accumulation_steps == expected["gradient_accumulation_steps"]
        return
    if kind != "FSDP":
        return
    arguments.main_process_ip = arguments.main_process_ip or "localhost"
    os.environ.update(prepare_multi_gpu_env(arguments))
    settings = config.fsdp_config
    # The broadcast at the start looks for a GPU.
    os.environ["FSDP_SYNC_MODULE_STATES"] = os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] = "false"
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == settings["fsdp_version"]
    if plugin.fsdp_version == 2:
        assert plugin.reshard_after_forward == settings["fsdp_reshard_after_forward"]
    else:
        assert plugin.sharding_strategy.name == settings["fsdp_sharding_strategy"]
    if config.parallelism_config:
        shape = ParallelismConfig()
        assert shape.total_size == config.num_processes


def read_deepspeed(path):
    """The batch sizes are held against each other, and unknown keys of the shards' section refused."""
    document = json.loads(path.read_text())
    micro = document["train_micro_batch_size_per_gpu"] * document["gradient_accumulation_steps"]
    config = DeepSpeedConfig(str(path), mpu=Ranks(document["train_batch_size"] // micro))
    assert config.train_batch_size == document["train_batch_size"]
    assert config.train_micro_batch_size_per_gpu == document["train_micro_batch_size_per_gpu"]
    assert int(get_zero_config(document).stage) == document["zero_optimization"]["stage"]


def main():
    counts = {}
    # With it DeepSpeedConfig believes Ranks; no processes are started to read a file.
    deepspeed.comm.get_rank = lambda: 0
    for folder in sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_dir()):
        before = dict(os.environ)
        try:
            if (folder / "accelerate_config.yaml").exists():
                read_accelerate(folder)
                counts["accelerate_config.yaml"] = counts.get("accelerate_config.yaml", 0) + 1
            if (folder / "ds_config.json").exists():
                read_deepspeed(folder / "ds_config.json")
                counts["ds_config.json"] = counts.get("ds_config.json", 0) + 1
            for script in folder.glob("*.py"):
                compile(script.read_text(encoding="utf-8"), str(script), "exec")
                counts["*.py"] = counts.get("*.py", 0) + 1
            for document in folder.glob("*.yaml"):
                assert isinstance(yaml.safe_load(document.read_text(encoding="utf-8")), dict)
        except BaseException:
            print(f"in {folder.name}:", file=sys.stderr)
            raise
        finally:
            os.environ.clear()
            os.environ.update(before)
    print("read:", ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))


if __name__ == "__main__":
    main()

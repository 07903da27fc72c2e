"""How transformers' Trainer is used here: on one device, quietly, keeping nothing."""

from __future__ import annotations

from typing import Any


def shared_arguments(device: str, precision: str, seed: int) -> dict[str, Any]:
    """What all our trainings tell it: "cpu" or "cuda", "float32" or "bfloat16", and the seed."""
    return {
        "lr_scheduler_type": "linear",
        "bf16": precision == "bfloat16",
        "use_cpu": device == "cpu",
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
        "seed": seed,
    }


def on_one_device(arguments: Any) -> Any:
    """The arguments, for a single GPU where there are several: more would multiply the batch."""
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def train(trainer: Any) -> None:
    """Train without a word: by itself, Trainer prints every evaluation to stdout."""
    from transformers.trainer_callback import PrinterCallback

    trainer.remove_callback(PrinterCallback)
    trainer.train()

"""Where and how exactly to compute: cores, device, precision."""

from __future__ import annotations

import os
import platform
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ..errors import RequestError

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "float32", "bfloat16")


def cpu_cores() -> int:
    """The number of cores that this process may use; OMP_NUM_THREADS lowers it."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores, int(limit)) if limit.isdigit() and int(limit) else cores


def device_name(device: str) -> str:
    """The GPU's or the processor's own name."""
    if device == "cuda":
        import torch

        return str(torch.cuda.get_device_name())
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def resolve_device(device: str) -> str:
    """ "cpu" or "cuda" for "auto", "cpu" or "cuda"; also sets torch's threads to the cores.

    Raises:
        RequestError: an unknown name, or "cuda" on a machine that has none.
    """
    import torch

    torch.set_num_threads(cpu_cores())
    check_device(device)
    if device == "cuda" and not torch.cuda.is_available():
        raise RequestError("no CUDA device was found; use --device cpu or auto")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def check_device(device: str) -> None:
    """Nothing, when the name is one of DEVICES; whether the device is there shows when it is used.

    Raises:
        RequestError: an unknown name.
    """
    if device not in DEVICES:
        raise RequestError(f"no device {device!r}; there are {', '.join(DEVICES)}")


def resolve_precision(precision: str, device: str) -> str:
    """ "float32" or "bfloat16"; "auto" is bfloat16 where the device computes it natively.

    Args:
        precision: "auto", "float32" or "bfloat16".
        device: "cpu" or "cuda".

    Raises:
        RequestError: an unknown name.
    """
    if precision not in PRECISIONS:
        raise RequestError(f"no precision {precision!r}; there are {', '.join(PRECISIONS)}")
    if precision != "auto":
        return precision
    return "bfloat16" if _has_bfloat16(device) else "float32"


def autocast(precision: str, device: str) -> AbstractContextManager[object]:
    """The context in which a model computes at that precision."""
    import torch

    if precision == "float32":
        return nullcontext()
    return torch.autocast(device, dtype=torch.bfloat16)


def _has_bfloat16(device: str) -> bool:
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if platform.machine() in ("arm64", "aarch64"):
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))

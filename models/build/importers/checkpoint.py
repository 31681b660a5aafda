"""Reading checkpoints: weights only. A pickle that would run code is refused, and a key too few or too many is named."""

import pickle
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from .errors import ImportFailed
from .torchscript import is_torchscript, read_torchscript

State = dict[str, torch.Tensor]
# Where training code puts the weights inside of what it saves.
WRAPPERS = ("state_dict", "model_state_dict", "model")
NAMED = 12


def read(path: Path) -> State:
    """The tensors of a .safetensors file, of a file by torch.save, or of a TorchScript archive."""
    if not path.is_file():
        raise ImportFailed("CHECKPOINT_MISSING", f"{path} is not there; give the checkpoint that the authors published (--checkpoint FILE)")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise ImportFailed("CHECKPOINT_BROKEN", f"{path} is no whole safetensors file: {error}; copy it again") from error
    if is_torchscript(path):
        return read_torchscript(path)
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        call = re.search(r"GLOBAL ([\w.]+)", str(error))
        detail = f"it names {call[1]}" if call else "no table of tensors could be read"
        raise ImportFailed(
            "CHECKPOINT_UNSAFE",
            f"{path} was not loaded: it is a pickle that holds more than weights, which could run code, or it is broken ({detail}); "
            "save its state_dict() alone, or convert it to safetensors",
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        raise ImportFailed("CHECKPOINT_BROKEN", f"{path} is no whole PyTorch checkpoint: {' '.join(str(error).split())[:300]}") from error
    return tensors_of(found, path)


def tensors_of(found: object, path: Path) -> State:
    """Unwraps {"state_dict": ...} and the "module." that DataParallel puts before each name."""
    for wrapper in WRAPPERS:
        if isinstance(found, dict) and isinstance(found.get(wrapper), dict):
            found = found[wrapper]
    if not isinstance(found, dict) or not found or not all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in found.items()):
        raise ImportFailed("CHECKPOINT_UNKNOWN", f"{path} holds no table of tensors by name; wanted: the state_dict that the authors published")
    if all(key.startswith("module.") for key in found):
        found = {key.removeprefix("module."): value for key, value in found.items()}
    return found


def listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(sorted(names)[:NAMED]) + more


def load(module: nn.Module, state: State, name: str) -> nn.Module:
    """Gives the module its weights, in float32. Each name and shape has to fit, none may be left over."""
    wanted = module.state_dict()
    missing = [key for key in wanted if key not in state]
    unexpected = [key for key in state if key not in wanted]
    shapes = [
        f"{key} {list(state[key].shape)} instead of {list(tensor.shape)}"
        for key, tensor in wanted.items()
        if key in state and state[key].shape != tensor.shape
    ]
    wrong = [f"{what}: {listed(keys)}" for what, keys in (("missing", missing), ("unexpected", unexpected), ("shapes", shapes)) if keys]
    if wrong:
        raise ImportFailed("CHECKPOINT_KEYS", f"the checkpoint is not one of {name}; " + "; ".join(wrong))
    floats = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    module.load_state_dict(floats, assign=True)
    return module.eval().requires_grad_(False)


def shape_of(state: State, key: str, name: str) -> torch.Size:
    """The shape of a tensor that decides the architecture."""
    if key not in state:
        raise ImportFailed("CHECKPOINT_KEYS", f"the checkpoint is not one of {name}; missing: {key}")
    return state[key].shape


def count_blocks(state: State, prefix: str) -> int:
    """How many blocks `prefix`0, `prefix`1, ... there are."""
    numbers = {int(key.removeprefix(prefix).split(".")[0]) for key in state if key.startswith(prefix)}
    return max(numbers, default=-1) + 1

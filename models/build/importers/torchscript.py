"""
The tensors of a TorchScript archive, as OpenAI publishes CLIP, without running what is in it: its code is not even read, and of its
pickle only tables, lists and tensors are built. Everything else by name is refused.
"""

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch

from .errors import ImportFailed

TYPES = {
    "FloatStorage": torch.float32, "HalfStorage": torch.float16, "DoubleStorage": torch.float64, "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64, "IntStorage": torch.int32, "ShortStorage": torch.int16, "CharStorage": torch.int8,
    "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
}  # fmt: skip


class Part:
    """A module of the archive: its attributes by name, its class forgotten."""

    def __setstate__(self, state: dict) -> None:
        self.attributes = state


def rebuilt(storage: torch.Tensor, offset: int, size: tuple, stride: tuple, *_rest: object) -> torch.Tensor:
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if all(size) else offset - 1
    if offset < 0 or min((*size, *stride), default=0) < 0 or last >= storage.numel():
        raise ValueError(f"a tensor of {list(size)} reaches beyond its {storage.numel()} numbers")
    return torch.as_strided(storage, size, stride, offset)


class Reader(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, folder: str):
        super().__init__(archive.open(f"{folder}/data.pkl"))
        self.archive, self.folder = archive, folder
        self.storages: dict[str, torch.Tensor] = {}

    def find_class(self, module: str, name: str) -> object:
        if module.split(".")[0] == "__torch__":
            return Part
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return rebuilt
        if module == "torch" and name in TYPES:
            return TYPES[name]
        # Lists with a type: the list is what they are called with.
        if module == "torch.jit._pickle" and name.startswith("build_"):
            return list
        if (module, name) == ("torch.jit._pickle", "restore_type_tag"):
            return lambda value, _type: value
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, pid: tuple) -> torch.Tensor:
        _storage, dtype, key, _device, count = pid
        if key not in self.storages:
            raw = bytearray(self.archive.read(f"{self.folder}/data/{key}"))
            self.storages[key] = torch.frombuffer(raw, dtype=dtype) if raw else torch.empty(0, dtype=dtype)
        if self.storages[key].numel() != count:
            raise ValueError(f"data/{key} holds {self.storages[key].numel()} numbers instead of {count}")
        return self.storages[key]


def is_torchscript(path: Path) -> bool:
    """A table by torch.save has no constants.pkl."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def named_tensors(part: Part, prefix: str = "") -> dict[str, torch.Tensor]:
    found = {}
    for name, value in part.attributes.items():
        if isinstance(value, torch.Tensor):
            found[prefix + name] = value
        elif isinstance(value, Part):
            found |= named_tensors(value, f"{prefix}{name}.")
    return found


def read_torchscript(path: Path) -> dict[str, torch.Tensor]:
    """Tensors by the names of the modules that hold them, as `state_dict()` would give them."""
    try:
        with zipfile.ZipFile(path) as archive:
            folder = next(name for name in archive.namelist() if name.endswith("/constants.pkl")).rsplit("/", 1)[0]
            root = Reader(archive, folder).load()
        if not isinstance(root, Part):
            raise pickle.UnpicklingError("its root is no module")
        return named_tensors(root)
    except pickle.UnpicklingError as error:
        detail = f"{path} was not loaded: a TorchScript archive that holds more than modules and tensors, or is broken ({error})"
        raise ImportFailed("CHECKPOINT_UNSAFE", detail) from error
    except (zipfile.BadZipFile, KeyError, EOFError, ValueError, TypeError, AttributeError, IndexError, RuntimeError, RecursionError) as error:
        raise ImportFailed("CHECKPOINT_BROKEN", f"{path} is no whole TorchScript archive: {error}") from error

"""The sample set of the gates, where one is given."""

import zipfile
from pathlib import Path

import numpy as np

from .errors import ImportFailed


def read_samples(path: Path | None) -> dict[str, np.ndarray]:
    """Arrays by modality, N x the encoder's input."""
    if path is None:
        return {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ImportFailed("BAD_SAMPLES", f"{path}: {error}; wanted a .npz with arrays by modality, N x the encoder's input") from error

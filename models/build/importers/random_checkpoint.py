"""Seeded random weights under the names and shapes of a module: stand-ins for checkpoints, for tests and trials."""

import torch
from torch import nn


def random_state(module: nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """
    Matrices vary as 1/sqrt(inputs), so that signals keep their size through the blocks; norms around 1, so that a norm that is
    left out shows, and so with the means and variances that batch norms have measured. What the module computes in its constructor
    (masks, fixed scales) is kept.
    """
    generator = torch.Generator().manual_seed(seed)
    fixed = {name for name, _ in module.named_buffers()}
    state = {}
    for name, tensor in module.state_dict().items():
        if name.endswith("running_var"):
            state[name] = 1 + 0.1 * torch.rand(tensor.shape, generator=generator)
            continue
        is_fixed = name in fixed and not name.endswith("running_mean")
        if is_fixed or not tensor.is_floating_point() or tensor.ndim == 0:
            state[name] = tensor.clone()
            continue
        noise = torch.randn(tensor.shape, generator=generator)
        if tensor.ndim >= 2:
            state[name] = noise / max(1, tensor[0].numel()) ** 0.5
        elif name.endswith("weight"):
            state[name] = 1 + 0.1 * noise
        else:
            state[name] = 0.1 * noise
    return state

"""Attention in plain operators, with the parameter names of torch.nn.MultiheadAttention: the graph is the same for every version of PyTorch."""

import torch
from torch import nn


class Attention(nn.Module):
    """
    Self-attention over N x tokens x width.

    `bias_kv`: one learned key and value beside those of the tokens. `mask`: added to the products, tokens x tokens.
    """

    def __init__(self, width: int, heads: int, bias_kv: bool = False):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)
        self.bias_k = nn.Parameter(torch.empty(1, 1, width)) if bias_kv else None
        self.bias_v = nn.Parameter(torch.empty(1, 1, width)) if bias_kv else None

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        batch, tokens, width = x.shape
        q, k, v = nn.functional.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, dim=-1)
        if self.bias_k is not None:
            k = torch.cat([k, self.bias_k.expand(batch, 1, width)], dim=1)
            v = torch.cat([v, self.bias_v.expand(batch, 1, width)], dim=1)
        head = width // self.heads
        q, k, v = (t.reshape(batch, -1, self.heads, head).transpose(1, 2) for t in (q, k, v))
        scores = (q * head**-0.5) @ k.transpose(2, 3)
        if mask is not None:
            scores = scores + mask
        return self.out_proj((scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(batch, tokens, width))


def causal_mask(tokens: int) -> torch.Tensor:
    """Minus infinity above the diagonal: a token sees itself and those before it."""
    return torch.full((tokens, tokens), float("-inf")).triu(1)


def unit(x: torch.Tensor) -> torch.Tensor:
    return nn.functional.normalize(x, dim=-1)

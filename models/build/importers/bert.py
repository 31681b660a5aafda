"""The transformer of BERT (Devlin et al. 2018) and RoBERTa under the names that Hugging Face gives its tensors."""

import torch
from torch import nn

EPS = 1e-12


def named(**modules: nn.Module) -> nn.ModuleDict:
    return nn.ModuleDict(modules)


class Attended(nn.Module):
    """The projections of an attention; who may see whom is added to the products."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        head = width // self.heads
        q, k, v = (f(x).reshape(batch, tokens, self.heads, head).transpose(1, 2) for f in (self.query, self.key, self.value))
        scores = q @ k.transpose(2, 3) / head**0.5 + bias
        return (scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(batch, tokens, width)


class BertLayer(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        output = named(dense=nn.Linear(width, width), LayerNorm=nn.LayerNorm(width, EPS))
        self.attention = nn.ModuleDict({"self": Attended(width, heads), "output": output})
        self.intermediate = named(dense=nn.Linear(width, 4 * width))
        self.output = named(dense=nn.Linear(4 * width, width), LayerNorm=nn.LayerNorm(width, EPS))

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        output = self.attention["output"]
        x = output["LayerNorm"](x + output["dense"](self.attention["self"](x, bias)))
        return self.output["LayerNorm"](x + self.output["dense"](nn.functional.gelu(self.intermediate["dense"](x))))


def padding_bias(mask: torch.Tensor) -> torch.Tensor:
    """Nobody sees the padding. float16's minimum, so that graphs in half precision can hold it."""
    return (1 - mask[:, None, None, :].float()) * torch.finfo(torch.float16).min

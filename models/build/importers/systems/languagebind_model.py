"""
LanguageBind's towers (Zhu et al. 2023) under the names of the published tensors: CLIP-L/14 as Hugging Face names it, and in films an
attention between the same places of all frames before each block's own.
"""

from dataclasses import dataclass

import torch
from torch import nn

from ..bert import named
from ..transformer import causal_mask, unit
from .clip_model import quick_gelu

WIDTH, TEXT_WIDTH, DIM, PATCH, HEAD = 1024, 768, 768, 14, 64
VOCABULARY, LENGTH = 49408, 77
# Made here and not in `forward`, where it would become operators of the graph.
MASK = causal_mask(LENGTH)


@dataclass(frozen=True)
class Plan:
    """`size`: rows and columns of a picture or spectrogram. `frames` 0: no attention over time. `is_wide`: with an MLP behind it."""

    blocks: int
    size: tuple[int, int] = (224, 224)
    frames: int = 0
    is_wide: bool = False


class Attention(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        tokens, width = x.shape[1:]
        q, k, v = (f(x).reshape(-1, tokens, width // HEAD, HEAD).transpose(1, 2) for f in (self.q_proj, self.k_proj, self.v_proj))
        scores = q * HEAD**-0.5 @ k.transpose(2, 3)
        scores = scores if mask is None else scores + mask
        return self.out_proj((scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(-1, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(quick_gelu(self.fc1(x)))


class Layer(nn.Module):
    def __init__(self, width: int, frames: int = 0, is_wide: bool = False):
        super().__init__()
        self.self_attn, self.mlp = Attention(width), Mlp(width)
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.frames, self.is_wide = frames, is_wide
        if frames:
            self.temporal_embedding = nn.Parameter(torch.empty(1, frames, width))
            self.temporal_attn, self.temporal_layer_norm1 = Attention(width), nn.LayerNorm(width)
        if is_wide:
            self.temporal_mlp, self.temporal_layer_norm2 = Mlp(width), nn.LayerNorm(width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        x = self.over_time(x) if self.frames else x
        x = x + self.self_attn(self.layer_norm1(x), mask)
        return x + self.mlp(self.layer_norm2(x))

    def over_time(self, x: torch.Tensor) -> torch.Tensor:
        """(N frames) x places x width: each place sees itself in all frames."""
        places, width = x.shape[1:]
        x = x.reshape(-1, self.frames, places, width).transpose(1, 2).reshape(-1, self.frames, width)
        x = x + self.temporal_embedding if self.frames > 1 else x
        x = x + self.temporal_attn(self.temporal_layer_norm1(x))
        x = x + self.temporal_mlp(self.temporal_layer_norm2(x)) if self.is_wide else x
        return x.reshape(-1, places, self.frames, width).transpose(1, 2).reshape(-1, places, width)


class VisionEmbeddings(nn.Module):
    def __init__(self, size: tuple[int, int]):
        super().__init__()
        self.class_embedding = nn.Parameter(torch.empty(WIDTH))
        self.patch_embedding = nn.Conv2d(3, WIDTH, PATCH, PATCH, bias=False)
        self.position_embedding = nn.Embedding((size[0] // PATCH) * (size[1] // PATCH) + 1, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        patches = self.patch_embedding(x).flatten(2).transpose(1, 2)
        return torch.cat([self.class_embedding.expand(patches.shape[0], 1, -1), patches], dim=1) + self.position_embedding.weight


class VisionModel(nn.Module):
    """Pictures, N x 3 x rows x columns, or films, N x 3 x frames x rows x columns -> N x 1024."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.frames = plan.frames or 1
        self.embeddings = VisionEmbeddings(plan.size)
        # The name is published so.
        self.pre_layrnorm, self.post_layernorm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.encoder = named(layers=nn.ModuleList(Layer(WIDTH, plan.frames, plan.is_wide) for _ in range(plan.blocks)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.transpose(1, 2).flatten(0, 1) if x.ndim == 5 else x
        x = self.pre_layrnorm(self.embeddings(x))
        for layer in self.encoder["layers"]:
            x = layer(x)
        return self.post_layernorm(x[:, 0]).reshape(-1, self.frames, WIDTH).mean(1)


class Seen(nn.Module):
    """One sense: the part of a published model that is not the words'."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.vision_model = VisionModel(plan)
        self.visual_projection = nn.Linear(WIDTH, DIM, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return unit(self.visual_projection(self.vision_model(x)))


class Heard(nn.Module):
    """The original stacks three cuts of a sound; of a sound as long as one cut, they are the same."""

    def __init__(self, seen: Seen):
        super().__init__()
        self.seen = seen

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        return self.seen(mel.expand(-1, 3, -1, -1))


class TextModel(nn.Module):
    """The first of the largest ids, the end, speaks for the text."""

    def __init__(self, blocks: int):
        super().__init__()
        self.embeddings = named(
            token_embedding=nn.Embedding(VOCABULARY, TEXT_WIDTH), position_embedding=nn.Embedding(LENGTH, TEXT_WIDTH)
        )
        self.encoder = named(layers=nn.ModuleList(Layer(TEXT_WIDTH) for _ in range(blocks)))
        self.final_layer_norm = nn.LayerNorm(TEXT_WIDTH)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embeddings["token_embedding"](ids) + self.embeddings["position_embedding"].weight
        for layer in self.encoder["layers"]:
            x = layer(x, MASK)
        last = ids.argmax(dim=-1).reshape(-1, 1, 1).expand(-1, 1, TEXT_WIDTH)
        return self.final_layer_norm(x).gather(1, last).squeeze(1)


class Read(nn.Module):
    def __init__(self, blocks: int):
        super().__init__()
        self.text_model = TextModel(blocks)
        self.text_projection = nn.Linear(TEXT_WIDTH, DIM, bias=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return unit(self.text_projection(self.text_model(ids)))

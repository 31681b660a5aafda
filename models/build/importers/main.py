"""python -m importers SYSTEM --checkpoint FILE --out DIR"""

import argparse
import importlib
import logging
import signal
import sys
import warnings
from pathlib import Path
from types import ModuleType

# Beside each system there may be its architecture, NAME_model.py.
FILES = (Path(__file__).parent / "systems").glob("*.py")
SYSTEMS = sorted(path.stem.replace("_", "-") for path in FILES if not path.stem.endswith(("_model", "__")))


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edgebind models import", description="makes a bundle from a published checkpoint")
    parser.add_argument("system", choices=SYSTEMS)
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument("--checkpoint", type=Path, help="the authors' file (.pt, .pth, .bin, .safetensors)")
    weights.add_argument("--random", type=int, metavar="SEED", help="seeded random weights instead, for trials")
    parser.add_argument("--blocks", type=int, default=2, help="with --random: transformer blocks per encoder")
    parser.add_argument("--variant", help="with --random: which of the published sizes (clip, openclip)")
    parser.add_argument("--out", type=Path, required=True, help="the new bundle folder")
    parser.add_argument("--bpe", "--tokenizer", dest="tokenizer", type=Path, help="bpe_simple_vocab_16e6.txt.gz, or a tokenizer.json")
    parser.add_argument("--only", nargs="+", metavar="MODALITY", help="only these modalities")
    parser.add_argument("--video", action="store_true", help="pictures in pairs, 2 s apart (imagebind); eight pictures of 7 s (languagebind)")
    parser.add_argument("--config", type=Path, help="the authors' configuration, where the tensors do not tell all (openclip)")
    parser.add_argument("--activation", choices=("gelu", "quickgelu"), help="instead of a configuration (openclip)")
    parser.add_argument("--word-vectors", type=Path, help="a table in word2vec's format, .bin or text (everything-at-once)")
    parser.add_argument("--words", type=int, default=200_000, help="only the first so many of them, the most frequent (200000)")
    parser.add_argument("--seconds", type=float, default=8, help="how much of the past is fused (everything-at-once: 8; its authors test with 32)")
    parser.add_argument("--licence", help="of the weights, where the importer cannot know it")
    parser.add_argument("--fp16", action="store_true", help="also DIR-fp16, in half precision")
    parser.add_argument("--int8", action="store_true", help="also DIR-int8, with weights in int8")
    parser.add_argument("--samples", type=Path, help=".npz with encoder inputs by modality, N x shape, for the gates")
    return parser


def stop(number: int, _frame: object) -> None:
    # As an exception, so that half a bundle is removed on the way out.
    raise SystemExit(128 + number)


def variant_of(module: ModuleType, arguments: argparse.Namespace) -> list[str]:
    """The published size that random weights stand for, where a system has several: the first, or the one that was named."""
    from .errors import ImportFailed

    known = list(getattr(module, "VARIANTS", ()))
    if arguments.variant is None:
        return known[:1]
    if arguments.variant not in known:
        names = ", ".join(known) or "none"
        raise ImportFailed("BAD_VARIANT", f"{arguments.system} has no variant {arguments.variant}; there are: {names}")
    return [arguments.variant]


def run(arguments: argparse.Namespace) -> None:
    from . import bundle, checkpoint
    from .errors import ImportFailed
    from .progress import say
    from .samples import read_samples
    from .system import Options

    smaller = [precision for precision in ("fp16", "int8") if getattr(arguments, precision)]
    outs = [arguments.out, *(arguments.out.with_name(f"{arguments.out.name}-{precision}") for precision in smaller)]
    for out in outs:
        if out.exists():
            raise ImportFailed("OUT_EXISTS", f"{out} is there already; name a new folder (--out DIR) or remove it")
    name = arguments.system.replace("-", "_")
    module = importlib.import_module(f".systems.{name}", __package__)
    if arguments.random is None:
        say(f"reading {arguments.checkpoint}")
        state = getattr(module, "read", checkpoint.read)(arguments.checkpoint)
    else:
        variant = variant_of(module, arguments)
        named = f"random weights, seed {arguments.random}, {', '.join([*variant, f'at most {arguments.blocks} blocks'])}"
        say(named)
        state = module.random_state(arguments.random, arguments.blocks, *variant)
    options = Options(
        tokenizer=arguments.tokenizer,
        video=arguments.video,
        only=set(arguments.only) if arguments.only else None,
        checkpoint=arguments.checkpoint,
        config=arguments.config,
        activation=arguments.activation,
        word_vectors=arguments.word_vectors,
        words=arguments.words,
        seconds=arguments.seconds,
    )
    system = module.build(state, options)
    if arguments.licence:
        system.licence = arguments.licence
    if arguments.random is not None:
        system.name, system.space, system.source = f"{system.name}-random", f"{system.space}-random", named
    given = read_samples(arguments.samples)
    bundle.write(system, outs[0], given)
    for precision, out in zip(smaller, outs[1:], strict=True):
        bundle.write_smaller(system, outs[0], out, precision, given)
    for out in outs:
        print(out)


def main() -> int:
    arguments = parser().parse_args()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # The tracer warns of each shape that it takes as fixed; those are meant to be.
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    from .errors import ImportFailed

    try:
        run(arguments)
    except ImportFailed as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        return 2 if error.code.startswith(("CHECKPOINT", "OUT", "BAD", "TOKENIZER")) else 1
    return 0

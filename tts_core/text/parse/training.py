"""Training of the span parser on frozen encoder features."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from intone.errors import UserError
from intone.files import sha256
from intone.progress import Progress, silent
from tts_core.text.parse.scoring import F1, f1, plain_brackets
from tts_core.text.parse.span import SpanScorer, WordFeatures, best_labels, best_tree
from tts_core.text.parse.trees import Tree, as_written, read_file

# Middle layers: the top ones of sentence-tuned encoders say less of single words.
LAYERS = {"minilm": (2, 4, 6), "mpnet": (4, 7, 10)}
# The documents held out are the same whatever the seed of the training is.
_SPLIT_SEED = 0
_MAX_WORDS = 40
_RARE = 5
_BATCH = 32
_HIDDEN = 200
_DROPOUT = 0.3
_LR = 2e-3
_MAX_NORM = 5.0


@dataclass(frozen=True)
class Treebank:
    """Trees of whole documents, parted by document.

    Attributes:
        train, held_out: trees without punctuation, words as our front-end parts them.
        held_out_documents: names of the documents held out.
    """

    train: list[Tree]
    held_out: list[Tree]
    held_out_documents: list[str]


@dataclass(frozen=True)
class Trained:
    """Result of a training.

    Attributes:
        losses: mean loss of each epoch, nats per sentence.
        scores: of the held-out documents: "unlabelled", "labelled".
        held_out_documents: their names. sentences: (training, held out).
    """

    losses: list[float]
    scores: dict[str, F1]
    held_out_documents: list[str]
    sentences: tuple[int, int]


def read_treebank(folder: Path, held_out: int) -> Treebank:
    """Every bracketed file (.ptb, .mrg, .trees) of a folder, one document each.

    Args:
        folder: where they are. held_out: how many documents are kept from training.

    Raises:
        UserError: no such folder, too few documents, or one that cannot be read.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; name one that holds bracketed trees")
    files = [p for p in sorted(folder.glob("*")) if p.suffix in (".ptb", ".mrg", ".trees")]
    if not files:
        raise UserError(f"{folder}: no .ptb, .mrg or .trees files; give a folder of a treebank")
    if len(files) <= held_out:
        raise UserError(
            f"{folder}: {len(files)} documents with trees (.ptb, .mrg, .trees) are here, but "
            f"{held_out} are to be held out; name a folder with more, or lower --held-out"
        )
    random.Random(_SPLIT_SEED).shuffle(files)
    return Treebank(
        train=[tree for path in files[held_out:] for tree in sentences(path)],
        held_out=[tree for path in files[:held_out] for tree in sentences(path)],
        held_out_documents=[path.stem for path in files[:held_out]],
    )


def sentences(path: Path) -> list[Tree]:
    """Read the trees of two or more words from a file."""
    trees = (as_written(tree) for tree in read_file(path))
    # GUM's texts from other corpora hold ids with an underscore in place of the words.
    return [t for t in trees if len(t.words) > 1 and not any("_" in word for word in t.words)]


def train_parser(
    folder: Path,
    out: Path,
    encoder: str = "minilm",
    layers: Sequence[int] = (),
    epochs: int = 12,
    seed: int = 0,
    held_out: int = 12,
    progress: Progress = silent,
) -> Trained:
    """Train a span parser and write its weights.

    The loss is the cross-entropy of every span's label ("no constituent" among them), summed over a
    sentence. The same arguments on the same machine give the same weights.

    Args:
        folder: a treebank, see `read_treebank`. out: file to write (.safetensors).
        encoder: asset name, local folder or hub name of the text encoder.
        layers: its layers whose states are read; by default `LAYERS`, else 1/3, 7/12, 10/12 up.
        epochs: passes over the trees. seed: of weights, order and dropout.
        held_out: documents to measure on; they are never trained on and choose nothing.
        progress: see `intone.progress`.

    Raises:
        UserError: the treebank or the encoder cannot be read.
    """
    bank = read_treebank(folder, held_out)
    train = [tree for tree in bank.train if len(tree.words) <= _MAX_WORDS]
    if not train or not bank.held_out:
        raise UserError(
            f"{folder}: no sentences of 2 to {_MAX_WORDS} words to train on, or none of two or "
            "more words among those held out; name a larger treebank"
        )
    torch.manual_seed(seed)
    reader = WordFeatures(encoder, layers or _layers(encoder))
    features = _read(reader, train, "features", progress)
    labels = _labels(train)
    scorer = SpanScorer(reader.dim, _HIDDEN, len(labels), _DROPOUT)
    targets = [_target(tree, {label: i for i, label in enumerate(labels)}) for tree in train]
    losses = _fit(scorer, features, targets, epochs, seed, progress)
    scorer.eval().half().float()
    parsed = _parse(scorer, labels, _read(reader, bank.held_out, "held-out features", progress))
    pairs = [
        (plain_brackets(ours, len(tree.words)), plain_brackets(tree.spans, len(tree.words)))
        for ours, tree in zip(parsed, bank.held_out, strict=True)
    ]
    scores = {"unlabelled": f1(pairs, labelled=False), "labelled": f1(pairs, labelled=True)}
    trained = Trained(losses, scores, bank.held_out_documents, (len(train), len(bank.held_out)))
    card = {
        "labels": labels,
        "layers": reader.layers,
        "encoder": Path(encoder).name if Path(encoder).is_dir() else encoder,
        "trained_on": f"{folder.name}: {len(train)} trees; {folder_digest(folder)}",
        "held_out": bank.held_out_documents,
        "epochs": epochs,
        "seed": seed,
        **{f"f1_{name}": round(score.value, 4) for name, score in scores.items()},
    }
    write_scorer(scorer, card, out)
    return trained


def folder_digest(folder: Path) -> str:
    """One digest of the files of a treebank."""
    import hashlib

    sha = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        sha.update(sha256(path).encode())
    return f"sha256 {sha.hexdigest()[:16]}"


def _layers(encoder: str) -> tuple[int, ...]:
    from transformers import AutoConfig

    from tts_core.text.bert import resolve

    if encoder in LAYERS:
        return LAYERS[encoder]
    depth = int(AutoConfig.from_pretrained(resolve(encoder)).num_hidden_layers)
    return tuple(sorted({max(1, depth * part // 12) for part in (4, 7, 10)}))


def _read(
    reader: WordFeatures, trees: Sequence[Tree], title: str, progress: Progress
) -> list[Tensor]:
    """Compute features of every tree's words, (L, D) in half precision."""
    rows: list[Tensor] = [torch.empty(0)] * len(trees)
    done = 0
    for chosen, features in reader.batches([tree.leaves for tree in trees]):
        for i, row in zip(chosen, features, strict=True):
            rows[i] = row.half().clone()
        done += len(chosen)
        progress(title, done, len(trees))
    return rows


def chains(tree: Tree) -> dict[tuple[int, int], str]:
    """Return the label of every span that is a constituent.

    Unary chains are joined by "+".
    """
    labels: dict[tuple[int, int], str] = {}
    for label, start, end in tree.spans:
        above = labels.get((start, end))
        labels[start, end] = f"{above}+{label}" if above else label
    return labels


def _labels(trees: Sequence[Tree]) -> list[str]:
    counts = Counter(label for tree in trees for label in chains(tree).values())
    return ["", *(label for label, count in counts.most_common() if count >= _RARE)]


def _target(tree: Tree, index: dict[str, int]) -> Tensor:
    """Return the label of every span in `SpanScorer.forward`'s order.

    Rare ones count as none.
    """
    n = len(tree.words)
    grid = torch.zeros(n + 1, n + 1, dtype=torch.int64)
    for (start, end), label in chains(tree).items():
        grid[start, end] = index.get(label, 0)
    i, j = torch.triu_indices(n + 1, n + 1, 1)
    return grid[i, j]


def _fit(
    scorer: SpanScorer,
    features: Sequence[Tensor],
    targets: Sequence[Tensor],
    epochs: int,
    seed: int,
    progress: Progress,
) -> list[float]:
    order = list(range(len(features)))
    shuffle = random.Random(seed)
    size = min(_BATCH, len(order))
    per_epoch = len(order) // size
    optimiser = torch.optim.AdamW(scorer.parameters(), _LR)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LR, total_steps=epochs * per_epoch)
    losses: list[float] = []
    scorer.train()
    for epoch in range(epochs):
        shuffle.shuffle(order)
        total = 0.0
        for step in range(per_epoch):
            chosen = order[step * size : (step + 1) * size]
            scores = scorer([features[i].float() for i in chosen])
            truth = torch.cat([targets[i] for i in chosen])
            loss = nn.functional.cross_entropy(scores, truth, reduction="sum") / size
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(scorer.parameters(), _MAX_NORM)
            optimiser.step()
            schedule.step()
            total += loss.item()
            progress("training steps", epoch * per_epoch + step + 1, epochs * per_epoch)
        losses.append(total / per_epoch)
    return losses


@torch.inference_mode()
def _parse(
    scorer: SpanScorer, labels: Sequence[str], features: Sequence[Tensor]
) -> list[list[tuple[str, int, int]]]:
    trees = []
    for row in features:
        scores = next(scorer.spans([row.float()]))
        trees.append(best_tree(*best_labels(scores, len(row)), labels))
    return trees


def write_scorer(scorer: SpanScorer, card: dict[str, Any], out: Path) -> None:
    """Write weights in half precision with their card.

    Equal ones give equal files.
    """
    from safetensors.torch import save_file

    weights = {key: value.half().contiguous() for key, value in scorer.state_dict().items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = out.with_name(f".{out.name}")
    # In one entry, because safetensors writes several in any order.
    save_file(weights, scratch, {"card": json.dumps(card)})
    scratch.chmod(0o644)
    scratch.rename(out)

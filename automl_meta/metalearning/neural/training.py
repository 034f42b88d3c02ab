"""Meta-training: steps on batches of episodes until the meta-validation datasets gain no more; it can be resumed."""

import json
import logging
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from automl_meta.files import replacing
from automl_meta.metalearning.neural.batches import Batch, Sizes
from automl_meta.metalearning.neural.learner import Learner, negative_log_likelihood
from automl_meta.metalearning.neural.networks import Weights
from automl_meta.seeding import generator

logger = logging.getLogger(__name__)

LARGEST_GRADIENT = 5.0  # norm to which longer gradients are cut
FORMAT = 1  # of checkpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How long and how fast.

    Attributes
    ----------
    steps : int
        At the most.
    rate : float
        Of Adam, falling to a tenth along a cosine.
    tasks : int
        In one batch.
    check_every : int
        Steps between looks at the meta-validation datasets.
    patience : int
        Looks without gain after which training ends.
    seconds : float, optional
        After which it ends.
    """

    steps: int = 1500
    rate: float = 2e-3
    tasks: int = 16
    check_every: int = 50
    patience: int = 8
    seed: int = 0
    seconds: float | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Progress:
    """Where a training stands.

    Attributes
    ----------
    best : weights
        Those with the smallest meta-validation loss so far.
    moments : list of dicts of tensors
        Adam's, one a weight.
    """

    weights: Weights
    best: Weights
    moments: list[dict[str, torch.Tensor]] = field(default_factory=list)
    step: int = 0
    best_loss: float = float("inf")
    looks_without_gain: int = 0
    seconds: float = 0.0
    ended: bool = False


Watcher = Callable[[Progress], object]


def train(
    learner: Learner,
    sizes: Sizes,
    draw: Callable[[np.random.Generator], Batch],
    validation: Sequence[Batch],
    training: Training,
    *,
    checkpoint: Path | None = None,
    watch: Watcher = lambda progress: None,
) -> Progress:
    """Return where training `learner` ended; its `best` weights are what to use.

    Parameters
    ----------
    draw : callable
        Returns a batch of training episodes, drawn with the generator that it is given.
    validation : sequence of Batch
        None: the last weights are the best.
    checkpoint : Path, optional
        File that is written at every look, and from which an interrupted training goes on, with the same result.
    watch : callable
        Told at every look.
    """
    device = best_device()
    progress = _read(checkpoint) if checkpoint is not None else None
    if progress is None:
        weights = learner.initial(sizes, generator(training.seed, "initial", learner.name))
        progress = Progress(weights=weights, best=weights)
    weights = {name: w.detach().clone().to(device).requires_grad_() for name, w in progress.weights.items()}
    optimiser = torch.optim.Adam(list(weights.values()), lr=training.rate)
    _give_moments(optimiser, list(weights.values()), progress.moments)
    judged = [batch.to(device) for batch in validation]
    since = time.monotonic() - progress.seconds
    while not progress.ended:
        _step(learner, weights, optimiser, draw, training, progress.step, device)
        progress.step += 1
        over = progress.step >= training.steps
        if not over and progress.step % training.check_every:
            continue
        progress.seconds = time.monotonic() - since
        _look(learner, weights, judged, progress)
        late = training.seconds is not None and progress.seconds > training.seconds
        progress.ended = over or late or progress.looks_without_gain >= training.patience
        progress.moments = [dict(optimiser.state[w]) for w in weights.values()]
        if checkpoint is not None:
            _write(progress, checkpoint)
        watch(progress)
    return progress


def best_device() -> str:
    """Return the device to train on: a GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def validation_loss(learner: Learner, weights: Weights, batches: Sequence[Batch]) -> float:
    """Return the mean over batches of how unlikely their queries are."""
    losses = [float(negative_log_likelihood(*learner.predict(weights, b), b).detach()) for b in batches]
    return float(np.mean(losses))


def _step(
    learner: Learner,
    weights: Weights,
    optimiser: torch.optim.Adam,
    draw: Callable[[np.random.Generator], Batch],
    training: Training,
    step: int,
    device: str,
) -> None:
    """Take one step; which episodes it sees depends on its number only, so that a resumed training sees the same."""
    for group in optimiser.param_groups:
        group["lr"] = training.rate * (0.55 + 0.45 * float(np.cos(np.pi * step / training.steps)))
    batch = draw(generator(training.seed, "episodes", learner.name, step)).to(device)
    loss = learner.loss(weights, batch)
    optimiser.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_([w for w in weights.values() if w.grad is not None], LARGEST_GRADIENT)
    if torch.isfinite(norm):
        optimiser.step()
    else:
        logger.info("%s: step %d had no finite gradient and was left out", learner.name, step)


def _look(learner: Learner, weights: Weights, validation: Sequence[Batch], progress: Progress) -> None:
    progress.weights = {name: w.detach().cpu().clone() for name, w in weights.items()}
    loss = validation_loss(learner, weights, validation) if validation else -float(progress.step)
    if loss < progress.best_loss:
        progress.best, progress.best_loss, progress.looks_without_gain = progress.weights, loss, 0
    else:
        progress.looks_without_gain += 1


def _give_moments(
    optimiser: torch.optim.Adam, weights: list[torch.Tensor], moments: list[dict[str, torch.Tensor]]
) -> None:
    for w, known in zip(weights, moments, strict=False):  # a new training has none
        optimiser.state[w] = {
            key: value.to(w.device if value.shape == w.shape and key != "step" else "cpu")
            for key, value in known.items()
        }


def _write(progress: Progress, path: Path) -> None:
    head = {"format": FORMAT, **{k: v for k, v in asdict(progress).items() if isinstance(v, bool | int | float)}}
    arrays = {"head": np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)}
    for kind, tensors in (("weights", progress.weights), ("best", progress.best)):
        arrays |= {f"{kind}/{name}": w.detach().cpu().numpy() for name, w in tensors.items()}
    for number, moments in enumerate(progress.moments):
        arrays |= {f"moments/{number}/{key}": value.detach().cpu().numpy() for key, value in moments.items()}
    with replacing(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # no array is called allow_pickle


def _read(path: Path) -> Progress | None:
    """Return the training kept at `path`, or None if there is none that can be read."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as content:
            head = json.loads(content["head"].tobytes())
            if head.pop("format") != FORMAT:
                return None
            found: dict[str, Any] = {"weights": {}, "best": {}}
            moments: dict[int, dict[str, torch.Tensor]] = {}
            for key in content.files:
                kind, _, name = key.partition("/")
                value = torch.from_numpy(content[key].copy())
                if kind in found:
                    found[kind][name] = value
                elif kind == "moments":
                    number, _, name = name.partition("/")
                    moments.setdefault(int(number), {})[name] = value
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logger.info("cannot go on from %s (%s); beginning anew", path, error)
        return None
    return Progress(**found, moments=[moments[number] for number in sorted(moments)], **head)

"""The method that a user chooses by name, ready for the datasets and configurations that are known.

Classical methods are fitted on the spot. Few-shot methods were trained before, by ``metabase train-meta-models``;
their weights are found beside the meta-base that they came from, or in the user's own folder.
"""

import shlex
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from automl_meta.errors import InputError
from automl_meta.metabase.shipped import personal_path
from automl_meta.metalearning.memory import Memory, read_comparable
from automl_meta.metalearning.methods import DEFAULT, METHODS, MIXED, learned_members
from automl_meta.metalearning.mixture import Mixture
from automl_meta.metalearning.protocol import Experience, MetaModel
from automl_meta.optional import require

if TYPE_CHECKING:
    from automl_meta.metalearning.neural.weights_file import Trained

FOLDER = "meta-models"
DIGITS = 12  # of a checksum, that name a folder

ModelMaker = Callable[[Experience], MetaModel]


def chosen_model(
    name: str | None, memory: Memory, paths: Sequence[Path], *, forget: Collection[str] = ()
) -> ModelMaker | None:
    """Return what makes the method called `name` for an experience; None for the default.

    Parameters
    ----------
    paths : sequence of Path
        The meta-bases that `memory` was read from.
    forget : collection of str
        Datasets and families that the method must not know.

    Raises
    ------
    InputError
        If there is no such method, or it needs weights that are not there, or that know what is to be forgotten.
    MissingExtraError
        If it needs PyTorch, and that is not installed.
    """
    if name is None or name == DEFAULT:
        return None
    if name not in METHODS:
        raise InputError(f"no method is called {name!r}. Try --meta-model with one of: {', '.join(METHODS)}")
    if not memory.experience.datasets:
        return None  # nobody has learned anything
    trained = {member: find_trained(member, memory, paths) for member in learned_members(name)}
    if trained and forget:
        forgotten = _forgotten(memory, paths)
        for known in trained.values():
            if learned := sorted(forgotten.intersection(known.origin.datasets)):
                raise InputError(
                    f"--forget {' --forget '.join(sorted(forget))}: the weights of {known.origin.method} were "
                    f"trained on {learned[0]}, which is to be forgotten. Try without --meta-model, or train on a "
                    "meta-base without it: automl-meta metabase train-meta-models"
                )

    def member_for(member: str, experience: Experience) -> MetaModel:
        if member in trained:
            return trained[member].model_for(experience)
        return METHODS[member]().fit(experience)

    def make(experience: Experience) -> MetaModel:
        if name == "mixture":
            return Mixture([member_for(member, experience) for member in MIXED]).use(experience)
        return member_for(name, experience)

    return make


def _forgotten(memory: Memory, paths: Sequence[Path]) -> set[str]:
    """Return the datasets that `memory` would know if it had not forgotten them: families and near-duplicates too."""
    everything, _, _ = read_comparable(paths, memory.task, memory.asked)
    return {*everything.datasets} - {*memory.experience.datasets}


def find_trained(method: str, memory: Memory, paths: Sequence[Path]) -> "Trained":
    """Return the weights of a few-shot method that came from one of the meta-bases at `paths`.

    Raises
    ------
    InputError
        If there are none.
    """
    require("torch", "neural")
    from automl_meta.metalearning.neural.weights_file import checksum_of, file_name, load

    file = file_name(method, memory.task.value, memory.metric)
    checksums = [checksum_of([path]) for path in paths]
    for path, checksum in zip(paths, checksums, strict=True):
        for folder in (path.parent / FOLDER, own_folder(checksum)):
            if (folder / file).is_file():
                found = load(folder / file)
                if found.origin.checksum in checksums:
                    return found
    command = ["automl-meta", "metabase", "train-meta-models", "--metabase", str(paths[0]), "--methods", method]
    raise InputError(
        f"{method} has not been trained on this meta-base for {memory.task.value} tasks by {memory.metric}. Try: "
        f"{shlex.join([*command, '--metric', memory.metric])}"
    )


def own_folder(checksum: str) -> Path:
    """Return the user's folder for weights trained on the meta-base with this checksum."""
    return personal_path().parent / FOLDER / checksum[:DIGITS]

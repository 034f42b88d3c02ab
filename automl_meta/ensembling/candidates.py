"""What an ensemble can be made of."""

from dataclasses import dataclass

from automl_meta.evaluation.records import Evaluation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A cross-validated configuration, of the first layer or of one above it.

    Attributes
    ----------
    layer : int
        1 where it sees the table's columns alone.
    inputs : tuple of str
        Above the first layer: the names of the candidates whose predictions it takes in besides the columns.
    """

    evaluation: Evaluation
    layer: int = 1
    inputs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The configuration's id; with the layer above the first, where the same configuration is another model."""
        own = self.evaluation.configuration.id
        return own if self.layer == 1 else f"{own}-{self.layer}"

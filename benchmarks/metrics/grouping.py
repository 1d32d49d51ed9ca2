"""Groups of images: by the class that the real ones show, that samples were asked for, or that they are taken for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ...registry.schema import Dataset
from .by_class import labels_of
from .distances import refuse_not_finite
from .inputs import FeatureSet, MetricInputs


@dataclass(frozen=True)
class Grouping:
    """What the classes of a data set say of an image's group, and of what it shows beside that.

    Attributes:
        names: of the groups.
        group: of each class, int64, shape (classes,).
        subjects: what the classes of each group show, if those of different groups show the same.
        subject: of each class, int64, shape (classes,); none if there are no subjects.
    """

    names: tuple[str, ...]
    group: Tensor
    subjects: tuple[str, ...] = ()
    subject: Tensor | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> Grouping | None:
        """That of a data set; none if its entry lists no groups."""
        groups = dataset.groups
        if groups is None:
            return None
        names = tuple(groups.classes)
        group = torch.tensor([names.index(name) for name in groups.of(dataset.classes)])
        if not groups.subjects:
            return cls(names, group)
        places = {name: i for names in groups.classes.values() for i, name in enumerate(names)}
        subject = torch.tensor([places[name] for name in dataset.classes])
        return cls(names, group, groups.subjects, subject)

    def of_logits(self, logits: Tensor) -> Tensor:
        """The classes that images are taken for, shape (n,).

        Raises:
            BadFeatures: the classifier has other classes than the data set.
        """
        refuse_not_finite(logits, what="logits")
        if logits.shape[1] != len(self.group):
            raise BadFeatures(
                f"the classifier has {logits.shape[1]} classes, the groups are of {len(self.group)}",
                "measure in the space of a classifier of the data set's classes",
            )
        return logits.argmax(dim=1).cpu()


def grouping(inputs: MetricInputs) -> Grouping:
    """The groups of the inputs.

    Raises:
        BadFeatures: there are none.
    """
    if inputs.groups is None:
        raise BadFeatures("the groups are missing", "list the groups in the entry of the data set")
    return inputs.groups


def judged(inputs: MetricInputs) -> Tensor:
    """The class that each sample is taken for, shape (n,)."""
    return grouping(inputs).of_logits(inputs.fake.logits)


def shown(inputs: MetricInputs, side: FeatureSet, what: str) -> Tensor:
    """The class that each image of a side shows or was asked for, by its label, shape (n,)."""
    return labels_of(side, what, len(grouping(inputs).group)).cpu()

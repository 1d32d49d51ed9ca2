"""What a column of a track is called: its key, as records, results and pages have it, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping

from .metrics import METRICS


def column_key(metric: object, extractor: object, params: Mapping[str, object], against: object) -> str:
    """The key of a column: what tells it from the others of its track.

    It depends on the column alone, so that a record knows it without its track.

    >>> column_key("fd", "digits-cnn", {}, "reference"), column_key("fd", "digits-cnn", {}, "train")
    ('fd:digits-cnn', 'fd:digits-cnn:train')
    >>> [column_key("conditional_accuracy", "digits-cnn", {"top": top}, "reference") for top in (1, 5)]
    ['conditional_accuracy:digits-cnn', 'conditional_accuracy:digits-cnn:top-5']
    """
    row = METRICS.get(metric) if isinstance(metric, str) else None
    usual = {name: row.params[name] for name in row.asks} if row else {}
    own = [f"{name}-{params[name]}" for name, value in usual.items() if params.get(name, value) != value]
    return ":".join([str(metric), str(extractor), *own, *["train"] * (against == "train")])


def qualifiers(key: str) -> list[str]:
    """What a column is asked beside its metric and feature space, in words.

    >>> qualifiers("fd:digits-cnn"), qualifiers("conditional_accuracy:digits-cnn:top-5:train"), qualifiers("fd")
    ([], ['top 5', 'against train'], [])
    """
    return ["against train" if said == "train" else said.replace("-", " ", 1) for said in key.split(":")[2:]]


def titled(key: str) -> str:
    """The title of a metric, or of a column such as `fd:digits-cnn:train`.

    >>> titled("fd:digits-cnn:train"), titled("recall")
    ('Fréchet distance, against train', 'Recall')
    """
    name = key.partition(":")[0]
    return ", ".join([METRICS[name].title if name in METRICS else name, *qualifiers(key)])

"""What a submitter says of a generator: one line each, visible, links http(s) only."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from ...benchmarks.result import ChosenOn, Selection
from ...registry.schema import Strict
from ..text.words import LONG, SHORT, problem_with_link, shown

MANY = 200  # authors, or data sets


def _linked(text: str) -> str:
    problem = problem_with_link(text)
    if problem:
        raise ValueError(problem)
    return text


Short = Annotated[str, shown(SHORT)]
Line = Annotated[str, shown(SHORT * 2)]
Link = Annotated[str, AfterValidator(_linked)]


class Words(Strict):
    """What may be said, and corrected later by an amendment; every field may be missing."""

    title: Line | None = None
    family: Line | None = None
    authors: tuple[Short, ...] = Field(default=(), max_length=MANY)
    licence: Line | None = None
    training_data: tuple[Short, ...] = Field(default=(), max_length=MANY)
    tried: int | None = Field(None, ge=1)
    chosen_by: Line | None = None
    chosen_on: ChosenOn | None = None
    paper: Line | None = None
    page: Link | None = None
    code: Link | None = None
    parameters: int | None = Field(None, ge=1)
    notes: Annotated[str, shown(LONG)] | None = None
    contact: Line | None = None

    @field_validator("authors", "training_data", mode="before")
    @classmethod
    def _from_words(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_was_not_chosen(self) -> Self:
        if self.tried == 1 and (self.chosen_by or self.chosen_on):
            raise ValueError("with one checkpoint, nothing was chosen; remove chosen_by and chosen_on")
        return self

    @property
    def selection(self) -> Selection:
        assert self.tried is not None
        return Selection(tried=self.tried, metric=self.chosen_by, on=self.chosen_on)

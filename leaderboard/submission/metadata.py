"""What a submitter says of a generator: which fields there are, who must give them, and what they may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError

from ...benchmarks.result import ACCOUNT, ChosenOn
from ...core.errors import BadEntry, BadSubmission
from ...core.files import read_bytes
from ...core.serialization import parse_toml
from ...core.validation import field_and_problem
from ...registry.schema import Name
from ..verification.submitter_words import Words


@dataclass(frozen=True)
class Question:
    """A field of a submission, as flags, the TOML file and the questions have it.

    Attributes:
        needed: of whom: of everybody, of images and functions (an entry of the registry says it already), of those
            who tried several checkpoints, or of nobody.
        kind: how a word on the command line becomes its value.
    """

    name: str
    question: str
    example: str
    needed: Literal["all", "unregistered", "several tried", "nobody"] = "nobody"
    kind: Literal["text", "list", "number"] = "text"

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


FIELDS = (
    Question("title", "Full name, shown in tables", "A small VAE", "unregistered"),
    Question("family", "Family: gan, vae, flow, diffusion, ...", "vae", "unregistered"),
    Question("authors", "Authors, separated by commas", "Ada Example, Bo Example", "all", "list"),
    Question("account", "Your GitHub account: it alone may withdraw this result or take its name again", "ada-example"),
    Question("licence", "Licence of the weights or images", "CC-BY-4.0", "unregistered"),
    Question("training_data", "Training data sets, separated by commas", "digits/train", "unregistered", "list"),
    Question("tried", "Number of checkpoints or settings tried before this one was chosen", "1", "all", "number"),
    Question("chosen_by", "Metric used to choose it", "validation loss", "several tried"),
    Question(
        "chosen_on",
        f"Data on which that metric was measured: {', '.join(get_args(ChosenOn))}",
        "train",
        "several tried",
    ),
    Question("paper", "Paper", "arXiv:1312.6114"),
    Question("page", "Project page", "https://example.org/small-vae"),
    Question("code", "Address of the code", "https://example.org/small-vae/code"),
    Question("parameters", "Number of parameters", "120000", kind="number"),
    Question("notes", "Anything else that readers should know", "Trained for one hour."),
    Question("contact", "Contact for questions", "ada@example.org"),
)
_OF_THE_ENTRY = frozenset({"title", "family", "licence", "training_data", "paper"})


class Metadata(Words):
    """A submitter's words, with the name of the generator and the account that offers it."""

    name: Name | None = None  # of images and functions; made from the source by default
    account: Annotated[str, Field(pattern=ACCOUNT)] | None = None

    def missing(self, registered: bool) -> tuple[Question, ...]:
        """The fields that are needed and not there.

        Args:
            registered: an entry of the registry says some of them already.
        """
        needed = {"all"} | (set() if registered else {"unregistered"})
        if self.tried is not None and self.tried > 1:
            needed.add("several tried")
        return tuple(f for f in FIELDS if f.needed in needed and getattr(self, f.name) in (None, ()))

    def refuse_what_the_entry_says(self, name: str) -> None:
        """Raises BadSubmission if a registered generator is given another title, licence, ..."""
        given = [f for f in FIELDS if f.name in _OF_THE_ENTRY and getattr(self, f.name) not in (None, ())]
        if given or self.name:
            flag = given[0].flag if given else "--name"
            raise BadSubmission(
                f"{name!r} is registered: its entry already gives its {flag[2:].replace('-', ' ')}",
                f"remove {flag}, or change registry/entries/generators/{name}.toml",
            )


def read_metadata(path: Path | None, flags: Mapping[str, object]) -> Metadata:
    """What a TOML file says, and what flags say over it.

    Raises:
        BadSubmission: not TOML, an unknown field, or words that may not be shown.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = parse_toml(read_bytes(path), path)
        except BadEntry as e:
            raise BadSubmission(e.fact, "start from: genboard submit --template --out FILE") from e
    values |= {key: value for key, value in flags.items() if value is not None}
    return _validated(values, path, flags)


def read_amendment(path: Path) -> Words:
    """The fields that a TOML file corrects, see `genboard.leaderboard.verification.amendments`.

    Raises:
        BadSubmission: as `read_metadata`; a name or an account is never amended.
    """
    metadata = read_metadata(path, {})
    fixed = sorted(metadata.model_fields_set & {"name", "account"})
    if fixed:
        raise BadSubmission(f"{path}: the {fixed[0]} of a result is never amended", f"remove {fixed[0]}")
    return Words.model_validate(metadata.model_dump(exclude_unset=True))


def answered(metadata: Metadata, question: Question, answer: str) -> Metadata:
    """The metadata with an answer to a question.

    Raises:
        BadSubmission: words that may not be shown, or no number where one was asked for.
    """
    given = metadata.model_dump(exclude_defaults=True) | {question.name: answer.strip()}
    return _validated(given, None, {question.name: answer})


def _validated(values: Mapping[str, Any], path: Path | None, flags: Mapping[str, object]) -> Metadata:
    try:
        return Metadata.model_validate(values)
    except ValidationError as e:
        first = e.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "tried"
        where = f"{path}: {field}" if path and field not in flags else f"--{field.replace('_', '-')}"
        problem = field_and_problem(first)[1]
        raise BadSubmission(
            f"{where}: {problem[:1].lower()}{problem[1:]}", "genboard submit --template lists every field"
        ) from e


def template() -> str:
    """A TOML file to fill in, with every field, its meaning and an example."""
    who = {
        "all": "needed",
        "unregistered": "needed, unless the generator is registered",
        "several tried": "needed if tried > 1",
        "nobody": "optional",
    }
    lines = [
        "# What `genboard submit --metadata THIS_FILE` reads.",
        "",
        "# What tables call it in short.",
        '# name = "small-vae"',
    ]
    for f in FIELDS:
        value = {
            "text": f'"{f.example}"',
            "list": "[" + ", ".join(f'"{part.strip()}"' for part in f.example.split(",")) + "]",
            "number": f.example,
        }[f.kind]
        lines += [
            "",
            f"# {f.question}; {who[f.needed]}.",
            f"{'' if f.needed in ('all', 'unregistered') else '# '}{f.name} = {value}",
        ]
    return "\n".join(lines) + "\n"

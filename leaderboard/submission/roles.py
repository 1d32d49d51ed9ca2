"""Who may add which line to a log: the table `leaderboard/roles.toml`, by GitHub account."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from ...benchmarks.result import Result
from ...core.files import read_bytes
from ...registry.schema import Strict
from ..verification.log_entry import Kind

TABLE = Path(__file__).parents[1] / "roles.toml"

PLACEHOLDER = "genboard-maintainers"  # until the accounts of people are entered; whoever registers it is nobody here

Role = Literal["anyone", "submitter", "maintainer"]


class Roles(Strict):
    """The maintainers' accounts, and for each kind of line the roles that may write it."""

    maintainers: tuple[str, ...]
    lines: dict[Kind, tuple[Role, ...]]

    def of(self, author: str, result: Result | None) -> set[Role]:
        """The roles of an account towards a result; GitHub takes capitals and small letters for the same."""
        roles: set[Role] = {"anyone"}
        if is_account(author, *self.maintainers) and not is_account(author, PLACEHOLDER):
            roles.add("maintainer")
        account = result.submission.account if result and result.submission else None
        if account is not None and is_account(author, account):
            roles.add("submitter")
        return roles

    @property
    def unstaffed(self) -> bool:
        """Whether nobody is a maintainer: there is no account, or only the placeholder."""
        return all(is_account(PLACEHOLDER, account) for account in self.maintainers)

    def may_write(self, kind: Kind, author: str | None, result: Result | None) -> bool:
        """Whether an account may write such a line; of an unknown author, whether anyone may."""
        allowed = set(self.lines.get(kind, ("maintainer",)))
        return bool(allowed & (self.of(author, result) if author else {"anyone"}))


def is_account(author: str, *accounts: str) -> bool:
    return author.casefold() in {account.casefold() for account in accounts}


@cache
def read_roles(path: Path = TABLE) -> Roles:
    return Roles.model_validate(tomllib.loads(read_bytes(path).decode()))

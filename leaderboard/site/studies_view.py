"""The pages of studies, and their tables as files."""

from __future__ import annotations

from .content import Content, Made
from .study_findings import table_csv


def studies_pages(site: Content) -> Made:
    yield "studies.html", {"view": site.studies}


def study_pages(site: Content) -> Made:
    for study in site.studies.studies:
        yield f"studies/{study.study.name}.html", {"view": study}


def study_files(site: Content) -> dict[str, bytes]:
    """The rows of every table shown."""
    return {path: table_csv(table) for path, table in site.studies.tables.items()}

"""Samples that are texts: read from the contact sheet, shown as text, and escaped whatever they say."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from genboard.benchmarks.human.protocol import PROTOCOLS
from genboard.benchmarks.preview import COLUMNS, contact_sheet
from genboard.benchmarks.result import PreviewRecord, save_result
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.running import run_study
from genboard.leaderboard.human.material import collect
from genboard.leaderboard.site import html
from genboard.leaderboard.site.seeds_view import about_equal
from genboard.leaderboard.site.sheets import Sheet, read_sheet
from genboard.leaderboard.storage.records import Record
from genboard.reference_stats.features import Measured
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split
from genboard.registry.datasets.unicode_names import ALPHABET, LONGEST
from genboard.registry.images import read_all, source_of
from genboard.registry.schema import Track
from genboard.registry.texts import UNREADABLE, encoded
from PIL import Image
from site_tree import save

from genboard.core.errors import BadStudy
from genboard.core.files import sha256

TRACK = find(Track, "names-text")
HOSTILE = ALPHABET + "<>()&\"'/="  # bytes that a forged sheet could hold
SCRIPT = "<script>alert(1)</script>"


def record_of(folder: Path, samples: np.ndarray, nearest: np.ndarray, tile: tuple[int, int] = (1, LONGEST)) -> Record:
    """A result with a contact sheet of these texts, pixels of shape (n, 1, length, 1) each."""
    gap, rows = 1, -(-len(samples) // COLUMNS)
    sheet = np.zeros((rows * (tile[0] + gap), 2 * COLUMNS * (tile[1] + gap), 4), np.uint8)
    for side, pixels in enumerate((samples, nearest)):
        for i, row in enumerate(pixels):
            y, x = i // COLUMNS * (tile[0] + gap), (side * COLUMNS + i % COLUMNS) * (tile[1] + gap)
            sheet[y : y + tile[0], x : x + tile[1], :3] = np.resize(row[0], (*tile, 1))
            sheet[y : y + tile[0], x : x + tile[1], 3] = 255
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG")
    digest = sha256(buffer.getvalue())
    layout = PreviewRecord(sha256=digest, tiles=len(samples), columns=COLUMNS, gap=gap, tile=tile)
    saved = save(folder, "alpha", 2.0)
    track = saved.track.model_copy(update={"name": TRACK.name})
    sampling = saved.sampling.model_copy(update={"shape": (1, LONGEST, 1)})
    result = saved.model_copy(update={"preview": layout, "track": track, "sampling": sampling})
    return Record(result, save_result(result, folder, buffer.getvalue()))


def pixels(*texts: str) -> np.ndarray:
    return encoded(texts, LONGEST, HOSTILE)


def shown(sheet: Sheet) -> str:
    macros = html._ENVIRONMENT.get_template("_texts.html").module
    return str(macros.text_pairs(sheet, "What these are.", "s1", "alpha"))


def test_texts_are_read_from_the_sheet_in_order(tmp_path):
    names = read_all(load_split("unicode-names", "train")).pixels[:40]
    sheet = read_sheet(record_of(tmp_path, names[:20], np.concatenate([names[:3], names[20:37]])))
    assert [sample for sample, _ in sheet.texts] == list(texts_of(names[:20]))
    assert [nearest for _, nearest in sheet.texts[3:]] == list(texts_of(names[20:37]))
    assert sheet.equal == (0, 1, 2)
    assert (sheet.count, sheet.pairs, sheet.strip, sheet.pictures) == (20, None, None, ())
    assert about_equal(sheet) == "3 of 20 pairs are equal, character for character."


def texts_of(rows: np.ndarray) -> list[str]:
    return [bytes(row[row != 0]).decode() for row in rows[:, 0, :, 0]]


def test_the_sheet_that_a_run_writes_holds_every_character(tmp_path):
    train = load_split("unicode-names", "train")
    names = read_all(train)
    own = names.take(slice(100, 164))
    features = torch.arange(len(names))[:, None].float()
    record, data = contact_sheet(
        source_of("samples", own),
        Measured(None, features[100:164], None, None, ""),
        train,
        SimpleNamespace(features=features),
    )
    assert (record.tile, record.tiles) == ((1, LONGEST), 64)
    path = tmp_path / "sheet.png"
    path.write_bytes(data)
    made = record_of(tmp_path / "results", own.pixels, own.pixels)
    again = save_result(made.result.model_copy(update={"preview": record}), tmp_path / "other", data)
    sheet = read_sheet(Record(made.result.model_copy(update={"preview": record}), again))
    assert [sample for sample, _ in sheet.texts] == [nearest for _, nearest in sheet.texts] == texts_of(own.pixels)


def test_markup_in_samples_is_never_markup_on_a_page(tmp_path):
    sheet = read_sheet(record_of(tmp_path, pixels(SCRIPT.upper(), "A&B"), pixels("FINE", "A&B")))
    # Outside the alphabet: the sheet cannot even spell it.
    assert sheet.texts[0][0] == SCRIPT.upper().translate(dict.fromkeys(map(ord, "<>()/"), UNREADABLE))
    page = shown(sheet)
    assert "<script" not in page.lower()
    assert page.count("the same") == 1
    # And a data set whose alphabet has those signs would be escaped.
    hostile = shown(Sheet(count=2, texts=((SCRIPT, '" onclick="x'), ("", "&amp;"))))
    assert "<script" not in hostile
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in hostile
    assert "&amp;amp;" in hostile
    assert 'onclick="x' not in hostile
    assert "<i>empty</i>" in hostile


def test_a_sheet_of_pictures_is_not_read_as_texts(tmp_path):
    sheet = read_sheet(record_of(tmp_path, pixels("A"), pixels("B"), tile=(8, 8)))
    assert sheet.texts == ()
    assert "its tiles are no texts" in sheet.reason


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.name)
def test_people_are_not_shown_grey_strips(protocol):
    with pytest.raises(BadStudy, match="the samples of names-text are texts"):
        collect(TRACK, protocol, ["char-lstm", "char-markov"], "secret")


@pytest.mark.parametrize("name", ["corruptions", "ruler", "copies"])
def test_texts_are_not_altered_as_pictures_are(name):
    with pytest.raises(BadStudy, match=f"the study '{name}' alters pictures, the samples of names-text are texts"):
        run_study(find_study(name), TRACK)

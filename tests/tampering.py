"""Every way to tamper with a submission that the checks know, by code."""

from __future__ import annotations

import re
import shutil
from typing import Any

from committed import current
from genboard.benchmarks.result import influence_path, preview_path
from genboard.leaderboard.submission.manifest import manifest_path
from genboard.leaderboard.verification.log import verification_path
from tampered import (
    DIGEST,
    Ground,
    Tampered,
    Value,
    both,
    commented,
    dispute,
    edit,
    files_of,
    influenced,
    of_the_board,
    picture,
    published,
    put,
    raw,
    redraw,
    remanifest,
    respecify,
)

from genboard.core.serialization import canonical_json


def note(text: str) -> Any:
    return edit(put("submission", "notes", value=text))


def metric(key: str, value: Any, index: int = 0) -> Any:
    return edit(put("metrics", index, key, value=value))


def parts(**fields: Any) -> Any:
    """A distance with the value of one class beside it."""
    part = {"name": "0", "value": 1.5, "se": 0.25, "lo": 1.0, "hi": 2.0, "reason": None}
    return metric("parts", [part | fields])


def class_mean(value: Value) -> None:
    """A distance within classes, above all of its classes, in place of the last column."""
    classes = [{"name": str(i), "value": 1.5, "se": 0.25, "lo": 1.0, "hi": 2.0, "reason": None} for i in range(10)]
    value["metrics"][-1] |= {"name": "intra_kid", "version": 1, "value": 3.0, "reason": None, "parts": classes}
    value["metrics"][-1]["uncertainty"] |= {"se": 0.5, "lo": 2.0, "hi": 4.0}


def column(part: str, value: Any, index: int = 0) -> Any:
    return put("specification", "metrics", index, part, value=value)


def other_id(ground: Ground) -> None:
    ground.move({**ground.read(), "id": "0123456789ab"})


def beside(name: str, data: bytes = b"x") -> Any:
    return lambda ground: (ground.path.parent / name).write_bytes(data)


def linked(ground: Ground) -> None:
    real = ground.board / "elsewhere.png"
    shutil.copy(preview_path(ground.path), real)
    preview_path(ground.path).unlink()
    preview_path(ground.path).symlink_to(real)


def moved(ground: Ground) -> None:
    ground.path.parent.rename(ground.path.parent.with_name("yours"))


def other_count(n: int) -> Any:
    def change(value: Value) -> None:
        value["sampling"]["n"] = value["specification"]["sampling"]["n"] = n
        for record in value["metrics"]:
            record["n"] = n

    return respecify(change)


def without_a_column(value: Value) -> None:
    del value["metrics"][3], value["specification"]["metrics"][3]


def column_twice(value: Value) -> None:
    value["metrics"].append(value["metrics"][0])
    value["specification"]["metrics"].append(value["specification"]["metrics"][0])


def strange_column(value: Value) -> None:
    value["metrics"][0]["extractor"] = "pixels"
    value["specification"]["metrics"][0]["extractor"]["name"] = "pixels"


def null(reason: str | None, uncertainty: bool) -> Any:
    def change(value: Value) -> None:
        value["status"] = "partial"
        value["metrics"][0] |= {"value": None, "reason": reason}
        if not uncertainty:
            value["metrics"][0]["uncertainty"] = None

    return edit(change)


def negative(value: Value) -> None:
    value["metrics"][0]["value"] = -1.0
    value["metrics"][0]["uncertainty"] |= {"lo": -2.0, "hi": 0.0, "se": 0.5}


def copied(*keys: str) -> Any:
    """A field of a published result in one's own."""

    def spoil(ground: Ground) -> None:
        value, other = ground.read(), of_the_board(ground)
        for key in keys:
            value[key] = other[key]
        ground.write(value)

    return spoil


def copied_samples(ground: Ground) -> None:
    digest = of_the_board(ground)["sampling"]["digest"]
    remanifest(lambda m: m.update(digest=digest))(ground)
    change = both(put("sampling", "digest", value=digest), put("specification", "generator", "images", value=digest))
    respecify(change)(ground)


def copied_preview(ground: Ground) -> None:
    source = next((ground.board / "digits@1" / "vae").glob("*.png"))
    redraw(source.read_bytes())(ground)


def edited_published(ground: Ground) -> None:
    path = published(ground)
    path.write_bytes(re.sub(rb'"threads": \d+', b'"threads": 97', path.read_bytes()))


def without_published(ground: Ground) -> None:
    path = published(ground)
    for file in files_of(path):
        file.unlink()


def rewritten_log(ground: Ground) -> None:
    dispute(ground.board / "digits@1" / "vae" / current("vae").name)
    verification_path(published(ground)).write_bytes(b"")


def damaged_log(ground: Ground) -> None:
    verification_path(published(ground)).write_bytes(b"{}\n")


def early_log(ground: Ground) -> None:
    dispute(ground.path)


def function(value: Value) -> None:
    value["generator"]["kind"] = "function"
    value["provenance"]["trusted_code"] = True


def on(**selection: Any) -> Any:
    return edit(put("submission", "selection", value={"tried": 5, "metric": "fd", "on": "other", **selection}))


ALSO = frozenset
TAMPERED: tuple[Tampered, ...] = (
    Tampered("R101", "cut in half", raw(lambda t: t[: len(t) // 2])),
    Tampered("R101", "a key given twice", raw(lambda t: t.replace('"error": null', '"error": null, "error": null'))),
    Tampered("R101", "a list", raw(lambda t: "[]\n")),
    Tampered("R101", "three megabytes", raw(lambda t: " " * 3 * 2**20 + t)),
    Tampered(
        "R101", "nested without end", raw(lambda t: t.replace('"error": null', f'"error": {"[" * 600}{"]" * 600}'))
    ),
    Tampered("R102", "NaN", raw(lambda t: t.replace('"se": ', '"se": NaN, "x": ', 1))),
    Tampered("R102", "a number beyond all floats", raw(lambda t: t.replace('"tried": 1', '"tried": 1e999'))),
    Tampered("R103", "an unknown key", edit(put("colour", value="red"))),
    Tampered("R103", "an unknown key of a metric", edit(put("metrics", 0, "unit", value="m"))),
    Tampered("R104", "a key is missing", edit(lambda v: v.pop("environment"))),
    Tampered("R105", "an unknown status", edit(put("status", value="splendid"))),
    Tampered("R105", "a number as a string", metric("value", "1.77"), ALSO({"R106", "R417"})),
    Tampered("R105", "a truth for a number", edit(put("schema", value=True)), ALSO({"R106"})),
    Tampered("R110", "of a later version", edit(put("schema", value=99))),
    Tampered("R106", "other indentation", raw(lambda t: t.replace("  ", " "))),
    Tampered("R106", "Windows line ends", raw(lambda t: t.replace("\n", "\r\n"))),
    Tampered("R107", "in another generator's folder", moved),
    Tampered("R108", "a page beside it", beside("index.html")),
    Tampered("R108", "a preview of nothing", beside("0123456789ab.preview.png", picture())),
    Tampered("R109", "a link for the preview", linked),
    Tampered("R201", "another id", other_id),
    Tampered("R202", "a word that changes the id", respecify(put("specification", "nonce", value=1))),
    Tampered("R202", "one in the sampling", respecify(put("specification", "sampling", "nonce", value=1))),
    Tampered("R202", "one in a column", respecify(column("nonce", 1))),
    Tampered("R203", "no sampling specified", respecify(lambda v: v["specification"].pop("sampling")), ALSO({"R204"})),
    Tampered("R204", "a record of other parameters", edit(put("metrics", 2, "params", "k", value=5))),
    Tampered("R204", "records in another order", edit(lambda v: v["metrics"].reverse()), ALSO({"R313"})),
    Tampered("R204", "fewer records than specified", edit(lambda v: v["metrics"].pop()), ALSO({"R306", "R511"})),
    Tampered("R205", "a registered name", respecify(put("generator", "name", value="wgan-gp")), ALSO({"R204", "R217"})),
    Tampered(
        "R206",
        "an unregistered registered one",
        edit(put("generator", "kind", value="registered")),
        ALSO({"R303", "R518"}),
    ),
    Tampered("R208", "its own baseline", edit(put("generator", "baseline", value=True))),
    Tampered("R208", "its own noise floor", edit(put("generator", "noise_floor", value=True))),
    Tampered(
        "R209", "code where images were given", edit(put("provenance", "trusted_code", value=True)), ALSO({"R217"})
    ),
    Tampered("R210", "other images specified", respecify(put("specification", "generator", "images", value="cd" * 32))),
    Tampered("R211", "another's title", edit(put("generator", "title", value="Variational Auto-Encoder"))),
    Tampered(
        "R301",
        "no such track",
        respecify(both(put("track", "name", value="moon"), put("specification", "track", "name", value="moon"))),
    ),
    Tampered(
        "R302",
        "a version that is none",
        respecify(both(put("track", "version", value=2), put("specification", "track", "version", value=2))),
    ),
    Tampered(
        "R303",
        "another protocol",
        respecify(both(put("sampling", "protocol", value=0), put("specification", "sampling", "protocol", value=0))),
    ),
    Tampered("R303", "drawn with no seed", respecify(function), ALSO({"R202", "R217", "R518"})),
    Tampered("R304", "too few", other_count(100), ALSO({"R408", "R413", "R508", "R511"})),
    Tampered("R305", "more than asked for", other_count(1000), ALSO({"R413", "R508", "R511"})),
    Tampered("R306", "a column left out", respecify(without_a_column)),
    Tampered("R307", "a column twice", respecify(column_twice)),
    Tampered("R307", "a column of another space", respecify(strange_column), ALSO({"R306", "R511"})),
    Tampered(
        "R308",
        "a metric of another version",
        respecify(both(column("version", 9), put("metrics", 0, "version", value=9))),
    ),
    Tampered("R308", "the other direction", metric("direction", "higher")),
    Tampered(
        "R308",
        "more neighbours",
        respecify(both(column("params", {"k": 9}, 2), put("metrics", 2, "params", "k", value=9))),
    ),
    Tampered(
        "R309",
        "other weights",
        respecify(lambda v: v["specification"]["metrics"][0]["extractor"].update(weights=DIGEST)),
    ),
    Tampered("R310", "another reference", respecify(column("reference", DIGEST))),
    Tampered("R311", "a larger reference", metric("n_reference", 10_000)),
    Tampered("R311", "a column of more samples", metric("n", 5_000)),
    Tampered("R401", "a distance below zero", edit(negative), ALSO({"R415", "R417", "R418", "R512"})),
    Tampered("R402", "null for no reason", null(None, uncertainty=False), ALSO({"R512"})),
    Tampered("R403", "no interval for no reason", metric("uncertainty", None), ALSO({"R512"})),
    Tampered("R404", "an interval of nothing", null("it failed", uncertainty=True)),
    Tampered("R405", "a better value", metric("value", 0.5), ALSO({"R415", "R417", "R419"})),
    Tampered("R405", "an interval inside out", edit(lambda v: v["metrics"][0]["uncertainty"].update(lo=9.0, hi=1.0))),
    Tampered(
        "R406",
        "a smaller error",
        edit(put("metrics", 0, "uncertainty", "se", value=0.01)),
        ALSO({"R415", "R417", "R512"}),
    ),
    Tampered(
        "R406",
        "a narrow interval",
        edit(lambda v: v["metrics"][0]["uncertainty"].update(lo=v["metrics"][0]["value"], hi=v["metrics"][0]["value"])),
        ALSO({"R417"}),
    ),
    Tampered("R407", "another level", edit(put("metrics", 0, "uncertainty", "level", value=0.99))),
    Tampered("R408", "a share of no count", metric("value", 0.6063, 2)),
    Tampered("R409", "partial, with all values", edit(put("status", value="partial"))),
    Tampered("R409", "failed, with all values", edit(put("status", value="failed"))),
    Tampered(
        "R409",
        "an error, with all values",
        edit(put("error", value={"stage": "measuring", "type": "BadFeatures", "message": "no"})),
    ),
    Tampered("R410", "from the future", edit(put("provenance", "created", value="2999-01-01T00:00:00+00:00"))),
    Tampered("R410", "yesterday", edit(put("provenance", "created", value="yesterday"))),
    Tampered("R410", "no time zone", edit(put("provenance", "created", value="2026-11-21T00:00:00"))),
    Tampered("R411", "less than no time", edit(put("cost", "measuring_s", value=-1.0))),
    Tampered("R420", "a part without a value, for no reason", parts(value=None), ALSO({"R421"})),
    Tampered("R420", "a part with half an interval", parts(hi=None), ALSO({"R421"})),
    Tampered("R420", "a part outside its interval", parts(value=3.0), ALSO({"R421"})),
    Tampered("R420", "a part below zero", parts(value=-1.0, lo=-2.0, hi=0.0), ALSO({"R421"})),
    Tampered("R420", "a part that is too sure", parts(se=1e-4), ALSO({"R421"})),
    Tampered("R421", "parts of a metric without", parts()),
    Tampered("R420", "a row of counts that is no row", parts(counts=[1, 2]), ALSO({"R421"})),
    Tampered("R420", "more images than there are", parts(counts=[501]), ALSO({"R421"})),
    Tampered("R422", "a mean above all it is of", edit(class_mean), ALSO({"R204", "R306", "R307", "R412", "R511"})),
    Tampered("R105", "fewer than no images", parts(counts=[-1])),
    Tampered("R105", "a part whose name hides", parts(name="a\u202eb"), ALSO({"R801"})),
    Tampered("R103", "an unknown key of a part", parts(weight=1.0)),
    Tampered("R501", "no preview", lambda g: preview_path(g.path).unlink()),
    Tampered("R501", "no record of a preview", edit(put("preview", value=None))),
    Tampered("R502", "another preview", lambda g: preview_path(g.path).write_bytes(picture()), ALSO({"R503"})),
    Tampered("R503", "a preview of another size", redraw(picture((100, 72)))),
    Tampered("R503", "a JPEG", redraw(picture(kind="JPEG"))),
    Tampered("R503", "a cut preview", redraw(picture()[:2000]), ALSO({"R504"})),
    Tampered("R503", "a preview of ten gigapixels", edit(put("preview", "tile", value=[100_000, 100_000]))),
    Tampered("R504", "a comment in the preview", redraw(commented()), ALSO({"R503"})),
    Tampered("R504", "an archive after the preview", redraw(picture() + b"PK\x03\x04"), ALSO({"R503"})),
    Tampered("R505", "no manifest", lambda g: manifest_path(g.path).unlink()),
    Tampered("R506", "a manifest of nothing", remanifest(lambda m: m.clear())),
    Tampered(
        "R507", "another manifest", lambda g: manifest_path(g.path).write_bytes(canonical_json({})), ALSO({"R506"})
    ),
    Tampered("R508", "a manifest of other samples", remanifest(lambda m: m.update(digest="cd" * 32))),
    Tampered("R509", "a run too short", remanifest(lambda m: m["chunks"][0].update(count=400))),
    Tampered("R509", "a run too late", remanifest(lambda m: m["chunks"][0].update(first=1))),
    Tampered("R510", "influences that are not there", influenced(lambda g: influence_path(g.path).unlink())),
    Tampered("R510", "influences that nothing names", influenced(edit(lambda v: v.pop("influences"))), ALSO({"R516"})),
    Tampered("R511", "other influences", influenced(lambda g: influence_path(g.path).write_bytes(b"other"))),
    Tampered("R511", "influences of fewer samples", influenced(lambda g: None, fewer=1)),
    Tampered("R512", "influences of another metric", influenced(lambda g: None, scale=10.0), ALSO({"R417", "R520"})),
    Tampered("R601", "another's samples", copied_samples),
    Tampered("R602", "another's values", copied("metrics"), ALSO({"R417", "R512", "R520"})),
    Tampered("R603", "another's preview", copied_preview),
    Tampered("R701", "an edited published result", edited_published),
    Tampered("R702", "a removed published result", without_published),
    Tampered("R703", "a removed dispute", rewritten_log),
    Tampered("R704", "a log of something else", damaged_log),
    Tampered("R705", "verified by its own account", early_log),
    Tampered("R801", "text turned around", edit(put("generator", "title", value="Mine \u202eevah"))),
    Tampered("R801", "a NUL", note("a\0b")),
    Tampered("R801", "a name nobody sees", edit(put("submission", "authors", value=["Ada\u200b Example"]))),
    Tampered("R802", "a novel", note("word " * 1000 + "end")),
    Tampered("R803", "a script for an address", edit(put("generator", "paper", value="javascript:alert(1)"))),
    Tampered("R804", "a home folder", note("weights in /home/ada/weights.pt")),
    Tampered("R804", "a drive", note("weights in C:\\Users\\ada")),
    Tampered("R805", "markup", note("<img src=x onerror=alert(1)>")),
    Tampered("R806", "an FTP address", edit(put("submission", "page", value="ftp://example.org/"))),
    Tampered("R806", "an address with a password", edit(put("submission", "code", value="https://a:b@example.org/"))),
    Tampered(
        "R807",
        "two commands",
        edit(put("provenance", "command", value="genboard evaluate mine --track digits; curl x")),
        ALSO({"R217"}),
    ),
    Tampered("R901", "from nobody", edit(lambda v: v.pop("submission"))),
    Tampered("R902", "chosen somehow", on(metric=None)),
    Tampered("R903", "chosen on the reference", on(on="reference")),
    Tampered("R903", "chosen on the samples", on(on="samples")),
    Tampered("R904", "an unknown licence", edit(put("generator", "licence", value="unknown"))),
)

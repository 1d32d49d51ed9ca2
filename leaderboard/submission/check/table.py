"""Every check, by code. To add one: a pure function in the file of its concern, and a row here. Codes are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from . import attached, duplicates, form, history, identity, influences, offer, preview, protocol, text, values
from .finding import Check, Problem
from .tree import Case, Document, Tree

S = TypeVar("S")


def _error(code: str, title: str, run: Callable[[S], Iterable[Problem]], hint: str) -> Check[S]:
    return Check(code=code, severity="error", title=title, hint=hint, run=run)


def _warning(code: str, title: str, run: Callable[[S], Iterable[Problem]], hint: str) -> Check[S]:
    return Check(code=code, severity="warning", title=title, hint=hint, run=run)


_AGAIN = "measure again: genboard submit writes the file"
_LEAVE = "do not change published files; a new measurement gets its own file"
_OWN = "submit the output of your own generator, under its own name"
_REBUILD = "measure again with this version of genboard"
_PLAIN = "use one line of plain visible text"

# Of a file, whatever it holds.
DOCUMENTS: tuple[Check[Document], ...] = (
    _error("R101", "not readable as JSON", form.unreadable, _AGAIN),
    _error("R102", "a NaN or an infinity", form.not_a_number, "use null with a reason for a missing number"),
    _error("R103", "an unknown key", form.unknown_key, "remove it; docs/formats.md lists the keys"),
    _error("R104", "a key is missing", form.missing_key, _AGAIN),
    _error("R105", "a wrong type or value", form.wrong_value, _AGAIN),
    _error("R106", "not in canonical form", form.not_canonical, _AGAIN),
    _error("R801", "control characters, or characters that hide or reverse text", text.hidden, _PLAIN),
    _error("R802", "a text that is too long", text.too_long, "shorten it, and link to the rest"),
    _error(
        "R803",
        "a text with an address that is not http or https",
        text.other_scheme,
        "only http and https addresses are shown",
    ),
    _error("R804", "a path on somebody's machine", text.local_path, "remove the path"),
    _warning("R805", "markup in a text", text.markup, "it is shown as it is written"),
)

# Of a result that is one by its form.
RESULTS: tuple[Check[Case], ...] = (
    _error("R107", "in the wrong folder", form.out_of_place, "keep the layout that genboard submit writes"),
    _error("R201", "its id is not that of its specification", identity.wrong_id, _AGAIN),
    _error("R202", "its specification has an unknown part", identity.unknown_part, _AGAIN),
    _error("R203", "a part of its specification is missing", identity.missing_part, _AGAIN),
    _error("R204", "it contradicts its specification", identity.contradicts_specification, _AGAIN),
    _error("R205", "the name of a registered generator", identity.taken_name, "choose another with --name"),
    _error(
        "R206",
        "claims to be registered, but is not",
        identity.unregistered,
        "first add its entry, in a separate pull request",
    ),
    _error(
        "R207",
        "differs from its entry in the registry",
        identity.not_the_entry,
        "measure the registered generator, or submit under another name",
    ),
    _error(
        "R208",
        "claims to be a baseline or the noise floor",
        identity.claims_a_place,
        "baselines are entries of the registry",
    ),
    _error("R209", "trusted code contradicts what was measured", identity.trust_contradicted, _AGAIN),
    _error("R210", "not measured on the images it specifies", identity.other_images, _AGAIN),
    _warning("R211", "the title of another generator", identity.borrowed_title, "choose another with --title"),
    _error("R301", "an unknown track", protocol.unknown_track, "genboard list tracks"),
    _error("R302", "another version of the track", protocol.other_version, _REBUILD),
    _error("R303", "sampled by another protocol", protocol.other_sampling, _REBUILD),
    _error("R304", "too few samples", protocol.too_few, "draw as many samples as the track needs"),
    _warning(
        "R305",
        "more samples than the track's: never ranked",
        protocol.too_many,
        "measure as many samples as the track needs",
    ),
    _error("R306", "a column is missing", protocol.missing_column, _REBUILD),
    _error("R307", "a column that the track does not have, or a duplicate", protocol.unknown_column, _REBUILD),
    _error("R308", "a metric of another version, direction or parameter", protocol.other_metric, _REBUILD),
    _error("R309", "another extractor", protocol.other_extractor, _REBUILD),
    _error("R310", "another reference", protocol.other_reference, _REBUILD),
    _error("R311", "numbers of images that contradict each other", protocol.other_count, _AGAIN),
    _warning(
        "R312",
        "the track's columns cannot be specified here",
        protocol.cannot_compare,
        "genboard dataset record NAME reads the images once",
    ),
    _error("R401", "a value outside its metric's range", values.out_of_range, _AGAIN),
    _error("R402", "null without a reason", values.no_reason, _AGAIN),
    _error("R403", "no interval, and no reason", values.no_interval, _AGAIN),
    _error("R404", "an interval without a value", values.interval_of_nothing, _AGAIN),
    _error("R405", "a value outside its interval", values.outside_interval, _AGAIN),
    _error("R406", "an interval that contradicts its standard error", values.width_contradicted, _AGAIN),
    _error("R407", "a confidence level that differs from the standard", values.other_level, _AGAIN),
    _error("R408", "a share that no count can give", values.impossible_share, _AGAIN),
    _error("R409", "a status that contradicts the values", values.status_contradicted, _AGAIN),
    _error("R410", "no date, or one in the future", values.wrong_date, _AGAIN),
    _error("R411", "an impossible cost", values.impossible_cost, _AGAIN),
    _error("R501", "the preview is missing", preview.absent, _AGAIN),
    _error("R502", "the preview has another digest", preview.other_digest, _AGAIN),
    _error("R503", "the preview does not match its description", preview.not_described, _AGAIN),
    _error("R504", "the preview contains more than an image", preview.more_than_a_picture, _AGAIN),
    _error("R505", "the manifest is missing", attached.absent, _AGAIN),
    _error("R506", "the manifest is not valid", attached.unreadable, _AGAIN),
    _error("R507", "the manifest has another digest", attached.other_digest, _AGAIN),
    _error("R508", "the manifest describes other samples", attached.other_samples, _AGAIN),
    _error("R509", "the manifest's runs have gaps", attached.gaps, _AGAIN),
    _error("R510", "the influences of the samples are missing", influences.absent, _AGAIN),
    _error("R511", "the influences do not match the result", influences.unusable, _AGAIN),
    _error("R512", "the influences give another standard error", influences.other_errors, _AGAIN),
    _error("R704", "a damaged verification log", history.bad_log, "lines are appended, never edited or removed"),
    _warning("R705", "verified before it was published", history.log_of_a_new_result, "verify it once it is published"),
    _error("R806", "a link that is not http or https", text.bad_link, "give the whole address, https://..."),
    _error(
        "R807",
        "a command that is not safe to paste",
        text.unsafe_command,
        "rename the file or folder to plain letters, and submit again",
    ),
    _error("R901", "the submitter is missing", offer.nobody_offers, "genboard submit asks for it"),
    _error(
        "R902",
        "it is not stated how the checkpoint was chosen",
        offer.selection_untold,
        "add --tried, --chosen-by and --chosen-on",
    ),
    _warning(
        "R903",
        "chosen on the data it is measured with, so its values are too good",
        offer.selected_on_the_test,
        "choose on other images; `genboard verify` draws fresh samples",
    ),
    _warning("R904", "an unknown licence or family", offer.unknown_origin, "add --licence and --family"),
)

# Of all files together.
TREES: tuple[Check[Tree], ...] = (
    _error("R108", "a file that belongs to no result", form.stray, "remove it; docs/submitting.md has the layout"),
    _error("R109", "a symbolic link", form.linked, "put the file itself there"),
    _error("R601", "the samples of another name", duplicates.same_samples, _OWN),
    _error("R602", "the values of another name", duplicates.same_values, _OWN),
    _error("R603", "the preview of another name", duplicates.same_preview, _OWN),
    _error("R701", "a published file was edited", history.edited, _LEAVE),
    _error(
        "R702", "a published file was removed", history.removed, "withdraw a result instead: genboard withdraw FILE"
    ),
    _error("R703", "lines of a verification log were edited or removed", history.rewritten, _LEAVE),
)

CHECKS: tuple[Check[Document] | Check[Case] | Check[Tree], ...] = tuple(
    sorted((*DOCUMENTS, *RESULTS, *TREES), key=lambda check: check.code)
)

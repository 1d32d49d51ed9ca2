"""Every check, by code. To add one: a pure function in the file of its subject, and a row here. Codes never change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from . import (
    attached,
    derived,
    duplicates,
    form,
    history,
    identity,
    influences,
    methods,
    names,
    offer,
    parts,
    preview,
    protocol,
    text,
    values,
)
from .finding import Check, Problem
from .tree import Case, Document, Tree

S = TypeVar("S")

WARNINGS = frozenset({"R214", "R305", "R312", "R419", "R515", "R516", "R605", "R706", "R805", "R808", "R903", "R904"})

_AGAIN = "measure again: genboard submit writes the file"
_LEAVE = "do not change published files; a new measurement gets its own file"
_OWN = "submit the output of your own generator, under its own name"
_REBUILD = "measure again with this version of genboard"
_LOG = "write lines with genboard verify, dispute, withdraw and amend alone"
_NAME = "choose another with --name"
_VERIFY = "genboard verify measures it again"
_AMEND = "a maintainer weighs why; words of a result that stands are corrected by genboard amend"
_PLAIN = "use one line of plain visible text"


def _checks(*rows: tuple[str, Callable[[S], Iterable[Problem]], str, str]) -> tuple[Check[S], ...]:
    """Checks from code, function, what it finds, and what to do about it."""
    return tuple(
        Check(code=code, severity="warning" if code in WARNINGS else "error", title=title, hint=hint, run=run)
        for code, run, title, hint in rows
    )


# Of a file, whatever it holds.
DOCUMENTS: tuple[Check[Document], ...] = _checks(
    ("R101", form.unreadable, "not readable as JSON", _AGAIN),
    ("R102", form.not_a_number, "a NaN or an infinity", "use null with a reason for a missing number"),
    ("R103", form.unknown_key, "an unknown key", "remove it; docs/formats.md lists the keys"),
    ("R104", form.missing_key, "a key is missing", _AGAIN),
    ("R105", form.wrong_value, "a wrong type or value", _AGAIN),
    ("R106", form.not_canonical, "not in canonical form", _AGAIN),
    ("R110", form.of_a_newer_version, "a file of a newer version of genboard", "upgrade: pip install -U genboard"),
    ("R801", text.hidden, "control characters, or characters that hide or reverse text", _PLAIN),
    ("R802", text.too_long, "a text that is too long", "shorten it, and link to the rest"),
    ("R803", text.other_scheme, "an address that is not http or https", "only http and https addresses are shown"),
    ("R804", text.local_path, "a path on somebody's machine", "remove the path"),
    ("R805", text.markup, "markup in a text", "it is shown as it is written"),
)

# Of a result that is one by its form.
RESULTS: tuple[Check[Case], ...] = _checks(
    ("R107", form.out_of_place, "in the wrong folder", "keep the layout that genboard submit writes"),
    ("R201", identity.wrong_id, "its id is not that of its specification", _AGAIN),
    ("R202", identity.unknown_part, "its specification has an unknown part", _AGAIN),
    ("R203", identity.missing_part, "a part of its specification is missing", _AGAIN),
    ("R204", identity.contradicts_specification, "it contradicts its specification", _AGAIN),
    ("R205", identity.taken_name, "the name of a registered generator", _NAME),
    ("R215", names.untidy, "a name that ends in a sign, or holds two dots in a row", _NAME),
    ("R206", identity.unregistered, "claims to be registered, but is not", "add its entry, in another pull request"),
    (
        "R207",
        identity.not_the_entry,
        "differs from its entry in the registry",
        "measure that one, or choose another name",
    ),
    ("R208", identity.claims_a_place, "claims to be a baseline or the noise floor", "only registry entries are"),
    ("R209", identity.trust_contradicted, "trusted code contradicts what was measured", _AGAIN),
    ("R210", identity.other_images, "not measured on the images it specifies", _AGAIN),
    ("R216", identity.not_as_measured, "task, origin or block that genboard does not write", _AGAIN),
    ("R217", identity.other_command, "the command of another result", _AGAIN),
    ("R301", protocol.unknown_track, "an unknown track", "genboard list tracks"),
    ("R302", protocol.other_version, "another version of the track", _REBUILD),
    ("R303", protocol.other_sampling, "sampled by another protocol", _REBUILD),
    ("R304", protocol.too_few, "too few samples", "draw as many samples as the track needs"),
    ("R305", protocol.too_many, "more samples than the track's: never ranked", "give as many as the track needs"),
    ("R306", protocol.missing_column, "a column is missing", _REBUILD),
    ("R307", protocol.unknown_column, "a column that the track does not have, or a duplicate", _REBUILD),
    ("R313", protocol.other_order, "columns in another order than the track's", _AGAIN),
    ("R308", protocol.other_metric, "a metric of another version, direction or parameter", _REBUILD),
    ("R309", protocol.other_extractor, "another extractor", _REBUILD),
    ("R310", protocol.other_reference, "another reference", _REBUILD),
    ("R311", protocol.other_count, "numbers of images that contradict each other", _AGAIN),
    ("R312", protocol.cannot_compare, "the track's columns cannot be specified here", "genboard dataset record NAME"),
    ("R401", values.out_of_range, "a value outside its metric's range", _AGAIN),
    ("R402", values.no_reason, "null without a reason", _AGAIN),
    ("R403", values.no_interval, "no interval, and no reason", _AGAIN),
    ("R404", values.interval_of_nothing, "an interval without a value", _AGAIN),
    ("R405", values.outside_interval, "a value outside its interval", _AGAIN),
    ("R406", values.width_contradicted, "an interval that contradicts its standard error", _AGAIN),
    ("R407", values.other_level, "a confidence level that differs from the standard", _AGAIN),
    ("R408", values.impossible_share, "a share that no count can give", _AGAIN),
    ("R409", values.status_contradicted, "a status that contradicts the values", _AGAIN),
    ("R410", values.wrong_date, "no date, or one in the future", _AGAIN),
    ("R411", values.impossible_cost, "an impossible cost", _AGAIN),
    ("R412", methods.unknown_method, "an interval of an unknown method, or about something else", _AGAIN),
    ("R413", methods.other_interval, "an interval that its method does not give", _AGAIN),
    ("R414", methods.no_error, "no error, of samples that differ", _AGAIN),
    ("R415", values.other_extrapolation, "a distance that contradicts its bias correction", _AGAIN),
    ("R416", values.impossible_environment, "an impossible environment", _AGAIN),
    ("R417", derived.other_intervals, "an interval that the influences of the samples do not give", _AGAIN),
    ("R418", derived.other_bias, "the errors of a distance and of its correction cannot both be", _AGAIN),
    ("R420", parts.contradicted, "a part that contradicts itself", _AGAIN),
    ("R421", parts.others, "parts that are not those of the metric", _AGAIN),
    ("R422", parts.other_mean, "a value that is no mean of its parts", _AGAIN),
    ("R501", preview.absent, "the preview is missing", _AGAIN),
    ("R502", preview.other_digest, "the preview has another digest", _AGAIN),
    ("R503", preview.not_described, "the preview does not match its description", _AGAIN),
    ("R504", preview.more_than_a_picture, "the preview contains more than an image", _AGAIN),
    ("R513", preview.other_layout, "tiles of the preview are missing, or there is more than tiles", _AGAIN),
    ("R514", preview.other_neighbours, "the preview shows no training images on the right", _AGAIN),
    ("R515", preview.blank, "a blank preview", "a maintainer compares it with the values"),
    ("R505", attached.absent, "the manifest is missing", _AGAIN),
    ("R506", attached.unreadable, "the manifest is not valid", _AGAIN),
    ("R507", attached.other_digest, "the manifest has another digest", _AGAIN),
    ("R508", attached.other_samples, "the manifest describes other samples", _AGAIN),
    ("R509", attached.gaps, "the manifest's runs have gaps", _AGAIN),
    ("R518", attached.other_source, "the manifest names other files, or runs that cannot be", _AGAIN),
    ("R510", influences.absent, "the influences of the samples are missing", _AGAIN),
    ("R511", influences.unusable, "the influences do not match the result", _AGAIN),
    ("R512", influences.other_errors, "the influences give another standard error", _AGAIN),
    ("R516", influences.unchecked, "no influences, so standard errors stay unchecked", "submit with genboard submit"),
    ("R520", influences.other_values, "the influences are of another value", _AGAIN),
    ("R704", history.bad_log, "a damaged verification log", "lines are appended, never edited or removed"),
    ("R705", history.log_of_a_new_result, "a new result with a log", "remove the log; verify it once it is published"),
    ("R708", history.implausible, "a log that contradicts itself or its result", _LOG),
    ("R806", text.bad_link, "a link that is not http or https", "give the whole address, https://..."),
    ("R807", text.unsafe_command, "a command that is not safe to paste", "rename the file, and submit again"),
    ("R808", text.claimed_mark, "a mark or a rank that only the board gives", "choose other words"),
    ("R901", offer.nobody_offers, "the submitter is missing", "genboard submit asks for it"),
    ("R902", offer.selection_untold, "it is not said how it was chosen", "add --tried, --chosen-by and --chosen-on"),
    ("R903", offer.selected_on_the_test, "chosen on the data it is measured with", "`genboard verify` draws afresh"),
    ("R905", offer.impossible_counts, "too many authors, or impossible numbers", "list each author once"),
    ("R906", offer.another_account, "offered by another account than its submitter's", "name your own account"),
    ("R904", offer.unknown_origin, "an unknown licence or family", "add --licence and --family"),
)

# Of all files together.
TREES: tuple[Check[Tree], ...] = _checks(
    ("R108", form.stray, "a file that belongs to no result", "remove it; docs/submitting.md has the layout"),
    ("R109", form.linked, "a symbolic link, or no regular file", "put the file itself there"),
    ("R211", names.borrowed_title, "the title of another generator", "choose another with --title"),
    ("R212", names.lookalike, "a name that looks like another's", _NAME),
    ("R213", names.taken, "the name of another submitter", _NAME),
    ("R214", names.again, "a later result of a submitted name", "a maintainer weighs whether it is the same submitter"),
    ("R419", derived.unlike_bias, "a distance and its correction are unlike those of others", _VERIFY),
    ("R601", duplicates.same_samples, "the samples of another name", _OWN),
    ("R602", duplicates.same_values, "the values of another name", _OWN),
    ("R603", duplicates.same_preview, "the preview of another name", _OWN),
    ("R604", duplicates.same_influences, "the influences of another name", _OWN),
    ("R605", duplicates.resubmitted, "samples that were withdrawn under another name", _AMEND),
    ("R701", history.edited, "a published file was edited", _LEAVE),
    ("R702", history.removed, "a published file was removed", "withdraw a result instead: genboard withdraw FILE"),
    ("R706", history.added, "a new line in the log of a published result", "a maintainer weighs it"),
    ("R707", history.not_theirs, "a log line that its author may not write", "leaderboard/roles.toml says who may"),
    ("R703", history.rewritten, "lines of a verification log were edited or removed", _LEAVE),
)

# Of what new lines of a published result's log say, and of the result that they correct.
WORDS: tuple[Check[Document], ...] = tuple(c for c in DOCUMENTS if c.code in ("R801", "R802", "R803", "R804", "R805"))
AMENDED: tuple[Check[Case], ...] = tuple(c for c in RESULTS if c.code in ("R808", "R902", "R903", "R904", "R905"))

CHECKS: tuple[Check[Document] | Check[Case] | Check[Tree], ...] = tuple(
    sorted((*DOCUMENTS, *RESULTS, *TREES), key=lambda check: check.code)
)

"""Kind `python`: a network that a function of the user's own gives."""

from __future__ import annotations

from ...core.errors import BadWeights
from ..schema import Extractor
from ..spaces import UserNetwork
from ..trust import code_is_trusted, refuse_untrusted
from ..user_code import code_digest, imported, in_data_folder, told
from ..weights import read_weights
from .opening import Network, expect_network


def open_user(entry: Extractor) -> Network:
    """The network that the entry's function gives for its weights.

    Raises:
        NotTrusted: no leave was given to run it.
        BadWeights: no such function, or not the one that the entry names; or what it gives is no network.
    """
    source = entry.source
    assert isinstance(source, UserNetwork)
    # As the entry has it: the folder is nobody else's business.
    refuse_untrusted(f"extractor {entry.name!r}: {source.function}", code_is_trusted())
    found = code_digest(source.function)
    if found is None:
        raise BadWeights(
            f"extractor {entry.name!r}: {source.function}: no such file in your data folder",
            "put the file there, or correct `function` in the entry",
        )
    if source.sha256 not in (None, found):
        raise BadWeights(
            f"extractor {entry.name!r}: {source.function} has SHA-256 {found}, but its entry says {source.sha256}",
            "restore the file, or enter its SHA-256; results of the two are never compared",
        )
    load, _ = imported(in_data_folder(source.function), True, BadWeights)
    weights = read_weights(entry.weights) if entry.weights else {}
    try:
        network = load(weights)
    except (Exception, SystemExit) as e:
        raise BadWeights(f"{source.function} raised {told(e)}", "it is called as load(weights), arrays by name") from e
    return expect_network(entry, network, source.function)

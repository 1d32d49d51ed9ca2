"""Names and titles that are another's, or look like one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from genboard.registry.catalog import entries
from genboard.registry.schema import Generator
from tampered import Ground, edit, put

from .edits import Forgery, Spoil, forgery, renamed


def twin(name: str, title: str) -> Spoil:
    """A second submission in the same folder, that is like the first but for its name."""

    def spoil(ground: Ground) -> None:
        kept = ground.read()
        first = ground.path
        for path in first.parent.iterdir():
            (ground.board / "kept").mkdir(exist_ok=True)
            shutil.copy(path, ground.board / "kept" / path.name)
        renamed(name, title)(ground)
        first.parent.mkdir(exist_ok=True)
        for path in (ground.board / "kept").iterdir():
            shutil.move(path, first.parent / path.name)
        assert kept["id"] in first.name

    return spoil


def of_names() -> Iterator[Forgery]:
    kind = "name"
    for name in ("v-a-e", "v.a.e", "d-dpm", "kd-e", "wgan.gp", "wgangp", "vq-vae", "rea1nvp"):
        yield forgery(kind, f"the name {name}", "R212", renamed(name, "A model of mine"))
    for name in ("vae-", "vae_", "vae--", "vqvae-", "mine-", "a..b"):
        yield forgery(kind, f"the name {name}", "R215", renamed(name, "A model of mine"))
    for name in ("ddpm.", "acgan.", "con", "prn", "aux", "nul", "com1", "lpt9", "con.x", "aux.json", "nul.tar.gz"):
        yield forgery(kind, f"no folder of Windows: {name}", "R105", renamed(name, "A model of mine"))
    for name in ("a" * 81, "Mine", "mіne", "mine/../x", "", " mine", "-mine", ".mine", "mi ne", "生成"):
        yield forgery(kind, f"the name {name[:12]!r}", "R105", edit(put("generator", "name", value=name)))
    for entry in ("vae", "ddpm", "wgan-gp", "kde"):
        own = entries(Generator)[entry].title
        for title in (
            own,
            own.upper(),
            own.replace("a", "а").replace("e", "е"),
            f"{own}.",
            own.replace(" ", "  "),
            own.replace("o", "ο").replace("i", "і"),
        ):
            if title != own or entry == "vae":
                yield forgery(
                    kind, f"the title of {entry}, as {title!a}", "R211", edit(put("generator", "title", value=title))
                )
    yield forgery(kind, "a name for a title", "R211", edit(put("generator", "title", value="vae")))
    yield forgery(kind, "the same twice, with a hyphen", "R212 R601", twin("mine-a", "Mine"))
    yield forgery(kind, "two titles that look alike", "R211 R601", twin("yours", "Minе"))
    for title in ("", " ", "   ", "\u3164", "\u2800", "\u115f\u1160", "\u200b", "\u00ad", "\ufe0f", "\u034f"):
        yield forgery(kind, f"a blank title {title!a}", "R801", edit(put("generator", "title", value=title)))
    yield forgery(kind, "a title of signs", "R211", edit(put("generator", "title", value="???")))

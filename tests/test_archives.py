"""Data sets in a zip or tar at an address: the same set in every archive, and none that is not what its entry says."""

from __future__ import annotations

import io
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from genboard.registry import download as downloads
from genboard.registry import limits
from genboard.registry.datasets import content_digest_of, load_part, load_split, verify
from genboard.registry.images import content_digest, read_all
from genboard.registry.sources import archive as archives
from refusals import Run, hint, refused
from sets import entry, images_of, png

from genboard.core.files import sha256

SET = images_of(12)
CLASSES = ("cat", "dog", "ant")  # in no alphabetical order: the entry's order gives the labels
WHOLE = {"train": ("all", 12)}
NOBODY = "http://127.0.0.1:9/set"  # where nobody answers
assert SET.labels is not None
FILES = {f"top/all/{CLASSES[c]}/{i:02d}.png": png(SET.pixels[i]) for i, c in enumerate(SET.labels.tolist())}
Pack = Callable[[Mapping[str, bytes]], bytes]


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(kind: str = "") -> Pack:
    def pack(files: Mapping[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as archive:
            for name, data in reversed(files.items()):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        return buffer.getvalue()

    return pack


PACKERS = {
    "set.zip": zipped,
    "set.tar": tarred(),
    "set.tar.gz": tarred("gz"),
    "set.tgz": tarred("gz"),
    "set.tar.bz2": tarred("bz2"),
    "set.tar.xz": tarred("xz"),
}


@pytest.fixture(autouse=True)
def folder(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ordinary folder of archives, in the test's own home."""
    monkeypatch.delenv("GENBOARD_ARCHIVES", raising=False)
    monkeypatch.setattr(downloads, "PAUSE", 0.0)
    (own_home / "archives").mkdir()
    return own_home / "archives"


@pytest.fixture
def served() -> Iterator[tuple[str, dict[str, bytes], list[str]]]:
    """An address, what it serves by name, and the paths that were asked for."""
    files: dict[str, bytes] = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            data = files[self.path.rpartition("/")[2]]
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", files, asked
    server.shutdown()
    server.server_close()
    thread.join()


def of(home: Path, url: str, *more: str, inside: str = "top/all", known: str | None = None, **options: object) -> Path:
    source = "\n".join(('kind = "archive"', f'url = "{url}"', f'folders = {{ all = "{inside}" }}', *more))
    digest = content_digest(SET) if known is None else known
    options.setdefault("classes", CLASSES)
    return entry(home, "mine", source, {"all": 12}, WHOLE, more=digest and f'content_digest = "{digest}"', **options)


@pytest.mark.parametrize("name", PACKERS)
def test_a_set_is_the_same_set_in_every_archive(name: str, own_home: Path, folder: Path) -> None:
    (folder / name).write_bytes(PACKERS[name](FILES | {"top/README.md": b"about", "top/all/.hidden.png": b"?"}))
    of(own_home, f"{NOBODY}/{name}")
    assert verify("mine") == content_digest(SET)
    whole = read_all(load_part("mine", "all"))
    assert load_split("mine", "train").count == 12
    assert [CLASSES[c] for c in whole.labels.tolist()] == sorted(CLASSES[c] for c in SET.labels.tolist())  # type: ignore[union-attr]


def test_it_is_downloaded_once_checked_and_found_again(served, own_home: Path, folder: Path) -> None:
    address, files, asked = served
    files["main.zip"] = data = zipped(FILES)
    of(own_home, f"{address}/a/main.zip", 'file = "set.zip"', f'sha256 = "{sha256(data)}"')
    assert content_digest_of("mine") == verify("mine") == content_digest(SET)
    assert (folder / "set.zip").read_bytes() == data
    assert verify("mine") == content_digest(SET)
    assert asked == ["/a/main.zip"]


def test_the_folder_of_archives_may_be_another(own_home: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("GENBOARD_ARCHIVES", str(tmp_path))
    (tmp_path / "set.zip").write_bytes(zipped(FILES))
    of(own_home, f"{NOBODY}/set.zip")
    assert verify("mine") == content_digest(SET)


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (zipped(FILES | {"more": b""}), "but its entry says"),
        (b"<html>please log in</html>", "bytes that are no .zip archive; it was discarded"),
        (tarred()(FILES), "bytes that are no .zip archive; it was discarded"),
    ],
)
def test_what_comes_from_the_address_and_is_not_the_archive(
    served, run: Run, own_home: Path, folder: Path, sent: bytes, says: str
) -> None:
    address, files, _ = served
    files["set.zip"] = sent
    of(own_home, f"{address}/set.zip", f'sha256 = "{sha256(zipped(FILES))}"' if "entry" in says else "")
    fact = refused(run, "dataset", "verify", "mine")
    assert fact.startswith(f"{address}/set.zip sent ")
    assert says in fact
    assert str(folder / "set.zip") in hint(run, "dataset", "verify", "mine")
    assert not (folder / "set.zip").exists()


def test_an_archive_that_cannot_be_had(run: Run, own_home: Path, folder: Path) -> None:
    of(own_home, f"{NOBODY}/set.zip")
    assert refused(run, "dataset", "verify", "mine").startswith(f"{NOBODY}/set.zip cannot be downloaded: ")
    assert hint(run, "dataset", "verify", "mine") == f"put the file there yourself: {folder / 'set.zip'}"


def test_an_archive_that_is_too_large(served, run: Run, own_home: Path, monkeypatch) -> None:
    address, files, _ = served
    files["set.zip"] = zipped(FILES)
    monkeypatch.setattr(limits, "DOWNLOAD", 100)
    of(own_home, f"{address}/set.zip")
    assert "bytes or more, where the limit is 100" in refused(run, "dataset", "verify", "mine")


def test_an_archive_of_another_digest(run: Run, own_home: Path, folder: Path) -> None:
    (folder / "set.zip").write_bytes(zipped(FILES))
    of(own_home, f"{NOBODY}/set.zip", f'sha256 = "{"0" * 64}"')
    says = f"{folder / 'set.zip'} has SHA-256 {sha256(zipped(FILES))}, but its entry says {'0' * 64}"
    assert refused(run, "dataset", "verify", "mine") == says
    assert hint(run, "dataset", "verify", "mine") == "delete the file, and it is downloaded again"


def test_an_archive_of_other_images(run: Run, own_home: Path, folder: Path) -> None:
    (folder / "set.zip").write_bytes(zipped(FILES))
    of(own_home, f"{NOBODY}/set.zip", known="0" * 64)
    fact = refused(run, "dataset", "verify", "mine")
    assert fact == f"data set 'mine' has content digest {content_digest(SET)}, its entry says {'0' * 64}"
    assert f"delete {folder / 'set.zip'}, and" in hint(run, "dataset", "verify", "mine")


def without(name: str) -> dict[str, bytes]:
    return {file: data for file, data in FILES.items() if f"/{name}/" not in file}


ONE = png(SET.pixels[0])


@pytest.mark.parametrize("name", ["set.zip", "set.tar"])
@pytest.mark.parametrize(
    ("files", "says"),
    [
        (without("ant"), "no folder of images for the class 'ant'"),
        (FILES | {"top/all/bee/1.png": ONE}, "bee/1.png lies in the folder 'bee'"),
        (FILES | {"top/all/1.png": ONE}, "1.png lies in no folder of a class"),
        ({"other/cat/1.png": ONE}, "it contains no images"),
        (FILES | {"top/all/cat/1.heic": ONE}, "image files of formats that are not read: 1 .heic"),
        (FILES | {"top/all/cat/zz.png": ONE}, "part 'all' of mine holds 13 images, but its entry says 12"),
        (FILES | {"../up.png": ONE}, "the member '../up.png' lies outside the archive"),
        (FILES | {"/etc/up.png": ONE}, "lies outside the archive"),
        (FILES | {"..\\up.png": ONE}, "lies outside the archive"),
        (FILES | {"c:\\up.png": ONE}, "lies outside the archive"),
        (FILES | {next(iter(FILES)).replace("/", "\\"): ONE}, "is there 2 times"),
        (FILES | {next(iter(FILES)): b"junk"}, "00.png: not an image"),
    ],
)
def test_an_archive_that_is_not_as_its_entry_says(
    run: Run, own_home: Path, folder: Path, name: str, files: Mapping[str, bytes], says: str
) -> None:
    (folder / name).write_bytes(PACKERS[name](files))
    of(own_home, f"{NOBODY}/{name}")
    assert says in refused(run, "dataset", "verify", "mine")


@pytest.mark.parametrize("name", PACKERS)
def test_half_an_archive(run: Run, own_home: Path, folder: Path, name: str) -> None:
    whole = PACKERS[name](FILES)
    (folder / name).write_bytes(whole[: 600 if name == "set.tar" else len(whole) // 2])
    of(own_home, f"{NOBODY}/{name}")
    assert refused(run, "dataset", "verify", "mine").startswith(f"{folder / name}: ")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (tarfile.SYMTYPE, "x.png is a link to '/etc/passwd', not a file"),
        (tarfile.LNKTYPE, "x.png is a link to '/etc/passwd', not a file"),
        (tarfile.CHRTYPE, "x.png is a device, not a file"),
        (tarfile.FIFOTYPE, "x.png is a named pipe, not a file"),
    ],
)
def test_a_link_or_device_in_a_tar(run: Run, own_home: Path, folder: Path, kind: bytes, says: str) -> None:
    member = tarfile.TarInfo("top/all/cat/x.png")
    member.type, member.linkname = kind, "/etc/passwd"
    with tarfile.open(folder / "set.tar", "w") as archive:
        archive.addfile(member)
    of(own_home, f"{NOBODY}/set.tar")
    assert says in refused(run, "dataset", "verify", "mine")


def test_a_link_in_a_zip(run: Run, own_home: Path, folder: Path) -> None:
    member = zipfile.ZipInfo("top/all/cat/x.png")
    member.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "set.zip", "w") as archive:
        archive.writestr(member, "/etc/passwd")
    of(own_home, f"{NOBODY}/set.zip")
    assert "x.png is a link, not a file" in refused(run, "dataset", "verify", "mine")


@pytest.mark.parametrize("name", ["set.zip", "set.tar.gz"])
def test_a_bomb(run: Run, own_home: Path, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / name).write_bytes(PACKERS[name](FILES | {"top/bomb": bytes(2**21)}))
    monkeypatch.setattr(limits, "ARCHIVE", 2**20)
    of(own_home, f"{NOBODY}/{name}")
    assert "unpack" in refused(run, "dataset", "verify", "mine")


def test_a_tar_that_lies_of_a_size(run: Run, own_home: Path, folder: Path) -> None:
    member = tarfile.TarInfo("top/all/cat/x.png")
    member.size = 2**40
    (folder / "set.tar").write_bytes(member.tobuf() + bytes(1024))
    of(own_home, f"{NOBODY}/set.tar")
    assert refused(run, "dataset", "verify", "mine").startswith(f"{folder / 'set.tar'}: ")


@pytest.mark.parametrize(
    ("url", "more", "known", "says"),
    [
        ("set.zip", "", "", "known by its sha256, by a content_digest, or by both"),
        ("set.rar", "", None, "'set.rar' ends in none of .zip, .tar,"),
        ("", "", None, "give the archive's name as `file`"),
        ("set.zip", 'file = "../set.zip"', None, "'../set.zip' cannot be the name of a file"),
        ("set.zip", 'sha256 = "12"', None, "sha256"),
    ],
)
def test_an_entry_that_cannot_be_right(run: Run, own_home: Path, url: str, more: str, known: str | None, says) -> None:
    of(own_home, f"{NOBODY}/{url}", more, known=known)
    assert says in refused(run, "show", "dataset", "mine")


def test_the_members_are_listed_once_for_all_parts(own_home: Path, folder: Path, monkeypatch) -> None:
    files = {f"{part}/{name}": data for part in "ab" for name, data in FILES.items()}
    (folder / "set.zip").write_bytes(zipped(files))
    listed = []
    monkeypatch.setattr(archives, "files_of_zip", lambda path, f=archives.files_of_zip: listed.append(path) or f(path))
    for part in "ab":
        assert archives.open_archive(folder / "set.zip", f"{part}/top/all", CLASSES).count == 12
    assert listed == [folder / "set.zip"]

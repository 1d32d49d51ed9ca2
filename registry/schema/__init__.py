"""What a registry entry may say: typed, frozen, unknown keys refused. One kind of entry a file.

An entry is one TOML file, `entries/<kind>/<name>.toml`; the file's name is the entry's name.
"""

from ..fields import Name, Sha256, Strict, Weights
from .dataset import Archive, Dataset, Embedded, Groups, Hub, Local, Split, Stacked, Torchvision
from .entry import Against, Entry, Precision, Shape, Task
from .extractor import Extractor
from .generator import AUTOENCODERS, Generator, Reported
from .track import PrivateReference, Track, TrackMetric

__all__ = [
    "AUTOENCODERS",
    "Against",
    "Archive",
    "Dataset",
    "Embedded",
    "Entry",
    "Extractor",
    "Generator",
    "Groups",
    "Hub",
    "Local",
    "Name",
    "Precision",
    "PrivateReference",
    "Reported",
    "Sha256",
    "Shape",
    "Split",
    "Stacked",
    "Strict",
    "Task",
    "Torchvision",
    "Track",
    "TrackMetric",
    "Weights",
]

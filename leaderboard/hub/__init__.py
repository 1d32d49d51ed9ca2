"""The Hugging Face Hub: results offered as a pull request, samples and reference statistics shared as data sets.

Everything goes through huggingface-hub's own client, which takes the token from `hf auth login` or `HF_TOKEN`; it is
never read, stored or printed here.
"""

from .references import Pulled, pull_reference, push_reference
from .submissions import push_samples, push_submission, samples_folder

__all__ = ["Pulled", "pull_reference", "push_reference", "push_samples", "push_submission", "samples_folder"]

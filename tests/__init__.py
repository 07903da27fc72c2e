"""The tests, and what is set before any library is imported."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# threads that wait for one another on a busy machine make small models ten times slower
os.environ.setdefault("OMP_NUM_THREADS", "1")

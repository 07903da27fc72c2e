"""`python -m classemb_index.cli`."""

from .main import app

app()

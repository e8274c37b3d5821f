"""Rows for download, inside the page: they work from the file, offline and wherever it is moved."""

from base64 import b64encode

import pandas as pd


def data_link(text: str, kind: str) -> str:
    """Return a link that holds a text of its own, of a media type such as text/csv."""
    return f"data:{kind};charset=utf-8;base64,{b64encode(text.encode()).decode()}"


def csv_link(rows: pd.DataFrame) -> str:
    """Return a link that holds rows as CSV, numbers with six significant digits."""
    return data_link(rows.to_csv(index=False, float_format="%.6g"), "text/csv")

"""Rows for download, inside the page: they work from the file, offline and wherever it is moved."""

from urllib.parse import quote

import pandas as pd


def data_link(text: str, kind: str) -> str:
    """Return a link that holds a text of its own, of a media type such as text/csv."""
    return f"data:{kind};charset=utf-8,{quote(text, safe=_UNCHANGED)}"


_UNCHANGED = "!$()*+,-./:;=?@_~"
"""What neither a link nor HTML takes for anything else; tables of numbers are a fifth shorter than in base64."""


MOST_ROWS = 10_000
"""Rows that a page holds of each figure. A wide sweep's tables have more, and lie beside the page."""


def csv_link(rows: pd.DataFrame) -> str:
    """Return a link that holds rows as CSV, at most `MOST_ROWS`.

    Numbers have four significant digits: what a figure can show. The tables beside the page have all.
    """
    return data_link(rows.head(MOST_ROWS).to_csv(index=False, float_format="%.4g"), "text/csv")

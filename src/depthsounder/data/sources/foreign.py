"""Files that are not read: what each is, by its name or its first bytes, and what makes one of it that is read.

This module knows names and first bytes of other formats; `formats` reads those that are supported.
"""

import codecs
import re
from pathlib import PurePath

ADDRESS = re.compile(r"[a-z][a-z0-9+]*:/+", re.IGNORECASE)
"""The beginning of a web or cloud address, which is no name of a file."""

_FEATHER = "is a Feather file: pandas.read_feather(…).to_parquet('data.parquet') makes one that is read"
_PICKLE = (
    "is a pickle, which can run code when it is opened, and is not: save a table as Parquet, table.to_parquet("
    "'data.parquet'), or arrays with numpy.savez('data.npz', X=X, y=y)"
)
_ARRAY = "is a single array: numpy.savez('data.npz', X=X, y=y) keeps features and target in one file"
_WORKBOOK = "is a workbook: save the sheet as CSV, or pandas.read_excel(…).to_csv('data.csv', index=False)"
_PACKED = "is packed: unpack it first, and name the table that was in it"
_HDF5 = "is an HDF5 file: read it with h5py, and numpy.savez('data.npz', X=X, y=y) makes one that is read"
_JSON = "holds JSON: pandas.read_json(…).to_csv('data.csv', index=False) makes a table of records"
_JSON_LINES = (
    "holds JSON, a record a line: pandas.read_json(…, lines=True).to_csv('data.csv', index=False) makes a table of them"
)
_SVMLIGHT = (
    "is in the format of svmlight: sklearn.datasets.load_svmlight_file reads it, and numpy.savez('data.npz', "
    "X=X.toarray(), y=y) makes one that is read"
)
_ERROR = "is an error message of a server in place of a file: look at the address from which it came"
_ARFF = "is an ARFF file: scipy.io.arff.loadarff reads it, and pandas writes it with to_csv('data.csv', index=False)"
_MATLAB = "is a MATLAB file: scipy.io.loadmat reads it, and numpy.savez('data.npz', X=X, y=y) makes one that is read"
_PAGE = "is a web page and no table: download the file itself (on GitHub the raw one)"
_LFS = "is a git-lfs pointer, and not the file that it points to: `git lfs pull` fetches it"
_LABELS = "holds the labels: name the file of the images, beside which it is found by itself"
_DATABASE = "is a database: pandas.read_sql(…).to_csv('data.csv', index=False) writes one of its tables"
_PICTURE = "is a picture or a document, and no table"

_ADVICE_BY_ENDING = (
    (r"\.(feather|arrow|ipc)$", _FEATHER),
    (r"\.(pkl|pickle|joblib|sav|p|pt|pth)$", _PICKLE),
    (r"\.npy$", _ARRAY),
    (r"\.(xlsx?|xlsm|ods)$", _WORKBOOK),
    (r"\.(h5|hdf5|hdf)$", _HDF5),
    (r"\.(jsonl|ndjson)$", _JSON_LINES),
    (r"\.json$", _JSON),
    (r"\.(svm|libsvm|svmlight)$", _SVMLIGHT),
    (r"\.arff$", _ARFF),
    (r"\.mat$", _MATLAB),
    (r"\.html?$", _PAGE),
    (r"\.(sqlite3?|db)$", _DATABASE),
    (r"\.(png|jpe?g|gif|pdf)$", _PICTURE),
    (r"labels[-._]idx1-ubyte(\.gz)?$", _LABELS),
    (r"\.(zip|tar|tgz|gz|bz2|xz|zst|7z|rar)$", _PACKED),
)

_ADVICE_BY_FIRST_BYTES = (
    (rb"ARROW1\x00|FEA1[\x00-\x1f]", _FEATHER),
    (rb"\x80[\x02-\x05]", _PICKLE),
    (rb"(?s)x[\x01\x5e\x9c\xda].{0,60}?[\x00-\x08\x0e-\x1f]", "seems to be packed by joblib; it " + _PICKLE),
    (rb"\x93NUMPY", _ARRAY),
    (rb"(?s)PK\x03\x04.{0,400}?(\[Content_Types\]|xl/|mimetypeapplication)", _WORKBOOK),
    (rb"\xd0\xcf\x11\xe0", _WORKBOOK),
    (rb"PK\x03\x04|BZh[1-9]1AY|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!\x1a|\x1f\x8b", _PACKED),
    (rb"\x89HDF", _HDF5),
    (rb"SQLite format 3", _DATABASE),
    (rb"MATLAB 5\.0", _MATLAB),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|%PDF", _PICTURE),
    (rb"version https://git-lfs", _LFS),
    (rb"(?i)\s*<(!--|[!?]?[a-z][^<>\n]*>)", _PAGE),
    (rb"\s*(4\d\d|50\d): ?[A-Z]", _ERROR),
    (rb"[+-]?[\d.]+( \d+:[-+\d.eE]+)+ *\r?\n", _SVMLIGHT),
    (rb"\s*\{[^\n]*\}\s*\n\s*\{", _JSON_LINES),
    (rb"\s*[{\[]\s*[\"{\[\]}]", _JSON),
    (rb"(?im)(\s*%[^\n]*\n|\s*\n)*\s*@relation\b", _ARFF),
)


def advice_on_ending(source: str) -> str | None:
    """Return what helps with a source of a kind that is not read, to follow its name in a sentence."""
    if ADDRESS.match(source):
        return "is a web address: download the file first, and name it here"
    name = PurePath(source).name.lower()
    return next((advice for ending, advice in _ADVICE_BY_ENDING if re.search(ending, name)), None)


def advice_on_content(head: bytes) -> str | None:
    """Return what helps with a file that begins with these bytes; None if they are those of no known kind."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head.decode("utf-16", "replace").encode()
    head = head.removeprefix(codecs.BOM_UTF8)
    return next((advice for start, advice in _ADVICE_BY_FIRST_BYTES if re.match(start, head)), None)

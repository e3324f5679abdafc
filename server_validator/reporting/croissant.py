"""An export described for programs: metadata of the format Croissant 1.0, in JSON-LD."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from server_validator.dataset import export_schema
from server_validator.dataset.export import Exported, Written
from server_validator.dataset.export_schema import Column
from server_validator.reporting import export_words as words

FILE = "croissant.json"
VERSION = "http://mlcommons.org/croissant/1.0"
_PARQUET = "application/x-parquet"
_TYPES = {"int64": "sc:Integer", "double": "sc:Float", "float": "sc:Float", "string": "sc:Text"}
_CONTEXT: Mapping[str, object] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def described(exported: Sequence[Exported]) -> str:
    """The file's text: each file with its digest, a record set for each experiment, a field for each column."""
    about = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": words.NAME,
        "alternateName": words.TITLE,
        "description": words.SUMMARY,
        "license": words.LICENSE_PAGE,
        "creator": {"@type": "sc:Organization", "name": words.CREATOR},
        "citeAs": words.BIBTEX,
        "keywords": list(words.KEYWORDS),
        "isLiveDataset": False,
        "distribution": [entry for one in exported for entry in (*map(_file, one.files), _files(one))],
        "recordSet": [_records(one) for one in exported],
    }
    return json.dumps(about, indent=1, ensure_ascii=False) + "\n"


def _file(written: Written) -> Mapping[str, object]:
    return {
        "@type": "cr:FileObject",
        "@id": written.path,
        "name": written.path.rpartition("/")[2],
        "contentUrl": written.path,
        "contentSize": f"{written.size} B",
        "encodingFormat": _PARQUET,
        "sha256": written.sha256,
    }


def _files(one: Exported) -> Mapping[str, object]:
    """All files of an experiment together, which its records are read from."""
    return {
        "@type": "cr:FileSet",
        "@id": _set(one),
        "name": _set(one),
        "description": f"all files of {one.experiment.name}",
        "encodingFormat": _PARQUET,
        "includes": f"{one.folder}/*.parquet",
    }


def _set(one: Exported) -> str:
    return f"files-of-{one.experiment.name}"


def _records(one: Exported) -> Mapping[str, object]:
    experiment = one.experiment
    size = f"{one.cells} cells of {one.seeds} seeds"
    key = [{"@id": f"{experiment.name}/{name}"} for name in ("seed", *experiment.grid)]
    return {
        "@type": "cr:RecordSet",
        "@id": experiment.name,
        "name": experiment.name,
        "description": f"{experiment.title}: {experiment.question} {size}, version {experiment.version}, "
        f"measured {words.clock(experiment)}",
        "key": key,
        "field": [_field(one, column) for column in export_schema.columns(experiment)],
    }


def _field(one: Exported, column: Column) -> Mapping[str, object]:
    unit = f" (unit: {column.unit})" if column.unit is not None else ""
    field = {
        "@type": "cr:Field",
        "@id": f"{one.experiment.name}/{column.name}",
        "name": column.name,
        "description": f"{column.meaning}{unit}",
        "dataType": _TYPES[column.kind],
        "source": {"fileSet": {"@id": _set(one)}, "extract": {"column": column.name}},
    }
    return {**field, "repeated": True} if column.curve else field

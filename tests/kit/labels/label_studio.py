"""Label Studio's files, as https://labelstud.io/guide/tasks and /guide/export describe them.

`EXPORT` and `TASKS` are their schemas. `flat` makes of an export what Label Studio's own converter
(label-studio-sdk 2.1) makes of it as ``JSON_MIN``.
"""

import json

MOMENT = "2026-11-30T10:00:00.000000Z"
RESULT = {
    "type": "object",
    "required": ["id", "from_name", "to_name", "type", "value"],
    "properties": {
        "id": {"type": "string"},
        "from_name": {"type": "string"},
        "to_name": {"type": "string"},
        "type": {"enum": ["choices", "number", "rating", "textarea"]},
        "value": {"type": "object"},
    },
}
ANNOTATION = {
    "type": "object",
    "required": ["id", "result", "completed_by", "was_cancelled"],
    "properties": {
        "id": {"type": "integer"},
        "completed_by": {"type": ["integer", "object"]},
        "result": {"type": "array", "items": RESULT},
        "was_cancelled": {"type": "boolean"},
        "ground_truth": {"type": "boolean"},
        "lead_time": {"type": ["number", "null"]},
    },
}
TASK = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "id": {"type": "integer"},
        "data": {"type": "object", "minProperties": 1},
        "annotations": {"type": "array", "items": ANNOTATION},
        "predictions": {"type": "array"},
    },
    "additionalProperties": False,
}
TASKS = {"type": "array", "items": TASK, "minItems": 1}
EXPORT = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "data", "annotations"],
        "properties": TASK["properties"],
    },
}


def annotation(number, who, value, **changed):
    """Return an annotation whose one result is the score."""
    kind = next(iter(value))
    result = {"id": f"r{number}", "from_name": "score", "to_name": "text", "type": kind, "value": value}
    fields = {"was_cancelled": False, "ground_truth": False, "lead_time": 2.5, "created_at": MOMENT}
    return {"id": number, "completed_by": who, "result": [result], **fields, **changed}


def export(tasks, annotations):
    """Return the export of tasks; `annotations` are those of each."""
    return [
        {
            "id": number,
            "annotations": given,
            "drafts": [],
            "predictions": [],
            "data": task["data"],
            "meta": {},
            "created_at": MOMENT,
            "updated_at": MOMENT,
            "project": 1,
        }
        for number, (task, given) in enumerate(zip(tasks, annotations, strict=True), 1)
    ]


def flat(exported):
    """Return ``JSON_MIN``: a row for each annotation, whose id is the task's."""
    rows = []
    for task in exported:
        for one in task["annotations"]:
            if one["was_cancelled"]:
                continue
            value = one["result"][0]["value"] if one["result"] else None
            chosen = (value or {}).get("choices", ())
            answer = chosen[0] if len(chosen) == 1 else value if chosen else [value]
            score = {} if value is None else {"score": answer}
            about = {"annotator": one["completed_by"], "annotation_id": one["id"], "lead_time": 2.5}
            rows.append({**task["data"], "id": task["id"], **score, **about})
    return rows


def as_csv(rows):
    """Return rows as cells: what is no text or number as JSON."""
    return [
        {name: json.dumps(value) if isinstance(value, list) else value for name, value in row.items()}
        for row in rows
    ]

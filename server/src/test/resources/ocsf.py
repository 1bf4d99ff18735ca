"""Checks lines of OCSF events against the published schema of OCSF 1.3.0; prints each problem once."""

import json
import sys

import ocsf_json_schema as ocsf
from jsonschema import Draft202012Validator

schema = ocsf.OcsfJsonSchemaEmbedded(ocsf.get_ocsf_schema(version="1.3.0"))
validator = Draft202012Validator(schema.get_class_schema("api_activity"))
problems = set()
events = 0
for line in open(sys.argv[1], encoding="utf-8"):
    events += 1
    for error in validator.iter_errors(json.loads(line)):
        problems.add(f"{list(error.absolute_path)}: {error.message[:200]}")
print("\n".join(sorted(problems)))
print(events, "events", len(problems), "problems")

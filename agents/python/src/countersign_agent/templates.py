"""How a call's arguments become authorization details (RFC 9396), and which template is trusted for that."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from .canonical import canonical, digest
from .errors import TemplateError

PUBLISHED = "dev.countersign/rar"

_PATH = re.compile(r"""=\s*args((?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:"[^"\\]*"|'[^'\\]*'|[0-9]{1,6})\])+)\s*""")
_STEP = re.compile(r"""\.([A-Za-z_][A-Za-z0-9_]*)|\[(?:"([^"]*)"|'([^']*)'|([0-9]+))\]""")
_MISSING = object()


class RarTemplate:
    """A JSON tree in which a text that starts with `=` names an argument: `=args.case_id`,
    `=args.payee["account-id"]`, `=args.items[0]`. Everything else stands as it is.

    A gateway's templates may hold any CEL expression. An agent evaluates names only, the same in every language, and
    refuses the rest: a tool that needs more is called in the mode `te`.
    """

    def __init__(self, template: Any) -> None:
        if not isinstance(template, list) or not template:
            raise TemplateError("a template must be a list of authorization details", "malformed_template")
        for element in template:
            kind = element.get("type") if isinstance(element, dict) else None
            if not isinstance(kind, str) or not kind or kind.startswith("="):
                raise TemplateError(
                    "every element of a template needs a `type` that stands as it is", "malformed_template"
                )
        _check(template)
        self._source = copy.deepcopy(template)

    @property
    def digest(self) -> str:
        """What a pin holds."""
        return digest(self._source)

    def build(self, arguments: dict[str, Any], input_schema: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """The details of one call. The schema's defaults stand in for arguments that were left out."""
        filled = dict(arguments)
        properties = (input_schema or {}).get("properties")
        for name, schema in (properties if isinstance(properties, dict) else {}).items():
            if name not in filled and isinstance(schema, dict) and "default" in schema:
                filled[name] = schema["default"]
        built: list[dict[str, Any]] = _build(self._source, filled)
        canonical(built)  # refuses numbers that not every language holds exactly
        return built


def _check(node: Any) -> None:
    if isinstance(node, str) and node.startswith("="):
        if not _PATH.fullmatch(node):
            raise TemplateError(
                "a template holds an expression that is not just an argument", "unsupported_expression"
            )
    elif isinstance(node, dict):
        for value in node.values():
            _check(value)
    elif isinstance(node, list):
        for value in node:
            _check(value)


def _build(node: Any, arguments: dict[str, Any]) -> Any:
    if isinstance(node, dict):
        return {name: _build(value, arguments) for name, value in node.items()}
    if isinstance(node, list):
        return [_build(value, arguments) for value in node]
    if isinstance(node, str) and node.startswith("="):
        return _value(node, arguments)
    return node


def _value(expression: str, arguments: dict[str, Any]) -> Any:
    path = _PATH.fullmatch(expression)
    found = _STEP.finditer(path[1] if path else "")
    steps = [next(group for group in step.groups() if group is not None) for step in found]
    value: Any = arguments
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step, _MISSING)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            value = _MISSING
    if value is _MISSING:
        raise TemplateError(f"the call lacks the argument {steps[0]}", "missing_argument")
    return copy.deepcopy(value)


@dataclass(frozen=True)
class Chosen:
    """The template of one tool, the scope to ask for, and the tool's schema for its defaults."""

    template: RarTemplate
    scope: str
    input_schema: dict[str, Any] = field(default_factory=dict)


class Templates:
    """Which template a tool's calls are built from: the server's published one, held to a pinned digest, or a local
    one for servers that publish none.

        {"tools": {"process_refund": {"digest": "8Nqm…"},
                   "pay": {"scope": "payment:write", "template": [{"type": "…", "amount": "=args.amount"}]}}}
    """

    def __init__(self, file: Any) -> None:
        tools = file.get("tools") if isinstance(file, dict) else None
        if not isinstance(tools, dict):
            raise TemplateError("the file of templates: `tools` must be an object", "malformed_template")
        self._trusts_server = False
        self._pins: dict[str, str] = {}
        self._local: dict[str, Chosen] = {}
        for tool, entry in tools.items():
            self._add(tool, entry if isinstance(entry, dict) else {})

    def _add(self, tool: str, entry: dict[str, Any]) -> None:
        if isinstance(entry.get("digest"), str) and "template" not in entry:
            self._pins[tool] = entry["digest"]
            return
        if "template" not in entry or "digest" in entry:
            raise TemplateError(f"tools.{tool} needs either `digest` or `template`", "malformed_template")
        scope = entry.get("scope")
        if not isinstance(scope, str) or not scope.strip():
            raise TemplateError(f"tools.{tool}.scope must be a text", "malformed_template")
        schema = entry.get("inputSchema")
        self._local[tool] = Chosen(
            RarTemplate(entry["template"]), scope, schema if isinstance(schema, dict) else {}
        )

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Templates:
        """Reads a file of templates and pins; a tool that it does not name is not called."""
        try:
            with open(path, encoding="utf-8") as file:
                return cls(json.load(file))
        except ValueError as malformed:
            raise TemplateError("the file of templates is not JSON", "malformed_template") from malformed

    @classmethod
    def trusting_the_server(cls) -> Templates:
        """Takes whatever the server publishes, so that the server decides what is asked for in the person's name. For
        development, and where the server is one's own."""
        templates = cls({"tools": {}})
        templates._trusts_server = True
        return templates

    def local(self, tool: str) -> Chosen | None:
        """The tool's template from the file, which needs no server."""
        return self._local.get(tool)

    def published(self, tool: str, definition: dict[str, Any]) -> Chosen:
        """The tool's published template, if it is the pinned one."""
        pin = self._pins.get(tool)
        if pin is None and not self._trusts_server:
            raise TemplateError("the file of templates does not name this tool", "no_template")
        meta = definition.get("_meta")
        published = meta.get(PUBLISHED) if isinstance(meta, dict) else None
        scope = published.get("scope") if isinstance(published, dict) else None
        if not isinstance(published, dict) or not isinstance(scope, str) or not scope.strip():
            raise TemplateError("the server publishes no template for this tool", "no_template")
        template = RarTemplate(published.get("template"))
        if template.digest != published.get("digest") or template.digest != (pin or template.digest):
            raise TemplateError("the published template is not the one that was reviewed", "digest_mismatch")
        schema = definition.get("inputSchema")
        return Chosen(template, scope, schema if isinstance(schema, dict) else {})

"""Views as JSON: the same fields as the result classes of `analyze`, every name whole.

A call tree is a flat list of nodes with the index of each one's parent, so that no reader's
recursion limit matters.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

from pyrometer.analyze import Amount, Estimate, MetricNode, MetricTree, Node, Tree


def render(view: Any) -> str:
    """A view as one JSON object; its ``view`` says which."""
    plain = _tree(view) if isinstance(view, Tree | MetricTree) else asdict(view)
    return json.dumps({"view": type(view).__name__.lower()} | plain, indent=2, ensure_ascii=False) + "\n"


def render_all(views: list[Any]) -> str:
    """One view as :func:`render` has it, several as a list."""
    if len(views) == 1:
        return render(views[0])
    return json.dumps([json.loads(render(view)) for view in views], indent=2, ensure_ascii=False) + "\n"


def _tree(view: Tree | MetricTree) -> dict[str, Any]:
    plain = {
        each.name: getattr(view, each.name) for each in fields(view) if each.name not in ("basis", "roots", "columns")
    }
    nodes: list[dict[str, Any]] = []
    path: list[int] = []
    for depth, node in view.walk():
        del path[depth:]
        nodes.append(_node(node, path[-1] if path else None))
        path.append(len(nodes) - 1)
    # `nodes` counts the whole tree; the list holds the shown part.
    columns = {"columns": [asdict(column) for column in view.columns]} if isinstance(view, MetricTree) else {}
    return {"basis": asdict(view.basis), **columns, **plain, "tree": nodes}


def _node(node: Node | MetricNode, parent: int | None) -> dict[str, Any]:
    return {
        "parent": parent,
        "place": asdict(node.place),
        "inlined": node.inlined,
        "self": _plain(node.self),
        "total": _plain(node.total),
    }


def _plain(costs: Estimate | tuple[Amount, ...]) -> Any:
    return [asdict(amount) for amount in costs] if isinstance(costs, tuple) else asdict(costs)

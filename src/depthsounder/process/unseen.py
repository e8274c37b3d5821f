"""The fingerprint refuses code that it cannot follow by names, because an edit of it would change no digest.

A digest of definitions sees an edit only where a name leads to it. A loop or a call at the top of a module, a function
that fills another name's dictionary while modules are imported, and a name that is put together while the program runs
would change what is computed and no digest.

This module knows one file's statements; it follows none of them.
"""

import ast
from collections.abc import Iterator

from depthsounder.process.definitions import (
    DEFINING,
    Library,
    Module,
    chains,
    children,
    defined_names,
    walk,
    whole_package,
)
from depthsounder.process.remembering import once

_ALLOWED = "allowed at the top of a module: imports, functions, classes, and assignments to names"
_DYNAMIC = {"__import__", "eval", "exec", "globals", "importlib"}
_CHANGING = {
    "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update",
}  # fmt: skip


def require_followed(library: Library, name: str) -> None:
    """Refuse what no name of a module leads to.

    Raises
    ------
    NotFollowed
        Naming the file, the line and what is allowed.
    """
    module = library.module(name)
    for statement in module.tree.body:
        if defined_names(statement) is None:
            raise module.refusal(statement, "what this statement does belongs to no name", _ALLOWED)
        for node in _at_import(statement):
            _require_no_change(library, module, node)
    require_named(library, name)


def require_named(library: Library, name: str) -> None:
    """Refuse names that a module puts together while it runs.

    Raises
    ------
    NotFollowed
        As from `require_followed`.
    """
    module = library.module(name)
    for node in walk([module.tree]):
        for found in _named(node) & _DYNAMIC:
            raise module.refusal(node, f"{found} finds names while the program runs", "allowed: imports by name")


def _named(node: ast.AST) -> set[str]:
    """Return the names that a node may take from elsewhere."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {(node.module or "").split(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def _require_no_change(library: Library, module: Module, node: ast.AST) -> None:
    if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return
    for target, name in module.references([node])[0]:
        if name is not None and not whole_package(target):
            changed = changers(library.module(target)).get(name)
            if changed is not None:
                raise module.refusal(node, f"{name} changes {changed} while modules are imported", _ALLOWED)


@once
def changers(module: Module) -> dict[str, str]:
    """Return the functions and classes that change a variable of a module, or use one that does, and which variable."""
    blocks = {
        name: [statement for statement in statements if isinstance(statement, DEFINING)]
        for name, statements in module.definitions.items()
    }
    found = {name: changed for name, block in blocks.items() for node in block if (changed := _changed(module, node))}
    while True:
        callers = {
            name: found[used]
            for name, block in blocks.items()
            if name not in found
            for used, _ in chains(block)
            if used in found
        }
        if not callers:
            return found
        found.update(callers)


def _changed(module: Module, definition: ast.stmt) -> str | None:
    """Return a variable of the library's modules that a function or a class changes."""
    nodes = list(walk([definition]))
    local = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    local |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    declared = {name for node in nodes if isinstance(node, ast.Global) for name in node.names}
    known = module.definitions.keys() | module.imports.own.keys()
    changed = {str(_root(node)) for node in nodes if _is_change(node)} & known
    return min((changed - local) | declared, default=None)


def _is_change(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript | ast.Attribute):
        return isinstance(node.ctx, ast.Store | ast.Del)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING


def _root(node: ast.AST) -> str | None:
    """Return the name at which a chain of attributes, items and calls begins."""
    while not isinstance(node, ast.Name):
        inner = getattr(node, "func" if isinstance(node, ast.Call) else "value", None)
        if inner is None:
            return None
        node = inner
    return node.id


def _at_import(statement: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a statement that run when its module is imported: no function's body, and no annotation."""
    stack = [statement]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            stack += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif isinstance(node, ast.Lambda):
            stack += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif isinstance(node, ast.AnnAssign):
            stack += [node.value] if node.value else []
        else:
            stack += children(node)

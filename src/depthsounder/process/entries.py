"""The entries of a registry, read from its source: which expression a name stands for, in whatever form it is written.

This module knows how a registry and its records may be written; `fingerprint` says what an edit of them changes.
"""

import ast
from dataclasses import dataclass, field

from depthsounder.process.definitions import Library, Module, Target

FORMS = (
    "allowed: a record, or a name to which one is assigned, that is made by its class, by dataclasses.replace or by a "
    'function that returns one, with its name as a text such as "cube"'
)
REGISTRY_FORMS = (
    "allowed: one assignment of {record.name: record for record in (FIRST, SECOND, …)}, or of a dictionary whose keys "
    "are names as texts"
)


@dataclass(frozen=True)
class Scope:
    """Where an expression stands: its module, and the arguments if it is the body of a function that is called."""

    module: str
    arguments: dict[str, tuple[ast.expr, "Scope"]] = field(default_factory=dict)


def entries(library: Library, module: str, registry: str) -> dict[str, ast.expr]:
    """Return the entries of a registry, by their names.

    Raises
    ------
    NotFollowed
        If the registry or an entry is written in a form from which no name can be read, or two have the same.
    """
    reader, source = _Reader(library), library.module(module)
    found: dict[str, ast.expr] = {}
    for name, node in reader.pairs(source, registry):
        if name is None:
            raise source.refusal(node, f"the name of the entry {ast.unparse(node)} of {registry} cannot be read", FORMS)
        if name in found:
            raise source.refusal(node, f"{registry} has two entries {name!r}", "allowed: one of each name")
        found[name] = node
    return found


class _Reader:
    """Follows expressions to the texts that stand in them."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def pairs(self, source: Module, registry: str) -> list[tuple[str | None, ast.expr]]:
        """Return the entries of a registry with their names, None where that cannot be read."""
        scope = Scope(str(source.name))
        statements = source.definitions.get(registry, [])
        value = _assigned(statements[0], registry) if len(statements) == 1 else None
        if isinstance(value, ast.Dict):
            keyed = zip(value.keys, value.values, strict=True)
            return [(self.text(key, scope) if key else None, node) for key, node in keyed]
        if isinstance(value, ast.DictComp) and _is_plain(value):
            listed, where = self.follow(value.generators[0].iter, scope)
            if isinstance(listed, ast.Tuple | ast.List) and where == scope:
                return [(self.record_name(node, scope), node) for node in listed.elts]
        found = f"the entries of {registry} cannot be read"
        raise source.refusal(statements[0] if statements else source.tree, found, REGISTRY_FORMS)

    def record_name(self, node: ast.expr, scope: Scope) -> str | None:
        """Return the name of the record that an expression makes."""
        node, scope = self.follow(node, scope)
        if not isinstance(node, ast.Call) or any(keyword.arg is None for keyword in node.keywords):
            return None
        maker = self.maker(node.func, scope)
        given = {str(keyword.arg): keyword.value for keyword in node.keywords}
        if maker == "dataclasses replace":
            return self.text(given["name"], scope) if "name" in given else self.record_name(node.args[0], scope)
        if isinstance(maker, str) or any(isinstance(argument, ast.Starred) for argument in node.args):
            return None
        definition, module = maker
        if isinstance(definition, ast.ClassDef):
            named = dict(zip(_fields(definition), node.args, strict=False)) | given
            return self.text(named["name"], scope) if "name" in named else None
        returned = _returned(definition)
        if not isinstance(definition, ast.FunctionDef) or returned is None:
            return None
        bound = _arguments(definition, node.args, given)
        inner = {name: (value, scope) for name, value in bound.items()}
        defaults = {name: (value, Scope(module)) for name, value in _defaults(definition).items()}
        return self.record_name(returned, Scope(module, defaults | inner))

    def text(self, node: ast.expr, scope: Scope) -> str | None:
        """Return the text that an expression is, or the name of the record of which it takes the attribute `name`."""
        node, scope = self.follow(node, scope)
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        return self.record_name(node.value, scope) if isinstance(node, ast.Attribute) and node.attr == "name" else None

    def follow(self, node: ast.expr, scope: Scope) -> tuple[ast.expr, Scope]:
        """Return what a name stands for, and what that stands for, until it is no name."""
        # A name may stand for itself, as in a module that would not run.
        for _ in range(100):
            if isinstance(node, ast.Name) and node.id in scope.arguments:
                node, scope = scope.arguments[node.id]
                continue
            place = self.place(node, scope)
            statements = self.library.module(place[0]).definitions.get(place[1] or "", []) if place else []
            value = _assigned(statements[0], str(place[1])) if place and len(statements) == 1 else None
            if place is None or value is None:
                break
            node, scope = value, Scope(place[0])
        return node, scope

    def place(self, node: ast.expr, scope: Scope) -> Target | None:
        """Return where in the library a name is defined, through imports; None if it is not or nothing says so."""
        if not isinstance(node, ast.Name | ast.Attribute) or (
            isinstance(node, ast.Name) and node.id in scope.arguments
        ):
            return None
        if isinstance(node, ast.Attribute) and ast.unparse(node).split(".")[0] in scope.arguments:
            return None
        targets, foreign = self.library.module(scope.module).references([node])
        if len(targets) != 1 or foreign or targets[0][1] is None:
            return None
        module, name = targets[0]
        # An attribute of a value is no name of a module.
        if isinstance(node, ast.Attribute) and node.attr != name:
            return None
        if name in self.library.module(module).definitions:
            return targets[0]
        return self.place(ast.Name(str(name)), Scope(module)) if module != scope.module else None

    def maker(self, node: ast.expr, scope: Scope) -> tuple[ast.stmt, str] | str:
        """Return the function or the class that is called, with its module; or how another library calls it."""
        place = self.place(node, scope)
        if place is None:
            _, foreign = self.library.module(scope.module).references([node])
            whole = ast.unparse(node).split(".", maxsplit=1)
            called = foreign[0].split(" = ")[1].removeprefix("None ") if len(foreign) == 1 else ""
            return " ".join([called, *whole[1:]])
        statements = self.library.module(place[0]).definitions[str(place[1])]
        return (statements[0], place[0]) if len(statements) == 1 else ""


def _is_plain(value: ast.DictComp) -> bool:
    """Tell whether a dictionary is made of records and their names, and of all of them."""
    loop = value.generators[0]
    if len(value.generators) != 1 or loop.ifs or not isinstance(loop.target, ast.Name):
        return False
    expected = f"{{{loop.target.id}.name: {loop.target.id} for {loop.target.id} in {ast.unparse(loop.iter)}}}"
    return ast.unparse(value) == expected


def _assigned(statement: ast.stmt, name: str) -> ast.expr | None:
    """Return the expression that a statement assigns to a name, if that can be told."""
    if isinstance(statement, ast.AnnAssign):
        return statement.value
    if not isinstance(statement, ast.Assign):
        return None
    for target in statement.targets:
        if isinstance(target, ast.Name) and target.id == name:
            return statement.value
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            names = [part.id if isinstance(part, ast.Name) else None for part in target.elts]
            if name in names and None not in names and len(names) == len(statement.value.elts):
                return statement.value.elts[names.index(name)]
    return None


def _fields(definition: ast.ClassDef) -> list[str]:
    """Return the fields of a dataclass, in the order of its arguments."""
    annotated = [node.target for node in definition.body if isinstance(node, ast.AnnAssign)]
    return [target.id for target in annotated if isinstance(target, ast.Name)]


def _returned(definition: ast.stmt) -> ast.expr | None:
    """Return what a function returns, if its body ends in its only return."""
    found = [node for node in ast.walk(definition) if isinstance(node, ast.Return)]
    body = definition.body if isinstance(definition, ast.FunctionDef) else []
    return found[0].value if len(found) == 1 and body and body[-1] is found[0] else None


def _arguments(
    definition: ast.FunctionDef, positional: list[ast.expr], given: dict[str, ast.expr]
) -> dict[str, ast.expr]:
    names = [argument.arg for argument in (*definition.args.posonlyargs, *definition.args.args)]
    return dict(zip(names, positional, strict=False)) | given


def _defaults(definition: ast.FunctionDef) -> dict[str, ast.expr]:
    arguments = definition.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    with_default = names[len(names) - len(arguments.defaults) :]
    by_keyword = zip((argument.arg for argument in arguments.kwonlyargs), arguments.kw_defaults, strict=True)
    return dict(zip(with_default, arguments.defaults, strict=True)) | {name: node for name, node in by_keyword if node}

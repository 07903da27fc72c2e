"""The library's names: they resolve, are documented, and cost nothing until they are used."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import classemb_index
from classemb_index import errors
from classemb_index.errors import ClassembError
from tests.support.places import HEAVY, installed

PACKAGE = Path(classemb_index.__file__).parent
NOT_AT_IMPORT = HEAVY | {"numpy", "typer", "rich"}
NAMES = classemb_index.__all__
MODULES = sorted(PACKAGE.rglob("*.py"))

every_name = pytest.mark.parametrize("name", NAMES)
every_module = pytest.mark.parametrize(
    "module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)


def callables() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function, and every public method of a public class."""
    for name in NAMES:
        value = getattr(classemb_index, name)
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            for own, member in vars(value).items():
                function = getattr(member, "__func__", member)
                if inspect.isfunction(function) and not own.startswith("_"):
                    yield f"{name}.{own}", function


def own_dataclasses() -> Iterator[type]:
    for name in NAMES:
        value = getattr(classemb_index, name)
        if dataclasses.is_dataclass(value):
            yield value


def section(docstring: str, heading: str) -> set[str] | None:
    """The names explained under a heading, or None where there is no such heading."""
    lines = inspect.cleandoc(docstring).splitlines()
    if f"{heading}:" not in lines:
        return None
    rest = lines[lines.index(f"{heading}:") + 1 :]
    names = set()
    for line in rest:
        if line and not line.startswith(" "):
            break
        if line.startswith("    ") and not line.startswith("     ") and ":" in line:
            names.add(line.strip().partition(":")[0])
    return names


@every_name
def test_every_name_resolves_to_what_its_module_defines(name: str) -> None:
    value = getattr(classemb_index, name)
    assert value.__name__ == name
    assert value.__module__.startswith("classemb_index.")


def test_names_are_sorted_and_listed_once() -> None:
    assert list(NAMES) == sorted(set(NAMES))
    assert dir(classemb_index) == sorted(NAMES)


def test_a_star_import_gives_every_name() -> None:
    space: dict[str, Any] = {}
    exec("from classemb_index import *", space)
    assert set(NAMES) <= set(space)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError) as error:
        classemb_index.centroid  # noqa: B018
    assert str(error.value) == "No classemb_index attribute centroid"


@every_name
def test_every_name_says_in_one_sentence_what_it_is(name: str) -> None:
    docstring = getattr(classemb_index, name).__doc__
    assert docstring, name
    first = inspect.cleandoc(docstring).partition("\n\n")[0]
    assert first.endswith(".") and len(first) <= 200, first


@pytest.mark.parametrize(
    ("name", "function"), list(callables()), ids=lambda x: x if isinstance(x, str) else ""
)
def test_every_public_function_is_documented(name: str, function: Callable[..., Any]) -> None:
    docstring = function.__doc__
    assert docstring, name
    assert inspect.cleandoc(docstring).partition("\n")[0].strip(), name
    parameters = [p for p in inspect.signature(function).parameters if p not in ("self", "cls")]
    explained = section(docstring, "Args")
    if explained is not None:
        assert explained == set(parameters), name
    elif "." not in name:
        assert any(section(docstring, heading) for heading in ("Returns", "Raises", "Yields"))


@pytest.mark.parametrize("cls", list(own_dataclasses()), ids=lambda cls: cls.__name__)
def test_every_field_of_a_dataclass_is_explained(cls: type) -> None:
    assert section(cls.__doc__, "Attributes") == {field.name for field in dataclasses.fields(cls)}


@every_module
def test_every_error_that_a_function_raises_stands_in_its_docstring(module: Path) -> None:
    kinds = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    for function in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef) or function.name.startswith("_"):
            continue
        raised = {
            node.exc.func.id
            for node in ast.walk(function)
            if isinstance(node, ast.Raise)
            and isinstance(node.exc, ast.Call)
            and isinstance(node.exc.func, ast.Name)
        } & kinds
        named = section(ast.get_docstring(function) or "", "Raises") or set()
        assert raised <= named, f"{module.name}: {function.name} raises {raised - named}"


def test_every_error_is_a_classemb_error_and_stands_in_the_tree() -> None:
    kinds = [value for value in vars(errors).values() if inspect.isclass(value)]
    assert len(kinds) > 10
    for kind in kinds:
        assert issubclass(kind, ClassembError) and kind.__doc__
        assert kind.__name__ in errors.__doc__


def test_importing_the_library_imports_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, classemb_index; classemb_index.ClassembError; print(*sys.modules)"
    outcome = installed("-c", code, folder=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    imported = {name.partition(".")[0] for name in outcome.stdout.split()}
    assert "classemb_index" in imported
    assert not imported & NOT_AT_IMPORT


@every_module
def test_a_module_says_in_its_first_line_what_it_is(module: Path) -> None:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    assert docstring
    first = docstring.partition("\n")[0]
    assert first.endswith("."), first


def test_every_module_can_be_imported() -> None:
    for module in MODULES:
        parts = module.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(["classemb_index", *(part for part in parts if part != "__init__")])
        assert import_module(name).__doc__

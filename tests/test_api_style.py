"""The library reads alike everywhere: signatures, docstrings, imports, lengths."""

import ast
import importlib
import inspect
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
# A module imports only modules above it.
ORDER = (
    "config prompts composition thesaurus vocabulary wording pictures clip actions convolution "
    "published painters mixtures canvas cutouts losses sketch sharding optimize stages outputs "
    "results brush_files mypaint studio batch replay brushes words paint"
).split()
# Programs: their flags collide when both are imported, and they have no API.
PROGRAMS = {"replay", "brushes", "words", "paint"}
# Modules that know less than what is above them.
ONLY = {"actions": {"config"}, "mypaint": {"actions", "brush_files"}}
# Arguments that are not keyword-only and still have a default, and why.
DEFAULTS = {
    "clip.load": "which model is the only question nearly every call asks",
    "actions.grid_frames": "the defaults are the published grid",
}
PRESENT = [name for name in ORDER if (ROOT / f"jaxpaint/{name}.py").is_file()]
FILES = sorted(
    path for folder in ("jaxpaint", "experiments") for path in ROOT.glob(f"{folder}/**/*.py")
)


def public_functions():
    """Public functions of the modules and public methods of their public classes."""
    for name in PRESENT:
        if name in PROGRAMS:
            continue
        module = importlib.import_module(f"jaxpaint.{name}")
        for label, thing in vars(module).items():
            if label.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
                continue
            if inspect.isclass(thing):
                for method, function in vars(thing).items():
                    own = getattr(function, "__qualname__", "") == f"{label}.{method}"
                    if own and inspect.isfunction(function) and method[0] != "_":
                        yield f"{name}.{label}.{method}", function
            elif inspect.isfunction(inspect.unwrap(thing)):
                yield f"{name}.{label}", inspect.unwrap(thing)


FUNCTIONS = dict(public_functions())
each_function = pytest.mark.parametrize("name", FUNCTIONS)


def imports(path):
    """Names of the modules of jaxpaint that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "jaxpaint":
                    yield alias.name.partition(".")[2]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            if node.module == "jaxpaint":
                yield from (alias.name for alias in node.names)
            elif node.module.startswith("jaxpaint."):
                yield node.module.split(".")[1]


def test_the_functions_were_found():
    for name in ("actions.path", "optimize.train_steps", "clip.encode_image"):
        assert name in FUNCTIONS


@each_function
def test_docstring(name):
    text = inspect.getdoc(FUNCTIONS[name])
    assert text and text[0].isupper() | (text[0] in "`'\"")
    assert text.splitlines()[0].rstrip().endswith((".", "?", ":"))


@each_function
def test_annotations(name):
    signature = inspect.signature(FUNCTIONS[name])
    assert signature.return_annotation is not signature.empty
    for parameter in signature.parameters.values():
        if parameter.name != "self":
            assert parameter.annotation is not parameter.empty, parameter.name


@each_function
def test_key_comes_first(name):
    names = [p for p in inspect.signature(FUNCTIONS[name]).parameters if p != "self"]
    assert "key" not in names[1:]


@each_function
def test_defaults_are_keyword_only(name):
    parameters = inspect.signature(FUNCTIONS[name]).parameters.values()
    loose = [p.name for p in parameters if p.default is not p.empty and p.kind != p.KEYWORD_ONLY]
    assert bool(loose) == (name in DEFAULTS), loose


def test_every_module_has_its_place():
    found = {path.stem for path in (ROOT / "jaxpaint").glob("*.py")}
    assert found - {"__init__", "__main__"} <= set(ORDER)


@pytest.mark.parametrize("name", PRESENT)
def test_imports_go_down_the_list(name):
    allowed = ONLY.get(name, set(ORDER[: ORDER.index(name)]))
    assert set(imports(ROOT / f"jaxpaint/{name}.py")) - {""} <= allowed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_are_short(path):
    assert len(path.read_text().splitlines()) <= 400

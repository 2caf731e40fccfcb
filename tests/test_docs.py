"""What the README and the notebook tell people to run."""

import ast
import importlib.util
import json
import pathlib
import re

import numpy as np
import pytest

from jaxpaint import clip

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ("README.md", "experiments/README.md", "experiments/paint.ipynb")
README_BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
CELLS = [
    "".join(cell["source"])
    for cell in json.loads((ROOT / DOCS[2]).read_text())["cells"]
    if cell["cell_type"] == "code"
]


def commands(name):
    """Module and flags of every `python -m` command of a document."""
    text = "\n".join(CELLS) if name.endswith(".ipynb") else (ROOT / name).read_text()
    for line in text.replace("\\\n", "").splitlines():
        for found in re.finditer(r"python -m ((?:jaxpaint|experiments)\.\w+)([^`|&]*)", line):
            quoteless = re.sub(r'"[^"]*"', "", found[2].split("#")[0])
            yield found[1], re.findall(r"--(\w+)", quoteless)


def defined_flags(module, seen):
    """Names of the flags that a module defines, or one of the project that it imports."""
    spec = importlib.util.find_spec(module)
    if module in seen or spec is None or not (spec.origin or "").endswith(".py"):
        return set()
    seen.add(module)
    source = pathlib.Path(spec.origin).read_text()
    names = set(re.findall(r'DEFINE_\w+\(\s*"(\w+)"', source))
    for package, imported in re.findall(
        r"^from (jaxpaint|experiments) import ([^(\n]+)", source, re.M
    ):
        for one in re.findall(r"(\w+)(?: as \w+)?", imported):
            names |= defined_flags(f"{package}.{one}", seen)
    return names


@pytest.mark.parametrize("name", DOCS)
def test_commands_have_only_flags_that_their_programs_define(name):
    found = list(commands(name))
    assert len(found) > 3
    for module, given in found:
        known = defined_flags(module, set()) | {"helpshort", "help"}
        known |= {f"no{flag}" for flag in known}
        assert set(given) <= known, (module, set(given) - known)


def test_the_python_of_the_readme_paints(hasty, tmp_path, monkeypatch):
    monkeypatch.setattr(clip, "BUNDLED", hasty)
    monkeypatch.chdir(tmp_path)
    code = "".join(README_BLOCKS).replace('quality="normal"', "steps=2, strokes=8")
    assert "steps=2" in code
    names = {}
    exec(code.replace("range(4)", "range(2)"), names)
    assert names["pictures"].shape == (2, 128, 128, 3)
    files = sorted(path.parent.name for path in tmp_path.glob("paintings/*/painting.png"))
    assert files == ["apple0", "apple1"]
    # Both ways are the same painting, but for the strokes that are lifted at the end.
    assert abs(np.asarray(names["pictures"][1]) * 255 - names["painting"].picture).mean() < 1.0


def test_the_notebook_holds_the_python_of_the_readme():
    assert set(README_BLOCKS) <= {cell + "\n" for cell in CELLS}
    for cell in CELLS:
        ast.parse(re.sub(r"^[!%](.*\\\n)*.*", "", cell, flags=re.M))

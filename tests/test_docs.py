"""The README and the docs: links, made pages, formulas. Examples run as doctests, commands in test_docs_commands.py."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import heurex

ROOT = Path(__file__).parent.parent


def _script(name):
    """A module of the docs folder, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


BUILD_PAGES, BUILD_FORMULAS = _script("build_pages"), _script("build_formulas")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *(ROOT / name for name in ("SECURITY.md", "CODE_OF_CONDUCT.md", "paper.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text()
    anchors = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)", text, re.M)
    }
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif "://" not in target:
            assert (page.parent / target).exists(), target


def test_contributing_example_runs(capsys):
    code = re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S).group(1)
    exec(code.replace("count=256", "count=8"), {})
    assert "always 0.9" in capsys.readouterr().out


def test_every_block_of_python_runs_somewhere():
    """Doctests are run by pytest, and the one script of CONTRIBUTING by the test above."""
    for page in PAGES:
        if page.name == "tutorial.md":
            continue
        for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S):
            assert ">>>" in block or page.name == "CONTRIBUTING.md", (page.name, block)


@pytest.mark.parametrize("name", BUILD_PAGES.PAGES)
def test_made_pages_are_fresh(name):
    assert (ROOT / "docs" / name).read_text() == BUILD_PAGES.PAGES[name](), "run python docs/build_pages.py"


def test_every_public_name_is_on_the_page_of_names():
    text = (ROOT / "docs" / "api.md").read_text()
    for name in heurex.__all__:
        if name != "__version__":
            assert re.search(rf"^::: heurex[\w.]*\.{name}$", text, re.M), name


@pytest.mark.parametrize("formula", BUILD_FORMULAS.FORMULAS, ids=lambda one: one.title)
def test_every_formula_has_a_source_and_a_test(formula):
    assert BUILD_FORMULAS.missing(formula) == []


def test_a_formula_without_source_or_test_would_be_seen():
    lacking = BUILD_FORMULAS.Formula(
        "", "", "", "heurex.tasks.second_argmax", "tests/test_docs.py::test_no_such"
    )
    assert len(BUILD_FORMULAS.missing(lacking)) == 2


def test_formulas_are_fresh():
    assert (ROOT / "docs" / "formulas.md").read_text() == BUILD_FORMULAS.page(), (
        "run python docs/build_formulas.py"
    )


def test_functions_that_follow_the_note_are_on_the_page_of_formulas():
    """Public functions whose Source: is the note; classes and kernels have theirs beside them."""
    named = {formula.where.rpartition(".")[2] for formula in BUILD_FORMULAS.FORMULAS}
    for path in (ROOT / "src" / "heurex").rglob("*.py"):
        text = path.read_text()
        if "KERNEL = True" in text or "report" in path.parts:
            continue
        for name, doc in re.findall(r'^def ([a-z]\w*)\(.*?"""(.*?)"""', text, re.M | re.S):
            if re.search(r"Source: Hilton \(2024\)", doc):
                assert name in named, f"{path.name}: {name}"


def test_the_site_is_built_without_a_broken_link_and_needs_no_network(tmp_path):
    pytest.importorskip("mkdocs", reason="mkdocs is not installed (pip install 'heurex[docs]')")
    pytest.importorskip("mkdocstrings", reason="mkdocstrings is not installed (pip install 'heurex[docs]')")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        loaded = re.findall(
            r"<(?:script|link|img)[^>]*?(?:src|href)=[\"']?(https?://[^\"' >]+)", page.read_text()
        )
        assert loaded == [], page.name

"""The tutorial runs as the notebook that it is, and prints what it shows."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"


def printed(cell):
    return "".join(output.get("text", "") for output in cell["outputs"])


def executed(monkeypatch):
    jupytext = pytest.importorskip(
        "jupytext", reason="jupytext is not installed (pip install 'heurex[docs]')"
    )
    nbclient = pytest.importorskip(
        "nbclient", reason="nbclient is not installed (pip install 'heurex[docs]')"
    )
    pytest.importorskip("ipykernel", reason="ipykernel is not installed (pip install 'heurex[docs]')")
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    notebook = jupytext.read(PAGE)
    nbclient.NotebookClient(notebook, timeout=200, kernel_name="python3").execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.filterwarnings("ignore")
def test_the_tutorial_prints_what_it_shows(monkeypatch):
    shown = re.findall(r"^```python\n.*?^```\n\n```text\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    cells = executed(monkeypatch)
    assert len(cells) == len(shown) == 10
    for cell, text in zip(cells, shown, strict=True):
        assert printed(cell) == text, cell.source

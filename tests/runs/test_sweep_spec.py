"""What a sweep is asked for: every error in one sentence with the line of what is wrong."""

import tomllib

import numpy as np
import pytest

import heurex
from heurex.errors import ResultsError, UsageError
from heurex.runs.spec_lines import lines_of
from heurex.runs.sweep_spec import EXAMPLE, read_spec

ODD = """\
# = [ { " ' in a comment
first = "v1" # [[models]]
"quo.ted" = 'v2 = [ # not a comment'
long = \"\"\"
v3
] = \\" " \"\"\"
many = [ "v4",
  "v5", # a comment, with a comma
  [ "v6", "v7",
    "v8" ], { a = "v9", b.c = ["v10"] },
]
[[models]]
name = "v11"
[models.inner]
deep.er = 'v12'
[[models]]
name = '''
v13
'''
other = 1979-05-27T07:32:00Z
after = "v14"
[last . one]
number = [1.5e3, 0x1F,
 "v15"]
"""
# the line on which the value of each mark begins
BEGINS = {3: 4, 13: 17}


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from leaves(inner, (*path, i))
    else:
        yield path, value


def test_lines_of_every_value_of_an_odd_text():
    found = lines_of(ODD)
    marked = 0
    for path, value in leaves(tomllib.loads(ODD)):
        assert path in found, path
        mark = str(value).strip().split(" ")[0].split("\n")[0]
        if mark[:1] == "v":
            number = int(mark[1:])
            lines = [
                i
                for i, line in enumerate(ODD.split("\n"), 1)
                if mark in line.replace('"', " ").replace("'", " ").replace(",", " ").split()
            ]
            assert found[path] == BEGINS.get(number, lines[0]), path
            marked += 1
    assert marked == 15
    assert found["models", 1] == 16
    assert found["last", "one"] == 22


GOOD = """\
sigma = [0.0, 0.05]
copies = 4
truth = "exact"
[[models]]
name = "m43"
[[methods]]
name = "sampling"
samples = [16,
           64]
"""


def refused(tmp_path, text):
    path = tmp_path / "spec.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as found:
        read_spec(path)
    sentence = str(found.value)
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path}")


@pytest.mark.parametrize(
    ("old", "new", "start", "part"),
    [
        ("sigma = [0.0, 0.05]", "sigma = [0.0,\n  -1]", ", line 2: ", "sigma is -1; expected a finite"),
        ("sigma = [0.0, 0.05]", "sigma = [0.05, 0.05]", ", line 1: ", "given twice"),
        ("sigma = [0.0, 0.05]", "sigma = []", ", line 1: ", "no level of noise"),
        ("sigma = [0.0, 0.05]", "sigma = nan", ", line 1: ", "sigma is nan"),
        ("copies = 4", "copies = true", ", line 2: ", "copies is True; expected a whole number, 1 or more"),
        ("copies = 4", "copies = 0", ", line 2: ", "copies is 0"),
        ("copies = 4", "copy = 4", ", line 2: ", "unknown key 'copy'; expected one of sigma, copies"),
        ('"exact"', '"sampling"', ", line 3: ", "truth is 'sampling'; expected exact"),
        ('"exact"', '"exact?budget=100"', ", line 3: ", "expected exact"),
        ('"m43"', '"m44"', ", line 5: ", "unknown model 'm44'"),
        ('"m43"', '"missing.safetensors"', ", line 5: ", "does not exist"),
        ('"m43"', '"m43"\nseed = [1]', ", line 6: ", "unknown key 'seed'; expected one of name, seeds"),
        ('"m43"', '"zoo:4,3"\nseeds = [1, -2]', ", line 6: ", "-2 is in seeds"),
        ('"m43"', '"zoo:4,3"\nseeds = [1, 77]', ", line 5: ", "seed 77 of zoo:4,3 is not bundled"),
        ('"m43"', '"zoo:4,3"\ncheckpoints = [8]', ", line 5: ", "no setting 'n_seqs'"),
        ('"m43"', '"a_{seed}.npz"', ", line 4: ", "has a place for {seed}; expected seeds"),
        ('"m43"', '"a.npz"\nseeds = [1]', ", line 4: ", "no place for seeds; expected {seed}"),
        ('"m43"', '"m43"\n[[models]]\nname = "m43"', ", line 6: ", "model 'm43' is given twice"),
        ('"m43"', '"zoo:8,5"', ", line 4: ", "n = 5 is out of reach; expected n = 2 or 3"),
        ('"sampling"', '"sampeling"', ", line 8: ", "unknown method 'sampeling' (did you mean 'sampling'?)"),
        ("samples", "sample", ", line 8: ", "method 'sampling' has no setting 'sample'"),
        ("64]", "-64]", ", line 9: ", "-64"),
        ("64]", "16]", ", line 6: ", "'sampling?samples=16' is given twice"),
        ("64]", '64]\ndesign = "lattice"', ", line 10: ", "lattice"),
        ("64]", "64", " is not TOML: ", "Unclosed array"),
        (GOOD, "", ": ", "there are no methods"),
        (GOOD, "copies = \x00", " is not TOML: ", "line 1"),
    ],
)  # fmt: skip
def test_refusals_name_the_line(tmp_path, old, new, start, part):
    assert old in GOOD
    sentence = refused(tmp_path, GOOD.replace(old, new))
    assert sentence.startswith(start)
    assert part in sentence


def test_a_mapping_names_the_place():
    with pytest.raises(UsageError, match=r"the sweep, methods\[1\]: unknown method 'no'"):
        read_spec({"models": ["m43"], "methods": ["exact", "no"]})


@pytest.mark.parametrize("spec", ["nowhere.toml", "."])
def test_no_file(tmp_path, spec, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ResultsError, match=r"cannot be read \(.*\); expected a sweep in TOML"):
        read_spec(spec)


@pytest.mark.parametrize("row", [0, 2_345, 4_999])
def test_one_error_in_ten_thousand_lines(tmp_path, row):
    """The wrong entry comes first among those that cannot be loaded: whatever is cheap to see is seen first."""
    entries = [f'[[models]]\nname = "{i}.npz"' for i in range(5000)]
    entries[row] = f'[[models]]\nname = "{row}.npz"\ncheckpoint = 3'
    sentence = refused(tmp_path, "\n".join(['methods = ["exact"]', *entries]))
    assert sentence.startswith(f", line {2 * row + 4}: unknown key 'checkpoint'")


def test_grid_of_seeds_checkpoints_and_settings(tmp_path, m43):
    for seed in (0, 1):
        for n_seqs in (1024, 2048):
            file = tmp_path / f"m_{n_seqs}_{seed}.npz"
            np.savez(file, w_hi=m43.w_hi + seed, w_hh=m43.w_hh, w_oh=m43.w_oh * n_seqs)
    plan = read_spec(
        {
            "models": [
                {"name": str(tmp_path / "m_{checkpoint}_{seed}.npz"), "seeds": [0, 1], "checkpoints": [1024, 2048]},
                {"name": "zoo:4,3", "seeds": [2]},
            ],
            "methods": [{"name": "original", "regions": ["merged", "signed"], "gates": ["latent", "exact"]}, "pieces"],
            "sigma": 0,
        }
    )  # fmt: skip
    names = [model.name.removeprefix(f"{tmp_path}/") for model in plan.models]
    assert names == ["m_1024_0.npz", "m_1024_1.npz", "m_2048_0.npz", "m_2048_1.npz", "zoo:4,3?seed=2"]
    assert plan.models[3].w_oh[0, 0] == 2048 * m43.w_oh[0, 0]
    assert plan.models[4].fingerprint() == heurex.load("zoo:4,3?seed=2").fingerprint()
    assert len(plan.methods) == 5
    assert plan.size == 5


def test_the_example_is_a_spec_of_twenty_thousand_models(tmp_path):
    (tmp_path / "example.toml").write_text(EXAMPLE)
    plan = read_spec(tmp_path / "example.toml")
    assert plan.size == 20_004
    assert len(plan.methods) == 7

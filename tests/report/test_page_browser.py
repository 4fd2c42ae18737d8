"""The page in a real browser: no errors, no network, areas and picks right, mouse, keyboard, paper, pictures."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import heurex
from heurex.report.page import page_html, page_record
from heurex.scoring.explained import likeliest_answers

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra: browser)")
CHROMIUM = os.environ.get("HEUREX_CHROMIUM") or shutil.which("chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium found; HEUREX_CHROMIUM names one")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def dead_neuron():
    model = heurex.load("m43")
    w_hi, w_hh = model.w_hi.copy(), model.w_hh.copy()
    w_hi[1], w_hh[1] = 0.0, -np.abs(w_hh[1])
    return heurex.Rnn(w_hi, w_hh, model.w_oh, name="dead")


def argmax():
    """The network of m43 asked for another input than it was trained for: wrong nearly everywhere."""
    model = heurex.load("m43")
    return heurex.Rnn(model.w_hi, model.w_hh, model.w_oh, name="argmax", task="argmax")


MODELS = {
    "m43": lambda: heurex.load("m43"),
    "m22": lambda: heurex.load("m22"),
    "copy": lambda: heurex.noisy_copies(heurex.load("m43"), 0.05, 1, 3)[0],
    "sharp": lambda: heurex.load("hand:2nd_argmax_3"),
    "dead": dead_neuron,
    "argmax": argmax,
    "large": lambda: heurex.load("zoo:16,3"),
}
CHOSEN = {
    "large": ["layerwise"],
    "copy": ["original"],
    "sharp": ["original", "symmetric"],
    "dead": ["layerwise"],
    "argmax": ["layerwise"],
}


COPIES = {"m22": 4, "large": 2}


@pytest.fixture(scope="module")
def tab():
    """One browser with one tab, and what its pages complained of or asked for beyond their file."""
    trouble = []

    def watch(route):
        if not route.request.url.startswith(("file:", "data:")):
            trouble.append(route.request.url)
        route.continue_()

    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = running.new_page()
        page.route("**/*", watch)
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        yield page, trouble
        running.close()


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory):
    folder = Path(os.environ["HEUREX_ARTEFACTS"]) / "page" if "HEUREX_ARTEFACTS" in os.environ else None
    folder = folder or tmp_path_factory.mktemp("page")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def pages(artefacts, m43_record):
    """Pages by model, written once."""
    made = {}

    def page(name):
        if name not in made:
            model, path = MODELS[name](), artefacts / f"{name}.html"
            with (
                pytest.MonkeyPatch.context() as change
            ):  # ledgers take half the time: those of m43 and m22 are enough
                change.setattr("heurex.report.page.data._LARGE", 2)
                record = (
                    m43_record
                    if name == "m43"
                    else page_record(model, CHOSEN.get(name), copies=COPIES.get(name, 0))
                )
            path.write_text(page_html(record))
            made[name] = (model, path)
        return made[name]

    return page


@pytest.fixture
def visit(tab, pages):
    """Open a model's page afresh; whatever it complains of or asks for beyond the file is a failure at the end."""
    page, trouble = tab
    trouble.clear()

    def opened(name, width=1280, scheme="light"):
        model, path = pages(name)
        page.mouse.move(0, 0)
        page.emulate_media(color_scheme=scheme, media="screen")
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path.as_uri())
        page.add_script_tag(path=Path(__file__).parent / "checks.js")
        return model, page

    yield opened
    assert trouble == []


def pixels(page, canvas="#globe-model"):
    return page.eval_on_selector(canvas, "c => c.toDataURL()")


@pytest.mark.parametrize("name", MODELS)
def test_areas_and_picks(name, visit, pages):
    model, page = visit(name)
    n, whole = model.seq_len, 2 * np.pi if model.seq_len == 2 else 4 * np.pi
    assert abs(page.evaluate("heurex.areas()") - whole) < 1e-6
    x = np.random.default_rng(7).standard_normal((10_000, n))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    answers, labels = model.answer(x), np.argsort(-x, axis=1)[:, model.rank]
    # as text, for the driver takes seconds over 10,000 lists
    page.evaluate("text => { window.directions = JSON.parse(text); }", json.dumps(x.tolist()))
    explanations = json.loads(page.evaluate("JSON.stringify(heurex.data.explanations)"))
    for number, explanation in enumerate(explanations):
        page.select_option("#explanation", str(number))
        assert abs(page.evaluate("heurex.areasSaid()") - whole) < 1e-6
        found = json.loads(page.evaluate("JSON.stringify(heurex.pickMany(directions))"))
        clear = np.array([margin > 1e-9 for _, margin, _, _, _ in found])
        print(
            f"{name}, explanation {number}: {np.sum(~clear)} of {len(x)} directions lie within 1e-9 of an edge"
        )
        assert np.sum(~clear) < 10
        assert np.all(np.array([answer for answer, *_ in found])[clear] == answers[clear])
        assert np.all(np.array([label for *_, label in found])[clear] == labels[clear])
        theirs = [explanation["cells"][cell] for _, _, cell, _, _ in found]
        assert np.all(np.array([cell["label"] for cell in theirs])[clear] == labels[clear])
        (estimator,) = heurex.read_methods([explanation["label"]])
        estimate = estimator.estimate(model)
        names, likely = (np.array([cell[key] for cell in theirs])[clear] for key in ("name", "likely"))
        check_cells(estimate, x[clear], names, likely)
        # what the explanation answers by polygons is what it answers by half-spaces and logits
        said = np.array([-1 if answer is None else answer for _, _, _, answer, _ in found])
        assert np.all(said[clear] == likeliest_answers(model, estimator, estimate, x[clear]))
    opened, size = page.evaluate("heurex.opened_ms"), pages(name)[1].stat().st_size
    print(
        f"{name}: opened in {opened:.0f} ms, {size / 1000:.0f} kB, {page.evaluate('heurex.data.truth.length')} cells"
    )
    assert size < 2e6


def check_cells(found, x, names, likely):
    """The picked cell's own half-spaces, from Python, hold at the direction; likely cells are Python's."""
    cells = {cell.name: cell for cell in found.cells}
    for name in set(names):
        mine, here = cells[name], names == name
        assert np.all(x[here] @ mine.normals.T >= -1e-9 * np.linalg.norm(mine.normals, axis=1))
        assert np.all(likely[here] == mine.likely)


def test_turning(visit):
    _, page = visit("m43")
    first = pixels(page)
    box = page.locator("#globe-model").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 260, box["y"] + 230, steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)
    dragged = pixels(page)
    assert dragged != first
    turn = np.array(page.evaluate("heurex.view.turn"))
    assert np.abs(turn @ turn.T - np.eye(3)).max() < 1e-12
    page.focus("#globe-model")
    for key in ("ArrowLeft", "ArrowUp", "+", "f"):
        before = page.evaluate("JSON.stringify(heurex.view)")
        page.keyboard.press(key)
        assert page.evaluate("JSON.stringify(heurex.view)") != before
    page.keyboard.press("Home")
    page.mouse.move(0, 0)
    page.wait_for_timeout(100)
    assert page.evaluate("heurex.view.zoom") == 1


def test_edges_are_drawn_in_steps_of_equal_angle(visit):
    """Long edges too, which a chord cut into equal parts would leave coarse in their middle."""
    _, page = visit("m22")
    for bend in (0.1, 1.0, 3.0):
        points = np.array(
            page.evaluate(f"along([[1, 0, 0], [Math.cos({bend}), Math.sin({bend}), 0]], false, 0.06)")
        )
        assert np.abs(np.linalg.norm(points, axis=1) - 1).max() < 1e-15
        assert np.all(np.diff(np.unwrap(np.arctan2(points[:, 1], points[:, 0]))) < 0.06 + 1e-12)
        assert abs(np.arctan2(points[-1, 1], points[-1, 0]) - bend) < 1e-12


def test_hover_and_keyboard_give_the_cell(visit):
    _, page = visit("m43")
    box = page.locator("#globe-said").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.7)
    text = page.inner_text("#info")
    page.wait_for_timeout(400)
    assert page.inner_text("#told") == ""  # a mouse would make a screen reader speak without end
    for word in (
        "ordering",
        "neurons on",
        "share of directions",
        "model's answer",
        "adds to the estimate's error",
    ):
        assert word in text
    page.focus("#globe-model")
    page.keyboard.press("n")
    walked = page.inner_text("#info")
    widest = page.evaluate("heurex.data.truth.reduce((a, b) => (b.f > a.f ? b : a)).p")
    assert widest in walked
    page.keyboard.press("n")
    assert page.inner_text("#info") != walked
    # the arrow keys point with the middle of the sphere, and say aloud what is there
    pattern = "heurex.at(heurex.view.turn[2]).part.p"
    before = page.evaluate(pattern)
    for _ in range(12):
        page.keyboard.press("ArrowLeft")
    middle = page.evaluate(pattern)
    assert middle != before
    assert middle in page.inner_text("#info")
    page.wait_for_function("text => document.getElementById('told').textContent.includes(text)", arg=middle)
    button = page.locator("#cells tbody button").nth(5)
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator("#cells tr.on").count() == 1
    row = page.locator("#cells tr.on th").inner_text()
    assert row in page.inner_text("#info")
    # the cell faces the reader now
    part = page.evaluate("heurex.data.truth[+document.querySelector('#cells tr.on').id.slice(5)].corners")
    middle = np.sum(part, axis=0)
    assert (np.array(page.evaluate("heurex.view.turn")) @ middle)[2] > 0.999 * np.linalg.norm(middle)


def test_sorting(visit):
    _, page = visit("m43")
    head = page.locator("#estimates thead th").nth(2)
    for direction in ("descending", "ascending"):
        head.locator("button").press("Enter")
        assert head.get_attribute("aria-sort") == direction
        texts = page.locator("#estimates tbody tr td:nth-child(3)").all_inner_texts()
        values = [float(text.rstrip("%")) for text in texts if text != "–"]
        assert values == sorted(values, reverse=direction == "descending")
    page.locator("#cells .more").click()
    page.locator("#cells thead button", has_text="share").click()
    cells = page.locator("#cells tbody tr td:nth-child(6)").all_inner_texts()
    shares = [float(text.replace("<0.0001", "0").rstrip("%")) for text in cells]
    assert len(shares) == page.evaluate("heurex.data.truth.length")
    assert shares == sorted(shares, reverse=True)


def test_every_control_has_a_name(visit):
    _, page = visit("m22")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, canvas, svg")].filter((e) =>
        !(e.textContent.trim() || e.getAttribute("aria-label") || e.closest("label")?.textContent.trim())).length"""
    )
    assert nameless == 0
    assert page.locator("h1").count() == 1
    assert page.get_attribute("html", "lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out(visit, scheme):
    """Contrast of 4.5 and more, the measure of WCAG 2 for level AA, in both colour schemes."""
    _, page = visit("m43", scheme=scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    count, least, text = page.evaluate("checks.contrast()")
    assert count > 500
    assert least > 4.5, text


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", ["m43", "m22", "large"])
def test_nothing_is_cut_off_or_covered(name, visit, width):
    _, page = visit(name, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    count, overlaps = page.evaluate("checks.overlaps()")
    assert count > 6 or name == "large"  # no operations, no chart
    assert overlaps == []
    assert page.evaluate("checks.outside()") == []


def test_on_paper_colours_are_light_and_nothing_is_for_the_mouse(visit, artefacts):
    _, page = visit("m43", scheme="dark")
    dark = pixels(page)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert pixels(page) != dark
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.emulate_media(media="print")
    for element in ("main button:not(thead button)", "select", "input", "aside", "#theme"):
        assert page.evaluate("element => checks.shown(element)", element) == 0, element
    assert page.evaluate("checks.shown('canvas')") == 2
    assert page.evaluate("checks.shown('.beam')") > 10
    page.emulate_media(media="screen")
    page.pdf(path=artefacts / "print.pdf", format="A4", print_background=True)
    assert (artefacts / "print.pdf").stat().st_size > 50_000


def test_each_view_is_another_picture(visit, artefacts):
    """And with HEUREX_ARTEFACTS a file of each."""
    _, page = visit("m43")
    seen, files = [], "HEUREX_ARTEFACTS" in os.environ

    def picture(name, **options):
        page.wait_for_timeout(60)
        seen.append(pixels(page) + pixels(page, "#globe-said"))
        if files:
            page.screenshot(path=artefacts / f"{name}.png", **options)

    picture("answer", full_page=True)
    for mode in ("right", "pattern"):
        page.select_option("#model-mode", mode)
        picture(mode)
    for mode in ("claimed", "error"):
        page.select_option("#said-mode", mode)
        picture(f"explanation_{mode}")
    for box in ("#outlines", "#bubbles", "#wrong", "#circles"):
        page.click(box)
        picture(f"toggle_{box[1:]}")
    page.select_option("#projection", "globe")
    picture("globe")
    page.select_option("#explanation", "3")
    picture("symmetric", full_page=True)
    page.click("#theme")
    picture("dark", full_page=True)
    assert len(set(seen)) == len(seen) == 12
    # the page hears of another preference a frame later, and of two at once not at all
    page.click("#theme")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)

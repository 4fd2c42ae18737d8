"""The page in a real browser: no errors, no network, areas and picks right, mouse, keyboard, pictures."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import heurex
from heurex.report.page import write_page
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


MODELS = {
    "m43": lambda: heurex.load("m43"),
    "m22": lambda: heurex.load("m22"),
    "copy": lambda: heurex.noisy_copies(heurex.load("m43"), 0.05, 1, 3)[0],
    "sharp": lambda: heurex.load("hand:2nd_argmax_3"),
    "dead": dead_neuron,
    "large": lambda: heurex.load("zoo:16,3"),
}
CHOSEN = {
    "large": ["layerwise"],
    "copy": ["original"],
    "sharp": ["original", "symmetric"],
    "dead": ["layerwise"],
}


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory):
    folder = Path(os.environ["HEUREX_ARTEFACTS"]) / "page" if "HEUREX_ARTEFACTS" in os.environ else None
    folder = folder or tmp_path_factory.mktemp("page")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def pages(artefacts):
    """Pages by model, written once."""
    made = {}

    def page(name):
        if name not in made:
            model = MODELS[name]()
            write_page(model, artefacts / f"{name}.html", CHOSEN.get(name), copies=4 if name == "m43" else 0)
            made[name] = (model, artefacts / f"{name}.html")
        return made[name]

    return page


@pytest.fixture
def visit(browser, pages):
    """Open a model's page; whatever it complains of or asks for beyond the file is a failure at the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    trouble, requests = [], []

    def watch(route):
        if not route.request.url.startswith(("file:", "data:")):
            requests.append(route.request.url)
        route.continue_()

    context.route("**/*", watch)

    def opened(name):
        model, path = pages(name)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.goto(path.as_uri())
        return model, page

    yield opened
    context.close()
    assert trouble == []
    assert requests == []


def pixels(page, canvas="#globe-model"):
    return page.eval_on_selector(canvas, "c => c.toDataURL()")


@pytest.mark.parametrize("name", MODELS)
def test_areas_and_picks(name, visit, pages):
    model, page = visit(name)
    n, whole = model.seq_len, 2 * np.pi if model.seq_len == 2 else 4 * np.pi
    assert abs(page.evaluate("heurex.areas()") - whole) < 1e-6
    x = np.random.default_rng(7).standard_normal((10_000, n))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    answers, labels = model.answer(x), np.argsort(-x, axis=1)[:, 1]
    count = len(page.evaluate("heurex.data.explanations"))
    for number in range(count):
        page.select_option("#explanation", str(number))
        assert abs(page.evaluate("heurex.areasSaid()") - whole) < 1e-6
        found = page.evaluate("x => heurex.pickMany(x)", x.tolist())
        clear = np.array([margin > 1e-9 for _, margin, _, _ in found])
        print(
            f"{name}, explanation {number}: {np.sum(~clear)} of {len(x)} directions lie within 1e-9 of an edge"
        )
        assert np.sum(~clear) < 10
        assert np.all(np.array([answer for answer, _, _, _ in found])[clear] == answers[clear])
        cells = page.evaluate("i => heurex.data.explanations[i].cells", number)
        theirs = [cells[cell] for _, _, cell, _ in found]
        assert np.all(np.array([cell["label"] for cell in theirs])[clear] == labels[clear])
        label = page.evaluate("i => heurex.data.explanations[i].label", number)
        check_cells(model, label, x[clear], [c for c, ok in zip(theirs, clear, strict=True) if ok])
        said = np.array([-1 if answer is None else answer for _, _, _, answer in found])
        check_answers(model, label, x[clear], said[clear])
    opened, size = page.evaluate("heurex.opened_ms"), pages(name)[1].stat().st_size
    print(
        f"{name}: opened in {opened:.0f} ms, {size / 1000:.0f} kB, {page.evaluate('heurex.data.truth.length')} cells"
    )
    assert size < 2e6


def check_cells(model, label, x, picked):
    """The picked cell's own half-spaces, from Python, hold at the direction; likely cells are Python's."""
    cells = {cell.name: cell for cell in heurex.estimate(model, label).cells}
    for point, cell in zip(x[:2000], picked, strict=False):
        mine = cells[cell["name"]]
        assert np.all(mine.normals @ point >= -1e-9 * np.linalg.norm(mine.normals, axis=1))
        assert mine.likely == cell["likely"]


def check_answers(model, label, x, said):
    """What the page says that the explanation answers, by polygons, is what Python says, by half-spaces and logits."""
    (estimator,) = heurex.read_methods([label])
    expected = likeliest_answers(model, estimator, estimator.estimate(model), x)
    assert np.all(said == expected)


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


def test_hover_and_keyboard_give_the_cell(visit):
    _, page = visit("m43")
    box = page.locator("#globe-said").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.7)
    text = page.inner_text("#info")
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
    widest = max(page.evaluate("heurex.data.truth"), key=lambda part: part["f"])
    assert widest["p"] in walked
    page.keyboard.press("n")
    assert page.inner_text("#info") != walked
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
    shares = [float(t.rstrip("%")) for t in page.locator("#cells tbody tr td:nth-child(6)").all_inner_texts()]
    assert len(shares) == len(page.evaluate("heurex.data.truth"))
    assert shares == sorted(shares, reverse=True)


def test_every_control_has_a_name(visit):
    _, page = visit("m43")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, canvas, svg")].filter((e) =>
        !(e.textContent.trim() || e.getAttribute("aria-label") || e.closest("label")?.textContent.trim())).length"""
    )
    assert nameless == 0
    assert page.locator("h1").count() == 1
    assert page.get_attribute("html", "lang") == "en"


def test_a_picture_of_each_view(visit, artefacts):
    _, page = visit("m43")
    seen = set()

    def picture(name, **options):
        page.wait_for_timeout(80)
        page.screenshot(path=artefacts / f"{name}.png", **options)
        seen.add(pixels(page) + pixels(page, "#globe-said"))

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
    assert len(seen) == 12
    page.emulate_media(color_scheme="light")
    page.reload()
    page.pdf(path=artefacts / "print.pdf", format="A4", print_background=True)
    assert (artefacts / "print.pdf").stat().st_size > 50_000
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"

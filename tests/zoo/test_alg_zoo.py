"""AlgZoo's files over HTTP: a real server on this machine that errs in every way that servers do."""

import hashlib
import pickle
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import numpy as np
import pytest
from models import random_model
from torch_files import state_dict_bytes

import heurex
from heurex import ModelError, UsageError
from heurex.zoo import alg_zoo, published

REAL = ("2nd_argmax_2_2_1073741824_2.pth", "one_layer_16_hidden_94_acc_2nd_argmax.pth")
FILE, NAME = "2nd_argmax_3_4_1048576_1.pth", "alg-zoo:2nd_argmax_3_4?seed=1&n_seqs=2^20"


@pytest.fixture(scope="module")
def server():
    """Serves ``server.files`` and counts requests; ``server.faults`` says what goes wrong with the next ones."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rsplit("/", 1)[-1]
            self.server.requests.append(self.path)
            fault = self.server.faults.pop(0) if self.server.faults else None
            content = self.server.files.get(name)
            if fault == "busy" or content is None:
                self.send_error(503 if fault else 404)
                return
            self.send_response(200)
            length = len(content) if fault != "length unknown" else None
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(content[:-50] if fault in ("cut", "length unknown") else content)

        def log_message(self, *arguments):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield httpd
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def zoo(server, tmp_path, monkeypatch):
    """The server at its first word, an empty cache, no waiting between tries."""
    server.files, server.faults, server.requests = {}, [], []
    monkeypatch.setenv("HEUREX_ALG_ZOO", f"http://127.0.0.1:{server.server_port}/some/where/")
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / name)
    monkeypatch.setattr("pooch.core.time.sleep", lambda _s: None)
    server.files[FILE] = weights_file(random_model(0, 3, 4))
    return server


def weights_file(model):
    return state_dict_bytes({key: value.astype("f4") for key, value in model.state_dict().items()})


def cached(tmp_path):
    return [path for path in (tmp_path / "heurex").rglob("*") if path.is_file()]


def refused(message, name=NAME, kind=ModelError):
    with pytest.raises(kind, match=message) as caught:
        heurex.load(name)
    assert "\n" not in str(caught.value)


def test_the_writer_of_test_files_against_torch(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    path = tmp_path / "model.pth"
    path.write_bytes(weights_file(random_model(0, 3, 4)))
    for key, tensor in torch.load(path, weights_only=True).items():
        assert np.array_equal(tensor.numpy(), random_model(0, 3, 4).state_dict()[key].astype("f4"))


def test_fetched_once_and_kept(zoo, tmp_path):
    first = heurex.load(NAME)
    assert zoo.requests == ["/some/where/" + FILE]
    expected = random_model(0, 3, 4)
    assert np.array_equal(first.w_hh, expected.w_hh.astype("f4"))
    assert (first.name, first.seq_len) == (NAME, 4)
    assert heurex.load(NAME).fingerprint() == first.fingerprint()
    assert len(zoo.requests) == 1, "the second time comes from the cache"
    note = next(path for path in cached(tmp_path) if path.suffix == ".sha256")
    assert note.read_text().strip() == hashlib.sha256(zoo.files[FILE]).hexdigest()
    assert len(cached(tmp_path)) == 2, "no draft is left"


def test_offline(zoo, tmp_path, monkeypatch):
    known = heurex.load(NAME).fingerprint()
    monkeypatch.setattr("requests.sessions.Session.request", unreachable)
    assert heurex.load(NAME).fingerprint() == known
    refused("cannot be fetched .the server cannot be reached.; HEUREX_ALG_ZOO", "alg-zoo:2nd_argmax_8_5")


def unreachable(*arguments, **settings):
    import requests

    raise requests.exceptions.ConnectionError("no network")


def test_nobody_listens(zoo, monkeypatch):
    monkeypatch.setenv("HEUREX_ALG_ZOO", "http://127.0.0.1:1")
    refused("http://127.0.0.1:1/2nd_argmax_3_4_1048576_1.pth cannot be fetched .the server cannot be reached")


def test_missing_at_the_server(zoo, tmp_path):
    refused("cannot be fetched .the server answered 404.", "alg-zoo:2nd_argmax_8_5")
    assert len(zoo.requests) == 1, "asking again would change nothing"
    assert cached(tmp_path) == []


def test_a_busy_server_is_asked_again(zoo):
    zoo.faults = ["busy", "busy"]
    assert heurex.load(NAME).hidden_size == 3
    assert len(zoo.requests) == 3
    zoo.faults = ["busy"] * 3
    refused("cannot be fetched .503", "alg-zoo:2nd_argmax_2_2?seed=0")


def test_cut_short_on_the_way(zoo, tmp_path):
    zoo.faults = ["cut"]
    assert heurex.load(NAME).hidden_size == 3, "the second try got it whole"
    zoo.files["2nd_argmax_2_3_1073741824_0.pth"] = zoo.files[FILE]
    zoo.faults = ["cut"] * 3
    refused("it came cut short", "alg-zoo:2nd_argmax_2_3")
    zoo.faults = ["length unknown"]
    refused("is not a whole weight file", "alg-zoo:2nd_argmax_2_3")
    assert len(cached(tmp_path)) == 2, "nothing of it was kept"


def test_altered_in_the_cache(zoo, tmp_path):
    heurex.load(NAME)
    path = next(path for path in cached(tmp_path) if path.suffix == ".pth")
    path.write_bytes(weights_file(random_model(1, 3, 4)))
    refused("has the SHA-256 .* it was altered since it was fetched; delete it")
    path.unlink()
    assert np.array_equal(heurex.load(NAME).w_hi, random_model(0, 3, 4).w_hi.astype("f4"))


def test_altered_at_the_server(zoo, tmp_path):
    heurex.load(NAME)
    next(path for path in cached(tmp_path) if path.suffix == ".pth").unlink()
    zoo.files[FILE] = weights_file(random_model(1, 3, 4))
    refused("does not have the SHA-256 .* that was expected; it was altered or cut")
    # a checksum that is known beforehand needs no first time
    zoo.files[REAL[0]] = weights_file(random_model(0, 2, 2))
    refused("does not have the SHA-256 7d5bab82800560f2", "alg-zoo:2nd_argmax_2_2")


def test_another_model_under_the_name(zoo):
    zoo.files[FILE] = weights_file(random_model(0, 4, 3))
    refused("holds a model with d = 4, n = 3; expected d = 3, n = 4")


def test_no_code_is_run(zoo, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "was here"), "w"))

    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"w": Bomb()}))
    zoo.files[FILE] = stream.getvalue()
    refused("is not a whole weight file")
    assert not (tmp_path / "was here").exists()


def test_unwritable_cache(zoo, tmp_path):
    (tmp_path / "heurex").write_text("a file in the way")
    refused("cannot be written")


def test_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HEUREX_ALG_ZOO", str(tmp_path))
    refused("does not exist; HEUREX_ALG_ZOO names the folder")
    (tmp_path / FILE).write_bytes(weights_file(random_model(0, 3, 4)))
    assert heurex.load(NAME).hidden_size == 3
    (tmp_path / REAL[0]).write_bytes(weights_file(random_model(0, 2, 2)))
    refused("it is not the file that AlgZoo published", "alg-zoo:2nd_argmax_2_2")
    for place in (tmp_path / "none", "gs://bucket/zoo"):
        monkeypatch.setenv("HEUREX_ALG_ZOO", str(place))
        refused("expected a folder, or an address that begins with https", kind=UsageError)


def test_real_files_over_http(alg_zoo, zoo):
    for name in REAL:
        zoo.files[name] = (alg_zoo / name).read_bytes()
    m22, example = heurex.load("alg-zoo:2nd_argmax_2_2"), heurex.load("alg-zoo:example_2nd_argmax")
    assert (m22.hidden_size, example.hidden_size, example.seq_len) == (2, 16, 10)
    assert zoo.requests == [f"/some/where/{name}" for name in REAL]


def test_names_that_alg_zoo_does_not_have():
    refused("AlgZoo has no 2nd argmax model with d = 7, n = 3", "alg-zoo:2nd_argmax_7_3", UsageError)
    refused("AlgZoo has no seed 5; expected 0 to 4", "alg-zoo:2nd_argmax_4_3?seed=5", UsageError)
    refused("no checkpoint at 524288", "alg-zoo:2nd_argmax_4_3?n_seqs=2^19", UsageError)
    refused("has no setting 'step'; expected seed, n_seqs", "alg-zoo:2nd_argmax_4_3?step=1", UsageError)
    refused("has no setting 'seed'; there are none", "alg-zoo:example_2nd_argmax?seed=1", UsageError)
    refused("unknown model 'alg-zoo:median_4_3'", "alg-zoo:median_4_3", UsageError)


def test_published_table():
    sizes = [(d, n) for d in published.HIDDEN_SIZES for n in published.SEQ_LENS]
    assert list(published.ACCURACY_PERCENT) == list(published.BEST_SEED) == sizes
    assert alg_zoo.file_for(4, 3).name == "2nd_argmax_4_3_1073741824_0.pth"
    assert alg_zoo.file_for(16, 10).name == "2nd_argmax_16_10_1073741824_2.pth"
    assert published.ACCURACY_PERCENT[16, 10] == 94.8
    assert published.ACCURACY_PERCENT[8, 6] == 78.9
    # more neurons never do worse, more inputs never better, but for the last digit
    percent = published.ACCURACY_PERCENT
    for d, n in sizes:
        assert all(percent[e, n] >= percent[d, n] for e in published.HIDDEN_SIZES if e > d)
        assert all(percent[d, m] < percent[d, n] + 0.11 for m in published.SEQ_LENS if m > n)


def test_m22_of_arc(alg_zoo):
    """Published as 1 error in 13,000; from ARC's weights 7.7431e-5."""
    found = heurex.estimate(heurex.load(alg_zoo / REAL[0]))
    assert abs(1 - found.value - 7.7431e-5) < 1e-9
    assert found.numerical_error < 1e-14


def test_m16_10_of_arc(alg_zoo):
    """95.314% on 4 10^7 inputs elsewhere (error 0.003%); here 10^6, with a standard error of 0.021%."""
    found = heurex.estimate(heurex.load(alg_zoo / REAL[1]), "sampling", samples=1_000_000)
    assert abs(found.standard_error - 0.000211) < 1e-6
    assert abs(found.value - 0.95314) < 4 * 0.000211 + 0.00003


def test_m16_10_of_arc_in_float32(alg_zoo):
    model = heurex.load(alg_zoo / REAL[1])
    w_hi, w_hh, w_oh = (w.astype("f4") for w in (model.w_hi, model.w_hh, model.w_oh))
    rng = np.random.default_rng(1)
    right = 0
    for _ in range(100):
        x = rng.standard_normal((10, 10_000), "f4")
        state = np.zeros((16, 10_000), "f4")
        for row in x:
            state = np.maximum(w_hh @ state + w_hi[:, None] * row, 0)
        label = np.argsort(x, axis=0)[-2]
        right += int((np.argmax(w_oh @ state, axis=0) == label).sum())
    assert abs(right / 1_000_000 - 0.95314) < 4 * 0.000211 + 0.00003

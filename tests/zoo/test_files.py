"""Weight files: what is written is read, PyTorch's own reader agrees, and nothing in a file is run."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest

import heurex
from heurex import ModelError
from heurex.zoo.files import read_model, write_model
from heurex.zoo.torch_file import read_torch_file


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.fixture
def state(m43):
    return m43.state_dict()


def test_bundled_models():
    m43, m22 = heurex.load("m43"), heurex.load("m22")
    assert (m43.hidden_size, m43.seq_len, m43.name) == (4, 3, "m43")
    assert (m22.hidden_size, m22.seq_len) == (2, 2)
    # the weights themselves, from the training run's record
    assert m43.w_hi[0] == 3.9640893936157227
    assert m43.w_oh[2, 3] == 11.461021423339844


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".json", "_names.npz", "_names.json"])
def test_every_format_round_trips(m43, state, tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    plain = {"w_hi": m43.w_hi, "w_hh": m43.w_hh, "w_oh": m43.w_oh}
    arrays = state if "names" in suffix else plain
    if suffix == ".safetensors":
        write_model(m43, path, {"seed": "0"})
    elif suffix.endswith("npz"):
        np.savez(path, **arrays)
    else:
        path.write_text(
            json.dumps({k: v.tolist() for k, v in arrays.items()} | ({} if arrays is state else {"by": "me"}))
        )
    assert read_model(path).fingerprint() == m43.fingerprint()


def test_torch_reader_against_torch(torch, state, tmp_path):
    tensors = {k: torch.tensor(v, dtype=torch.float32) for k, v in state.items()}
    shared = torch.arange(40, dtype=torch.float32)
    odd = {
        "transposed": tensors["rnn.weight_hh_l0"].T,
        "offset": shared[7:19].view(3, 4),
        "strided": shared[::3],
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "half": torch.ones(3, dtype=torch.float16) / 3,
        "integers": torch.arange(5),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(tensors["linear.weight"]),
    }
    for content in (tensors, odd):
        path = tmp_path / "state.pth"
        torch.save(content, path)
        read = read_torch_file(path)
        assert list(read) == list(content)
        for name, tensor in content.items():
            expected = tensor.detach().numpy()
            assert read[name].dtype == expected.dtype
            assert np.array_equal(read[name], expected)


def test_module_state_dict_with_metadata(torch, tmp_path):
    path = tmp_path / "linear.pth"
    module = torch.nn.Linear(3, 2)
    torch.save(module.state_dict(), path)
    assert np.array_equal(read_torch_file(path)["weight"], module.weight.detach().numpy())


def test_arcs_own_files(alg_zoo):
    m22 = read_model(alg_zoo / "2nd_argmax_2_2_1073741824_2.pth")
    assert (m22.hidden_size, m22.seq_len) == (2, 2)
    m1610 = read_model(alg_zoo / "one_layer_16_hidden_94_acc_2nd_argmax.pth")
    assert (m1610.hidden_size, m1610.seq_len) == (16, 10)


def test_arcs_own_files_against_torch(alg_zoo, torch):
    for name in ("2nd_argmax_2_2_1073741824_2.pth", "one_layer_16_hidden_94_acc_2nd_argmax.pth"):
        theirs = torch.load(alg_zoo / name, map_location="cpu", weights_only=True)
        ours = read_torch_file(alg_zoo / name)
        assert list(ours) == list(theirs)
        assert all(np.array_equal(ours[key], theirs[key].numpy()) for key in ours)


def zip_of(content, **members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        for name, data in members.items():
            archive.writestr(f"archive/{name}", data)
    return stream.getvalue()


class Bomb:
    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return (open, (str(self.witness), "w"))


def tensor_pickle(numel=4, offset=0, size=(2, 2), stride=(2, 1), storage="FloatStorage"):
    """A state dict of one tensor, written opcode by opcode: pickle itself would need PyTorch."""

    def number(i):
        return b"J" + i.to_bytes(4, "little", signed=True)

    def text(s):
        return b"X" + len(s).to_bytes(4, "little") + s.encode()

    def pair(values):
        return b"(" + b"".join(number(v) for v in values) + b"t"

    return (
        b"\x80\x02ccollections\nOrderedDict\n)R(" + text("w")
        + b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + b"ctorch\n" + storage.encode() + b"\n"
        + text("0") + text("cuda:0") + number(numel) + b"tQ" + number(offset) + pair(size) + pair(stride)
        + b"\x89ccollections\nOrderedDict\n)RtRu."
    )  # fmt: skip


def test_the_hand_written_pickle_is_readable(tmp_path):
    path = tmp_path / "ok.pth"
    path.write_bytes(zip_of(tensor_pickle(), **{"data/0": np.arange(4, dtype="f4").tobytes()}))
    assert read_torch_file(path)["w"].tolist() == [[0, 1], [2, 3]]
    path.write_bytes(
        zip_of(tensor_pickle(), byteorder=b"big", **{"data/0": np.arange(4, dtype=">f4").tobytes()})
    )
    assert read_torch_file(path)["w"].tolist() == [[0, 1], [2, 3]]


def test_no_file_runs_code(tmp_path):
    witness = tmp_path / "was here"
    path = tmp_path / "bomb.pth"
    path.write_bytes(zip_of(pickle.dumps({"w": Bomb(witness)})))
    with pytest.raises(ModelError, match="refused: it names .*open"):
        read_torch_file(path)
    assert not witness.exists()
    pickle.loads(pickle.dumps(Bomb(witness))).close()
    assert witness.exists(), "the bomb itself must work, or this test proves nothing"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps([1, 2]), "holds a list; expected a state dict"),
        (pickle.dumps({}), "expected a state dict"),
        (pickle.dumps({"a": 1}), "entry 'a' of type int"),
        (b"\x80\x02}q\x00(X", "cannot be read as a state dict"),
        (b"", "cannot be read as a state dict"),
        (tensor_pickle(numel=5), "16 bytes where 20 were announced"),
        (tensor_pickle(size=(2, 3)), "reaches past its storage"),
        (tensor_pickle(offset=1), "reaches past its storage"),
        (tensor_pickle(offset=-1), "negative"),
        (tensor_pickle(stride=(-1, 1)), "negative"),
        (tensor_pickle(stride=(0, 0), size=(2**31 - 1, 2)), "larger than any model"),
        (tensor_pickle(storage="QInt8Storage"), "refused: it names torch.QInt8Storage"),
    ],
)
def test_damaged_and_foreign_pickles(tmp_path, content, message):
    path = tmp_path / "odd.pth"
    path.write_bytes(zip_of(content, **{"data/0": b"\0" * 16}))
    with pytest.raises(ModelError, match=message) as caught:
        read_torch_file(path)
    assert "\n" not in str(caught.value)


def test_missing_storage_and_no_pickle(tmp_path):
    path = tmp_path / "odd.pth"
    path.write_bytes(zip_of(tensor_pickle()))
    with pytest.raises(ModelError, match="storage '0' is missing"):
        read_torch_file(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme", "nothing here")
    with pytest.raises(ModelError, match="0 members data.pkl"):
        read_torch_file(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".json", ".pth"])
def test_truncated_files_of_every_kind(m43, tmp_path, suffix):
    path = tmp_path / f"m{suffix}"
    if suffix == ".safetensors":
        write_model(m43, path)
    elif suffix == ".npz":
        np.savez(path, w_hi=m43.w_hi, w_hh=m43.w_hh, w_oh=m43.w_oh)
    elif suffix == ".json":
        path.write_text(json.dumps({"w_hi": m43.w_hi.tolist()}))
    else:
        path.write_bytes(zip_of(tensor_pickle(), **{"data/0": b"\0" * 16}))
    whole = path.read_bytes()
    for length in sorted({0, 1, 7, *range(0, len(whole), max(1, len(whole) // 40)), len(whole) - 1}):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError) as caught:
            read_model(path)
        assert "\n" not in str(caught.value)


def test_paths_that_are_no_weight_file(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        read_model(tmp_path / "none.npz")
    with pytest.raises(ModelError, match=r"ends in '\.txt'; expected one of"):
        read_model(tmp_path / "a.txt")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(ModelError, match="is a folder"):
        read_model(tmp_path / "folder.json")
    (tmp_path / "half.npz").write_bytes(b"")
    np.savez(tmp_path / "half.npz", w_hi=[1.0])
    with pytest.raises(ModelError, match="lacks w_hh, w_oh"):
        read_model(tmp_path / "half.npz")
    np.savez(tmp_path / "objects.npz", w_hi=np.array([{}]), w_hh=1, w_oh=1)
    with pytest.raises(ModelError, match="not a whole .npz file of plain arrays"):
        read_model(tmp_path / "objects.npz")
    with pytest.raises(heurex.UsageError, match="unknown model 'm44'; expected one of m43, m22"):
        heurex.load("m44")

"""State dicts in PyTorch's zip format, written opcode by opcode: no PyTorch needed."""

import io
import zipfile

import numpy as np


def _text(s):
    return b"X" + len(s).to_bytes(4, "little") + s.encode()


def _number(i):
    return b"J" + i.to_bytes(4, "little", signed=True)


def _numbers(values):
    return b"(" + b"".join(_number(v) for v in values) + b"t"


def state_dict_bytes(arrays):
    """What ``torch.save`` would write for float32 tensors, as far as its reader looks."""
    pickle = b"\x80\x02ccollections\nOrderedDict\n)R("
    for key, (name, array) in enumerate(arrays.items()):
        strides = [s // array.itemsize for s in np.ascontiguousarray(array).strides]
        pickle += (
            _text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n((" + _text("storage") + b"ctorch\nFloatStorage\n"
            + _text(str(key)) + _text("cpu") + _number(array.size) + b"tQ" + _number(0)
            + _numbers(array.shape) + _numbers(strides) + b"\x89ccollections\nOrderedDict\n)RtR"
        )  # fmt: skip
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickle + b"u.")
        archive.writestr("archive/version", "3\n")
        for key, array in enumerate(arrays.values()):
            archive.writestr(f"archive/data/{key}", np.ascontiguousarray(array, "<f4").tobytes())
    return stream.getvalue()

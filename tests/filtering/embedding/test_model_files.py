"""Proves that a model runs no code that the user did not agree to, and is read whole or not at all."""

import json
import os
import sys

import pytest

from filtering.embedding import model_files
from filtering.embedding.embedders import locate
from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder
from filtering.embedding.settings import EmbedderSettings, Placement
from filtering.errors import SettingsError
from tests.kit.scorers.tiny_models import make_tiny_classifier, make_tiny_model

CPU = Placement(device="cpu", threads=1)
AGREED = Placement(device="cpu", threads=1, trust_remote_code=True)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a tiny model."""
    return make_tiny_model(tmp_path / "model")


@pytest.fixture
def evil(tmp_path, monkeypatch):
    """Return a file that importing the module ``evil``, which is to be found, would make."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "evil.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w').close()\nfrom torch.nn import Identity as Evil\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    yield tmp_path / "ran"
    sys.modules.pop("evil", None)


def change(path, **changed):
    """Change a JSON file, made if it is not there."""
    path.parent.mkdir(exist_ok=True)
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(before | changed))


def add_module(folder, type_name):
    path = folder / "modules.json"
    modules = json.loads(path.read_text())
    path.write_text(json.dumps([*modules, {"idx": 9, "name": "9", "path": "9_More", "type": type_name}]))


def spell_in_escapes(folder):
    change(folder / "config.json", auto_map={"AutoModel": "some/other--evil.Evil"})
    path = folder / "config.json"
    path.write_text(path.read_text().replace("auto_map", "\\u0061uto\\u005fmap"))


def route(folder, config):
    add_module(folder, "sentence_transformers.models.Router")
    types = {"types": {"0_Evil": "evil.Evil"}, "structure": {"query": ["0_Evil"]}, "parameters": {}}
    change(folder / "9_More" / config, **types)


CODE = {
    "auto_map": lambda folder: change(folder / "config.json", auto_map={"AutoModel": "evil.Evil"}),
    "escapes": spell_in_escapes,
    "empty auto_map": lambda folder: change(folder / "config.json", auto_map={}),
    "deep auto_map": lambda folder: change(folder / "config.json", text=[{"a": {"auto_map": ["evil.Evil"]}}]),
    "auto_map of a tokenizer": lambda folder: change(
        folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Evil", None]}
    ),
    "auto_map of a module": lambda folder: change(
        folder / "1_Pooling" / "config.json", auto_map={"AutoConfig": "evil.Evil"}
    ),
    "auto_map of any other": lambda folder: change(
        folder / "deep" / "any.json", auto_map={"AutoProcessor": "evil.Evil"}
    ),
    "a module elsewhere": lambda folder: add_module(folder, "evil.Evil"),
    "a module of Python": lambda folder: add_module(folder, "os.getcwd"),
    "a module that is none of the list": lambda folder: add_module(
        folder, "sentence_transformers.base.model.BaseModel"
    ),
    "what such a module imports": lambda folder: add_module(
        folder, "sentence_transformers.base.model.pickle"
    ),
    "a name that begins alike": lambda folder: add_module(folder, "sentence_transformers.models.Dense.evil"),
    "a name that ends alike": lambda folder: add_module(folder, "evil.sentence_transformers.models.Dense"),
    "a module in a router": lambda folder: route(folder, "router_config.json"),
    "a module in an old router": lambda folder: route(folder, "config.json"),
    "an activation": lambda folder: change(
        folder / "2_Dense" / "config.json", activation_function="evil.Evil"
    ),
    "a class of a tokenizer": lambda folder: change(
        folder / "tokenizer_config.json", tokenizer_class="evil.Evil"
    ),
    "a kernel": lambda folder: change(folder / "config.json", attn_implementation="someone/kernel"),
    "a kernel in options": lambda folder: change(
        folder / "sentence_bert_config.json", model_args={"attn_implementation": "someone/kernel@main"}
    ),
    "consent of its own": lambda folder: change(
        folder / "sentence_bert_config.json", processor_kwargs={"trust_remote_code": True}
    ),
    "a file of Python": lambda folder: (folder / "1_Pooling" / "own.py").write_text(""),
}


@pytest.mark.parametrize("forge", CODE.values(), ids=CODE)
@pytest.mark.parametrize("kind", ["embedder", "classifier"])
def test_a_model_that_names_code_runs_none_unless_the_user_agrees(tmp_path, evil, forge, kind):
    make = make_tiny_model if kind == "embedder" else make_tiny_classifier
    folder = make(tmp_path / "model")
    if not (folder / "modules.json").exists():
        (folder / "modules.json").write_text("[]")  # of no use to a classifier, and looked at all the same
    forge(folder)
    for digest in ("", "0" * 64):  # named by the user, and by a scorer
        with pytest.raises(SettingsError, match=r"brings code of its own.*--trust-remote-code"):
            SentenceTransformerEmbedder(EmbedderSettings(str(folder), digest=digest, kind=kind), CPU)
    assert not evil.exists()
    if "escapes" not in forge.__name__:
        assert locate(EmbedderSettings(str(folder)), AGREED) == (folder, None)


def test_a_module_elsewhere_runs_where_the_user_agrees(folder, evil):
    add_module(folder, "evil.Evil")
    with pytest.raises(
        SettingsError, match="cannot be loaded"
    ):  # it is imported, and is no module of a model
        SentenceTransformerEmbedder(EmbedderSettings(str(folder), max_tokens=32), AGREED)
    assert evil.exists()


@pytest.mark.parametrize(
    "name", ["models.Pooling", "base.modules.dense.Dense", "sentence_transformer.modules.pooling.Pooling"]
)
def test_modules_of_the_library_bring_no_code_under_any_of_their_names(folder, name):
    add_module(folder, f"sentence_transformers.{name}")
    change(folder / "9_More" / "config.json", activation_function="torch.nn.modules.activation.Tanh")
    change(folder / "config.json", activation_function="gelu_new", attn_implementation="sdpa")
    assert locate(EmbedderSettings(str(folder)), CPU) == (folder, None)


def test_code_from_another_repository_is_refused_though_it_was_agreed_to(folder):
    for forge in (spell_in_escapes, lambda folder: add_module(folder, "some/other--evil.Evil")):
        forge(folder)
        with pytest.raises(SettingsError, match="another repository"):
            locate(EmbedderSettings(str(folder)), AGREED)
        make_tiny_model(folder)


def link(path, target):
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def move_out(folder, name):
    (folder / name).rename(folder.parent / "moved")
    (folder / name).symlink_to(folder.parent / "moved")


def make_huge(path):
    with path.open("wb") as file:
        file.truncate(model_files.MODEL_BYTES + 1)


UNREADABLE = {
    "an endless device": (lambda folder: link(folder / "model.safetensors", "/dev/zero"), "regular file"),
    "endless JSON": (lambda folder: link(folder / "any.json", "/dev/zero"), "regular file"),
    "a pipe": (lambda folder: os.mkfifo(folder / "vocab.txt"), "regular file"),
    "a link to nowhere": (lambda folder: link(folder / "any.json", "nowhere"), "No such file"),
    "a link in a circle": (lambda folder: link(folder / "any.json", "any.json"), "symbolic links"),
    "weights elsewhere": (lambda folder: move_out(folder, "model.safetensors"), "link that leads out"),
    "a folder elsewhere": (lambda folder: move_out(folder, "1_Pooling"), "It is a link"),
    "a huge file": (lambda folder: make_huge(folder / "more.safetensors"), "must have at most"),
    "no JSON": (lambda folder: (folder / "any.json").write_text("{"), "any.json: Expecting"),
    "no UTF-8": (lambda folder: (folder / "any.json").write_bytes('{"a": 1}'.encode("utf-16")), "any.json"),
    "deep JSON": (lambda folder: (folder / "any.json").write_text("[" * 100_000), "nested too deeply"),
    "huge numbers": (lambda folder: (folder / "any.json").write_text("9" * 10_000), "any.json: Exceeds"),
    "a pickle in a module": (
        lambda folder: (
            add_module(folder, "sentence_transformers.models.Dense"),
            change(folder / "9_More" / "config.json", in_features=32, out_features=2),
            (folder / "9_More" / "pytorch_model.bin").write_bytes(b"cos\nsystem\n."),
        ),
        r"pickled ones are refused.*9_More/pytorch_model\.bin",
    ),
    "an adapter": (
        lambda folder: change(folder / "adapter_config.json", auto_mapping={}),
        "adapter of another",
    ),
}


@pytest.mark.parametrize(("forge", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_model_that_cannot_be_read_whole_and_safely_is_refused(folder, forge, message):
    forge(folder)
    for placement in (CPU, AGREED):
        with pytest.raises(SettingsError, match=message) as found:
            locate(EmbedderSettings(str(folder)), placement)
        assert f"The embedder {str(folder)!r} must" in str(found.value)


def test_a_folder_of_more_files_than_any_model_has_is_not_walked_through(folder, monkeypatch):
    monkeypatch.setattr(model_files, "MODEL_FILES", 3)
    with pytest.raises(SettingsError, match="must hold at most 3 files"):
        locate(EmbedderSettings(str(folder)), CPU)


def test_a_large_json_file_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(model_files, "JSON_BYTES", 1000)
    with pytest.raises(SettingsError, match=r"tokenizer\.json.* must have at most 1,000 bytes"):
        locate(EmbedderSettings(str(folder)), CPU)


def test_pickled_weights_are_refused(tmp_path):
    folder = make_tiny_model(tmp_path, pickled=True)
    with pytest.raises(SettingsError, match="safetensors; pickled ones are refused"):
        locate(EmbedderSettings(name=str(folder)), Placement())


def test_pickled_weights_beside_safe_ones_do_no_harm(folder):
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n.")
    assert locate(EmbedderSettings(name=str(folder)), CPU) == (folder, None)


def test_a_name_that_no_folder_can_have_is_an_error(tmp_path):
    for name in ("a" * 1000, "a\0b", "\ud800", "", "../" * 200, "hf://datasets/some/model"):
        with pytest.raises(SettingsError, match=r"--allow-download|must"):
            locate(EmbedderSettings(name=name, digest="0" * 64), CPU)

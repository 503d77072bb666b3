"""Small language models: equal seeds give equal ones, training teaches, transformers loads what is saved."""

import numpy as np
import pytest

from filtering.errors import SettingsError
from pipelines.proof.evaluation_texts import Evaluation, Item
from pipelines.proof.language_model import END, SIZES, load_model, new_model
from pipelines.proof.measuring import measure
from pipelines.proof.tokens import learn_tokens, load_tokens
from tests.kit.dumps.small import SELLING, TEACHING

TOY = SIZES["toy"]
TEXTS = [" ".join(TEACHING[at % 10 :] + TEACHING[: at % 10]) for at in range(40)]


@pytest.fixture(scope="module")
def tokens():
    return learn_tokens(TEXTS, TOY.vocabulary)


@pytest.fixture(scope="module")
def taught(tokens):
    """Return a model of a few thousand parameters that was trained for real, and its curve."""
    blocks, bytes_per_token = tokens.blocks(TEXTS, TOY.context)
    model = new_model(TOY, seed=0, device="cpu", vocabulary=tokens.count)
    curve = model.train(
        blocks, steps=80, passes=8, learning_rate=TOY.learning_rate, seed=0, bytes_per_token=bytes_per_token
    )
    return model, curve


@pytest.mark.parametrize("name", ["toy", "tiny"])
def test_a_size_has_as_many_parameters_as_it_says(name):
    network = new_model(SIZES[name], seed=0, device="cpu").network
    assert sum(one.numel() for one in network.parameters()) == SIZES[name].parameters


def test_a_model_learns_what_it_reads(taught, tokens):
    model, curve = taught
    assert curve[-1].bits_per_byte < 0.6 * curve[0].bits_per_byte
    assert curve[-1].seen_bytes == pytest.approx(8 * sum(map(len, TEXTS)), rel=0.1)
    texts = {"teaching": TEACHING, "selling": SELLING}
    cost = {
        name: measure(
            model, tokens, Evaluation(name, tuple(Item("", one) for one in some), "text", 10)
        ).bits_per_byte
        for name, some in texts.items()
    }
    assert cost["teaching"] < 0.7 * cost["selling"]


def test_equal_seeds_give_equal_models_and_others_do_not(tokens):
    blocks, _ = tokens.blocks(TEXTS, TOY.context)
    weights = []
    for seed in (1, 1, 2):
        model = new_model(TOY, seed=seed, device="cpu", vocabulary=tokens.count)
        model.train(blocks, steps=4, learning_rate=0.01, seed=seed)
        weights.append(model.network.model.embed_tokens.weight.detach().numpy().copy())
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_bits_are_those_that_transformers_computes(taught, tokens):
    import torch

    model, _ = taught
    texts = tokens.encode(["Let us see why.", "", TEACHING[0], "Buy 2"])
    found = model.bits(texts)
    assert [len(one) for one in found] == [len(one) for one in texts]
    for text, bits in zip(texts, found, strict=True):
        if text:
            ids = torch.tensor([[END, *text]])
            with torch.no_grad():
                loss = model.network(input_ids=ids, labels=ids).loss.item()
            assert bits.sum() == pytest.approx(loss * len(text) / np.log(2), rel=0.02)


def test_callbacks_are_called_at_their_shares_and_an_error_ends_the_training(tokens):
    blocks, _ = tokens.blocks(TEXTS, TOY.context)
    model, steps, reached = new_model(TOY, seed=0, device="cpu", vocabulary=tokens.count), [], []
    callbacks = {share: lambda share=share: reached.append((share, len(steps))) for share in (0.5, 0.25)}
    model.train(
        blocks,
        steps=8,
        learning_rate=0.01,
        seed=0,
        stepped=lambda: steps.append(1),
        reached=callbacks,
    )
    assert (len(steps), reached) == (8, [(0.25, 2), (0.5, 4)])
    with pytest.raises(ZeroDivisionError):
        model.train(blocks, steps=8, learning_rate=0.01, seed=0, stepped=lambda: 1 / 0)


def test_what_is_saved_loads_here_and_with_transformers(taught, tokens, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, _ = taught
    model.save(tmp_path)
    tokens.save(tmp_path)
    texts = tokens.encode(TEACHING)
    again = load_model(tmp_path, device="cpu").bits(load_tokens(tmp_path / "tokenizer.json").encode(TEACHING))
    for one, other in zip(model.bits(texts), again, strict=True):
        assert np.allclose(one, other)
    theirs, tokenizer = (
        AutoModelForCausalLM.from_pretrained(tmp_path),
        AutoTokenizer.from_pretrained(tmp_path),
    )
    ids = tokenizer(TEACHING[0], return_tensors="pt", add_special_tokens=False)["input_ids"]
    assert ids[0].tolist() == texts[0]
    assert theirs(input_ids=ids, labels=ids).loss.item() < 3
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {one.name for one in tmp_path.iterdir()}


def test_a_model_writes_on_the_same_for_the_same_seed(taught, tokens):
    model, _ = taught
    given = tokens.encode(["Water enters through"])[0]
    written = [model.write_on(given, 20, seed) for seed in (0, 0, 1)]
    assert written[0] == written[1] != written[2]
    assert 0 < len(written[0]) <= 20


def test_tokens_give_every_text_back_and_count_its_bytes(tokens):
    odd = ["naïve café", "数学 is fun", "\n\t  tabs", "🙂", "\x00\x01"]
    for text, numbers in zip(odd, tokens.encode(odd), strict=True):
        assert tokens.decode(numbers) == text
        assert tokens.sizes[numbers].sum() == len(text.encode())
    blocks, bytes_per_token = tokens.blocks(["a"], 16)
    assert (blocks.shape, bytes_per_token) == ((1, 16), 0.5)


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(SettingsError, match="--device"):
        new_model(TOY, seed=0, device="cuda:9")


def test_only_the_completion_counts_and_the_right_choice_has_a_margin(taught, tokens):
    model, _ = taught
    long = " ".join(TEACHING) * 3
    items = (Item(TEACHING[0][:30], TEACHING[0][30:]), Item(long, TEACHING[1]))
    found = measure(model, tokens, Evaluation("a", items, "completion", 2))
    assert found.sizes.tolist() == [len(TEACHING[0][30:].encode()), len(TEACHING[1].encode())]
    choices = tuple(Item(one[:20], one[20:], ("zq zq kx 99", "!! $$ 77 XX")) for one in TEACHING)
    asked = measure(model, tokens, Evaluation("b", choices, "choices", 10))
    assert (asked.margins > 0).all()
    assert np.isnan(found.margins).all()

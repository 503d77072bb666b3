"""Serves a tiny chat model of random weights by ``transformers serve``: a real server that answers rubbish.

What version 5.23.0 does, as measured here:

- It starts in 7 to 14 s on two cores, and stops in 1 s. Given a model, it loads it before it is healthy and
  serves no other; its name is then the very argument (a folder), and comes back with ``@main`` added.
- Contents may be strings or lists of parts, of the system message too. Parts are joined by one space before
  the template sees them; parts that are no text are dropped in silence.
- ``max_completion_tokens`` and ``max_tokens`` are honoured; 1024 without. ``temperature`` 0 is greedy, and so
  is every other, unless the model's generation_config.json has ``do_sample``.
- ``response_format`` and ``logprobs`` are ignored without a word to the client. A field that the OpenAI API
  does not know, such as ``guided_json``, gets 422.
- ``finish_reason`` is ``length`` or ``stop``; ``usage`` is always there; ``refusal`` never.
- A text longer than the model's positions is answered all the same.
- Errors are ``{"detail": ...}`` without code: 400 for another model than the one served (500 if none was
  given at the start). All else is 500 with the plain text ``Internal Server Error``, after which the
  connection is closed: a call that reuses it too early fails with `openai.APIConnectionError`.
- Calls run one after the other, whatever comes at once.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HOST = "127.0.0.1"
START_S = 600.0
POLL_S = 0.1
STOP_S = 5.0
GONE_S = 60.0
"""Until a killed process is gone: on a busy machine its memory takes a while to free."""
WIDTH = 32
LAYERS = 2
SPREAD = 0.2  # of the weights; with 0.02, as usual, the model says the same to every text
VOCABULARY = 512  # at most
POSITIONS = 8192
SPECIAL = ("<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SENTENCES = (
    "The river flows because water runs down to the sea.",
    "For example, a function returns the number that it was given.",
    "Students learn to read and to explain what they have read.",
)


def make_chat_model(folder: Path, *, seed: int = 0) -> Path:
    """Make a Llama of two layers with random weights and a tokenizer that takes any text; return the folder.

    The same seed makes the same files, some 190 kB in all, in a tenth of a second: neither torch nor
    transformers is imported, which would take longer than all the rest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": SPECIAL[0],
            "eos_token": SPECIAL[1],
            "chat_template": CHAT_TEMPLATE,
            "model_max_length": POSITIONS,
        },
    )
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": POSITIONS,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "dtype": "float32",
    }
    _write(folder / "config.json", config)
    random = np.random.default_rng(seed)
    weights = {
        name: (random.normal(0, SPREAD, shape) if len(shape) > 1 else np.ones(shape)).astype(np.float32)
        for name, shape in _shapes(tokenizer.get_vocab_size())
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _tokenizer() -> Tokenizer:
    """Return a tokenizer of bytes, and of some pieces of English words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def _shapes(vocabulary: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name and shape of each weight of a Llama; those of one dimension are scales."""
    yield "model.embed_tokens.weight", (vocabulary, WIDTH)
    for layer in range(LAYERS):
        for name, shape in (
            *((f"self_attn.{part}_proj", (WIDTH, WIDTH)) for part in "qkvo"),
            ("mlp.gate_proj", (2 * WIDTH, WIDTH)),
            ("mlp.up_proj", (2 * WIDTH, WIDTH)),
            ("mlp.down_proj", (WIDTH, 2 * WIDTH)),
            ("input_layernorm", (WIDTH,)),
            ("post_attention_layernorm", (WIDTH,)),
        ):
            yield f"model.layers.{layer}.{name}.weight", shape
    yield "model.norm.weight", (WIDTH,)
    yield "lm_head.weight", (vocabulary, WIDTH)


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1))


@dataclass(frozen=True)
class ServedModel:
    """Where a served model is reached: what `openai.OpenAI` and a call of it take."""

    base_url: str
    model: str


@contextmanager
def serve_model(folder: Path) -> Iterator[ServedModel]:
    """Serve the model in a folder on loopback, by the ``transformers`` command of this environment.

    Raises
    ------
    RuntimeError
        If the server ends, or does not answer within `START_S`; the message holds what it had to say.
    """
    port = _free_port()
    log = folder / "serve.log"
    command = str(Path(sys.executable).with_name("transformers"))
    options = ["--host", HOST, "--port", str(port), "--device", "cpu"]
    cache = folder / "cache"  # an empty one: without any, /v1/models is answered with 500
    cache.mkdir(exist_ok=True)
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    with log.open("w") as output:
        process = subprocess.Popen(
            [command, "serve", str(folder), *options],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | offline,
            start_new_session=True,  # so that its children can be stopped with it
        )
    try:
        _wait_until_healthy(process, port, log)
        yield ServedModel(f"http://{HOST}:{port}/v1", str(folder))
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        return probe.getsockname()[1]


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends_s = time.monotonic() + START_S
    while time.monotonic() < ends_s and process.poll() is None:
        connection = HTTPConnection(HOST, port, timeout=STOP_S)
        try:
            connection.request("GET", "/health")
            if json.load(connection.getresponse()) == {"status": "ok"}:
                return
        except (OSError, ValueError):
            time.sleep(POLL_S)
        finally:
            connection.close()
    raise RuntimeError(f"transformers serve did not start:\n{log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(STOP_S)
        except ProcessLookupError:  # all of the group are gone
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait(GONE_S)

"""What a folder of a transformers model writes after beginnings: drawn by a seed, batch by batch."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from filtering.embedding.devices import find_device
from filtering.embedding.model_files import check_files, code_of
from filtering.embedding.transformer_models import convert, quiet
from filtering.errors import SettingsError
from filtering.extras import require
from filtering.wrong_values import near_path
from pipelines.proof.language_model import EXTRA


class Writer:
    """A language model that writes on, and its tokenizer.

    Parameters
    ----------
    folder : str
        As transformers saves models. Nothing is downloaded, no pickle is read, and no code of it is run.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.

    Raises
    ------
    SettingsError
        If it is no such folder, or there is no such device.
    MissingExtraError
        If the extra ``prove`` is not installed.
    """

    def __init__(self, folder: str, device: str) -> None:
        check_model(folder)
        torch, transformers = require(EXTRA, "torch"), require(EXTRA, "transformers")
        place, number_type = find_device(torch, device)
        own = {"local_files_only": True, "trust_remote_code": False}
        try:
            with quiet():
                self._tokenizer = transformers.AutoTokenizer.from_pretrained(
                    folder, padding_side="left", **own
                )
                network, loaded = transformers.AutoModelForCausalLM.from_pretrained(
                    folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **own
                )
        except (OSError, ValueError, KeyError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SettingsError(
                f"{_what(folder)} must be one that writes, with its tokenizer. {reason}"
            ) from error
        if loaded["missing_keys"]:  # transformers would fill them with random numbers
            raise SettingsError(
                f"{_what(folder)} must be one that writes. It has no weights for "
                f"{min(loaded['missing_keys'])!r}: it is another kind of model."
            )
        self._network = convert(network, place, number_type)
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token or self._tokenizer.convert_ids_to_tokens(0)
        self._folder = folder

    def write_on(
        self,
        prompts: Sequence[str],
        *,
        length: int,
        batch: int,
        sampling_temperature: float,
        seed: int,
        wrote: Callable[[int], None] = lambda count: None,
    ) -> list[str]:
        """Return what it writes after each beginning.

        Parameters
        ----------
        prompts : sequence of str
        length : int
            Tokens at most.
        batch : int
            Beginnings at a time. What is drawn depends on it.
        sampling_temperature : float
            Sampling temperature.
        seed : int
        wrote : callable
            Called with the number of tokens that a batch has more: each batch comes to `length` in all.

        Raises
        ------
        SettingsError
            If the model cannot see as many tokens at once.
        """
        torch = require(EXTRA, "torch")
        room = self._room(length)
        found: list[str] = []
        device = self._network.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.inference_mode():
            for start in range(0, len(prompts), batch):
                torch.manual_seed((seed + start) % (1 << 63))
                some = [self._tokens(one)[-room:] for one in prompts[start : start + batch]]
                counter = _TokenCounter(wrote)
                inputs = self._tokenizer.pad({"input_ids": some}, return_tensors="pt").to(device)
                written = self._network.generate(
                    input_ids=inputs["input_ids"],
                    attention_mask=inputs["attention_mask"],
                    do_sample=True,
                    temperature=sampling_temperature,
                    top_k=0,
                    top_p=1.0,
                    max_new_tokens=length,
                    pad_token_id=self._tokenizer.pad_token_id,
                    logits_processor=[counter],
                )
                begun = inputs["input_ids"].shape[1]
                found += self._tokenizer.batch_decode(written[:, begun:], skip_special_tokens=True)
                wrote(length - counter.count)  # where all ended before
        return found

    def _tokens(self, prompt: str) -> list[int]:
        """Return the tokens of a beginning, behind the one that begins texts, where there is such a token."""
        tokens: list[int] = self._tokenizer(prompt)["input_ids"]
        first, last = self._tokenizer.bos_token_id, self._tokenizer.eos_token_id
        if tokens and last is not None and tokens[-1] == last != first:
            tokens = tokens[:-1]  # of tokenizers that end each text
        return tokens if first is None or tokens[:1] == [first] else [first, *tokens]

    def _room(self, length: int) -> int:
        context = getattr(self._network.config.get_text_config(), "max_position_embeddings", None)
        if not isinstance(context, int) or context <= 0:
            return 1 << 20
        if length >= context:
            raise SettingsError(
                f"--length must be below the {context:,} tokens that {self._folder!r} sees at once. "
                f"Got {length:,}."
            )
        return context - length


class _TokenCounter:
    """Counts the tokens of a batch as they are drawn, and leaves their logits as they are."""

    def __init__(self, wrote: Callable[[int], None]) -> None:
        self.count = 0
        self._wrote = wrote

    def __call__(self, input_ids: Any, scores: Any) -> Any:  # noqa: ANN401 - tensors
        self.count += 1
        self._wrote(1)
        return scores


def _what(folder: str) -> str:
    return f"--from-model {folder!r}"


def check_model(folder: str) -> None:
    """Refuse a folder that is no model, that needs code of its own, or whose weights are pickled.

    Raises
    ------
    SettingsError
    """
    path, what = Path(folder), _what(folder)
    if not (path / "config.json").is_file():
        there = "Found no config.json in it." if path.is_dir() else f"There is none.{near_path(folder)}"
        raise SettingsError(f"{what} must be a folder that transformers saved. {there}")
    check_files(path, what)
    found = code_of(path, what)
    if found:
        raise SettingsError(
            f"{what} must be made of installed classes. It names code of its own: {found[0]}."
        )


def state_of(folder: str) -> list[Any]:
    """Return what tells whether a folder is still the same: its files with their sizes and times."""
    files = sorted(path for path in Path(folder).iterdir() if path.is_file())
    return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]

"""Loads models of two kinds into one form: embedders, and classifiers whose output is rubric points.

An embedder is a sentence-transformers model. A classifier is one of transformers' sequence classification
models with one output, a regression of rubric points as in the FineWeb-Edu classifier (Penedo et al. 2024,
arXiv:2406.17557), or with several, of which the expected one is spread over the points.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filtering.embedding.settings import EmbedderSettings
from filtering.errors import SettingsError
from filtering.extras import require
from filtering.rubric_points import POINTS

UNLOADABLE = (
    *(OSError, ValueError, LookupError, RuntimeError, AttributeError, TypeError, ImportError),
    *(ArithmeticError, AssertionError),
)
"""What the libraries raise for a folder that holds no model, or a damaged one."""

RESERVED_POSITIONS = 2
RESERVING = ("camembert", "mpnet", "roberta", "xlm-roberta")
"""Kinds of models that count positions from 2 on."""

NO_LIMIT = 1 << 20


@dataclass(frozen=True)
class TransformerModel:
    """A model that is loaded.

    Parameters
    ----------
    forward : callable
        From features, tensors by name, to a float tensor of shape (n, width).
    tokenizer : object
        The model's own, with its special tokens and side of padding.
    plain_tokenizer : object
        The fast tokenizer in it, which neither cuts nor pads.
    width : int
        Numbers that it gives for a text.
    longest : int
        Tokens that it has positions for: its own advice may be less.
    prompt : str
        Its own prompt for documents.
    pools_prompt : bool
        Whether the prompt's tokens are pooled too.
    """

    forward: Callable[[Mapping[str, Any]], Any]
    tokenizer: Any
    plain_tokenizer: Any
    width: int
    longest: int
    prompt: str
    pools_prompt: bool


def load_model(
    folder: Path, settings: EmbedderSettings, device: Any, data_type: Any, *, trust_remote_code: bool
) -> TransformerModel:
    """Load the model in a folder; code that it brings runs where the user agreed to that, and never else.

    Raises
    ------
    SettingsError
        If it is not of the kind that `settings` names, or has no fast tokenizer.
    """
    load = _load_classifier if settings.kind == "classifier" else _load_embedder
    damaged = require("embed", "safetensors").SafetensorError
    try:
        with quiet():
            return load(folder, settings, device, data_type, trust_remote_code)
    except (*UNLOADABLE, damaged) as error:
        if isinstance(error, SettingsError):
            raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        what = "a sequence classification" if settings.kind == "classifier" else "a sentence-transformers"
        raise SettingsError(
            f"The {settings.role} must be {what} model. {settings.name!r} cannot be loaded: {reason}"
        ) from error


def _load_embedder(
    folder: Path, settings: EmbedderSettings, device: Any, data_type: Any, trust_remote_code: bool
) -> TransformerModel:
    model = require("embed", "sentence_transformers").SentenceTransformer(
        str(folder),
        device=str(device),
        trust_remote_code=trust_remote_code,
        local_files_only=True,
        model_kwargs={"dtype": data_type, "use_safetensors": True},
    )
    convert(model, device, data_type)
    return TransformerModel(
        forward=lambda features: model(features)["sentence_embedding"],
        tokenizer=model.tokenizer,
        plain_tokenizer=_plain_tokenizer(model.tokenizer, settings),
        width=int(model.get_embedding_dimension()),
        longest=_longest(getattr(getattr(model[0], "auto_model", None), "config", None)),
        prompt=_document_prompt(model),
        pools_prompt=len(model) < 2 or bool(getattr(model[1], "include_prompt", True)),
    )


def _load_classifier(
    folder: Path, settings: EmbedderSettings, device: Any, data_type: Any, trust_remote_code: bool
) -> TransformerModel:
    transformers = require("embed", "transformers")
    own_code = {"trust_remote_code": trust_remote_code, "local_files_only": True}
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), **own_code)
    model, loaded = transformers.AutoModelForSequenceClassification.from_pretrained(
        str(folder), dtype=data_type, use_safetensors=True, output_loading_info=True, **own_code
    )
    if loaded["missing_keys"]:  # transformers would fill them with random numbers
        raise SettingsError(
            f"A teacher must be a sequence classification model. {settings.name!r} has no weights for "
            f"{min(loaded['missing_keys'])!r}: it is another kind of model."
        )
    _agree_on_padding(model, tokenizer, settings)
    convert(model, device, data_type)
    _keep_precise(model)
    return TransformerModel(
        forward=lambda features: _points(model(**features).logits),
        tokenizer=tokenizer,
        plain_tokenizer=_plain_tokenizer(tokenizer, settings),
        width=1,
        longest=_longest(model.config),
        prompt="",
        pools_prompt=True,
    )


def _agree_on_padding(model: Any, tokenizer: Any, settings: EmbedderSettings) -> None:
    """Tell a model which token pads: a decoder judges a text by the last token that is another."""
    config = model.config.get_text_config()
    if tokenizer.pad_token is None and (config.pad_token_id or 0) > 0:
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(config.pad_token_id)
    if tokenizer.pad_token is None:
        raise SettingsError(
            "A teacher must have a token that pads, for texts of several lengths share a batch. "
            f"{settings.name!r} has none: neither its tokenizer a pad_token, nor its config.json a "
            "pad_token_id. Save it with the one that it was trained with, often that of the end of a text."
        )
    config.pad_token_id = tokenizer.pad_token_id


def _points(logits: Any) -> Any:
    """Return rubric points, shape (n, 1): the one output, or the expected one of several, spread out."""
    if logits.shape[1] == 1:
        return logits
    torch = require("embed", "torch")
    chances = torch.softmax(logits.float(), dim=1)
    return chances @ torch.linspace(0.0, POINTS, logits.shape[1], device=logits.device)[:, None]


def convert(model: Any, device: Any, data_type: Any) -> Any:
    """Return a model for inference on a device, with weights of a type of number."""
    for weights in model.parameters():  # not the buffers: rotary positions need float32
        weights.data = weights.data.to(data_type)
    return model.to(device).eval()


def _keep_precise(model: Any) -> None:
    """Compute the last layer in float32: bf16 tells no points apart that are nearer than 1/64."""
    linear = require("embed", "torch").nn.Linear
    *_, last = (one for one in model.modules() if isinstance(one, linear))
    last.float()
    last.register_forward_pre_hook(lambda _, inputs: tuple(one.float() for one in inputs))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the bars that transformers draws while it loads or saves weights off the screen."""
    logging = require("embed", "transformers").utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _plain_tokenizer(tokenizer: Any, settings: EmbedderSettings) -> Any:
    """Return the fast tokenizer of a model, which neither cuts nor pads."""
    plain = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(plain, "encode_batch_fast"):
        raise SettingsError(
            f"The {settings.role} must have a fast tokenizer (a tokenizer.json). {settings.name!r} has "
            "none. Choose another, or convert its tokenizer."
        )
    plain.no_truncation()
    plain.no_padding()
    return plain


def _document_prompt(model: Any) -> str:
    """Return the model's own prompt for documents, by the names that models give it; not that of queries."""
    for name in ("document", "passage", "corpus", model.default_prompt_name):
        if model.prompts.get(name) and name != "query":
            return str(model.prompts[name])
    return ""


def _longest(config: Any) -> int:
    positions = getattr(config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions <= 0:
        return NO_LIMIT
    return positions - (RESERVED_POSITIONS if config.model_type in RESERVING else 0)

"""Makes tiny models, embedders and classifiers: random but always the same, in well under a second.

They embed nothing sensibly; they have the parts, files and corners of the kinds that people use.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from tests.kit.late import Late

torch, transformers = Late("torch"), Late("transformers")

WIDTH = 32
COMMON = "the of and to in is water light number river because example step read world ##s ##ing ##ed".split()
MODULES = "sentence_transformers.models."
KINDS = ("bert", "roberta", "llama", "static")

SPECIAL = {
    "bert": {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]"},
    "roberta": {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>"},
    "llama": {"pad": "<pad>", "unk": "<unk>", "eos": "</s>"},
}
FRAME = {"bert": "[CLS] $0 [SEP]", "roberta": "<s> $0 </s>", "llama": "$0 </s>"}


def make_tiny_model(
    folder: Path,
    kind: str = "bert",
    *,
    prompts: dict[str, str] | None = None,
    default_prompt_name: str | None = None,
    positions: int = 512,
    include_prompt: bool = True,
    normalize: bool = True,
    pickled: bool = False,
    brings_code: bool = False,
    seed: int = 0,
) -> Path:
    """Make a model of 32 numbers with random weights in a folder, and return the folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    kind : str
        ``bert`` (mean of the tokens), ``roberta`` (the same, positions counted from 2 on), ``llama``
        (causal, padded on the left, rotary positions, last token) or ``static`` (mean of one vector a token).
    prompts, default_prompt_name
        As in config_sentence_transformers.json.
    positions : int
        max_position_embeddings; the tokenizer's own advice is half of it.
    include_prompt : bool
        Whether the prompt's tokens are pooled too.
    normalize : bool
        Whether embeddings get length 1.
    pickled : bool
        Save the weights as pytorch_model.bin alone.
    brings_code : bool
        Name code of its own in config.json, and bring it: it leaves a file ``ran`` in the folder.
    seed : int
        Of the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer(kind)
    tokenizer.save(str(folder / "tokenizer.json"))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if kind == "static":
            model = torch.nn.EmbeddingBag(tokenizer.get_vocab_size(), WIDTH)
            _save_weights(folder, {"embedding.weight": model.weight.detach()}, pickled)
        else:
            _make_transformer(folder, kind, tokenizer, positions, pickled)
    parts = ["StaticEmbedding" if kind == "static" else "Transformer"]
    if kind != "static":
        mode = "lasttoken" if kind == "llama" else "mean_tokens"
        pooling = {f"pooling_mode_{name}": name == mode for name in ("cls_token", "mean_tokens", "lasttoken")}
        pooling |= {"word_embedding_dimension": WIDTH, "include_prompt": include_prompt}
        _write(folder / "1_Pooling" / "config.json", pooling)
        parts.append("Pooling")
    parts += ["Normalize"] * normalize
    _write(
        folder / "modules.json",
        [
            {"idx": at, "name": str(at), "path": f"{at}_{part}" * (at > 0), "type": MODULES + part}
            for at, part in enumerate(parts)
        ],
    )
    named = {"prompts": prompts or {}, "default_prompt_name": default_prompt_name}
    _write(folder / "config_sentence_transformers.json", named)
    if brings_code:
        _bring_code(folder)
    return folder


def make_tiny_classifier(folder: Path, *, outputs: int = 1, positions: int = 512, seed: int = 0) -> Path:
    """Make a classifier of the FineWeb-Edu one's architecture in a folder, and return the folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    outputs : int
        One: a regression, whose values lie about the rubric's 2.5 points.
    positions, seed
        As for `make_tiny_model`.
    """
    make_tiny_model(folder, positions=positions, seed=seed)
    config = transformers.AutoConfig.from_pretrained(folder, num_labels=outputs)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.AutoModelForSequenceClassification.from_config(config)
        # The pooled output of a random model hardly moves: spread over the points what there is of it.
        model.classifier.weight.data *= 8
        model.classifier.bias.data += 2.5
    model.save_pretrained(folder)
    for name in ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"):
        (folder / name).unlink()
    return folder


def _make_transformer(folder: Path, kind: str, tokenizer: Tokenizer, positions: int, pickled: bool) -> None:
    ids = {f"{name}_token_id": tokenizer.token_to_id(token) for name, token in SPECIAL[kind].items()}
    config = transformers.AutoConfig.for_model(
        kind,
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
        initializer_range=0.2,  # so that texts differ: 0.02 makes all of them alike
        pad_token_id=ids["pad_token_id"],
    )
    model = transformers.AutoModel.from_config(config)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    _save_weights(folder, model.state_dict(), pickled)
    named = {f"{name}_token": token for name, token in SPECIAL[kind].items()}
    inputs = ["input_ids", *["token_type_ids"] * (kind == "bert"), "attention_mask"]
    _write(
        folder / "tokenizer_config.json",
        {
            **named,
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_input_names": inputs,
            "model_max_length": positions // 2,
            "padding_side": "left" if kind == "llama" else "right",
        },
    )
    _write(folder / "sentence_bert_config.json", {"max_seq_length": positions // 2, "do_lower_case": False})


def _tokenizer(kind: str) -> Tokenizer:
    """Return a tokenizer of common words and single letters."""
    special = SPECIAL["bert" if kind == "static" else kind]
    letters = [chr(number) for number in range(33, 127)]
    pieces = [*special.values(), *COMMON, *letters, *(f"##{letter}" for letter in letters)]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=special["unk"], max_input_chars_per_word=40))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(list(special.values()))
    if kind in FRAME:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=FRAME[kind], special_tokens=[(token, vocabulary[token]) for token in special.values()]
        )
    return tokenizer


def _save_weights(folder: Path, weights: dict[str, "torch.Tensor"], pickled: bool) -> None:
    from safetensors.torch import save_file

    if pickled:
        torch.save(weights, folder / "pytorch_model.bin")
    else:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _bring_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "tiny-own",
        "auto_map": {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"},
    }
    _write(folder / "config.json", config)
    (folder / "own.py").write_text(
        "from pathlib import Path\n"
        "from transformers import BertConfig, BertModel\n"
        f"Path({str(folder / 'ran')!r}).touch()\n"
        'class OwnConfig(BertConfig):\n    model_type = "tiny-own"\n'
        "class OwnModel(BertModel):\n    config_class = OwnConfig\n"
    )


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=1))

"""Adds tokenizers of a few tokens to `small-tokenizers.json`, with what Hugging Face's `tokenizers` makes of its texts.

    python make_small.py FILE        # needs tokenizers, and sentencepiece with protobuf for the character map

A row has a `name`, the `tokenizer` (a whole `tokenizer.json`) and `cases`: `text`, `ids` without and `framed` with what the
post-processor adds, `decoded` and `plain` without special tokens, and `as_text`, the ids where special tokens
are text. Rows of the names below are replaced, the cases of the others made anew; the texts are those of the first row.
"""

import base64
import json
import sys
import tempfile
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer

SPECIAL = ["<unk>", "<s>", "</s>"]
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
PIECES = "▁ a b c ab abc ▁a ▁ab aa aaa aaaa - -- --- ! c! !! 1 2 A B A1 b_a é 中 ▁b ▁</".split()


def added(token_id, content):
    kind = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": token_id, "content": content, **kind}


def tokenizer(model, decoder, **parts):
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(i, content) for i, content in enumerate(SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": decoder,
        "model": model,
        **parts,
    }


def unigram(bytes_too, pieces=PIECES):
    """Scores without two equal sums: a tie may be decided either way."""
    vocab = [[token, 0.0] for token in SPECIAL]
    vocab += [[piece, -2.0 - 0.737 * i ** 0.9 / len(piece)] for i, piece in enumerate(pieces)]
    if bytes_too:
        vocab += [[f"<0x{b:02X}>", -20.0 - b / 7] for b in range(256)]
    return {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": bytes_too}


def bpe(words):
    vocab = {token: i for i, token in enumerate(SPECIAL + words)}
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": "<unk>",
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": vocab,
        "merges": [["a", "b"], ["ab", "c"], ["a", "a"], ["A", "1"], ["-", "-"]],
    }


def character_map():
    """A sentencepiece model's, made of a few rules."""
    rules = [("ﬁ", "fi"), ("½", "1/2"), ("é", "e"), ("é", "E"), ("Ⅷ", "VIII"), ("\u00a0", " "), ("\n", " "), ("中", "")]
    with tempfile.TemporaryDirectory() as folder:
        tsv = Path(folder) / "rules.tsv"
        tsv.write_text("".join(f"{spelled(a)}\t{spelled(b)}\n" for a, b in rules))
        text = Path(folder) / "text"
        text.write_text("abc ab a b c A1 --! " * 50 + "\n")
        prefix = Path(folder) / "m"
        sentencepiece.SentencePieceTrainer.train(
            input=str(text), model_prefix=str(prefix), vocab_size=14, normalization_rule_tsv=str(tsv), minloglevel=2
        )
        proto = sentencepiece_model_pb2.ModelProto()
        proto.ParseFromString(prefix.with_suffix(".model").read_bytes())
        return base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()


def spelled(text):
    return " ".join(f"{ord(c):X}" for c in text)


def rows():
    letters = list("abcABef12-!_/VI ") + ["ab", "abc", "aa", "A1", "--", "é", "中", "\u0301", "<", ">", "l", "r", "s"]
    fuse = {"type": "Fuse"}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    byte_fallback = {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, metaspace]}
    yield "unigram", tokenizer(unigram(False), metaspace, pre_tokenizer=METASPACE)
    yield "unigram without words", tokenizer(unigram(False), metaspace)
    yield "unigram, byte fallback", tokenizer(unigram(True), byte_fallback, pre_tokenizer=METASPACE)
    charsmap = {"type": "Precompiled", "precompiled_charsmap": character_map()}
    yield "character map", tokenizer(bpe(letters), fuse, normalizer=charsmap)
    for name in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer"):
        yield name, tokenizer(bpe(letters), fuse, pre_tokenizer={"type": name})
    for behavior in ("Isolated", "Removed", "Contiguous"):
        punctuation = {"type": "Punctuation", "behavior": behavior}
        yield f"Punctuation {behavior}", tokenizer(bpe(letters), fuse, pre_tokenizer=punctuation)
    delimiter = {"type": "CharDelimiterSplit", "delimiter": "-"}
    yield "CharDelimiterSplit", tokenizer(bpe(letters), fuse, pre_tokenizer=delimiter)
    for behavior in ("MergedWithPrevious", "MergedWithNext"):
        punctuation = {"type": "Punctuation", "behavior": behavior}
        yield f"Punctuation {behavior}", tokenizer(bpe(letters), fuse, pre_tokenizer=punctuation)
    bytes_too = bpe(letters + [chr(0x100 + i) for i in range(0x44)] + [chr(i) for i in range(0xA1, 0x100) if i != 0xAD])
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    yield "ByteLevel normalizer", tokenizer(bytes_too, byte_level, normalizer={"type": "ByteLevel"})
    for name in ("StripAccents", "Nmt"):
        yield name, tokenizer(bpe(letters), fuse, normalizer={"type": name})
    accents = {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]}
    yield "StripAccents behind NFD", tokenizer(bpe(letters), fuse, normalizer=accents)
    for lowercase in (True, False):
        bert = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None}
        yield f"BertNormalizer {lowercase}", tokenizer(
            bpe(letters), fuse, normalizer={**bert, "lowercase": lowercase}, pre_tokenizer={"type": "BertPreTokenizer"}
        )


def cases(reference, texts):
    for text in texts:
        ids = reference.encode(text, add_special_tokens=False).ids
        yield {
            "text": text,
            "ids": ids,
            "framed": reference.encode(text).ids,
            "decoded": reference.decode(ids, skip_special_tokens=False),
            "plain": reference.decode(ids, skip_special_tokens=True),
            "as_text": as_text(reference, text),
        }


def as_text(reference, text):
    """Ids where special tokens in the text are text, or None where jmlx differs on purpose.

    A Unigram model makes a special token of its spelling all the same, which is what must not happen. And a longer
    token that is not special but begins like one is text here too.
    """
    special = {i for i, token in reference.get_added_tokens_decoder().items() if token.special}
    spellings = {i: token.content for i, token in reference.get_added_tokens_decoder().items()}
    reference.encode_special_tokens = True
    ids = reference.encode(text, add_special_tokens=False).ids
    reference.encode_special_tokens = False
    longer = {
        i for i in set(spellings) - special if any(spellings[i].startswith(spellings[other]) for other in special)
    }
    known = SPECIAL.index("<unk>")
    return None if (special - {known} | longer) & set(ids) else ids


def main(file):
    old = json.loads(Path(file).read_text())
    texts = [case["text"] for case in old[0]["cases"]]
    new = {}
    for name, parts in rows():
        reference = Tokenizer.from_str(json.dumps(parts))
        new[name] = {"name": name, "tokenizer": parts, "cases": list(cases(reference, texts))}
    kept = [row for row in old if row["name"] not in new]
    for row in kept:
        row["cases"] = list(cases(Tokenizer.from_str(json.dumps(row["tokenizer"])), texts))
    lines = [json.dumps(row) for row in [*kept, *new.values()]]
    Path(file).write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(len(kept), "kept,", len(new), "made")


if __name__ == "__main__":
    main(sys.argv[1])

#!/usr/bin/env bash
# From a dump to the part of it that teaches, by labels of a language model: the whole chain in one script.
#
#     bash docs/labels.sh DUMP OUT MODEL [RUBRIC]
#
# OPENAI_BASE_URL says which endpoint is asked, OPENAI_API_KEY holds its key. To try it without either, start the
# stand-in of the tests, which labels by words (its first line is the address):
#
#     python -m tests.kit.scripted.server --port 8000 --latency-s 0.1
#     OPENAI_BASE_URL=http://127.0.0.1:8000/v1 bash docs/labels.sh DUMP OUT scripted
set -euo pipefail
if [ $# -lt 3 ]; then echo "usage: bash docs/labels.sh DUMP OUT MODEL [RUBRIC]" >&2; exit 2; fi
dump=$1 out=$2 model=$3 rubric=${4:-web}
mkdir -p "$out"
PATH="$(cd "$(dirname "$0")/.." && pwd)/.venv/bin:$PATH" # where `make setup` puts edufilter

# Exit code 3 means: done, but something was left out, and named. A broken file of the dump is no reason to stop.
step() { "$@" || [ $? -eq 3 ]; }

# Which documents to label: at random, with known probabilities, near-duplicates left out.
[ -e "$out/sample.parquet" ] || step edufilter sample "$dump" --n 400 --out "$out/sample.parquet"

# What that would cost, before anything is sent.
annotate=(edufilter annotate "$out/sample.parquet" --rubric "$rubric" --model "$model" --repeat 2
          --concurrency 8 --price 0.15/0.6 --budget-usd 5 --out "$out/labels")
"${annotate[@]}" --dry-run

# Killed in the middle, without a chance to tidy up ...
"${annotate[@]}" & pid=$!
sleep "${KILL_AFTER_S:-8}"
kill -KILL $pid 2>/dev/null || true
wait $pid || echo "killed"
# ... the same command goes on: what was answered is neither asked nor paid for again.
step "${annotate[@]}"

# How far the two readings of each document agree, and what a perfect scorer could reach.
edufilter agreement "$out/labels"

# A scorer, judged on groups that it has not seen; then the whole dump.
edufilter train "$out/labels" --out "$out/scorer" --overwrite
step edufilter filter "$dump" --scorer "$out/scorer" --effort fast --keep-at 3 --out "$out/kept"

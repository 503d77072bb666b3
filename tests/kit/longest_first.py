"""Which files of tests take longest."""

LONGEST_FIRST = (
    "tests/test_faults.py",
    "docs/test_docs.py",
    "executors/test_executors.py",
    "executors/test_ray_runs.py",
    "reports/test_browser.py",
    "efforts/test_full_runs.py",
    "faults/test_failing_stores.py",
    "faults/test_store_runs.py",
    "faults/test_resume.py",
    "faults/test_failing_disks.py",
    "embedding/test_embedders.py",
    "embedding/test_sentence_transformer.py",
    "efforts/test_balanced.py",
    "filtering/test_compiled.py",
    "fitting/test_recipes.py",
    "tests/test_wheel.py",
    "proof/test_prove.py",
    "scorers/test_datasets.py",
    "fitting/test_fit_heads.py",
    "scorers/test_distill.py",
    "fitting/test_cross_validation.py",
    "asking/test_real_server.py",
    "efforts/test_full_training.py",
    "commands/test_demo.py",
    "scoring/test_forged_scorers.py",
    "choosing/test_recut.py",
    "folder/test_forged_runs.py",
    "reports/test_write_report.py",
    "labels/test_paying_once.py",
    "labels/test_sample.py",
    "explaining/test_quantiles.py",
    "judging/test_bands.py",
    "scorers/test_train.py",
)
"""Files that take longest begin first, so that all workers end together.

Of all that need Ray, which one worker runs, short tests come last: xdist puts the next file behind the last.
"""

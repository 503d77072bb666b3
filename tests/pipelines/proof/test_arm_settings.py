"""Arms as they are written: what is read, what is refused, and with which words."""

import pytest

from filtering.errors import SettingsError
from pipelines import ProveConfig
from pipelines.settings.proof import Members, Portion, read_arm


@pytest.mark.parametrize(
    ("words", "portions"),
    [
        ("score>=4", [Portion(Members("score", 4.0))]),
        ("score >= 2 score < 3", [Portion(Members("score", 2.0, 3.0))]),
        ("score<1.5", [Portion(Members("score", 0.0, 1.5))]),
        ("top 10%", [Portion(Members("top", 0.0, 0.1))]),
        ("bottom 2.5 %", [Portion(Members("bottom", 0.0, 0.025))]),
        ("kept:0.75, random: .25", [Portion(Members("kept"), 0.75), Portion(Members("random"), 0.25)]),
        ("score>=4 * 3,style", [Portion(Members("score", 4.0), None, 3.0), Portion(Members("style"))]),
    ],
)
def test_an_arm_is_read_as_it_is_written(words, portions):
    arm = read_arm(f"mine={words}")
    assert (arm.name, list(arm.portions), arm.words) == ("mine", portions, words)


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        ("score>=4", "NAME=DOCUMENTS"),
        ("my arm=kept", "letters, digits"),
        ("kept=score>=4", "always there"),
        ("a=", "name documents"),
        ("a=kept,", "name documents"),
        ("a=best", "name documents"),
        ("a=score=4", "name documents"),
        ("a=top 0%", "name documents"),
        ("a=top 101%", "name documents"),
        ("a=score<2 score<3", "name documents"),
        ("a=kept:0.5", "add up to 1"),
        ("a=kept:0.5,random", "give each set a share"),
        ("a=kept*0", "above 0"),
        ("a=kept*-1", "name documents"),
    ],
)
def test_an_arm_that_cannot_be_read_is_refused_with_an_example(arm, said):
    with pytest.raises(SettingsError, match=r"'arms' \(--arm\) must") as refused:
        ProveConfig(run="out", out="proof", arms=[arm])
    assert said in str(refused.value)
    assert "'score>=4'" in str(refused.value) or "always there" in said
    assert repr(arm) in str(refused.value)


def test_settings_that_do_not_go_together_are_refused():
    with pytest.raises(SettingsError, match="'a' twice"):
        ProveConfig(run="out", out="proof", arms=["a=kept", "a=random"])
    with pytest.raises(SettingsError, match="--against OUT2"):
        ProveConfig(run="out", out="proof", arms=["a=against:0.5, kept:0.5"])
    with pytest.raises(SettingsError, match="Leave out one of them"):
        ProveConfig(run="out", out="proof", budget="45m", arm_bytes="6M", passes=2)
    with pytest.raises(SettingsError, match="such as 45m or 2h"):
        ProveConfig(run="out", out="proof", budget="45")
    with pytest.raises(SettingsError, match="size"):
        ProveConfig(run="out", out="proof", size="huge")


def test_every_proof_has_its_four_arms_and_those_that_are_asked_for():
    config = ProveConfig(run="out", out="proof", against="other", arms=["a=kept:0.5, against:0.5"])
    assert [arm.name for arm in config.all_arms] == ["kept", "random", "dropped", "style", "against", "a"]

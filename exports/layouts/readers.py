"""How it is known what a trainer makes of a layout: which reader was run and what was compared, or what the layout was only held against. Pure.

`make readers` runs them again and prints what each got; the tests of TRL train. A test holds that each layout is here, and the versions against the pins.
"""

from __future__ import annotations

from dataclasses import dataclass

from accounts.marking import marked


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What reads a layout."""

    name: str
    package: str = ""
    """As pip knows it, with the version that was run. Empty: nothing was run."""
    ran: str = ""
    """What of it was run."""
    compared: str
    """What was compared, and with what; where nothing was run, what the layout was held against, and why no more."""
    loses: str = ""
    """What it does not take as it stands, whatever the layout: for people to know."""

    @property
    def was_run(self) -> bool:
        return bool(self.package)

    @property
    def said(self) -> str:
        """Return it in a sentence, without its full stop."""
        return f"run: {self.package.replace('==', ' ')}, {self.ran}; {self.compared}" if self.was_run else f"not run: {self.compared}"


TRL = "trl==1.16.0"
TRAINED = marked("trained two steps on a tiny model")
TOKENS = marked("token ids compared with those of the stored texts")

READERS: dict[str, Reader] = {
    "canonical": Reader(name="TRL, DPO", package=TRL, ran=TRAINED, compared=TOKENS),
    "trl-text": Reader(name=marked("TRL, DPO on text"), package=TRL, ran=TRAINED, compared=TOKENS),
    "trl-implicit": Reader(name=marked("TRL, DPO with an implicit prompt"), package=TRL, ran=TRAINED, compared=TOKENS),
    "reward": Reader(
        name=marked("TRL, reward model"), package=TRL, ran=TRAINED, compared=marked("token ids compared with those of the stored texts, and the margins")
    ),
    "kto": Reader(name="TRL, KTO", package=TRL, ran=TRAINED, compared=marked("token ids compared with those of the stored texts, and the labels")),
    "axolotl": Reader(
        name="Axolotl",
        package="axolotl==0.19.0",
        ran=marked("its loader of files and its chat_template.default for DPO"),
        compared=marked("prompt, chosen and rejected compared with the stored texts, under a chat template that keeps white space and under one that trims it"),
        loses=marked("Rows with white space at an end of a side, or a side of a word or two, are left out: it would train on something else."),
    ),
    "llama-factory": Reader(
        name="LLaMA-Factory",
        package="llamafactory==0.9.5",
        ran=marked("its loader from dataset_info.json to the token ids of its pairwise stage"),
        compared=marked("token ids compared with those of the stored texts, under its template chatml"),
        loses=marked("Rows whose turns do not alternate are left out: it drops them."),
    ),
    "openrlhf": Reader(
        name="OpenRLHF",
        package="openrlhf==0.11.2",
        ran=marked("its loader of files and its RewardDataset for DPO"),
        compared=marked("token ids compared with those of the stored texts, under a chat template that keeps white space and under one that trims it"),
        loses=marked("With a template that writes no end of turn, it strips line feeds from the end of a side."),
    ),
    "nemo-rl": Reader(
        name="NeMo-RL",
        compared=marked("held against the source of its PreferenceDataset and its documentation, since pip has no more than an empty placeholder of it"),
    ),
    "openai": Reader(name="OpenAI", compared=marked("held against its documentation, since the reader is a service")),
    "helpsteer3": Reader(
        name="HelpSteer3",
        compared=marked("held against the source of NeMo-RL’s reader of HelpSteer3 and a description of the published columns, since pip has no reader"),
    ),
    "arena": Reader(
        name="Arena-Rank",
        package="arena-rank==0.1.1",
        ran=marked("its PairDataset of each row’s battles"),
        compared=marked("who met whom, what came of it and how often, compared with the votes"),
        loses=marked("It takes a tie in which both were bad for a tie."),
    ),
}

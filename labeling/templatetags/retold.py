"""What is stored of labelers' work, in words: findings, and why somebody came to stand as they do."""

from __future__ import annotations

from django import template

from accounts.marking import marked
from labeling.retelling import Teller

register = template.Library()

RECORDS = Teller(
    (
        marked("In {hits} of {n} answers the time was less than half of what reading takes."),
        marked("Chose {pressed} {n} times in a row."),
        marked("Chose the left side {hits} of {n} times."),
        marked("Chose the right side {hits} of {n} times."),
        marked("Chose the longer response {hits} of {n} times; the others here do {share} of the time."),
        marked("Met gold and the others' majorities {hits} of {n} times, which is no better than chance; the others do at least {share}."),
        marked("Right on {hits} of the last {items}: {high} at most, and the bar is {bar}."),
        marked("the left side at strength {strength}"),
        marked("the right side at strength {strength}"),
        marked("the left side"),
        marked("the right side"),
        marked("both bad"),
        marked("tie"),
        marked("passed practice: {hits} of {items} right in round {round}"),
        marked("did not pass practice: {hits} of {items} right in round {round}, and {mark} % are asked for"),
        marked("no practice item is left"),
        marked("first pair asked for"),
        marked("first pair asked for; no practice, since no gold item may be used for it"),
        marked("gold score below the bar"),
        marked("a researcher’s decision on finding {id}"),
    )
)


@register.filter
def retold(words: str) -> str:
    return RECORDS.tell(words)

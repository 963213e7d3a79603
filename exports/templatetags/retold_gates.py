"""What gates ask for and found, what was flagged and what changed, in words."""

from __future__ import annotations

from django import template

from accounts.marking import marked
from labeling.retelling import Teller

register = template.Library()

FOUND = Teller(
    (
        marked("at least {least}"),
        marked("at most {most}"),
        marked("{low} to {high}"),
        marked("It has not been measured."),
        marked("No pair of its campaigns has two labels that choose a side, so agreement could not be measured."),
        marked("Labelers agree in {share}, without ties, over {pairs} of its campaigns; contested ones count too."),
        marked("The 95 % interval of agreement begins at {share}."),
        marked("{pairs} has two labels: no interval follows from it."),
        marked("Nobody whose labels are in it has answered a gold item, so their accuracy could not be measured."),
        marked("Those whose labels are in it were right in {hits} of {answers} to gold."),
        marked("An adjudicator settled {n} of {rows}."),
        marked("All rows were labeled under {rubric}."),
        marked("Rows were labeled under {rubrics}: what good means differs between them."),
        marked("In {rows} the two sides were asked under different system prompts."),
        marked("Both sides of every row were asked alike."),
        marked("No label behind it knows where its sides stood, so the balance of sides could not be measured."),
        marked("Every label behind it was made elsewhere, and the sides that such labels saw are not known: there is nothing to measure."),
        marked("The left side was chosen in {n} of {labels} that chose one."),
        marked("Both sides of every row are equally long, so length could not be measured."),
        marked("Chosen is longer in {n} of {rows} whose sides differ in length."),
        marked("No row is of the risk class {classes}."),
        marked("Every risk class that a prompt of its campaigns has is among its rows."),
        marked("No prompt has a relative in another split, or among gold items."),
        marked("{rows}: another split has a relative of the prompt."),
        marked("{rows}: a gold item has one."),
        marked("{rows}: nobody has looked for relatives."),
        marked("No pair is marked as golden in this dataset."),
        marked("Of {pairs} {n} are in it; none flipped."),
        marked("Of {pairs} {n} are in it; {flipped} have another verdict than they must."),
        marked("The prompt of {rows} has no licence."),
        marked("Every prompt has a licence."),
        marked("There is no consent text that people could have agreed to."),
        marked("{labels} is by {n} of {all} people who have not agreed, or took it back."),
        marked("{labels} are by {n} of {all} people who have not agreed, or took it back."),
        marked("Everybody whose labels are in it has agreed to the consent text."),
        marked("In {rows} are texts that another row has too."),
        marked("No two rows have the same texts."),
        marked("In {rows} a simulated labeler was counted."),
        marked("No simulated labeler was counted."),
        marked("No row fell into {splits}."),
        marked("Every split that has a share has rows."),
        marked("{rows} of the random sample of {n} was read."),
        marked("{rows} of the random sample of {n} were read."),
        marked("{rows} of the adversarial sample of {n} was read."),
        marked("{rows} of the adversarial sample of {n} were read."),
        marked("Nobody has read a row of the random sample yet, so its errors are not known."),
        marked("Of {rows} of the random sample that a reader was sure of, {n} is wrong."),
        marked("Of {rows} of the random sample that a reader was sure of, {n} are wrong."),
        marked("Nobody has looked its texts through yet for traps, leaks of identity and personal data."),
        marked("Its texts were looked through; nothing that was flagged waits for a decision."),
        marked("{flags} in its texts waits for a decision."),
        marked("{flags} in its texts wait for a decision."),
        marked("{rubric} version {number}"),
        marked("both sides say the same, but for case and white space"),
        marked("a side says nothing"),
        marked("a side was cut at its token limit"),
        marked("a side says everything twice"),
        marked("a side begins with the prompt: a trainer that is given both would see it twice"),
        marked("the prompt holds a policy's own system prompt"),
        marked("a text holds the marks of a chat template"),
        marked("a side says who wrote it"),
        marked("a line of the files has other columns or types than the first one, or a null"),
        marked("an e-mail address"),
        marked("a phone number"),
        marked("a bank account"),
        marked("a payment card"),
        marked("an Internet address"),
        marked("a national number of a person"),
        marked("added"),
        marked("removed"),
        marked("flipped"),
        marked("resettled"),
        marked("moved"),
        marked("unmeasured"),
        marked("train"),
        marked("validation"),
        marked("test"),
    )
)


@register.filter
def retold_gate(words: str) -> str:
    return FOUND.tell(words)

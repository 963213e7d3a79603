"""Labelers report harmful content, and ask adjudicators, whose answers come back to the desk."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from labeling import asking, assigning, told
from labeling.models import Answer, AnswerRead, Assignment, Campaign, Label, Pair, Question, Report, Role, Standing
from tests.builders import NOW, join, make_campaign, make_pair, make_token, make_user
from tests.policies.pages import cells

As = Callable[[User], Client]
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def assignment(campaign: Campaign, lena: User) -> Assignment:
    make_pair(campaign, a="The left one.", b="The right one.")
    found = assigning.next_for(campaign, lena, at=NOW)
    assert found is not None
    return found


def tell(client: Client, what: str, assignment: Assignment, **fields: Any) -> Any:
    said = {"submission_key": str(uuid.uuid4())} | fields
    return client.post(reverse(what, args=["everyday", assignment.key]), said, headers=FRAGMENT)


def ask(assignment: Assignment, text: str = "Is length a fault?") -> Question:
    return asking.ask(assignment=assignment, text=text, submission_key=uuid.uuid4(), at=NOW)


# ---- harmful content -----------------------------------------------------------------------------------------------


def test_a_report_reaches_those_who_run_the_campaign(campaign: Campaign, assignment: Assignment, lena: User, rosa: User, as_: As) -> None:
    answer = tell(as_(lena), "report-pair", assignment, kind="hate", note="The second line.")
    assert (answer.status_code, answer.context["card"].key) == (200, str(assignment.key))
    assert "Reported" in answer.context["stored"]
    row = cells(as_(rosa).get(reverse("reports", args=["everyday"])), "Reports, the latest first")[0]
    assert (row[0], row[1], row[3], row[4]) == (str(assignment.pair_id), "Hate against a group", "The second line.", "lena")
    page = as_(rosa).get(reverse("campaign", args=["everyday"]))
    assert "1 report of harmful content is about pairs that labelers may still be shown." in page.content.decode().replace("\xa0", " ")
    assert not Label.objects.exists()


def test_what_was_taken_out_presses_nobody(campaign: Campaign, assignment: Assignment, rosa: User, as_: As) -> None:
    asking.report(assignment=assignment, kind="private", note="", submission_key=uuid.uuid4(), at=NOW)
    assert told.open_reports(campaign) == 1
    as_(rosa).post(reverse("withdraw-pair", args=["everyday"]), {"pair": str(assignment.pair_id), "reason": "Reported: private"})
    assert Pair.objects.get().standing == Standing.WITHDRAWN
    assert told.open_reports(campaign) == 0
    assert told.reports_of(campaign)[0].is_out


def test_the_same_report_twice_is_one(assignment: Assignment) -> None:
    key = uuid.uuid4()
    first, second = (asking.report(assignment=assignment, kind="other", note="", submission_key=key, at=NOW) for _ in range(2))
    assert first == second


def test_a_report_says_what_it_is(assignment: Assignment, lena: User, as_: As) -> None:
    assert tell(as_(lena), "report-pair", assignment, note="bad").status_code == 422
    assert not Report.objects.exists()


def test_by_program(assignment: Assignment, lena: User, client: Client) -> None:
    headers = {"Authorization": f"Bearer {make_token(lena)}"}
    address = reverse("api-report", args=[assignment.key])
    assert client.post(address, {"kind": "violence"}, content_type="application/json", headers=headers).status_code == 204
    assert client.post(address, {"kind": "loud"}, content_type="application/json", headers=headers).status_code == 400
    assert Report.objects.get().kind == "violence"


# ---- questions and answers -----------------------------------------------------------------------------------------


def test_an_answer_comes_back_to_the_desk_until_it_was_read(assignment: Assignment, lena: User, ada: User, as_: As) -> None:
    desk = as_(lena)
    assert tell(desk, "ask-adjudicator", assignment, text="Is length a fault?").status_code == 200
    page = as_(ada).get(reverse("questions", args=["everyday"]))
    assert [question.text for question in page.context["questions"]] == ["Is length a fault?"]
    assert "lena" not in page.content.decode()
    as_(ada).post(reverse("answer-question", args=["everyday", Question.objects.get().pk]), {"text": "No: see clause 3."})
    card = desk.get(reverse("work", args=["everyday"])).context["card"]
    assert [(one.question, one.answer) for one in card.answers] == [("Is length a fault?", "No: see clause 3.")]
    again = tell(desk, "read-answers", assignment, answer=str(Answer.objects.get().pk))
    assert again.context["card"].answers == ()
    assert AnswerRead.objects.count() == 1


def test_the_sides_are_those_of_who_asked(campaign: Campaign, assignment: Assignment, ada: User) -> None:
    ask(assignment)
    shown = told.questions_for(campaign, ada)[0]
    assert ("left one" in shown.left) == assignment.left_is_a


def test_a_question_is_answered_once(assignment: Assignment, ada: User, as_: As) -> None:
    question = ask(assignment)
    asking.answer(question=question, text="Yes.", actor=ada, at=NOW)
    with pytest.raises(asking.Answered):
        asking.answer(question=question, text="No.", actor=ada, at=NOW)
    answer = as_(ada).post(reverse("answer-question", args=["everyday", question.pk]), {"text": "No."}, follow=True)
    assert "Another adjudicator has answered" in answer.content.decode()
    assert Answer.objects.get().text == "Yes."


def test_nobody_answers_their_own_question_nor_one_of_another_campaign(campaign: Campaign, assignment: Assignment, lena: User, as_: As) -> None:
    question = ask(assignment)
    join(campaign, lena, Role.ADJUDICATOR)
    assert told.questions_for(campaign, lena) == []
    assert as_(lena).post(reverse("answer-question", args=["everyday", question.pk]), {"text": "Yes."}).status_code == 404
    elsewhere, other = make_campaign("elsewhere"), make_user("other")
    join(elsewhere, other, Role.ADJUDICATOR)
    assert as_(other).post(reverse("answer-question", args=["elsewhere", question.pk]), {"text": "Yes."}).status_code == 404


def test_nobody_takes_an_answer_off_the_desk_of_another(assignment: Assignment, ada: User, otto: User, as_: As) -> None:
    answered = asking.answer(question=ask(assignment), text="Yes.", actor=ada, at=NOW)
    mine = assigning.next_for(Campaign.objects.get(), otto, at=NOW)
    assert mine is not None
    tell(as_(otto), "read-answers", mine, answer=str(answered.pk))
    assert not AnswerRead.objects.exists()


def test_home_says_that_questions_wait(campaign: Campaign, assignment: Assignment, ada: User, as_: As) -> None:
    assert "question" not in as_(ada).get(reverse("home")).content.decode()
    ask(assignment)
    assert reverse("questions", args=["everyday"]) in as_(ada).get(reverse("home")).content.decode()


@pytest.mark.parametrize("model", [Report, Question, Answer, AnswerRead])
def test_they_are_ledgers(assignment: Assignment, ada: User, model: Any) -> None:
    asking.report(assignment=assignment, kind="other", note="", submission_key=uuid.uuid4(), at=NOW)
    asking.read(answers=[asking.answer(question=ask(assignment), text="Yes.", actor=ada, at=NOW)], at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        model.objects.update(at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        model.objects.all().delete()

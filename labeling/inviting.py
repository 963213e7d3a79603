"""From an owner's word to people with roles: invitations, marks, memberships, and accounts closed and opened again."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext

from accounts.models import AccountEvent, ApiToken, User, digest, new_secret
from labeling import campaigns, releasing
from labeling.campaigns import NotPossible
from labeling.models import AdjudicationTurn, Campaign, Invitation, Membership, MembershipEvent, Role

LINK_LIVES = timedelta(days=7)
MARKS = ("owner", "researcher")


class Unknown(Exception):
    """No invitation has this secret."""


class Spent(Exception):
    """The invitation was used or revoked, or is too old."""


class AlreadyInvited(Exception):
    """A link for that person is open: a form sent twice, or a second owner with the same thought."""


class NameTaken(Exception):
    """Somebody else came in under that name in the meantime."""


class LastOwner(Exception):
    """Without an owner nobody could be let in any more."""


class NotAPerson(Exception):
    """A name from elsewhere holds no mark and no role, and has no account to close."""


# ---- coming in ---------------------------------------------------------------------------------------------------


def invite(
    *, for_whom: str, invited_by: User, at: datetime, is_owner: bool = False, is_researcher: bool = False, campaign: Campaign | None = None, role: str = ""
) -> tuple[Invitation, str]:
    """Make a one-time link for somebody, and return it with its secret, which is kept nowhere. Raises AlreadyInvited."""
    if Invitation.objects.usable(at=at).filter(for_whom=for_whom).exists():
        raise AlreadyInvited(gettext("A link for {for_whom} is open. Revoke it first, or say more exactly who this one is for.").format(for_whom=for_whom))
    secret = new_secret("in")
    invitation = Invitation.objects.create(
        digest=digest(secret),
        for_whom=for_whom,
        is_owner=is_owner,
        is_researcher=is_researcher,
        campaign=campaign,
        role=role,
        invited_by=invited_by,
        created_at=at,
        expires_at=at + LINK_LIVES,
    )
    return invitation, secret


def revoke_invitation(*, invitation: Invitation, at: datetime) -> bool:
    """End a link that nobody has used. False: it was used or revoked before."""
    return bool(Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None).update(revoked_at=at))


def find(*, secret: str, at: datetime) -> Invitation:
    """Return the invitation that this secret opens. Raises Unknown and Spent."""
    invitation = Invitation.objects.filter(digest=digest(secret)).select_related("campaign", "invited_by").first()
    return checked(invitation, at=at)


def checked(invitation: Invitation | None, *, at: datetime) -> Invitation:
    if invitation is None:
        raise Unknown
    if invitation.used_at or invitation.revoked_at or invitation.expires_at <= at:
        raise Spent
    return invitation


@transaction.atomic
def join(*, secret: str, username: str, password: str, at: datetime) -> User:
    """Make the account, with what the invitation brings. Of two that come at once with one link, one gets in.

    Raises Unknown, Spent and NameTaken.
    """
    invitation = checked(Invitation.objects.select_for_update().filter(digest=digest(secret)).first(), at=at)
    user = User(username=username, is_owner=invitation.is_owner, is_researcher=invitation.is_researcher, date_joined=at)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise NameTaken(gettext("Somebody has this name already. Choose another one.")) from error
    note_arrival(user, invitation, at=at)
    invitation.used_at, invitation.used_by = at, user
    invitation.save(update_fields=["used_at", "used_by"])
    return user


def note_arrival(user: User, invitation: Invitation, *, at: datetime) -> None:
    """Write down who came, and what they were given with the invitation."""
    actor = invitation.invited_by
    AccountEvent.objects.create(user=user, actor=actor, kind=AccountEvent.Kind.JOINED, detail=f"invited as {invitation.for_whom}", at=at)
    for mark in MARKS:
        if getattr(user, f"is_{mark}"):
            AccountEvent.objects.create(user=user, actor=actor, kind=AccountEvent.Kind.MARK_GIVEN, detail=mark, at=at)
    if invitation.campaign:
        with suppress(NotPossible):  # it was archived in the meantime: they come in all the same
            give_role(campaign=invitation.campaign, user=user, role=invitation.role, actor=actor, at=at)


# ---- roles in a campaign, marks in the installation ----------------------------------------------------------------


@transaction.atomic
def give_role(*, campaign: Campaign, user: User, role: str, actor: User | None, at: datetime) -> Membership | None:
    """Let somebody label, adjudicate or research in a campaign. None: they hold that role there. Raises NotAPerson, and NotPossible where it is archived.

    A researcher may be let in even then: somebody has to read what is kept, and may take it out of the archive.
    """
    require_person(user)
    if role != Role.RESEARCHER:
        campaigns.demand(campaign, "people")
    membership, is_new = Membership.objects.get_or_create(campaign=campaign, user=user, role=role)
    if not is_new:
        return None
    MembershipEvent.objects.create(campaign=campaign, user=user, role=role, given=True, actor=actor, at=at)
    return membership


@transaction.atomic
def take_role(*, campaign: Campaign, user: User, role: str, actor: User | None, at: datetime) -> bool:
    """End a role. What the person labeled stays; what was on their screen there, or kept for them, goes to somebody else. False: they did not hold it."""
    taken, _ = Membership.objects.filter(campaign=campaign, user=user, role=role).delete()
    if not taken:
        return False
    MembershipEvent.objects.create(campaign=campaign, user=user, role=role, given=False, actor=actor, at=at)
    if role == Role.LABELER:
        releasing.release_all_of(user, [campaign], at=at)
    if role == Role.ADJUDICATOR:
        end_turns(user, campaign, at=at)
    return True


@transaction.atomic
def give_mark(*, user: User, mark: str, actor: User, at: datetime) -> bool:
    """Make somebody an owner or a researcher of the installation. False: they are. Raises NotAPerson."""
    require_person(user)
    if not set_mark(user, mark, given=True):
        return False
    AccountEvent.objects.create(user=user, actor=actor, kind=AccountEvent.Kind.MARK_GIVEN, detail=mark, at=at)
    return True


@transaction.atomic
def take_mark(*, user: User, mark: str, actor: User, at: datetime) -> bool:
    """Take a mark away, and with it the open invitations that an owner made. False: they do not hold it. Raises LastOwner."""
    if mark == "owner":
        require_another_owner(user)
        revoke_invitations_by(user, at=at)
    if not set_mark(user, mark, given=False):
        return False
    AccountEvent.objects.create(user=user, actor=actor, kind=AccountEvent.Kind.MARK_TAKEN, detail=mark, at=at)
    return True


def set_mark(user: User, mark: str, *, given: bool) -> bool:
    """Set it where it is not so yet. Raises ValueError for a mark that does not exist."""
    if mark not in MARKS:
        raise ValueError(gettext("There is no mark {mark}.").format(mark=repr(mark)))
    field = f"is_{mark}"
    return bool(User.objects.filter(pk=user.pk, **{field: not given}).update(**{field: given}))


# ---- accounts closed, and opened again -----------------------------------------------------------------------------


@transaction.atomic
def close_account(*, user: User, actor: User, at: datetime) -> bool:
    """Shut somebody out: sessions, tokens, password links and their own open invitations end now, and pairs on their screen go to others.

    Their labels stay, and so do their roles, for the day the account is opened again. False: it is closed. Raises LastOwner and NotAPerson.
    """
    require_person(user)
    require_another_owner(user)
    # The epoch, because a session that only slept would wake up with the account.
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False, session_epoch=F("session_epoch") + 1):
        return False
    tokens = ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=at)
    revoke_invitations_by(user, at=at)
    slots = releasing.release_all_of(user, None, at=at)
    end_turns(user, at=at)
    AccountEvent.objects.create(user=user, actor=actor, kind=AccountEvent.Kind.CLOSED, detail=f"tokens revoked: {tokens}, pairs freed: {slots}", at=at)
    return True


@transaction.atomic
def reopen_account(*, user: User, actor: User, at: datetime) -> bool:
    """Let somebody sign in again, with their old password and roles. Tokens stay revoked. False: it is open. Raises NotAPerson."""
    require_person(user)
    if user.events.filter(kind=AccountEvent.Kind.ERASED).exists():
        raise NotAPerson(gettext("The account was erased: nobody is behind it any more."))
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        return False
    AccountEvent.objects.create(user=user, actor=actor, kind=AccountEvent.Kind.REOPENED, at=at)
    return True


def require_person(user: User) -> None:
    if user.kind != User.Kind.PERSON:
        raise NotAPerson(gettext("{username} is a name from elsewhere, not a person who signs in.").format(username=user.username))


def require_another_owner(user: User) -> None:
    """Raise LastOwner if nobody else is one. Locks all owners, so that two cannot be taken away by each other at once."""
    owners = list(User.objects.select_for_update(no_key=True).filter(is_owner=True, is_active=True).order_by("pk"))
    if owners == [user]:
        raise LastOwner(gettext("{username} is the only owner. Make somebody else an owner first.").format(username=user.username))


def revoke_invitations_by(user: User, *, at: datetime) -> int:
    return Invitation.objects.usable(at=at).filter(invited_by=user).update(revoked_at=at)


def end_turns(user: User, *campaigns: Campaign, at: datetime) -> int:
    """Give contested pairs before an adjudicator, there or everywhere, to others."""
    turns = AdjudicationTurn.objects.filter(adjudicator=user, ended_at=None, **({"pair__campaign__in": campaigns} if campaigns else {}))
    return turns.update(ended_at=at)

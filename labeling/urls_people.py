"""Who is here, who may do what, and how people come in."""

from __future__ import annotations

from django.urls import path

from labeling.views import people

urlpatterns = [
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite_person, name="invite-person"),
    path("people/invitations/<int:pk>/revoke/", people.revoke_invitation, name="revoke-invitation"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/roles/give/", people.give_role, name="give-role"),
    path("people/<int:pk>/roles/take/", people.take_role, name="take-role"),
    path("people/<int:pk>/marks/give/", people.give_mark, name="give-mark"),
    path("people/<int:pk>/marks/take/", people.take_mark, name="take-mark"),
    path("people/<int:pk>/password-link/", people.make_password_link, name="make-password-link"),
    path("people/<int:pk>/close/", people.close_account, name="close-account"),
    path("people/<int:pk>/reopen/", people.reopen_account, name="reopen-account"),
    path("join/<str:secret>/", people.join, name="join"),
]

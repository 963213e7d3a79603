"""Sign in and out, passwords, and a person's own account."""

from __future__ import annotations

from django.urls import path

from accounts import views

urlpatterns = [
    path("login/", views.sign_in, name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("password/<str:name>/<str:token>/", views.choose_password, name="choose-password"),
    path("account/", views.account, name="account"),
    path("account/password/", views.change_password, name="change-password"),
    path("account/password/changed/", views.password_changed, name="password-changed"),
    path("language/", views.choose_language, name="choose-language"),
    path("account/consent/", views.say_consent, name="say-consent"),
    path("account/tokens/", views.make_token, name="make-token"),
    path("account/tokens/<int:pk>/revoke/", views.revoke_token, name="revoke-token"),
]

"""The headless API, where its documentation puts it, and a page that says that it answers."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def ready(_: HttpRequest) -> HttpResponse:
    """Say that requests are answered."""
    return HttpResponse("ready")


urlpatterns = [
    path("_allauth/", include("allauth.headless.urls")),
    path("ready", ready),
]

"""Show on Map against a real server that speaks Nominatim's and Google's JSON, in good days and bad ones."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from customers.models import Geocode, Geocoder, Preferences
from customers.places import geocoding
from customers.places.geocoding import NotLocated
from ispbilling.core.clock import now

ADDRESS = "100 Helderberg College Road\r\nSomerset West\n Cape Town,\n\n7130"
PLACE = {
    "place_id": 1, "lat": "-34.0675199", "lon": "18.829709999999977", "place_rank": 30, "class": "building",
    "display_name": "100, Helderberg College Road, Somerset West", "boundingbox": ["-34.1", "-34.0", "18.8", "18.9"],
}  # fmt: skip
GOOGLE = {
    "status": "OK",
    "results": [
        {
            "formatted_address": "100 Helderberg College Rd",
            "geometry": {"location": {"lat": -34.06752, "lng": 18.82971}, "location_type": "ROOFTOP"},
        }
    ],
}


@pytest.fixture(autouse=True)
def turns() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def nominatim(db: None, httpserver: HTTPServer) -> HTTPServer:
    Preferences.objects.update(geocoder=Geocoder.NOMINATIM, geocoder_url=httpserver.url_for("/").rstrip("/"))
    return httpserver


def asked(server: HTTPServer) -> list[Request]:
    return [request for request, _ in server.log]


@pytest.mark.feature("EDT-3", "D-5")
def test_it_asks_once_and_remembers(nominatim: HTTPServer) -> None:
    nominatim.expect_request("/search").respond_with_json([PLACE])
    found = geocoding.locate(ADDRESS, now())
    assert (found.latitude, found.longitude) == (Decimal("-34.067520"), Decimal("18.829710"))
    assert (found.accuracy, found.label) == ("building", PLACE["display_name"])
    assert geocoding.locate(ADDRESS.upper(), now()) == found == geocoding.remembered(ADDRESS)
    (request,) = asked(nominatim)
    assert request.args["q"] == "100 helderberg college road, somerset west, cape town, 7130"
    assert request.headers["User-Agent"].startswith("ispbilling (http")
    geocoding.locate(ADDRESS, now() + timedelta(days=31))
    assert len(asked(nominatim)) == 2


@pytest.mark.feature("EDT-3", "D-5")
@pytest.mark.parametrize(
    ("rank", "accuracy"), [(30, "building"), (26, "street"), (18, "area"), (8, "region"), (None, "region")]
)
def test_it_says_how_near_to_the_door_it_came(nominatim: HTTPServer, rank: object, accuracy: str) -> None:
    nominatim.expect_request("/search").respond_with_json([PLACE | {"place_rank": rank}])
    assert geocoding.locate(ADDRESS, now()).accuracy == accuracy


@pytest.mark.feature("D-5")
def test_what_was_not_found_is_not_asked_again_the_same_day(nominatim: HTTPServer) -> None:
    nominatim.expect_request("/search").respond_with_json([])
    for later in (timedelta(), timedelta(hours=11), timedelta(hours=13)):
        with pytest.raises(NotLocated, match="not found.*Drag the pin to the spot or type the position"):
            geocoding.locate(ADDRESS, now() + later)
    assert len(asked(nominatim)) == 2
    assert geocoding.remembered(ADDRESS) is None


GARBAGE = [
    "<html>Gateway</html>", "", "null", "7", "[7]", "[[]]", '["x"]', "[{}]", '{"error": "x"}',
    '[{"lat": "NaN", "lon": "1", "display_name": ""}]', '[{"lat": "91", "lon": "0", "display_name": ""}]',
    '[{"lat": "1e400", "lon": "0", "display_name": ""}]', '[{"lat": null, "lon": [], "display_name": 7}]',
    '[{"lat": "1", "lon": "2", "display_name": "", "place_rank": "high"}]',
]  # fmt: skip


@pytest.mark.feature("D-5")
@pytest.mark.parametrize("body", GARBAGE)
def test_an_answer_that_makes_no_sense_is_a_sentence_and_nothing_is_kept(
    nominatim: HTTPServer, body: str
) -> None:
    nominatim.expect_request("/search").respond_with_data(body, content_type="application/json")
    with pytest.raises(NotLocated, match="Drag the pin"):
        geocoding.locate(ADDRESS, now())
    assert not Geocode.objects.filter(latitude__isnull=False).exists()


@pytest.mark.feature("D-5")
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (429, "too many questions"), (401, "refused"), (403, "refused"), (500, "has a fault"), (502, "has a fault"),
        (503, "in time"), (504, "in time"),
    ],
)  # fmt: skip
def test_each_refusal_says_what_to_do(nominatim: HTTPServer, status: int, words: str) -> None:
    nominatim.expect_request("/search").respond_with_data("no", status=status)
    with pytest.raises(NotLocated, match=words):
        geocoding.locate(ADDRESS, now())
    assert not Geocode.objects.exists()


@pytest.mark.feature("D-5")
def test_a_slow_service_is_left_after_three_seconds(nominatim: HTTPServer) -> None:
    done = threading.Event()

    def slow(_: Request) -> Response:
        time.sleep(4)
        done.set()
        return Response("[]")

    nominatim.expect_request("/search").respond_with_handler(slow)
    start = time.monotonic()
    with pytest.raises(NotLocated, match="in time .3 seconds."):
        geocoding.locate(ADDRESS, now())
    assert 2.9 < time.monotonic() - start < 3.9
    done.wait(5)


@pytest.mark.feature("D-5")
def test_nobody_there_is_a_sentence_too(db: None) -> None:
    Preferences.objects.update(geocoder_url="http://127.0.0.1:1")
    with pytest.raises(NotLocated, match="could not be reached"):
        geocoding.locate(ADDRESS, now())


@pytest.mark.feature("D-5")
@pytest.mark.django_db(transaction=True)
def test_questions_of_several_people_are_a_second_apart(nominatim: HTTPServer) -> None:
    at: list[float] = []

    def answer(_: Request) -> Response:
        at.append(time.monotonic())
        return Response("[]", content_type="application/json")

    nominatim.expect_request("/search").respond_with_handler(answer)

    def one(n: int) -> str:
        try:
            geocoding.locate(f"{n} Main Road", now())
        except NotLocated as problem:
            return str(problem)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(6) as people:
        said = list(people.map(one, range(6)))
    assert len(at) >= 3
    assert all(later - earlier > 0.9 for earlier, later in zip(at, at[1:], strict=False))
    assert sum("at once" in words for words in said) == 6 - len(at)


@pytest.mark.feature("D-5", "EDT-7")
def test_google_is_asked_with_the_key(db: None, httpserver: HTTPServer) -> None:
    row = Preferences.get()
    row.geocoder, row.geocoder_url, row.geocoder_key = Geocoder.GOOGLE, httpserver.url_for(""), "AIza"
    row.save(update_fields=["geocoder", "geocoder_url", "geocoder_key"])
    httpserver.expect_request("/maps/api/geocode/json").respond_with_json(GOOGLE)
    assert geocoding.locate(ADDRESS, now()).accuracy == "building"
    assert asked(httpserver)[0].args["key"] == "AIza"


@pytest.mark.feature("D-5")
@pytest.mark.parametrize(
    ("status", "words"),
    [("REQUEST_DENIED", "refused"), ("OVER_QUERY_LIMIT", "too many"), ("ZERO_RESULTS", "not found")],
)
def test_google_refuses_in_words_of_its_own(
    db: None, httpserver: HTTPServer, status: str, words: str
) -> None:
    row = Preferences.get()
    row.geocoder, row.geocoder_url, row.geocoder_key = Geocoder.GOOGLE, httpserver.url_for(""), "AIza"
    row.save(update_fields=["geocoder", "geocoder_url", "geocoder_key"])
    httpserver.expect_request("/maps/api/geocode/json").respond_with_json({"status": status, "results": []})
    with pytest.raises(NotLocated, match=words):
        geocoding.locate(ADDRESS, now())


@pytest.mark.feature("D-5")
def test_old_answers_and_those_about_erased_people_are_dropped(nominatim: HTTPServer) -> None:
    nominatim.expect_request("/search").respond_with_json([PLACE])
    for query, age in (("old road", 31), ("new road", 1)):
        Geocode.objects.create(geocoder="x", query=query, asked_at=now() - timedelta(days=age))
    geocoding.locate(ADDRESS, now())
    assert set(Geocode.objects.values_list("query", flat=True)) == {geocoding._query(ADDRESS), "new road"}
    geocoding.forget(ADDRESS)
    assert Geocode.objects.get().query == "new road"


@pytest.mark.feature("D-5")
def test_nobody_is_asked_where_the_provider_wants_so(db: None) -> None:
    Preferences.objects.update(geocoder=Geocoder.NONE)
    with pytest.raises(NotLocated, match="switched off"):
        geocoding.locate(ADDRESS, now())
    with pytest.raises(NotLocated, match="address first"):
        geocoding.locate(" ,\n", now())


@pytest.mark.parametrize(("latitude", "longitude"), [(91, 0), (0, 181), (1, None)])
def test_the_database_keeps_positions_on_earth(db: None, latitude: Any, longitude: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Geocode.objects.create(
            geocoder="x", query="y", latitude=latitude, longitude=longitude, asked_at=now()
        )

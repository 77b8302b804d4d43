"""The watch sees what no page may do; without that, every other test here would say too little."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Route

from tests.browser.people import Person
from tests.browser.watching import Watch

DOOR = "http://door.test"
POLICY = "default-src 'self' 'unsafe-inline'; img-src * data:"

#: Of a page that does it: what the watch says.
WRONGS = {
    "a script that fails": ("<script>nothing.there()</script>", "script: "),
    "an error in the console": ("<script>console.error('no')</script>", "console: no"),
    "what the policy forbids": ("<iframe src='data:,x'></iframe>", "violates the following"),
    "another host": ("<img src='http://elsewhere.test/spy.gif'>", "asked of another host"),
    "a cookie": ("<script>document.cookie = 'a=b'</script>", "in a cookie"),
    "a storage": ("<script>localStorage.setItem('a', 'b')</script>", "in its storage"),
    "the storage of a tab": ("<script>sessionStorage.setItem('a', 1)</script>", "in its storage"),
    "a storage cleared at once": (
        "<script>localStorage.setItem('a', 'b'); localStorage.clear()</script>",
        "in its storage",
    ),
    "a storage without its method": ("<script>localStorage.a = 'b'</script>", "in its storage"),
    "a tab's without its method": ("<script>sessionStorage.a = 1</script>", "storage of a tab"),
    "a database": ("<script>indexedDB.open('a')</script>", "in a database"),
    "an image that is not there": ("<img src='/nothing.png'>", "404"),
}


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[[str], Watch]]:
    """Open a page with this body at a door, as a caller; the watch that looked."""
    context = browser.new_context()

    def answer(route: Route) -> None:
        if route.request.url != f"{DOOR}/":
            route.fulfill(status=404)
            return
        headers = {"Content-Security-Policy": POLICY} | cookies
        page = f"<!doctype html><link rel=icon href='data:,'><title>Page</title>{body}"
        route.fulfill(body=page, headers=headers, content_type="text/html")

    body = ""
    cookies: dict[str, str] = {}
    context.route("**", answer)

    def go(wanted: str, **said: str) -> Watch:
        nonlocal body
        body = wanted
        cookies.update(said)
        watch = Watch(context, DOOR, keeps_nothing=True)
        person = Person(context.new_page(), watch)
        person.go("/")
        person.page.wait_for_load_state("networkidle")
        watch.look_at_what_stays()
        return watch

    yield go
    context.close()


@pytest.mark.slow
def test_a_page_that_does_nothing_wrong_is_left_in_peace(visit: Callable[[str], Watch]) -> None:
    assert visit("<script>console.log('hello'); document.cookie</script>").troubles == []


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONGS)
def test_the_watch_sees(visit: Callable[[str], Watch], wrong: str) -> None:
    body, said = WRONGS[wrong]
    troubles = visit(body).troubles
    assert any(said in trouble for trouble in troubles), troubles


@pytest.mark.slow
def test_the_watch_sees_a_cookie_of_the_door(visit: Callable[..., Watch]) -> None:
    watch = visit("", **{"Set-Cookie": "seen=yes"})
    assert watch.troubles == ["this page keeps something: a cookie"]


@pytest.mark.slow
def test_only_answers_may_fail_where_they_are_awaited(visit: Callable[[str], Watch]) -> None:
    watch = visit("")
    page = watch.context.pages[0]
    with watch.bad_answers_awaited():
        page.evaluate("fetch('/nothing').then(() => console.error('a script said so'))")
        page.wait_for_load_state("networkidle")
    assert [trouble.split(" (")[0] for trouble in watch.troubles] == ["console: a script said so"]

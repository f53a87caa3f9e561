"""One story through the real parts: a provider's first customer, from the first click to the cut-off and back.

A browser, radclient, the RADIUS server as a process of its own, the sweeps, the PDF's text, a NAS on loopback.
"""

import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from django.core import mail
from django.urls import reverse
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from billing.models import Run
from customers.models import Customer
from ispbilling import sweeping
from ispbilling.core.clock import local_day, month_of, now
from ispbilling.core.models import Role
from radius.models import AuthAttempt, DataAccount, UsageDay
from tests import builders
from tests.browser.looking import complaints, overflow, shoot
from tests.radius.conftest import Server, eventually, start, stop
from tests.radius.fake_nas import FakeNas

SECRET, USERNAME = "a-secret-of-the-tower", "frikkie@isp.test"
NEW_PASSWORD = "seven quiet windmills"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def radius(transactional_db: None) -> Iterator[Server]:
    running = start()
    yield running
    stop(running)


@pytest.fixture
def tower() -> Iterator[FakeNas]:
    with FakeNas(SECRET.encode()) as nas:
        yield nas


@pytest.mark.feature(
    "GRP-7", "ADD-2", "ADD-5", "ADD-6", "ADD-8", "ACC-10", "DAT-3", "USE-1", "POR-1", "POR-2", "EDT-18", "W-3"
)
def test_it_takes_a_customer_from_the_first_click_to_the_cut_off(
    live_server, page: Page, browser: Browser, radius: Server, tower: FakeNas, radclient, settings
) -> None:
    settings.BASE_URL = live_server.url
    heard = complaints(page.context)
    office = Office(page, live_server.url)
    office.set_up(tower.port)
    customer = office.take_on_frikkie()
    wire_password = office.connect(customer)

    # The router logs him in, and counts.
    server = f"127.0.0.1:{radius.auth_port}"
    right = f'User-Name = "{USERNAME}"\nUser-Password = "{wire_password}"\nNAS-IP-Address = 127.0.0.1\n'
    accepted = eventually(
        lambda: "Access-Accept" in (out := radclient(server, "auth", SECRET, right).stdout) and out
    )
    assert 'Mikrotik-Rate-Limit = "10M/20M"' in accepted
    assert "Acct-Interim-Interval = 300" in accepted
    wrong = radclient(server, "auth", SECRET, right.replace(wire_password, "guess")).stdout
    assert "Access-Reject" in wrong
    for status, seconds, gigawords in (("Start", 0, 0), ("Interim-Update", 600, 1)):
        sent = radclient(f"127.0.0.1:{radius.acct_port}", "acct", SECRET, usage(status, seconds, gigawords))
        assert "Accounting-Response" in sent.stdout, sent.stdout
    day = UsageDay.objects.get(data_account__username=USERNAME)
    assert (day.upload_octets, day.download_octets) == (500_000_000, 2**32 + 705_032_704)

    office.see_the_usage()
    reference, paper = office.bill()
    assert reference in paper
    assert "Frikkie Visser" in paper
    assert "599.00" in paper
    sweeping.run("announce", now())
    sweeping.run("deliver", now())
    in_the_portal(browser, live_server.url, reference)

    # Suspend Now: the live session is ended, and the next log-in is refused for that reason.
    office.suspend(customer)
    assert eventually(lambda: tower.received, 15)
    refused = eventually(
        lambda: "Access-Reject" in (out := radclient(server, "auth", SECRET, right).stdout) and out
    )
    assert refused
    reject = eventually(lambda: AuthAttempt.objects.filter(code="SUSPENDED").first())
    closed = [gate for gate in reject.trace if not gate["open"]]
    assert [gate["code"] for gate in closed] == ["SUSPENDED"]
    office.see_why(reject)
    assert heard == []


def usage(status: str, seconds: int, gigawords: int) -> str:
    """An accounting packet: 0.5 GB up and, joined with its Gigawords, 5 GB down."""
    return "\n".join(
        (
            f"Acct-Status-Type = {status}",
            f'User-Name = "{USERNAME}"',
            'Acct-Session-Id = "81a00001"',
            "NAS-IP-Address = 127.0.0.1",
            "Framed-IP-Address = 100.64.0.9",
            f"Acct-Session-Time = {seconds}",
            f"Acct-Input-Octets = {500_000_000 if seconds else 0}",
            f"Acct-Output-Octets = {705_032_704 if seconds else 0}",
            f"Acct-Output-Gigawords = {gigawords}",
        )
    )


class Office:
    """What a member of staff does in the browser."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        page.goto(base)
        page.get_by_label("Username or e-mail").fill(builders.staff(Role.MANAGER).username)
        page.get_by_label("Password").fill(builders.PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{base}/")
        assert "Five steps" in page.content()

    def open(self, name: str, *args: object) -> None:
        self.page.goto(self.base + reverse(name, args=args))

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            field = self.page.locator(f"main [name$='{name}']").first
            if field.evaluate("element => element.tagName") == "SELECT":
                choices = field.locator("option").all_inner_texts()
                field.select_option(index=next(i for i, text in enumerate(choices) if value in text))
            else:
                field.fill(value)

    def press(self, label: str) -> None:
        self.page.locator("main").get_by_role("button", name=label, exact=True).first.click()
        self.page.wait_for_load_state("networkidle")

    def look(self, name: str) -> None:
        shoot(self.page, f"first-month-{name}")
        self.page.set_viewport_size({"width": 390, "height": 844})
        assert overflow(self.page) == 0, name
        self.page.set_viewport_size({"width": 1440, "height": 900})

    def set_up(self, coa_port: int) -> None:
        self.open("groups:group_add")
        self.fill(title="Home users", description="People at home")
        self.press("Add Group")
        self.open("radius:service_add")
        self.fill(code="S20", title="20/10 wireless", down_kbps="20", up_kbps="10")
        self.press("Add Service")
        self.open("radius:package_add")
        self.fill(title="Family", service="20/10 wireless", cap_octets="100 GB", price="599.00")
        self.press("Add Package")
        self.open("radius:nas_add")
        self.fill(name="Tower", address="127.0.0.1", secret=SECRET, coa_port=str(coa_port))
        self.press("Add NAS")

    def take_on_frikkie(self) -> Customer:
        self.open("customers:customer_add")
        self.fill(contact_name="Frikkie Visser", mobile="082 123 4567", email="frikkie@example.test")
        self.page.get_by_role("button", name="Generate").first.click()
        self.page.locator("main [name$='code']").and_(self.page.locator("[value='FRI001']")).wait_for()
        self.look("add-customer")
        self.press("Add Customer")
        self.page.wait_for_url(re.compile(r"/customers/\d+/$"))
        return Customer.objects.get(code="FRI001")

    def connect(self, customer: Customer) -> str:
        """A data account and what it costs; returns the RADIUS password the page showed."""
        self.open("radius:data_account_add", customer.pk)
        self.fill(username=USERNAME, package="Family")
        password = self.page.locator("main [name$='secret']").first.input_value()
        assert len(password) >= 12
        self.press("Add Data Account")
        self.page.wait_for_url(re.compile(r"/accounts/\d+/$"))
        account = DataAccount.objects.get(username=USERNAME)
        assert account.secret == password
        self.open("billing:recurring_add", customer.pk)
        self.fill(description="Family", starts_on=str(month_of(local_day(now())).start))
        self.page.locator("main [name$='data_account']").first.select_option(str(account.pk))
        self.press("Add")
        self.page.wait_for_url(re.compile(r"/customers/\d+/$"))
        assert customer.recurring_lines.get().data_account == account
        self.open("customers:customer_detail", customer.pk)
        self.page.get_by_text(USERNAME).first.wait_for()
        self.look("profile")
        return password

    def see_the_usage(self) -> None:
        self.open("radius:usage_list")
        row = self.page.locator("tbody tr", has_text="FRI001")
        assert "5.5 GB" in row.inner_text()
        self.look("usage")

    def bill(self) -> tuple[str, str]:
        """Preview, approve and issue this month; returns the invoice's reference and the text of its PDF."""
        self.open("billing:run_add")
        self.fill(period=str(month_of(local_day(now()))), issue_on=str(local_day(now())))
        self.press("Preview")
        run = Run.objects.get()
        assert (run.planned, str(run.planned_total)) == (1, "599.00")
        self.look("preview")
        self.open("billing:run_approve", run.pk)
        self.page.locator("main").get_by_role("button", name=re.compile("Approve")).first.click()
        self.page.wait_for_url(f"**{reverse('billing:run_detail', args=[run.pk])}")
        sweeping.run("issue_runs", now())
        self.open("billing:run_detail", run.pk)
        self.look("issued")
        document = run.documents.get()
        self.open("billing:document_detail", document.pk)
        self.page.get_by_text(document.reference).first.wait_for()
        self.look("invoice")
        answer = self.page.request.get(self.base + reverse("billing:document_pdf", args=[document.pk]))
        assert answer.headers["content-type"] == "application/pdf"
        pages = PdfReader(BytesIO(answer.body())).pages
        return document.reference, "\n".join(one.extract_text() for one in pages)

    def suspend(self, customer: Customer) -> None:
        self.open("customers:customer_suspend", customer.pk)
        self.fill(reason="Asked us to hold the line")
        self.look("suspend")
        self.press("Suspend Now")
        self.page.get_by_text("Suspended since").first.wait_for()

    def see_why(self, reject: AuthAttempt) -> None:
        self.open("radius:reject_detail", reject.pk)
        text = self.page.locator("main").inner_text()
        assert "suspended" in text.lower()
        assert "Asked us to hold the line" in text
        self.look("reject")


def in_the_portal(browser: Browser, base: str, reference: str) -> None:
    """He sets his password by the link in the welcome mail and reads what he used and owes, on a phone."""
    assert {tuple(message.to) for message in mail.outbox} == {("frikkie@example.test",)}
    welcome = next(message for message in mail.outbox if not message.attachments)
    link = re.search(r"https?://\S+/password/\S+|https?://\S*key\S*", welcome.body)
    assert link, welcome.body
    phone = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    phone.goto(link.group())
    for field in phone.locator("input[type=password]").all():
        field.fill(NEW_PASSWORD)
    phone.locator("main form button").last.click()
    phone.wait_for_url(f"{base}/portal/")  # the link logs him in; next time he does it himself
    phone.goto(f"{base}/portal/account/")
    phone.get_by_role("button", name="Log out").click()
    phone.wait_for_load_state("networkidle")
    phone.goto(f"{base}/portal/login/")
    phone.locator("[name=login]").fill("frikkie@example.test")
    phone.locator("[name=password]").fill(NEW_PASSWORD)
    phone.locator("main form button").last.click()
    phone.wait_for_url(f"{base}/portal/")
    home = phone.locator("main").inner_text()
    assert "R 599.00" in home
    assert "5.5 GB" in home
    phone.get_by_role("link", name=re.compile("Invoices")).first.click()
    phone.get_by_text(reference).first.wait_for()
    shoot(phone, "first-month-portal-invoices")
    phone.goto(f"{base}/portal/")
    shoot(phone, "first-month-portal")
    phone.context.close()
    invoice = next(message for message in mail.outbox if message.attachments)
    assert invoice.attachments[0][0].endswith(".pdf")

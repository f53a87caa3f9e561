"""Bank statements as files: amounts, dates, columns and formats as banks write them."""

from datetime import date
from decimal import Decimal

import pytest

from billing.banking import guessing, reading
from billing.banking.amounts import amount, date_format
from customers.imports.errors import Unreadable

OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

<OFX><BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>ZAR
<BANKTRANLIST><DTSTART>20261101<DTEND>20261110
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261104120000<TRNAMT>115.00<FITID>1<NAME>ALI001<MEMO>FNB APP</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261105<TRNAMT>-50.00<FITID>2<NAME>CHARGES</STMTTRN>
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261106<TRNAMT>1e3<FITID>3<NAME>ODD</STMTTRN>
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""
MT940 = """:20:STARTUMS
:25:632005/123456789
:28C:00311/001
:60F:C261103ZAR1000,00
:61:2611041104C115,00NTRFALI001//9876
:86:FNB APP PAYMENT FROM ALI001
:61:2611051105D50,00NTRFNONREF
:86:BANK CHARGES
:62F:C261105ZAR1065,00
-"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("115", "115.00"),
        ("R 1,234.56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1,234,567.8", "1234567.80"),
        ("1,234", "1234.00"),
        ("-50.00", "-50.00"),
        ("50.00-", "-50.00"),
        ("(50.00)", "-50.00"),
        ("50.00 Dr", "-50.00"),
        ("50.00Cr", "50.00"),
        ("+12.5", "12.50"),
        (".75", "0.75"),
        ("1.234", None),
        ("1,23,456.00", None),
        ("1e3", None),
        ("NaN", None),
        ("12.345", None),
        ("--5", None),
        ("٣", None),
        ("", None),
        ("9" * 13, None),
    ],
)
def test_amounts_are_read_as_banks_write_them_and_doubts_are_not_guessed(
    text: str, found: str | None
) -> None:
    assert amount(text) == (None if found is None else Decimal(found))


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["2026-11-04"], "%Y-%m-%d"),
        (["20261104"], "%Y%m%d"),
        (["04/11/2026", "05/11/2026"], "%d/%m/%Y"),
        (["04/11/2026", "11/25/2026", "11/26/2026"], "%m/%d/%Y"),
        (["4 Nov 2026"], "%d %b %Y"),
        (["no date"], None),
        ([], None),
    ],
)
def test_the_format_of_dates_is_that_of_most_rows(texts: list[str], form: str | None) -> None:
    assert date_format(texts) == form


FNB = b"""ACCOUNT TRANSACTION HISTORY
Name:,MR PROVIDER
Account:,62000000000,Cheque
Balance:,1065.00,1065.00

Date,Amount,Balance,Description
2026/11/04,115.00,1115.00,FNB APP PAYMENT FROM ALI001
2026/11/05,-50.00,1065.00,BANK CHARGES
2026/11/06,abc,1065.00,ODD
"""
ABSA = (
    b"Posting Date;Statement Description;Money Out;Money In;Balance\n04/11/2026;ali001 nov;;115,00;1 115,00\n"
    b"05/11/2026;charges;50,00;;1 065,00\n"
)
BARE = b"HIST,20261104,,115.00,CREDIT TRANSFER,ALI001\nHIST,20261105,,-50.00,FEE,CHARGES\n"


@pytest.mark.parametrize("content", [FNB, ABSA, BARE])
def test_columns_are_guessed_with_and_without_headings(content: bytes) -> None:
    table = reading.read(content).table
    columns = guessing.guess(table)
    assert columns is not None
    entries, problems = reading.entries_of(table, columns)
    assert [(one.booked_on, one.amount) for one in entries] == [
        (date(2026, 11, 4), Decimal("115.00")), (date(2026, 11, 5), Decimal("-50.00")),
    ]  # fmt: skip
    assert "ALI001" in entries[0].reference.upper()
    assert problems == (["Row 8: “abc” is no amount."] if content == FNB else [])


def test_a_table_without_days_or_amounts_is_not_guessed() -> None:
    assert guessing.guess([["a", "b"], ["c", "d"]]) is None
    assert guessing.guess([]) is None


@pytest.mark.parametrize(("text", "kind"), [(OFX, "ofx"), (MT940, "mt940")])
def test_ofx_and_mt940_are_told_by_their_content(text: str, kind: str) -> None:
    found = reading.read(text.encode())
    assert found.kind == kind
    assert [(one.booked_on, one.amount) for one in found.entries] == [
        (date(2026, 11, 4), Decimal("115.00")), (date(2026, 11, 5), Decimal("-50.00")),
    ]  # fmt: skip
    assert "ALI001" in found.entries[0].reference
    assert len(found.problems) == (kind == "ofx")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "a PDF"),
        (OFX[:500].encode(), "breaks off"),
        (OFX.replace("ZAR", "USD").encode(), "in USD"),
        (MT940.replace("ZAR", "EUR").encode(), "in EUR"),
        (b":20:X\r\n:60F:\xff\xfe garbage", "MT940|no entries"),
        (b"a,b\n" + b"1,2\n" * 6000, "more than 5,000"),
        (b"x" * 5_000_001, "larger than 5 MB"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        reading.read(content)


def test_the_same_line_has_one_digest_in_every_file_and_twins_have_two() -> None:
    def digests(content: bytes) -> list[str]:
        table = reading.read(content).table
        columns = guessing.guess(table)
        assert columns is not None
        return [one.digest for one in reading.entries_of(table, columns)[0]]

    head = b"Date,Amount,Description\n"
    one, other = b"2026-11-04,115.00,ALI001\n", b"2026-11-05,9.00,BOB001\n"
    first, second = digests(head + one + one + other), digests(head + one + one)
    assert len(set(first)) == 3
    assert second == first[:2]

"""Accounts, postings, lines, balances and the seal chain. Written by `billing.ledger.posting` and the run."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from customers.models import Customer


class Account(models.Model):
    """A ledger account. The ones the system posts to are found by `code` and made by the first migration."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Seal(models.Model):
    """One link of the chain: the hash over the previous hash and the digests of one transaction's
    postings."""

    seq = models.BigIntegerField(primary_key=True)
    postings = models.IntegerField()
    prev = models.BinaryField()
    hash = models.BinaryField(unique=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["seq"]

    def __str__(self) -> str:
        return str(self.seq)


class ChainHead(models.Model):
    """The end of the chain; its row lock serialises sealing. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    hash = models.BinaryField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="billing_chainhead_one_row")]

    def __str__(self) -> str:
        return str(self.seq)


class Posting(models.Model):
    """One balanced fact. `source_key` names what caused it, so the same cause posts once."""

    source_key = models.CharField(max_length=120, unique=True)
    document = models.ForeignKey(
        "billing.Document", models.PROTECT, null=True, related_name="postings", db_index=False
    )
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")
    posted_on = models.DateField()
    memo = models.CharField(max_length=200)
    digest = models.BinaryField()
    seal = models.ForeignKey(Seal, models.PROTECT, related_name="sealed")

    class Meta:
        ordering = ["id"]
        # Days only grow: read by the exports of the accounting, and next to nothing to keep.
        indexes = [BrinIndex(fields=["posted_on"], autosummarize=True, name="billing_posting_day")]
        constraints = [
            models.UniqueConstraint(
                fields=["document"], condition=Q(document__isnull=False), name="billing_posting_document_once"
            )
        ]

    def __str__(self) -> str:
        return self.memo


class Line(models.Model):
    """An amount on an account: positive is debit, negative credit. `customer` is the payer it concerns."""

    posting = models.ForeignKey(Posting, models.PROTECT, related_name="lines")
    account = models.ForeignKey(Account, models.PROTECT, related_name="lines", db_index=False)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, related_name="ledger_lines", db_index=False
    )
    posted_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="billing_line_amount_not_zero")]
        indexes = [
            # With the amount, so that the trial balance is added up from the index alone.
            models.Index(
                fields=["account", "posted_on"], include=["amount"], name="billing_line_account_day"
            ),
            models.Index(
                fields=["customer", "posted_on"],
                condition=Q(customer__isnull=False),
                name="billing_line_customer_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"


class Balance(models.Model):
    """What a payer owes now (receivable), kept in the posting's own transaction; `verify_ledger` compares."""

    customer = models.OneToOneField(Customer, models.PROTECT, primary_key=True, related_name="balance_row")
    amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)

    class Meta:
        indexes = [models.Index(fields=["amount"], name="billing_balance_amount")]

    def __str__(self) -> str:
        return str(self.amount)
